"""Volume: who pushes, and at which price."""

from __future__ import annotations

import numpy as np
import pandas as pd
import talib

from gobot.strategy.indicators.averages import ema, sma
from gobot.strategy.indicators.cache import shared
from gobot.strategy.indicators.series import before, like, quotient, ranges, typical
from gobot.strategy.rolling import Floats, floats, rolling_sum
from gobot.strategy.trailing import session_average


@shared
def obv(candles: pd.DataFrame, period: int) -> pd.Series:
    """On-balance volume of the last ``period`` candles: volume of rising closes minus that of falling ones.

    The classic line adds up from the first candle there is, so that its level says where the data begin; this is its
    change over ``period`` candles.
    """
    close = floats(candles["close"])
    return like(candles, rolling_sum(np.sign(close - before(close)) * floats(candles["volume"]), period))


@shared
def chaikin_money_flow(candles: pd.DataFrame, period: int = 20) -> pd.Series:
    """Chaikin's money flow, -1..1: volume weighted by where in its range each candle closed."""
    return like(
        candles,
        quotient(
            rolling_sum(_money_flow(candles), period), rolling_sum(floats(candles["volume"]), period), otherwise=0.0
        ),
    )


@shared
def chaikin_oscillator(candles: pd.DataFrame, fast: int = 3, slow: int = 10) -> pd.Series:
    """Chaikin's oscillator: a fast average of the accumulation/distribution line minus a slow one."""
    return like(candles, talib.ADOSC(*ranges(candles), floats(candles["volume"]), fast, slow))


@shared
def force_index(candles: pd.DataFrame, period: int = 13) -> pd.Series:
    """Force index (Elder): smoothed change of the close times volume."""
    return ema(candles["close"].diff() * candles["volume"], period)


@shared
def relative_volume(candles: pd.DataFrame, period: int = 20) -> pd.Series:
    """Volume / average volume of the ``period`` candles before: 2 is twice as much as usual."""
    usual = before(floats(sma(candles["volume"], period)))
    return like(candles, quotient(floats(candles["volume"]), usual, otherwise=1.0))


@shared
def vwap(candles: pd.DataFrame) -> pd.Series:
    """Volume-weighted average price of the UTC day so far; NaN before the first midnight in the data.

    For the average of a moving window see `vwma`.
    """
    index = pd.DatetimeIndex(candles.index)
    days = index.normalize().as_unit("ms").asi8
    starts = index.as_unit("ms").asi8 == days
    return like(candles, session_average(typical(candles), floats(candles["volume"]), days, starts))


def _money_flow(candles: pd.DataFrame) -> Floats:
    high, low, close = ranges(candles)
    return quotient(2.0 * close - low - high, high - low, otherwise=0.0) * floats(candles["volume"])
