"""Indicators under the names charts use: pandas series in, series out, NaN until there are enough candles.

TA-Lib computes them, save for plain averages (see `gobot.strategy.rolling`).  Whatever else it offers can be
called from a strategy directly: ``import talib``; it takes series too.

Recursive indicators (everything of Wilder's, everything exponential) never quite forget where the data began:
`wilder_warmup` and `ema_warmup` say after how many candles that no longer matters.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import pandas as pd
import talib

from gobot.strategy.rolling import Floats, efficiency, floats, rolling_deviation, rolling_mean

# What is left of the beginning when an indicator counts as settled.
_FORGOTTEN = 1e-9


class Macd(NamedTuple):
    """The three lines of the moving average convergence divergence."""

    line: pd.Series
    signal: pd.Series
    histogram: pd.Series


class Bands(NamedTuple):
    """A band around an average."""

    upper: pd.Series
    middle: pd.Series
    lower: pd.Series


class Stochastic(NamedTuple):
    """%K and its average %D, 0..100."""

    k: pd.Series
    d: pd.Series


def sma(series: pd.Series, period: int) -> pd.Series:
    """Simple moving average."""
    return _like(series, rolling_mean(floats(series), period))


def ema(series: pd.Series, period: int) -> pd.Series:
    """Exponential moving average, α = 2 / (period + 1)."""
    return _like(series, talib.EMA(floats(series), period))


def rsi(close: pd.Series, period: int = 14) -> pd.Series:
    """Relative strength index (Wilder), 0..100."""
    return _like(close, talib.RSI(floats(close), period))


def atr(candles: pd.DataFrame, period: int = 14) -> pd.Series:
    """Average true range (Wilder), in price units."""
    return _like(candles, talib.ATR(*_ranges(candles), period))


def adx(candles: pd.DataFrame, period: int = 14) -> pd.Series:
    """Average directional index (Wilder), 0..100: how strong a trend is, whichever way it goes."""
    return _like(candles, talib.ADX(*_ranges(candles), period))


def macd(close: pd.Series, fast: int = 12, slow: int = 26, signal: int = 9) -> Macd:
    """Moving average convergence divergence."""
    return Macd(*(_like(close, line) for line in talib.MACD(floats(close), fast, slow, signal)))


def bollinger(close: pd.Series, period: int = 20, width: float = 2.0) -> Bands:
    """Bollinger bands: ``width`` standard deviations around the simple average."""
    middle, deviation = sma(close, period), standard_deviation(close, period)
    return Bands(middle + width * deviation, middle, middle - width * deviation)


def stochastic(candles: pd.DataFrame, period: int = 14, smooth_k: int = 3, smooth_d: int = 3) -> Stochastic:
    """Slow stochastic oscillator: where the close lies in the range of the last ``period`` candles, smoothed."""
    low, high = lowest(candles["low"], period), highest(candles["high"], period)
    k = sma(_position_in(candles["close"], low, high), smooth_k)
    return Stochastic(k, sma(k, smooth_d))


def stochastic_rsi(
    close: pd.Series, rsi_period: int = 14, period: int = 14, smooth_k: int = 3, smooth_d: int = 3
) -> Stochastic:
    """Where the RSI lies in its own range of the last ``period`` candles, smoothed: as on TradingView."""
    strength = rsi(close, rsi_period)
    k = sma(_position_in(strength, lowest(strength, period), highest(strength, period)), smooth_k)
    return Stochastic(k, sma(k, smooth_d))


def highest(series: pd.Series, period: int) -> pd.Series:
    """Highest of the last ``period`` values."""
    return _like(series, talib.MAX(floats(series), period))


def lowest(series: pd.Series, period: int) -> pd.Series:
    """Lowest of the last ``period`` values."""
    return _like(series, talib.MIN(floats(series), period))


def standard_deviation(series: pd.Series, period: int) -> pd.Series:
    """Standard deviation (of the population) of the last ``period`` values."""
    return _like(series, rolling_deviation(floats(series), period))


def efficiency_ratio(series: pd.Series, period: int) -> pd.Series:
    """Kaufman's efficiency ratio: 1 is a straight line, near 0 is noise that goes nowhere."""
    return _like(series, efficiency(floats(series), period))


def wilder_warmup(period: int) -> int:
    """Candles after which a smoothing of Wilder's (RSI, ATR, ADX) has forgotten where the data began."""
    return period + _memory(1.0 / period)


def ema_warmup(period: int) -> int:
    """Candles after which an exponential average has forgotten where the data began."""
    return period + _memory(2.0 / (period + 1.0))


def _memory(alpha: float) -> int:
    return math.ceil(math.log(_FORGOTTEN) / math.log1p(-alpha)) if alpha < 1 else 0


def _position_in(value: pd.Series, low: pd.Series, high: pd.Series) -> pd.Series:
    """100 at the high, 0 at the low, 50 where there is no range."""
    width = (high - low).to_numpy()
    share = np.divide(100 * (value - low).to_numpy(), width, out=np.full(width.size, 50.0), where=width != 0)
    return _like(value, share)


def _ranges(candles: pd.DataFrame) -> tuple[Floats, Floats, Floats]:
    return floats(candles["high"]), floats(candles["low"]), floats(candles["close"])


def _like(source: pd.Series | pd.DataFrame, values: Floats) -> pd.Series:
    return pd.Series(values, index=source.index, copy=False)
