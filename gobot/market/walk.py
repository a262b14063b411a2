"""The random walk under the synthetic market: regimes, volatility that clusters, jumps, and a pull back home.

One walk is the market as a whole, one more belongs to each symbol; all obey the same rules.  A walk's level is a log
price.  Units: volatility is a standard deviation per day, ``day`` is the length of a candle as a fraction of one.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numba import njit

Matrix = npt.NDArray[np.float64]
Vector = npt.NDArray[np.float64]

TREND, RANGE, VOLATILE, CRASH = 0, 1, 2, 3
# Per regime: mean length in days, factor on the volatility, drift and jumps per day in units of the volatility.
_REGIMES = np.array(
    [
        [4.0, 0.9, 0.45, 0.02],
        [3.0, 0.6, 0.0, 0.01],
        [1.5, 1.9, 0.0, 0.25],
        [0.4, 3.0, -6.0, 1.5],
    ]
)
# Where a regime leads when it ends (cumulated probabilities): a crash is rare and never follows itself.
_NEXT = np.array(
    [
        [0.25, 0.75, 0.97, 1.0],
        [0.65, 0.65, 0.95, 1.0],
        [0.45, 0.85, 0.95, 1.0],
        [0.30, 0.55, 1.00, 1.0],
    ]
)
# In how many days half of a way is gone: the price back to where its range began, the price to its anchor, the
# anchor after the price, and the anchor back to where it began, so that no market grows or dies for ever.
_TO_PIVOT, _TO_ANCHOR, _ANCHOR_AFTER, _TO_HOME = 0.35, 45.0, 120.0, 400.0
_MEMORY_DAYS = 1.0  # how long calm and storm last
_SHOCK = 0.06  # share of the last move in the next variance
_CALMEST, _WILDEST = 0.15, 16.0
_JUMP = 1.2

STATE_SIZE = 7
NORMALS, UNIFORMS = 3, 5


def begin(walks: int) -> Matrix:
    """The state of ``walks`` walks before their first candle, one row each."""
    state = np.zeros((walks, STATE_SIZE))
    state[:, 2] = 1.0
    state[:, 4] = RANGE
    return state


@njit(cache=True)
def _share(day: float, half_life: float) -> float:
    """The part of a way that is gone in one candle."""
    return 1.0 - math.exp2(-day / half_life)


@njit(cache=True)
def advance(state: Matrix, volatility: Vector, day: float, normal: Matrix, uniform: Matrix, out: Matrix) -> None:
    """Move every walk on by one block of candles, in place.

    ``normal`` is (walks, NORMALS, candles) and ``uniform`` (walks, UNIFORMS, candles), of which the walk uses the
    first two and three.  ``out`` is (walks, 3, candles): level at the open, level at the close, standard deviation.
    """
    memory = math.exp(-day / _MEMORY_DAYS)
    shock_share = _SHOCK * memory
    to_pivot, to_anchor = _share(day, _TO_PIVOT), _share(day, _TO_ANCHOR)
    anchor_after, to_home = _share(day, _ANCHOR_AFTER), _share(day, _TO_HOME)
    for walk in range(state.shape[0]):
        level, anchor, variance, shock, regime, direction, pivot = state[walk]
        kind = int(regime)
        for i in range(normal.shape[2]):
            length, storm, drift, jumps = _REGIMES[kind]
            if uniform[walk, 0, i] < day / length:
                kind = np.searchsorted(_NEXT[kind], uniform[walk, 1, i])
                direction = 1.0 if normal[walk, 1, i] > -0.15 else -1.0  # up a little more often
                pivot = level
                length, storm, drift, jumps = _REGIMES[kind]
            variance = (1.0 - memory) + shock_share * shock * shock + (memory - shock_share) * variance
            variance = min(max(variance, _CALMEST), _WILDEST)
            deviation = volatility[walk] * storm * math.sqrt(day * variance)
            shock = math.sqrt(variance) * normal[walk, 0, i]
            if uniform[walk, 2, i] < jumps * day:
                level += _JUMP * volatility[walk] * normal[walk, 1, i]
            out[walk, 0, i] = level
            heading = direction if kind == TREND else 1.0
            pull = to_anchor * (anchor - level)
            if kind == RANGE:
                pull += to_pivot * (pivot - level)
            level += day * heading * drift * volatility[walk] + pull + deviation * normal[walk, 0, i]
            anchor += anchor_after * (level - anchor) - to_home * anchor
            out[walk, 1, i] = level
            out[walk, 2, i] = deviation
        state[walk] = np.array([level, anchor, variance, shock, float(kind), direction, pivot])
