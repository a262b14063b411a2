"""What risk is shown: one frozen picture of account and market, put together by the caller."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from types import MappingProxyType

from gobot.core import ZERO, Book, Direction, Market, Position, Ticker, utc_day


@dataclass(frozen=True, slots=True, kw_only=True)
class CandleHealth:
    """How good a symbol's candles are: open time (ms) of the newest closed one, and how many are missing or wrong."""

    newest_ms: int
    gaps: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """How a symbol has moved lately.

    ``atr_percentile`` is the share, percent, of the window's candles whose average true range, relative to the close,
    was below the present one.  ``volatility_pct`` is realised and of a year, percent.  ``traded`` is the median
    value traded per candle, USDT.
    """

    atr_percentile: float
    volatility_pct: float
    traded: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RecentWindow:
    """The idea's strategy tried on the symbol's recent past: closed trades and gross profit / gross loss."""

    trades: int
    profit_factor: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RecentTrade:
    """A round trip that has ended.

    ``pnl`` is net and ``value`` what the position was worth at its entry, USDT; ``exit_reason`` as the ledger names it.
    """

    symbol: str
    direction: Direction
    closed_ms: int
    pnl: Decimal
    exit_reason: str
    value: Decimal = ZERO


_TABLES = ("markets", "tickers", "candles", "validation", "behaviour", "correlations", "books")


@dataclass(frozen=True, kw_only=True)
class RiskView:
    """Account and market at one moment.  Money in USDT.

    ``now_ms`` is the wall clock, which says what day it is.  ``steady_ms`` is the clock that cooldowns and the
    breaker count on: it never jumps inside a process (see `gobot.risk.SteadyClock`).

    ``realised_today`` is the net profit of trades closed in this UTC day.  ``pending`` are symbols that have an
    order whose outcome is unknown, ``quarantined`` those that could not be reconciled.

    ``correlations`` are those of the returns of two symbols, by their names in order; a pair that is missing is not
    known.  ``clock_skew_ms`` is the venue's clock minus ours, None when it could not be asked.  ``books`` are the
    order books by symbol, None in a world made of candles, which has none.
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
    behaviour: Mapping[str, Behaviour] = field(default_factory=dict)
    correlations: Mapping[tuple[str, str], float] = field(default_factory=dict)
    books: Mapping[str, Book] | None = None
    clock_skew_ms: int | None = None
    recent_trades: tuple[RecentTrade, ...] = ()
    quarantined: frozenset[str] = frozenset()
    pending: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        for name in _TABLES:
            value = getattr(self, name)
            if value is not None and type(value) is not MappingProxyType:
                object.__setattr__(self, name, MappingProxyType(dict(value)))

    @cached_property
    def today(self) -> str:
        """The UTC day that it is."""
        return utc_day(self.now_ms)

    @cached_property
    def exposure(self) -> Decimal:
        """Value of all open positions at their mark prices, USDT."""
        return self.exposure_to(Direction.LONG) + self.exposure_to(Direction.SHORT)

    def exposure_to(self, direction: Direction) -> Decimal:
        """Value of all open positions of that direction at their mark prices, USDT."""
        return self._exposures[direction]

    def correlation(self, one: str, other: str) -> float | None:
        """How the returns of two symbols go together, from -1 to 1; None when it is not known."""
        return self.correlations.get((one, other) if one < other else (other, one))

    def position(self, symbol: str) -> Position | None:
        """The open position in ``symbol``, None if it is flat."""
        return self._by_symbol.get(symbol)

    @cached_property
    def _by_symbol(self) -> dict[str, Position]:
        return {position.symbol: position for position in self.positions}

    @cached_property
    def _exposures(self) -> dict[Direction, Decimal]:
        sums = dict.fromkeys(Direction, ZERO)
        for position in self.positions:
            sums[position.direction] += position.notional
        return sums

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
