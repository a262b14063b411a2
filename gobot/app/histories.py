"""The candles and the funding that a backtest runs on: from files, or from the store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gobot.app.candles import candle_store, funding_store
from gobot.core import DataError, SystemClock, Timeframe, UsageError
from gobot.market import (
    Candles,
    CandleStore,
    FundingRates,
    FundingStore,
    Series,
    read_candles,
    read_funding,
    read_or_resample,
    resample,
)
from gobot.market.names import hints_of
from gobot.settings import Loaded


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The candles of one symbol, and where they come from: a file's name, or a series in the store.

    ``funding`` are its settled rates, None where none are known.
    """

    symbol: str
    timeframe: Timeframe
    candles: Candles
    source: str
    funding: FundingRates | None = None

    def between(self, start_ms: int | None, end_ms: int | None) -> History:
        """The part with ``start_ms <= time < end_ms``.  Raises `DataError` when fewer than two candles are left."""
        part = self.candles.between(start_ms, end_ms)
        if len(part) < 2:
            raise DataError(
                f"{self.source}: {len(part)} candles lie in that time, a backtest needs two: move --since or --until"
            )
        return replace(self, candles=part)


def recorded(paths: Sequence[Path], symbols: Sequence[str], timeframe: Timeframe | None) -> list[History]:
    """One history per file of candles, with the funding of the files that hold that.

    ``symbols`` name them in the order of the files; without any the file's name says the symbol, or its stem is taken
    for it.  With a ``timeframe`` shorter candles are put together.  Raises `DataError` and `UsageError`.
    """
    rates = [path for path in paths if is_funding(path)]
    paths = [path for path in paths if path not in rates]
    if not paths:
        raise UsageError(f"{rates[0]}: holds funding rates; add --data with the candles they belong to")
    if symbols and len(symbols) != len(paths):
        raise UsageError(
            f"{len(paths)} --data files of candles and {len(symbols)} --symbol: give one symbol per file, or none"
        )
    found = [_read(path, symbol, timeframe) for path, symbol in zip(paths, symbols or [""] * len(paths), strict=True)]
    for place, history in enumerate(found):
        if history.symbol in {other.symbol for other in found[:place]}:
            raise UsageError(f"{paths[place]}: {history.symbol} was given twice; say which is which with --symbol")
        if history.timeframe != found[0].timeframe:
            raise UsageError(
                f"{paths[place]}: holds {history.timeframe} candles, {paths[0]} holds {found[0].timeframe}: "
                "make them equal with --timeframe"
            )
    for path in rates:
        place = _owner(path, found)
        found[place] = replace(found[place], funding=read_funding(path))
    return found


def is_funding(path: Path) -> bool:
    """Whether the name of ``path`` says that it holds funding rates."""
    return "funding" in path.stem.lower()


def _owner(path: Path, histories: Sequence[History]) -> int:
    """The history that the funding rates in ``path`` belong to: the only one, or that of its symbol."""
    hints = hints_of(path)
    symbol = hints.full_symbol() if hints.symbol else ""
    same = [place for place, history in enumerate(histories) if history.symbol == symbol]
    if not same and symbol:
        same = [place for place, history in enumerate(histories) if history.symbol == symbol.partition(":")[0]]
    if not same and len(histories) == 1 and not symbol:
        same = [0]
    if not same:
        whose = f"of {symbol} " if symbol else ""
        held = ", ".join(history.symbol for history in histories)
        raise UsageError(f"{path}: holds funding rates {whose}but the --data files hold candles of {held}")
    return same[0]


def stored(loaded: Loaded, symbols: Sequence[str], timeframe: Timeframe | None) -> list[History]:
    """The stored candles of ``symbols`` (without any those of the settings), put together where they are shorter.

    Stored funding rates go with them.  Raises `DataError` when there are none.
    """
    store, rates = candle_store(loaded, SystemClock()), funding_store(loaded)
    length = timeframe or Timeframe.parse(loaded.settings.trading.timeframe)
    wanted = symbols or loaded.settings.trading.symbols
    return [_stored(store, rates, symbol, length) for symbol in wanted]


def _read(path: Path, symbol: str, timeframe: Timeframe | None) -> History:
    candles = read_candles(path)
    if len(candles) < 2:
        raise DataError(f"{path}: holds one candle, a backtest needs two; fetch more")
    step = candles.step()
    if timeframe is not None and timeframe != step:
        candles, step = resample(candles, step, timeframe), timeframe
    return History(symbol=symbol or _symbol(path), timeframe=step, candles=candles, source=path.name)


def _symbol(path: Path) -> str:
    hints = hints_of(path)
    return hints.full_symbol() if hints.symbol else path.stem


def _stored(store: CandleStore, rates: FundingStore, symbol: str, timeframe: Timeframe) -> History:
    known = dict.fromkeys((series.venue, series.symbol) for series in store.series() if _means(series, symbol))
    for venue, name in known:
        series = Series(venue=venue, symbol=name, timeframe=timeframe)
        candles = read_or_resample(store, series)
        if len(candles):
            known_rates = rates.read(venue, name)
            funding = known_rates if len(known_rates.time) else None
            return History(symbol=name, timeframe=timeframe, candles=candles, source=str(series), funding=funding)
    raise DataError(
        f"no {timeframe} candles of {symbol} are stored in {store.directory}: give --data FILE, "
        "or fetch some with `gobot data download` or `gobot data import`"
    )


def _means(series: Series, symbol: str) -> bool:
    return symbol in (series.symbol, series.pair)
