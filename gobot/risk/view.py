"""What risk is shown: one frozen picture of account and market, put together by the caller."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal
from types import MappingProxyType

from gobot.core import ZERO, Direction, Market, Position, Ticker


@dataclass(frozen=True, slots=True, kw_only=True)
class CandleHealth:
    """How good a symbol's candles are: open time (ms) of the newest closed one, and how many are missing or wrong."""

    newest_ms: int
    gaps: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RecentWindow:
    """The idea's strategy tried on the symbol's recent past: closed trades and gross profit / gross loss."""

    trades: int
    profit_factor: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RecentTrade:
    """A round trip that has ended; ``pnl`` net in USDT, ``exit_reason`` as the ledger names it."""

    symbol: str
    direction: Direction
    closed_ms: int
    pnl: Decimal
    exit_reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskView:
    """Account and market at one moment.  Money in USDT.

    ``now_ms`` is the wall clock, which says what day it is.  ``steady_ms`` is the clock that cooldowns and the
    breaker count on: it never jumps inside a process (see `gobot.risk.SteadyClock`).

    ``realised_today`` is the net profit of trades closed in this UTC day.  ``pending`` are symbols that have an
    order whose outcome is unknown, ``quarantined`` those that could not be reconciled.
    """

    now_ms: int
    steady_ms: int
    equity: Decimal
    available: Decimal
    leverage: int = 1
    realised_today: Decimal = ZERO
    positions: tuple[Position, ...] = ()
    markets: Mapping[str, Market] = field(default_factory=dict)
    tickers: Mapping[str, Ticker] = field(default_factory=dict)
    candles: Mapping[str, CandleHealth] = field(default_factory=dict)
    validation: Mapping[str, RecentWindow] = field(default_factory=dict)
    recent_trades: tuple[RecentTrade, ...] = ()
    quarantined: frozenset[str] = frozenset()
    pending: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, Mapping) and not isinstance(value, MappingProxyType):
                object.__setattr__(self, each.name, MappingProxyType(dict(value)))

    @property
    def exposure(self) -> Decimal:
        """Value of all open positions at their mark prices, USDT."""
        return sum((position.notional for position in self.positions), ZERO)

    def position(self, symbol: str) -> Position | None:
        """The open position in ``symbol``, None if it is flat."""
        return next((position for position in self.positions if position.symbol == symbol), None)

    def opened(self, position: Position) -> RiskView:
        """The view once ``position`` has been opened: its margin and the fee are spent."""
        fee = self._fee(position, position.entry_price)
        return replace(
            self,
            positions=(*self.positions, position),
            available=self.available - position.entry_price * position.quantity / position.leverage - fee,
            equity=self.equity + position.unrealized - fee,
        )

    def closed(self, position: Position) -> RiskView:
        """The view once ``position`` has been closed at the market: its margin is free, spread and fee are spent."""
        ticker = self.tickers.get(position.symbol)
        price = position.mark_price if ticker is None else ticker.taken(position.direction.exit_side)
        fee = self._fee(position, price)
        profit = (price - position.entry_price) * position.quantity * position.direction.sign - fee
        return replace(
            self,
            positions=tuple(other for other in self.positions if other is not position),
            available=self.available + position.entry_price * position.quantity / position.leverage + profit,
            equity=self.equity - position.unrealized + profit,
        )

    def _fee(self, position: Position, price: Decimal) -> Decimal:
        market = self.markets.get(position.symbol)
        return position.quantity * price * market.taker_fee if market else ZERO
