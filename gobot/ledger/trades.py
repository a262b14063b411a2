"""Trades: round trips from the first fill to the last, whoever made them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Context, Decimal
from enum import StrEnum
from typing import Any

from gobot.core import ZERO, Direction, iso
from gobot.ledger.words import EXTERNAL

EXACT = Context(prec=60)
"""Wide enough that no sum of money is ever rounded."""

# Mean prices and percentages are for people; the ledger itself keeps sums.
_SHOWN = Context(prec=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """One round trip; while ``closing`` is None it is an open position.

    Trades are numbered in the order of opening (``id``) and, once closed, in the order of closing (``closing``).
    ``quantity`` is what was entered in all and ``open_quantity`` what is left of it, in base units; money is in
    quote currency (USDT).  ``entry_value`` and ``exit_value`` are sums of price × quantity, ``cost`` is the share
    of ``entry_value`` that belongs to what is still open, ``realized`` the profit of the rest before fees and
    funding.  ``bot`` is "external" for a position that gobot did not open.
    """

    id: int
    bot: str
    symbol: str
    direction: Direction
    quantity: Decimal
    open_quantity: Decimal
    entry_value: Decimal
    cost: Decimal
    entry_ms: int
    exit_value: Decimal = ZERO
    realized: Decimal = ZERO
    fees: Decimal = ZERO
    funding: Decimal = ZERO
    exit_ms: int | None = None
    exit_reason: str | None = None
    closing: int | None = None
    candle_ms: int | None = None
    cycle: int | None = None
    strategy: str = ""
    branch: str = ""
    regime: str | None = None
    confidence: float | None = None
    probe: bool = False
    reason: str = ""
    stop: Decimal | None = None
    target: Decimal | None = None

    @property
    def is_open(self) -> bool:
        """Whether part of it is still held."""
        return self.closing is None

    @property
    def is_external(self) -> bool:
        """Whether somebody else than gobot opened it."""
        return self.bot == EXTERNAL

    @property
    def entry_price(self) -> Decimal:
        """Mean price of the entries."""
        return _SHOWN.divide(self.entry_value, self.quantity)

    @property
    def exit_price(self) -> Decimal | None:
        """Mean price of the exits, None until there are any."""
        left = self.quantity - self.open_quantity
        return _SHOWN.divide(self.exit_value, left) if left and self.exit_value else None

    @property
    def pnl(self) -> Decimal:
        """Net profit realised so far: after fees, with funding."""
        return EXACT.add(EXACT.subtract(self.realized, self.fees), self.funding)

    @property
    def return_pct(self) -> Decimal:
        """Net profit in percent of the entry value."""
        return _SHOWN.divide(self.pnl * 100, self.entry_value) if self.entry_value else ZERO

    def document(self) -> dict[str, Any]:
        """The trade as a JSON object: numbers for numbers, ISO times in UTC, null for what is not known yet."""
        return {
            "id": self.id,
            "bot": self.bot,
            "symbol": self.symbol,
            "action": str(self.direction),
            "direction": str(self.direction),
            "open": self.is_open,
            "quantity": float(self.quantity),
            "open_quantity": float(self.open_quantity),
            "entry_time": iso(self.entry_ms),
            "entry_price": float(self.entry_price),
            "exit_time": None if self.exit_ms is None else iso(self.exit_ms),
            "exit_price": None if self.exit_price is None else float(self.exit_price),
            "stop": None if self.stop is None else float(self.stop),
            "target": None if self.target is None else float(self.target),
            "fees": float(self.fees),
            "funding": float(self.funding),
            "pnl": float(self.pnl),
            "return_pct": float(self.return_pct),
            "success": None if self.is_open else self.pnl > 0,
            "exit_reason": self.exit_reason,
            "strategy": self.strategy,
            "branch": self.branch,
            "regime": self.regime,
            "confidence": self.confidence,
            "reason": self.reason,
            "cycle": self.cycle,
        }


class ChangeKind(StrEnum):
    """What happened to a trade."""

    OPENED = "opened"
    CLOSED = "closed"
    RESIZED = "resized"
    """Somebody else traded on it; what is open now is another quantity than gobot made it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeChange:
    """A trade that was opened or closed by the fills just booked, as it was then."""

    kind: ChangeKind
    trade: Trade
