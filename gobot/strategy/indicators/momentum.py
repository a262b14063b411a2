"""Momentum: how fast price moves, and how stretched it is."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
import talib

from gobot.strategy.indicators.averages import ema, sma
from gobot.strategy.indicators.cache import shared
from gobot.strategy.indicators.series import before, like, quotient, ranges, typical
from gobot.strategy.indicators.volatility import highest, lowest, standard_deviation
from gobot.strategy.rolling import Floats, floats, rolling_rank, rolling_sum


class Macd(NamedTuple):
    """The three lines of the moving average convergence divergence."""

    line: pd.Series
    signal: pd.Series
    histogram: pd.Series


class Stochastic(NamedTuple):
    """%K and its average %D, 0..100."""

    k: pd.Series
    d: pd.Series


@shared
def rsi(close: pd.Series, period: int = 14) -> pd.Series:
    """Relative strength index (Wilder), 0..100."""
    return like(close, talib.RSI(floats(close), period))


@shared
def stochastic(candles: pd.DataFrame, period: int = 14, smooth_k: int = 3, smooth_d: int = 3) -> Stochastic:
    """Slow stochastic oscillator: where the close lies in the range of the last ``period`` candles, smoothed."""
    low, high = lowest(candles["low"], period), highest(candles["high"], period)
    k = sma(_position_in(candles["close"], low, high), smooth_k)
    return Stochastic(k, sma(k, smooth_d))


@shared
def stochastic_rsi(
    close: pd.Series, rsi_period: int = 14, period: int = 14, smooth_k: int = 3, smooth_d: int = 3
) -> Stochastic:
    """Where the RSI lies in its own range of the last ``period`` candles, smoothed: as on TradingView."""
    strength = rsi(close, rsi_period)
    k = sma(_position_in(strength, lowest(strength, period), highest(strength, period)), smooth_k)
    return Stochastic(k, sma(k, smooth_d))


@shared
def macd(close: pd.Series, fast: int = 12, slow: int = 26, signal: int = 9) -> Macd:
    """Moving average convergence divergence."""
    return Macd(*(like(close, line) for line in talib.MACD(floats(close), fast, slow, signal)))


@shared
def ppo(close: pd.Series, fast: int = 12, slow: int = 26) -> pd.Series:
    """Percentage price oscillator: the line of the `macd` in percent of the slow average."""
    return 100.0 * (ema(close, fast) / ema(close, slow) - 1.0)


@shared
def momentum(series: pd.Series, period: int = 10) -> pd.Series:
    """Change over ``period`` candles, in price units."""
    values = floats(series)
    return like(series, values - before(values, period))


@shared
def roc(series: pd.Series, period: int = 10) -> pd.Series:
    """Rate of change over ``period`` candles, in percent."""
    values = floats(series)
    return like(series, 100.0 * (values / before(values, period) - 1.0))


@shared
def cci(candles: pd.DataFrame, period: int = 14) -> pd.Series:
    """Commodity channel index (Lambert)."""
    return like(candles, talib.CCI(*ranges(candles), period))


@shared
def cmo(close: pd.Series, period: int = 14) -> pd.Series:
    """Chande's momentum oscillator, -100..100: plain sums as he published it (TA-Lib smooths them)."""
    change = np.diff(floats(close), prepend=np.nan)
    up, down = rolling_sum(np.maximum(change, 0.0), period), rolling_sum(np.maximum(-change, 0.0), period)
    return like(close, 100.0 * quotient(up - down, up + down, otherwise=0.0))


@shared
def williams_r(candles: pd.DataFrame, period: int = 14) -> pd.Series:
    """Williams' %R, -100..0: how far the close is below the high of the last ``period`` candles."""
    return _position_in(candles["close"], lowest(candles["low"], period), highest(candles["high"], period)) - 100.0


@shared
def ultimate_oscillator(candles: pd.DataFrame, short: int = 7, middle: int = 14, long: int = 28) -> pd.Series:
    """Ultimate oscillator (Williams), 0..100: buying pressure over three windows, weighted 4 : 2 : 1."""
    high, low, close = ranges(candles)
    previous = before(close)
    floor = np.minimum(low, previous)
    pressure, span = close - floor, np.maximum(high, previous) - floor

    def average(period: int) -> Floats:
        return quotient(rolling_sum(pressure, period), rolling_sum(span, period), otherwise=0.5)

    return like(candles, 100.0 * (4.0 * average(short) + 2.0 * average(middle) + average(long)) / 7.0)


@shared
def trix(close: pd.Series, period: int = 15) -> pd.Series:
    """Rate of change of the triply smoothed close, in percent."""
    return roc(ema(ema(ema(close, period), period), period), 1)


@shared
def tsi(close: pd.Series, slow: int = 25, fast: int = 13) -> pd.Series:
    """True strength index (Blau), -100..100: doubly smoothed change / doubly smoothed size of change."""
    change = momentum(close, 1)
    smooth = (floats(ema(ema(each, slow), fast)) for each in (change, change.abs()))
    return like(close, 100.0 * quotient(*smooth, otherwise=0.0))


@shared
def awesome_oscillator(candles: pd.DataFrame, fast: int = 5, slow: int = 34) -> pd.Series:
    """Awesome oscillator (Williams): a fast average of the middle price minus a slow one."""
    middle = (candles["high"] + candles["low"]) / 2.0
    return sma(middle, fast) - sma(middle, slow)


@shared
def money_flow_index(candles: pd.DataFrame, period: int = 14) -> pd.Series:
    """Money flow index, 0..100: an RSI of typical price times volume."""
    price = typical(candles)
    change, flow = np.diff(price, prepend=np.nan), price * floats(candles["volume"])
    gained = rolling_sum(np.where(change > 0, flow, 0.0 * change), period)
    lost = rolling_sum(np.where(change < 0, flow, 0.0 * change), period)
    return like(candles, 100.0 * quotient(gained, gained + lost, otherwise=0.5))


@shared
def z_score(series: pd.Series, period: int = 20) -> pd.Series:
    """Distance from the average of the last ``period`` values in standard deviations; 0 where nothing moved."""
    distance = floats(series) - floats(sma(series, period))
    return like(series, quotient(distance, floats(standard_deviation(series, period)), otherwise=0.0))


@shared
def percent_rank(series: pd.Series, period: int = 100) -> pd.Series:
    """Share of the ``period`` values before this one that lie below it, 0..100."""
    return like(series, rolling_rank(floats(series), period))


def _position_in(value: pd.Series, low: pd.Series, high: pd.Series) -> pd.Series:
    """100 at the high, 0 at the low, 50 where there is no range."""
    bottom = floats(low)
    return like(value, 100.0 * quotient(floats(value) - bottom, floats(high) - bottom, otherwise=0.5))
