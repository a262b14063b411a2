"""Moving averages."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import talib

from gobot.strategy.indicators.cache import shared
from gobot.strategy.indicators.series import like, quotient
from gobot.strategy.rolling import floats, rolling_line, rolling_mean, rolling_sum, rolling_weighted, smoothed


@shared
def sma(series: pd.Series, period: int) -> pd.Series:
    """Simple moving average."""
    return like(series, rolling_mean(floats(series), period))


@shared
def ema(series: pd.Series, period: int) -> pd.Series:
    """Exponential moving average, α = 2 / (period + 1)."""
    return like(series, talib.EMA(floats(series), period)) if period > 1 else series.astype(float)


@shared
def rma(series: pd.Series, period: int) -> pd.Series:
    """Wilder's smoothing, α = 1 / period."""
    return like(series, smoothed(floats(series), period, 1.0 / period))


@shared
def wma(series: pd.Series, period: int) -> pd.Series:
    """Linearly weighted moving average: the newest value counts ``period`` times, the oldest once."""
    return like(series, rolling_weighted(floats(series), period))


@shared
def dema(series: pd.Series, period: int) -> pd.Series:
    """Double exponential moving average: 2·EMA - EMA of EMA."""
    return like(series, talib.DEMA(floats(series), period))


@shared
def tema(series: pd.Series, period: int) -> pd.Series:
    """Triple exponential moving average."""
    return like(series, talib.TEMA(floats(series), period))


@shared
def trima(series: pd.Series, period: int) -> pd.Series:
    """Triangular moving average: a simple average of a simple average."""
    half = period // 2 + 1
    return sma(sma(series, period - half + 1), half)


@shared
def hma(series: pd.Series, period: int) -> pd.Series:
    """Hull moving average: WMA(2·WMA(period / 2) - WMA(period), √period), with little lag."""
    return wma(2.0 * wma(series, period // 2) - wma(series, period), math.isqrt(period))


@shared
def kama(series: pd.Series, period: int = 10) -> pd.Series:
    """Kaufman's adaptive moving average, fast in a trend and nearly still in noise.

    In noise it forgets slowly: within some 500 candles as a rule, within 5,000 where nothing moves at all.
    """
    return like(series, talib.KAMA(floats(series), period))


@shared
def vwma(candles: pd.DataFrame, period: int) -> pd.Series:
    """Volume-weighted moving average of the close; NaN where nothing was traded in the window."""
    volume = floats(candles["volume"])
    paid = rolling_sum(floats(candles["close"]) * volume, period)
    return like(candles, quotient(paid, rolling_sum(volume, period), otherwise=np.nan))


@shared
def linear_regression(series: pd.Series, period: int = 14) -> pd.Series:
    """Where the straight line through the last ``period`` values (least squares) ends."""
    return like(series, rolling_line(floats(series), period)[0])


@shared
def linear_slope(series: pd.Series, period: int = 14) -> pd.Series:
    """By how much the straight line through the last ``period`` values rises per candle."""
    return like(series, rolling_line(floats(series), period)[1])
