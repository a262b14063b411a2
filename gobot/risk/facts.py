"""From account, candles and prices to the picture that risk is shown: the one way for the daemon and for backtests."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal

from gobot.core import DAY_MS, ZERO, Book, Market, Position, Ticker, Timeframe
from gobot.market import Candles, faults
from gobot.risk.behaviour import behaviour_of, correlations_of
from gobot.risk.view import CandleHealth, RecentTrade, RecentWindow, RiskView
from gobot.settings.trading import TradingSettings


def view_of(
    settings: TradingSettings,
    *,
    now_ms: int,
    steady_ms: int,
    equity: Decimal,
    available: Decimal,
    positions: Sequence[Position],
    entering: Collection[str],
    candles: Mapping[str, Candles],
    tickers: Mapping[str, Ticker],
    markets: Mapping[str, Market],
    validation: Mapping[str, RecentWindow],
    closed: Sequence[RecentTrade],
    quarantined: Collection[str] = (),
    pending: Collection[str] = (),
    clock_skew_ms: int | None = 0,
    books: Mapping[str, Book] | None = None,
) -> RiskView:
    """The view at ``now_ms``.

    ``entering`` are the symbols that somebody wants a position in.  ``candles`` are closed ones by symbol, the window
    that ideas are formed on; of ``entering`` and of ``positions`` they should be there.  ``closed`` are the newest
    trades that have ended.  ``clock_skew_ms`` and ``books`` as `RiskView` has them; a simulated world has no skew.
    """
    today, timeframe, rules = now_ms // DAY_MS, Timeframe.parse(settings.timeframe), settings.risk_manager
    entering = [symbol for symbol in entering if symbol in candles]
    moves = ((symbol, behaviour_of(candles[symbol], timeframe, rules.volatility_candles)) for symbol in entering)
    held = [position.symbol for position in positions]
    return RiskView(
        now_ms=now_ms,
        steady_ms=steady_ms,
        equity=equity,
        available=available,
        leverage=settings.leverage,
        realised_today=sum((trade.pnl for trade in closed if trade.closed_ms // DAY_MS == today), ZERO),
        positions=tuple(positions),
        markets=markets,
        tickers=tickers,
        candles={symbol: health_of(candles[symbol], timeframe) for symbol in entering},
        validation=validation,
        behaviour={symbol: behaviour for symbol, behaviour in moves if behaviour is not None},
        correlations=correlations_of(candles, entering, held, timeframe, rules.correlation_window),
        books=books,
        clock_skew_ms=clock_skew_ms,
        recent_trades=tuple(closed),
        quarantined=frozenset(quarantined),
        pending=frozenset(pending),
    )


def candles_seen(settings: TradingSettings) -> int:
    """How many closed candles a view needs of a symbol, beside those that warm its strategy up."""
    rules = settings.risk_manager
    return max(settings.validation.window, rules.correlation_window, rules.volatility_candles) + 1


def health_of(candles: Candles, timeframe: Timeframe) -> CandleHealth:
    """Whether the window that an idea was formed on can be trusted: candles missing in it, or wrong."""
    return CandleHealth(newest_ms=int(candles.time[-1]), gaps=faults(candles, timeframe))
