"""Where ledger and venue disagree, in words, and what a reconciliation came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from gobot.core import Position
from gobot.execution.outcomes import Outcome
from gobot.ledger import OrderRow, TradeChange


class DifferenceKind(StrEnum):
    """What sort of disagreement it is."""

    STALE_ORDER = "stale_order"
    """An intended order was dropped because its candle is over."""
    LOST_ORDER = "lost_order"
    """An order that was sent never reached the venue, or is no longer known there."""
    ORPHAN = "orphan"
    """A protective order of gobot's rested without a position, or beside a newer one."""
    STOP_MISSING = "stop_missing"
    """A position of gobot's had no stop on the venue."""
    POSITION_MISSING = "position_missing"
    """The ledger holds a position that the venue does not have, and no fill explains it."""
    POSITION_UNEQUAL = "position_unequal"
    """Both have the position, in different sizes."""
    POSITION_FOREIGN = "position_foreign"
    """The venue holds a position that gobot did not open."""
    FILLS_MISSING = "fills_missing"
    """An entry filled, but the venue has not reported the fills yet."""
    ORDER_FOREIGN = "order_foreign"
    """An order that carries gobot's mark rests on the venue, and the ledger does not know it."""
    STOP_TAKEN = "stop_taken"
    """Somebody cancels the stop of gobot's position again and again."""
    EXIT_MISSING = "exit_missing"
    """A position should have been closed and is still open."""
    WRITTEN_OFF = "written_off"
    """A position that gobot did not open has gone from the venue; its record was closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One disagreement between ledger and venue.  Equal differences are the same one, seen again."""

    kind: DifferenceKind
    symbol: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """Ledger and venue after they were compared.

    ``changes`` are trades that opened or closed since the last look; ``outcomes`` are those of orders that were sent,
    settled or given up on the way; ``unknown`` orders are still being asked for; ``waiting`` are entries that rest at
    their limit.  ``quarantined`` symbols could not be made equal, each with its reason.  ``positions`` is the venue's
    word.
    """

    changes: tuple[TradeChange, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    differences: tuple[Difference, ...] = ()
    unknown: tuple[OrderRow, ...] = ()
    waiting: tuple[OrderRow, ...] = ()
    quarantined: Mapping[str, str] = field(default_factory=dict)
    positions: Mapping[str, Position] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "quarantined", MappingProxyType(dict(self.quarantined)))
        object.__setattr__(self, "positions", MappingProxyType(dict(self.positions)))

    @property
    def pending(self) -> frozenset[str]:
        """Symbols with an order whose outcome is unknown."""
        return frozenset(row.symbol for row in self.unknown)

    @property
    def is_open(self) -> bool:
        """Whether something is still in question, so that another look is wanted soon."""
        return bool(self.differences or self.unknown or self.waiting or self.quarantined)

    @property
    def blocked(self) -> frozenset[str]:
        """Symbols that take no new entries."""
        return self.pending | self.quarantined.keys()
