"""The errors gobot raises on purpose.

Every one carries a sentence a user can act on; the command line prints it as one line and leaves with
``exit_code``.  Anything else that escapes is a bug and is logged with its traceback.
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar


class GobotError(Exception):
    """Base of all deliberate errors: one sentence saying what is wrong, where, and how to mend it."""

    exit_code: ClassVar[int] = 1


class ConfigError(GobotError):
    """Wrong settings: names the source (file and line, or variable), the key and the allowed values."""

    exit_code: ClassVar[int] = 2


class UsageError(GobotError):
    """A command was called with arguments that do not fit together."""

    exit_code: ClassVar[int] = 2


class DataError(GobotError):
    """Market data that cannot be used: unreadable file, missing column, disordered or gappy candles."""


class StateError(GobotError):
    """The state directory cannot be used: locked by another instance, read-only, full or damaged."""


class StrategyError(GobotError):
    """A strategy that cannot be found, loaded or run, or whose parameters break its own declaration."""


class VenueError(GobotError):
    """A venue did not do what was asked.  The subclasses say what is known about it."""


class Refusal(StrEnum):
    """What a refusal means, in words that hold for every venue.  Those that call for an answer have a name."""

    DUPLICATE = "duplicate"
    """An order of this client id is on the venue already."""
    PASSED = "passed"
    """The trigger price has been reached: the order would act at once instead of waiting."""
    NOTHING_TO_CLOSE = "nothing to close"
    """A reducing order met no position that it could make smaller."""
    ANOTHER_RESTS = "another rests"
    """The venue allows one order of this kind at a time, and one is resting."""
    WOULD_TAKE = "would take"
    """A post-only order would have traded at once."""
    UNKNOWN_ORDER = "unknown order"
    """There is no such order to cancel."""
    NOT_TRADED = "not traded"
    """The symbol takes no such orders: delisted, settling, or halted."""
    OTHER = "other"


class VenueRefused(VenueError):
    """The venue proved that it did not act: an answer whose error code says so.

    ``code`` is the venue's own code ("-2019"), kept for the ledger and the operator; ``cause`` is what it means.
    """

    def __init__(self, message: str, *, code: str = "", cause: Refusal = Refusal.OTHER) -> None:
        super().__init__(message)
        self.code = code
        self.cause = cause


class VenueUnavailable(VenueError):
    """A reading call failed: nothing was learned.  It never means "flat" or "gone"; ask again."""


class OutcomeUnknown(VenueError):
    """A writing call was sent and its outcome is not known: ask for it by client id, never send again."""
