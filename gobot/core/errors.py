"""The errors gobot raises on purpose.

Every one carries a sentence a user can act on; the command line prints it as one line and leaves with
``exit_code``.  Anything else that escapes is a bug and is logged with its traceback.
"""

from __future__ import annotations

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


class VenueRefused(VenueError):
    """The venue proved that it did not act: an answer whose error code says so.

    ``code`` is the venue's own code ("-2019"), kept for the ledger and the operator.
    """

    def __init__(self, message: str, *, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class VenueUnavailable(VenueError):
    """A reading call failed: nothing was learned.  It never means "flat" or "gone"; ask again."""


class OutcomeUnknown(VenueError):
    """A writing call was sent and its outcome is not known: ask for it by client id, never send again."""
