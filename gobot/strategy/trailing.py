"""Lines that carry something from candle to candle: compiled loops."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from gobot.matching.compiled import allocating
from gobot.strategy.rolling import Floats


@allocating
def supertrend_lines(middle: Floats, distance: Floats, close: Floats) -> tuple[Floats, Floats]:
    """The trailing line and its side (+1 below price, -1 above) from the middle price ± ``distance``."""
    line, side = np.full(close.size, np.nan), np.full(close.size, np.nan)
    upper, lower, rising = math.nan, math.nan, True
    for row in range(close.size):
        top, bottom = middle[row] + distance[row], middle[row] - distance[row]
        if math.isnan(top):
            continue
        # Each bound only moves towards price, until a close goes beyond it.
        if math.isnan(upper) or top < upper or close[row - 1] > upper:
            upper = top
        if math.isnan(lower) or bottom > lower or close[row - 1] < lower:
            lower = bottom
        if rising and close[row] < lower:
            rising = False
        elif not rising and close[row] > upper:
            rising = True
        line[row], side[row] = (lower, 1.0) if rising else (upper, -1.0)
    return line, side


@allocating
def heikin_ashi_open(open_: Floats, close: Floats, middle: Floats) -> Floats:
    """Each open is the middle of the Heikin-Ashi body before."""
    out = np.empty(open_.size)
    for row in range(open_.size):
        out[row] = (out[row - 1] + middle[row - 1]) / 2.0 if row else (open_[0] + close[0]) / 2.0
    return out


@allocating
def session_average(
    price: Floats, volume: Floats, session: npt.NDArray[np.int64], starts: npt.NDArray[np.bool_]
) -> Floats:
    """Volume-weighted average of ``price`` within each session; NaN in one whose start is not in the data."""
    out = np.full(price.size, np.nan)
    paid, traded, known = 0.0, 0.0, False
    for row in range(price.size):
        if row == 0 or session[row] != session[row - 1]:
            paid, traded, known = 0.0, 0.0, row > 0 or starts[row]
        paid += price[row] * volume[row]
        traded += volume[row]
        if known and traded > 0:
            out[row] = paid / traded
    return out
