"""The simulated market that settings and command line ask for: recorded candles or a seeded synthetic one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from gobot.app.candles import candle_store
from gobot.core import SystemClock, Timeframe, UsageError
from gobot.exchange.feed import MarketFeed
from gobot.exchange.history_feed import HistoryFeed
from gobot.exchange.synthetic_feed import SyntheticFeed
from gobot.market import Candles, market_of, read_candles, symbol_names
from gobot.settings import Loaded

# Candles before the first cycle, so that a strategy has its past from the start.
_HISTORY = 2048


def simulated_feed(loaded: Loaded, data: Sequence[Path]) -> MarketFeed:
    """Where the simulated venue takes its prices from: the ``data`` files, or without any what ``sim.source`` says."""
    timeframe = Timeframe.parse(loaded.settings.trading.timeframe)
    if data:
        return _recorded(data, timeframe)
    return _stored(loaded, timeframe) if loaded.settings.sim.source == "store" else _synthetic(loaded, timeframe)


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


def _stored(loaded: Loaded, timeframe: Timeframe) -> HistoryFeed:
    """The stored series of the settings' symbols, whatever venue they were taken from."""
    store = candle_store(loaded, SystemClock())
    known = {series.symbol: series for series in store.series() if series.timeframe == timeframe}
    symbols = loaded.settings.trading.symbols
    if missing := [symbol for symbol in symbols if symbol not in known]:
        raise UsageError(
            f"sim.source store: there are no {timeframe} candles of {', '.join(missing)} in {loaded.paths.candles}: "
            "fetch them with `gobot data download` or `gobot data import`, or change trading.symbols"
        )
    return HistoryFeed({symbol: store.read(known[symbol]) for symbol in symbols}, step=timeframe)


def _synthetic(loaded: Loaded, timeframe: Timeframe) -> SyntheticFeed:
    from gobot.market.synthetic import SyntheticMarket

    sim, trading = loaded.settings.sim, loaded.settings.trading
    names = tuple(trading.symbols) if "trading.symbols" in loaded.explicit else symbol_names(sim.symbols)
    start = datetime.fromisoformat(sim.start).replace(tzinfo=UTC)
    market = SyntheticMarket(
        sim.seed, names, start_ms=int(start.timestamp() * 1000), timeframe=timeframe, history=_HISTORY
    )
    return SyntheticFeed(market)
