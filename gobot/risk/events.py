"""What happened, as far as risk must remember it.  ``at_ms`` is wall-clock time, ms UTC."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class EquityMarked:
    """The account was worth ``equity`` USDT.  The first mark of a UTC day is what its loss is measured from."""

    at_ms: int
    equity: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class FundsMoved:
    """Money was paid in (``amount`` above zero) or out, USDT: neither profit nor loss."""

    at_ms: int
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeClosed:
    """A round trip ended with ``pnl`` USDT net.  ``cycle`` is the one its entry was decided in.

    ``trade_id`` counts trades in the order of their opening; telling the same one again changes nothing.
    ``exit_reason`` is the ledger's word for what ended it.
    """

    at_ms: int
    trade_id: int
    symbol: str
    cycle: int
    pnl: Decimal
    exit_reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderAccepted:
    """The venue took an order: the run of failures is broken."""

    at_ms: int
    symbol: str
    cycle: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFailed:
    """The venue refused an order that risk had approved."""

    at_ms: int
    symbol: str
    cycle: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleViolated:
    """A rule was found broken in fact (a position without a stop, exposure above its limit).

    An idea that a check refused is no violation: refusing is what checks are for.
    """

    at_ms: int
    rule: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeStarted:
    """An approved probe is about to be sent: told, and saved, before it is."""

    at_ms: int
    symbol: str
    cycle: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryDropped:
    """An approved entry was never sent, or never filled, and will not be."""

    at_ms: int
    symbol: str
    cycle: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyStop:
    """Latch the emergency stop: no entries until an operator resets it."""

    at_ms: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorReset:
    """An operator lifts the latch, closes the breaker and ends a cooldown; drawdown counts anew from here."""

    at_ms: int
    reason: str


RiskEvent = (
    EquityMarked
    | FundsMoved
    | TradeClosed
    | OrderAccepted
    | OrderFailed
    | RuleViolated
    | ProbeStarted
    | EntryDropped
    | EmergencyStop
    | OperatorReset
)
