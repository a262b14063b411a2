"""Candles that follow from symbol, timeframe and time alone, so that every server and every test has the same."""

from __future__ import annotations

import zlib
from datetime import UTC, datetime

import numpy as np

from gobot.core import Timeframe
from gobot.market import Candles


def ms(moment: str) -> int:
    """``2024-12-31`` or ``2024-12-31T23:45`` as ms UTC."""
    return int(datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp() * 1000)


def made_up(symbol: str, timeframe: Timeframe, start_ms: int, end_ms: int) -> Candles:
    """The candles of ``symbol`` with ``start_ms <= time < end_ms``; prices have two decimals, volumes three."""
    first = timeframe.floor(start_ms + timeframe.ms - 1)
    time = np.arange(first, end_ms, timeframe.ms, dtype=np.int64)
    seed = zlib.crc32(symbol.encode()) % 1000
    price = np.round(100 + seed + 20 * np.sin(time / 7e7 + seed) + 5 * np.sin(time / 3e6), 2)
    wick = np.round(1 + np.sin(time / 1e6 + 1) ** 2, 2)
    close = np.round(price + np.cos(time / 1e6), 2)
    high, low = np.round(np.maximum(price, close) + wick, 2), np.round(np.minimum(price, close) - wick, 2)
    return Candles.from_columns(time, price, high, low, close, np.round(10 + 5 * np.cos(time / 5e6), 3))
