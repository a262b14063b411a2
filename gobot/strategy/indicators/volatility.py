"""Volatility: how far price moves, and channels made of that."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
import talib

from gobot.strategy.indicators.averages import ema, sma
from gobot.strategy.indicators.cache import shared
from gobot.strategy.indicators.series import before, like, quotient, ranges
from gobot.strategy.rolling import Floats, floats, rolling_deviation, rolling_sum


class Bands(NamedTuple):
    """A band around an average."""

    upper: pd.Series
    middle: pd.Series
    lower: pd.Series


@shared
def highest(series: pd.Series, period: int) -> pd.Series:
    """Highest of the last ``period`` values."""
    return like(series, talib.MAX(floats(series), period)) if period > 1 else series.astype(float)


@shared
def lowest(series: pd.Series, period: int) -> pd.Series:
    """Lowest of the last ``period`` values."""
    return like(series, talib.MIN(floats(series), period)) if period > 1 else series.astype(float)


@shared
def standard_deviation(series: pd.Series, period: int) -> pd.Series:
    """Standard deviation (of the population) of the last ``period`` values."""
    return like(series, rolling_deviation(floats(series), period))


@shared
def true_range(candles: pd.DataFrame) -> pd.Series:
    """Range of the candle, a gap from the previous close included."""
    high, low, close = ranges(candles)
    previous = before(close)
    return like(candles, np.fmax(high, previous) - np.fmin(low, previous))


@shared
def atr(candles: pd.DataFrame, period: int = 14) -> pd.Series:
    """Average true range (Wilder), in price units."""
    return like(candles, talib.ATR(*ranges(candles), period))


@shared
def natr(candles: pd.DataFrame, period: int = 14) -> pd.Series:
    """Average true range in percent of the close."""
    return 100.0 * atr(candles, period) / candles["close"]


@shared
def realised_volatility(close: pd.Series, period: int = 20) -> pd.Series:
    """Standard deviation of the last ``period`` logarithmic returns, per candle: 0.01 is one percent."""
    values = floats(close)
    return like(close, rolling_deviation(np.log(values / before(values)), period))


@shared
def bollinger(close: pd.Series, period: int = 20, width: float = 2.0) -> Bands:
    """Bollinger bands: ``width`` standard deviations around the simple average."""
    return _bands(close, floats(sma(close, period)), width * floats(standard_deviation(close, period)))


@shared
def bollinger_width(close: pd.Series, period: int = 20, width: float = 2.0) -> pd.Series:
    """Distance between the Bollinger bands as a share of the average: small before a breakout."""
    bands = bollinger(close, period, width)
    return (bands.upper - bands.lower) / bands.middle


@shared
def percent_b(close: pd.Series, period: int = 20, width: float = 2.0) -> pd.Series:
    """Where the close lies between the Bollinger bands: 0 on the lower, 1 on the upper, 0.5 where they meet."""
    upper, _, lower = map(floats, bollinger(close, period, width))
    return like(close, quotient(floats(close) - lower, upper - lower, otherwise=0.5))


@shared
def keltner(candles: pd.DataFrame, period: int = 20, width: float = 2.0, atr_period: int = 10) -> Bands:
    """Keltner channel: ``width`` average true ranges around the exponential average."""
    return _bands(candles, floats(ema(candles["close"], period)), width * floats(atr(candles, atr_period)))


@shared
def donchian(candles: pd.DataFrame, period: int = 20) -> Bands:
    """Donchian channel: highest high and lowest low of the last ``period`` candles, this one included.

    A breakout is a close beyond the channel of the candle before: ``donchian(candles, 20).upper.shift(1)``.
    """
    upper, lower = highest(candles["high"], period), lowest(candles["low"], period)
    return Bands(upper, like(candles, (floats(upper) + floats(lower)) / 2.0), lower)


@shared
def choppiness(candles: pd.DataFrame, period: int = 14) -> pd.Series:
    """Choppiness index (Dreiss), 0..100: above 61.8 the market goes sideways, below 38.2 it trends."""
    path = rolling_sum(floats(true_range(candles)), period)
    span = floats(highest(candles["high"], period) - lowest(candles["low"], period))
    # A window without any range has gone nowhere, which is as choppy as can be.
    return like(candles, 100.0 * np.log(quotient(path, span, otherwise=float(period))) / np.log(period))


def _bands(source: pd.Series | pd.DataFrame, middle: Floats, distance: Floats) -> Bands:
    return Bands(like(source, middle + distance), like(source, middle), like(source, middle - distance))
