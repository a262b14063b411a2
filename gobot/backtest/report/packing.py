"""Columns of numbers as a page carries them: whole numbers, packed as differences of variable length."""

from __future__ import annotations

import math
from base64 import b64encode
from typing import Any

import numpy as np

from gobot.market import Candles
from gobot.market.candles import Floats, Ints

_DIGITS = 7
"""Significant digits that a price keeps where it has more."""


def packed(values: Floats | Ints, unit: float = 1) -> dict[str, Any]:
    """``values`` in multiples of ``unit`` (1, 900_000, or a power of ten below 1) as ``decode.js`` reads them."""
    scale = round(1 / unit) if unit < 1 else 1 / unit
    whole = np.rint(np.asarray(values) * scale).astype(np.int64)
    step = np.diff(whole, prepend=0)
    zigzag = ((step << 1) ^ (step >> 63)).astype(np.uint64)
    return {"count": len(whole), "unit": unit, "data": b64encode(_varints(zigzag)).decode()}


def packed_times(ms: Ints) -> dict[str, Any]:
    """Moments in multiples of the longest step that they all have in common."""
    grid = int(np.gcd.reduce(ms)) if len(ms) else 0
    return packed(ms, max(grid, 1))


def _varints(numbers: np.ndarray) -> bytes:
    """Seven bits a byte, lowest first; the high bit says that there is more."""
    lengths = np.ones(len(numbers), np.int64)
    for places in range(1, 10):
        lengths += numbers >> np.uint64(7 * places) > 0
    starts = np.cumsum(lengths) - lengths
    out = np.zeros(int(lengths.sum()), np.uint8)
    for place in range(int(lengths.max(initial=0))):
        has = lengths > place
        bits = (numbers[has] >> np.uint64(7 * place)) & np.uint64(127)
        out[starts[has] + place] = bits | np.where(lengths[has] > place + 1, 128, 0).astype(np.uint64)
    return out.tobytes()


def decimals(prices: Floats) -> int:
    """Decimal places that show ``prices`` exactly, or seven significant digits of the lowest."""
    known = prices[np.isfinite(prices) & (prices > 0)]
    if not len(known):
        return 2
    most = max(0, _DIGITS - 1 - math.floor(math.log10(known.min())))
    for places in range(most):
        scaled = known * 10.0**places
        if np.allclose(scaled, np.rint(scaled), rtol=1e-12, atol=1e-6):
            return places
    return most


def grouped(candles: Candles, size: int) -> Candles:
    """Bars of ``size`` candles each, the last perhaps of fewer: first open, highest high, lowest low, last close."""
    if size <= 1:
        return candles
    first = np.arange(0, len(candles), size)
    last = np.minimum(first + size, len(candles)) - 1
    return Candles(
        candles.time[first],
        candles.open[first],
        np.maximum.reduceat(candles.high, first),
        np.minimum.reduceat(candles.low, first),
        candles.close[last],
        np.add.reduceat(candles.volume, first),
    )


def market_document(symbol: str, candles: Candles, step_ms: int, most: int) -> dict[str, Any]:
    """One market with at most ``most`` bars."""
    size = -(-len(candles) // most)
    bars = grouped(candles, size)
    digits = decimals(np.concatenate([candles.open[:500], candles.close, candles.low[-500:]]))
    unit = 10.0**-digits
    return {
        "symbol": symbol,
        "step": step_ms,
        "group": size,
        "digits": digits,
        "time": packed_times(bars.time),
        "open": packed(bars.open, unit),
        "high": packed(bars.high - bars.open, unit),
        "low": packed(bars.low - bars.open, unit),
        "close": packed(bars.close, unit),
    }
