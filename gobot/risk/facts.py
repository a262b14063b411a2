"""From account, candles and prices to the picture that risk is shown: the one way for the daemon and for backtests."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal

from gobot.core import DAY_MS, ZERO, Market, Position, Ticker, Timeframe
from gobot.market import Candles, faults
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
) -> RiskView:
    """The view at ``now_ms``.

    ``entering`` are the symbols that somebody wants a position in.  ``candles`` are closed ones by symbol, the window
    that ideas are formed on; of ``entering`` and of ``positions`` they should be there.  ``closed`` are the newest
    trades that have ended.
    """
    today, timeframe = now_ms // DAY_MS, Timeframe.parse(settings.timeframe)
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
        candles={symbol: health_of(candles[symbol], timeframe) for symbol in entering if symbol in candles},
        validation=validation,
        recent_trades=tuple(closed),
        quarantined=frozenset(quarantined),
        pending=frozenset(pending),
    )


def health_of(candles: Candles, timeframe: Timeframe) -> CandleHealth:
    """Whether the window that an idea was formed on can be trusted: candles missing in it, or wrong."""
    return CandleHealth(newest_ms=int(candles.time[-1]), gaps=faults(candles, timeframe))
