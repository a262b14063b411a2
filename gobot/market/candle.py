"""One candle, for the places where they come one by one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gobot.market.candles import Candles


class Candle(NamedTuple):
    """One candle: ``time`` is its open in ms UTC, prices are quote per base, ``volume`` in base units."""

    time: int
    open: float
    high: float
    low: float
    close: float
    volume: float


def each(candles: Candles) -> Iterator[Candle]:
    """The rows of ``candles``, oldest first, as plain Python numbers."""
    columns = (candles.time, candles.open, candles.high, candles.low, candles.close, candles.volume)
    yield from map(Candle._make, zip(*(column.tolist() for column in columns), strict=True))
