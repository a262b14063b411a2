"""The simulated market that settings and command line ask for: recorded candles or a seeded synthetic one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from gobot.core import Timeframe, UsageError
from gobot.exchange.feed import MarketFeed
from gobot.exchange.history_feed import HistoryFeed
from gobot.exchange.synthetic_feed import SyntheticFeed
from gobot.market import Candles, market_of, read_candles, symbol_names
from gobot.settings import Loaded

# Candles before the first cycle, so that a strategy has its past from the start.
_HISTORY = 2048


def simulated_feed(loaded: Loaded, data: Sequence[Path]) -> MarketFeed:
    """Where the simulated venue takes its prices from: the ``data`` files, or the synthetic market without any."""
    timeframe = Timeframe.parse(loaded.settings.trading.timeframe)
    return _recorded(data, timeframe) if data else _synthetic(loaded, timeframe)


def _recorded(data: Sequence[Path], timeframe: Timeframe) -> HistoryFeed:
    """One series per file; the file name says the symbol, or else its stem is taken for it."""
    series: dict[str, Candles] = {}
    for path in data:
        market = market_of(path)
        symbol = market.symbol if market else path.stem
        if symbol in series:
            raise UsageError(f"{path}: {symbol} was given twice: give one --data file per symbol")
        candles = read_candles(path)
        if candles.step() > timeframe:
            raise UsageError(
                f"{path}: holds {candles.step()} candles, longer than trading.timeframe {timeframe}: "
                f"add --set trading.timeframe={candles.step()}"
            )
        series[symbol] = candles
    return HistoryFeed(series)


def _synthetic(loaded: Loaded, timeframe: Timeframe) -> SyntheticFeed:
    from gobot.market.synthetic import SyntheticMarket

    sim, trading = loaded.settings.sim, loaded.settings.trading
    names = tuple(trading.symbols) if "trading.symbols" in loaded.explicit else symbol_names(sim.symbols)
    start = datetime.fromisoformat(sim.start).replace(tzinfo=UTC)
    market = SyntheticMarket(
        sim.seed, names, start_ms=int(start.timestamp() * 1000), timeframe=timeframe, history=_HISTORY
    )
    return SyntheticFeed(market)
