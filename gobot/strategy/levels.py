"""Where a position ends: prices for stop and target, one per candle.

``side`` is +1 for longs and -1 for shorts; what stands in rows without an entry does not matter.  All take and give
numpy columns or pandas series.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from gobot.strategy.indicators import highest, lowest
from gobot.strategy.indicators.series import quotient
from gobot.strategy.rolling import Floats, floats

Column = pd.Series | npt.NDArray[np.float64]
Distance = Column | float


def sides(long: pd.Series | npt.NDArray[np.bool_]) -> Floats:
    """+1 where ``long`` is true, -1 elsewhere."""
    return np.where(np.asarray(long, bool), 1.0, -1.0)


def stop_away(close: Column, side: Column, distance: Distance) -> Floats:
    """A stop ``distance`` (in price units, such as two average true ranges) from the close, on the losing side."""
    return _array(close) - _array(side) * _array(distance)


def target_away(close: Column, side: Column, distance: Distance) -> Floats:
    """A target ``distance`` from the close, on the winning side."""
    return _array(close) + _array(side) * _array(distance)


def stop_percent(close: Column, side: Column, percent: float) -> Floats:
    """A stop ``percent`` of the close away from it, on the losing side."""
    return stop_away(close, side, _array(close) * percent / 100.0)


def stop_swing(candles: pd.DataFrame, side: Column, period: int, beyond: Distance = 0.0) -> Floats:
    """A stop at the lowest low (longs) or highest high (shorts) of ``period`` candles, and ``beyond`` further."""
    low, high = floats(lowest(candles["low"], period)), floats(highest(candles["high"], period))
    return np.where(_array(side) > 0, low - _array(beyond), high + _array(beyond))


def target_reward(close: Column, stop: Column, ratio: float) -> Floats:
    """A target that would win ``ratio`` times what the stop would lose."""
    return _array(close) + ratio * (_array(close) - _array(stop))


def reward_ratio(close: Column, stop: Column, target: Column) -> Floats:
    """What the target would win / what the stop would lose; infinite for a stop at the close."""
    win, loss = np.abs(_array(target) - _array(close)), np.abs(_array(close) - _array(stop))
    return quotient(win, loss, otherwise=np.inf)


def rescale(value: Column, low: float, high: float) -> Floats:
    """``value`` as a number in [0, 1]: 0 at ``low`` and beyond, 1 at ``high`` and beyond.  Made for confidence.

    ``low`` may be the greater one: ``rescale(rsi, 30, 10)`` grows as the RSI falls.
    """
    return np.clip((_array(value) - low) / (high - low), 0.0, 1.0)


def _array(column: Distance) -> Floats:
    # Asking a series for its values is much cheaper than having numpy find out that it is one.
    return np.asarray(column.to_numpy() if isinstance(column, pd.Series) else column, np.float64)
