"""The words the ledger uses for legs of a decision, states of an order and steps of a cycle."""

from __future__ import annotations

from enum import StrEnum

EXTERNAL = "external"
"""The bot of a trade that gobot did not open, and the exit reason of one that gobot did not end."""


class Leg(StrEnum):
    """What an order is for."""

    ENTRY = "entry"
    STOP = "stop"
    TARGET = "target"
    EXIT = "exit"
    CLOSE = "close"
    TIME = "time"

    @property
    def exit_reason(self) -> str:
        """Why a trade ended that an order of this leg ended: a strategy's word is a signal, an operator's a close."""
        return "signal" if self in (Leg.ENTRY, Leg.EXIT) else str(self)

    @property
    def guards(self) -> bool:
        """Whether it belongs to a position and has nothing to do without one."""
        return self in (Leg.STOP, Leg.TARGET, Leg.CLOSE, Leg.TIME)

    @property
    def closes(self) -> bool:
        """Whether it ends a position at once because somebody wants that: strategy, operator, or the clock."""
        return self in (Leg.EXIT, Leg.CLOSE, Leg.TIME)


class LedgerStatus(StrEnum):
    """How far an order has come, as far as it is known."""

    INTENDED = "intended"
    """Decided and committed, not sent."""
    SENT = "sent"
    """Sent, or about to be: until the venue was asked, anything may be true."""
    OPEN = "open"
    FILLED = "filled"
    CANCELED = "canceled"
    EXPIRED = "expired"
    REFUSED = "refused"
    """The venue proved that it did not take it."""
    DEAD = "dead"
    """The venue was asked after its settling time and never knew it."""
    DROPPED = "dropped"
    """Never sent: the decision went stale, or the order it belonged to failed."""

    @property
    def pending(self) -> bool:
        """Whether something may still come of it."""
        return self in (LedgerStatus.INTENDED, LedgerStatus.SENT, LedgerStatus.OPEN)

    @property
    def ended(self) -> bool:
        """Whether the venue took it and will not change it any more."""
        return self in (LedgerStatus.FILLED, LedgerStatus.CANCELED, LedgerStatus.EXPIRED)


class CyclePhase(StrEnum):
    """How far a cycle has come; every step is a commit."""

    STARTED = "started"
    DECIDED = "decided"
    FINISHED = "finished"
