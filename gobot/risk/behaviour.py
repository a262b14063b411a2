"""From candles to figures: how much a symbol moves, how much of it is traded, and which symbols move together."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import numpy.typing as npt

from gobot.core import DAY_MS, Timeframe
from gobot.market import Candles
from gobot.risk.view import Behaviour

LEAST = 30
"""Returns that a volatility or a correlation needs: with fewer it says nothing."""

_ATR = 14
# In a market whose ranges are all the same none is below another: that much of a difference is rounding.
_LOWER = 1.0 - 1e-9
_YEAR_MS = 365 * DAY_MS

Floats = npt.NDArray[np.float64]


def behaviour_of(candles: Candles, timeframe: Timeframe, volatility_candles: int) -> Behaviour | None:
    """How the symbol of ``candles`` has moved, volatility over the last so many of them; None with too few."""
    if len(candles) <= LEAST:
        return None
    ranges = _relative_ranges(candles)
    changes = np.diff(np.log(candles.close[-volatility_candles - 1 :]))
    return Behaviour(
        atr_percentile=100.0 * np.count_nonzero(ranges < ranges[-1] * _LOWER) / len(ranges),
        volatility_pct=100.0 * float(changes.std(ddof=1)) * (_YEAR_MS / timeframe.ms) ** 0.5,
        traded=float(np.median(candles.close * candles.volume)),
    )


def _relative_ranges(candles: Candles) -> Floats:
    """The mean true range of 14 candles relative to the close, for every candle that has as many before it."""
    high, low, close = candles.high, candles.low, candles.close
    before = close[:-1]
    ranges = np.maximum(high[1:], before) - np.minimum(low[1:], before)
    sums = np.cumsum(ranges)
    sums[_ATR:] -= sums[:-_ATR].copy()
    return sums[_ATR - 1 :] / _ATR / close[_ATR:]


def correlations_of(
    candles: Mapping[str, Candles], entering: Collection[str], held: Collection[str], timeframe: Timeframe, window: int
) -> dict[tuple[str, str], float]:
    """Correlation of the returns of the last ``window`` candles that two symbols have in common.

    Of every pair of ``entering`` with another of them or one of ``held``, keyed by the two names in order.  A pair
    with fewer than `LEAST` returns in common, or of which one never moved, is missing.
    """
    symbols = sorted(symbol for symbol in {*entering, *held} if len(candles.get(symbol, ())) > LEAST)
    if len(symbols) < 2:
        return {}
    wanted = np.array([symbol in entering for symbol in symbols])
    table = _correlation([candles[symbol] for symbol in symbols], timeframe, window)
    table[~wanted[:, None] & ~wanted[None, :]] = np.nan
    rows, columns = np.nonzero(np.triu(np.isfinite(table), 1))
    found = zip(rows.tolist(), columns.tolist(), table[rows, columns].tolist(), strict=True)
    return {(symbols[row], symbols[column]): value for row, column, value in found}


def _correlation(series: list[Candles], timeframe: Timeframe, window: int) -> Floats:
    """The table of correlations, NaN where it is not known."""
    changes = _common_returns(series, timeframe, window)
    known = np.isfinite(changes)
    changes = np.where(known, changes, 0.0)
    present = known.astype(np.float64)
    # Sums over the candles that both have: the row's symbol in the row, the column's by the transpose.
    count = present @ present.T
    total, squares = changes @ present.T, changes**2 @ present.T
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = squares - total**2 / count
        table = (changes @ changes.T - total * total.T / count) / np.sqrt(variance * variance.T)
    # A symbol that stands still leaves nothing but rounding.
    still = variance <= 1e-12 * squares
    table[(count < LEAST) | still | still.T] = np.nan
    return np.asarray(np.clip(table, -1.0, 1.0))


def _common_returns(series: list[Candles], timeframe: Timeframe, window: int) -> Floats:
    """Returns (of logarithms) by symbol and candle up to the newest of all; NaN where a candle is missing."""
    newest = max(int(candles.time[-1]) for candles in series)
    closes = np.full((len(series), window + 1), np.nan)
    for row, candles in zip(closes, series, strict=True):
        recent = candles.last(window + 1)
        place = window - (newest - recent.time) // timeframe.ms
        row[place[place >= 0]] = recent.close[place >= 0]
    return np.diff(np.log(closes), axis=1)
