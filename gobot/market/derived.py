"""Candle lengths that are not stored, put together from shorter ones that are."""

from __future__ import annotations

from gobot.market.candles import Candles
from gobot.market.resample import divides, resample
from gobot.market.series import Series
from gobot.market.store import CandleStore


def read_or_resample(
    store: CandleStore, series: Series, start_ms: int | None = None, end_ms: int | None = None
) -> Candles:
    """The candles of ``series`` with ``start_ms <= time < end_ms``.

    Where it is not stored itself they are made from the longest stored series that it can be made from, complete ones
    only; without any such series there are none.
    """
    if store.newest_ms(series) is not None:
        return store.read(series, start_ms, end_ms)
    shorter = next_shorter(store, series)
    if shorter is None:
        return Candles.empty()
    step = series.timeframe
    parts_end_ms = None if end_ms is None else step.floor(end_ms - 1) + step.ms
    parts = store.read(shorter, start_ms, parts_end_ms)
    return resample(parts, shorter.timeframe, step).between(start_ms, end_ms)


def next_shorter(store: CandleStore, series: Series) -> Series | None:
    """The longest stored series that ``series`` can be made from, itself excepted."""
    shorter = [
        other
        for other in store.lengths(series)
        if other.timeframe < series.timeframe and divides(other.timeframe, series.timeframe)
    ]
    return shorter[-1] if shorter else None
