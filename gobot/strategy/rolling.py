"""Window arithmetic that gives the same bits wherever the data begins.

Libraries keep a running sum: add the newest price, take off the oldest.  Its rounding error depends on every price
since the first one, so a backtest over two years and a bot that looks at the last 600 candles disagree in the last
digits, and where two averages of coarse prices are equal (1 % of all crossings on some markets) they trade
differently.  Here the sum of a window depends on the values in it and on nothing else.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pandas as pd

from gobot.matching.compiled import allocating

Floats = npt.NDArray[np.float64]

# Averages closer than this, relative, are equal: what is left between them is rounding, not price.
_EQUAL = 1e-12
# Rows that are summed before the next ones are: what is in work stays near the processor.
_TILE = 1024


def floats(series: pd.Series) -> Floats:
    """The values as a contiguous array of their own: the one form that everything here is compiled for."""
    return np.array(series.to_numpy(), np.float64)


@allocating
def rolling_sum(values: Floats, period: int) -> Floats:
    """Sum of each ``period`` values up to here; NaN where there are fewer."""
    out = np.empty(values.size)
    window_sums(values, period, 1.0, out)
    return out


@allocating
def rolling_mean(values: Floats, period: int) -> Floats:
    """Mean of each ``period`` values up to here; NaN where there are fewer."""
    out = np.empty(values.size)
    window_sums(values, period, float(period), out)
    return out


@allocating
def window_sums(values: Floats, period: int, divisor: float, out: Floats) -> None:
    """The sum of each ``period`` values up to here, divided by ``divisor``, into ``out``.

    A sum is put together from those of 1, 2, 4, 8, … neighbours, which windows share: one of 50 takes seven additions,
    and still depends on its own values alone.
    """
    out[: min(max(period - 1, 0), out.size)] = np.nan
    rows = values.size - period + 1
    if period < 1 or rows < 1:
        out[:] = np.nan
        return
    one, other = np.empty(_TILE + period), np.empty(_TILE + period)
    for first in range(0, rows, _TILE):
        # Row k of ``sums`` is that of ``size`` values from ``first + k`` on.
        total = out[first + period - 1 : min(first + _TILE, rows) + period - 1]
        sums, size, done = values[first : first + total.size + period - 1], 1, 0
        while True:
            if period & size:
                _add(total, sums[done:], total, done > 0)
                done += size
            if 2 * size > period:
                break
            wider = one[: sums.size - size]
            _add(wider, sums[size:], sums, True)
            one, other, sums, size = other, one, wider, 2 * size
        if divisor != 1.0:
            for row in range(total.size):
                total[row] /= divisor


@allocating
def _add(into: Floats, a: Floats, b: Floats, both: bool) -> None:
    """``a + b``, or ``a`` alone, into ``into``."""
    if both:
        for row in range(into.size):
            into[row] = a[row] + b[row]
    else:
        for row in range(into.size):
            into[row] = a[row]


@allocating
def rolling_weighted(values: Floats, period: int) -> Floats:
    """Mean of each ``period`` values up to here, weighted 1, 2, … ``period`` from the oldest to the newest."""
    out = np.full(values.size, np.nan)
    for row in range(period - 1, values.size):
        total = 0.0
        for offset in range(period):
            total += (offset + 1) * values[row - period + 1 + offset]
        out[row] = total / (period * (period + 1) / 2)
    return out


@allocating
def rolling_line(values: Floats, period: int) -> tuple[Floats, Floats]:
    """The straight line through each ``period`` values up to here, by least squares: its end and its slope."""
    end, slope = np.full(values.size, np.nan), np.full(values.size, np.nan)
    middle, spread = (period - 1) / 2, period * (period * period - 1) / 12
    mean = rolling_mean(values, period)
    for row in range(period - 1, values.size):
        total = 0.0
        for offset in range(period):
            total += (offset - middle) * (values[row - period + 1 + offset] - mean[row])
        slope[row] = total / spread if period > 1 else 0.0
        end[row] = mean[row] + slope[row] * middle
    return end, slope


@allocating
def rolling_rank(values: Floats, period: int) -> Floats:
    """Percent of the ``period`` values before each that lie below it."""
    out = np.full(values.size, np.nan)
    for row in range(period, values.size):
        below = 0
        for at in range(row - period, row):
            below += values[at] < values[row]
        out[row] = 100.0 * below / period
    return out


@allocating
def smoothed(values: Floats, period: int, alpha: float) -> Floats:
    """Exponential smoothing that begins with the mean of the first ``period`` values."""
    out = np.full(values.size, np.nan)
    first = 0
    while first < values.size and math.isnan(values[first]):
        first += 1
    if first + period > values.size:
        return out
    out[first + period - 1] = values[first : first + period].mean()
    for row in range(first + period, values.size):
        out[row] = out[row - 1] + alpha * (values[row] - out[row - 1])
    return out


@allocating
def rolling_deviation(values: Floats, period: int) -> Floats:
    """Standard deviation (of the population, as charts show it) of each ``period`` values up to here."""
    mean = rolling_mean(values, period)
    out = np.full(values.size, np.nan)
    for row in range(period - 1, values.size):
        total = 0.0
        for at in range(row - period + 1, row + 1):
            total += (values[at] - mean[row]) ** 2
        out[row] = math.sqrt(total / period)
    return out


@allocating
def efficiency(values: Floats, period: int) -> Floats:
    """How straight the way of the last ``period`` steps was: distance / length of the path, in [0, 1]; 0 at rest."""
    out = np.full(values.size, np.nan)
    for row in range(period, values.size):
        path = 0.0
        for at in range(row - period + 1, row + 1):
            path += abs(values[at] - values[at - 1])
        out[row] = min(1.0, abs(values[row] - values[row - period]) / path) if path > 0 else 0.0
    return out


@allocating
def crossings(a: Floats, b: Floats) -> npt.NDArray[np.int8]:
    """+1 where ``a`` crosses above ``b``, -1 where it crosses below, 0 elsewhere.  The rule is in `crossover`."""
    out = np.zeros(a.size, np.int8)
    side = 0
    for row in range(a.size):
        gap = a[row] - b[row]
        if math.isnan(gap):
            side = 0
        elif abs(gap) > _EQUAL * max(abs(a[row]), abs(b[row])):
            now = 1 if gap > 0 else -1
            if side == -now:
                out[row] = now
            side = now
    return out
