"""What can be done about a disagreement between ledger and venue, as data."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from gobot.core import Position
from gobot.execution.planning import OwnPosition
from gobot.ledger import OrderRow, Trade


@dataclass(frozen=True, slots=True, kw_only=True)
class Retract:
    """A sent order never arrived and is still wanted: it is an intent again."""

    order: OrderRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Bury:
    """An order is not on the venue and never will be."""

    order: OrderRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """An intended order will not be sent."""

    order: OrderRow
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel:
    """A resting order has nothing to do any more."""

    order: OrderRow
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """An intended order that belongs to an open position is carried out."""

    order: OrderRow
    position: OwnPosition


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """An entry has waited at its limit for long enough."""

    entry: OrderRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """A position has no stop: it gets one."""

    position: OwnPosition
    trigger: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """A position is ended at the market: for the first time, or again after ``before`` came to nothing."""

    position: OwnPosition
    reason: str
    before: OrderRow | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopt:
    """A position that gobot did not open becomes its own."""

    position: Position


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOff:
    """A trade that gobot did not open is over."""

    trade: Trade


Action = Retract | Bury | Drop | Cancel | Send | Move | Arm | Close | Adopt | WriteOff
