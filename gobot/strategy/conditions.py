"""The words in which entries and exits are said: series in, a boolean series out."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd

from gobot.strategy.indicators.series import before
from gobot.strategy.rolling import crossings, floats

Bools = npt.NDArray[np.bool_]


def crossover(a: pd.Series, b: pd.Series | float) -> pd.Series:
    """True on the candle where ``a`` crosses above ``b`` (a series or a level).

    That is: ``a`` is above ``b``, and the last time they differed it was below.  Without ties this is
    ``a[t-1] < b[t-1] and a[t] > b[t]``, as in backtesting.py, vectorbt and on every chart.  Through a tie the candle
    after it crosses (backtesting.py sees nothing there); touching and turning back crosses nothing (vectorbt and
    TradingView see a crossing there).  Differences below one part in 10¹² are ties.  Never true beside a NaN.
    """
    return _where(a, b, 1)


def crossunder(a: pd.Series, b: pd.Series | float) -> pd.Series:
    """True on the candle where ``a`` crosses below ``b``: `crossover` turned over."""
    return _where(a, b, -1)


def oversold(oscillator: pd.Series, level: float = 30.0) -> pd.Series:
    """True while ``oscillator`` (an RSI, a stochastic) is below ``level``."""
    return oscillator < level


def overbought(oscillator: pd.Series, level: float = 70.0) -> pd.Series:
    """True while ``oscillator`` is above ``level``."""
    return oscillator > level


def rising(series: pd.Series, candles: int = 1) -> pd.Series:
    """True where the value is above that of ``candles`` candles ago."""
    values = floats(series)
    return pd.Series(values > before(values, candles), index=series.index, copy=False)


def falling(series: pd.Series, candles: int = 1) -> pd.Series:
    """True where the value is below that of ``candles`` candles ago."""
    values = floats(series)
    return pd.Series(values < before(values, candles), index=series.index, copy=False)


def recently(condition: pd.Series, candles: int) -> pd.Series:
    """True where ``condition`` holds on this candle or held on one of the ``candles`` before it."""
    return _counted(condition, candles + 1) > 0


def lasting(condition: pd.Series, candles: int) -> pd.Series:
    """True where ``condition`` held on each of the last ``candles`` candles, this one included."""
    return _counted(condition, candles) == candles


def alignment(frame: pd.DataFrame, column: str, timeframes: Iterable[str]) -> pd.Series:
    """+1 where ``column`` is above zero on the traded timeframe and on all of ``timeframes``, -1 where below, else 0.

    >>> trend = alignment(frame, "trend", self.timeframes)  # trend, trend_1h, trend_4h
    """
    sides = np.sign(np.stack([floats(frame[column]), *(floats(frame[f"{column}_{name}"]) for name in timeframes)]))
    agreed = np.where((sides == sides[0]).all(axis=0), sides[0], 0.0)
    return pd.Series(agreed, index=frame.index, copy=False)


def _counted(condition: pd.Series, candles: int) -> pd.Series:
    """On how many of the last ``candles`` candles it held."""
    total = np.concatenate([[0], np.cumsum(condition.to_numpy(bool))])
    first = np.maximum(np.arange(1, total.size) - candles, 0)
    return pd.Series(total[1:] - total[first], index=condition.index, copy=False)


def _where(a: pd.Series, b: pd.Series | float, sign: int) -> pd.Series:
    left = floats(a)
    right = floats(b) if isinstance(b, pd.Series) else np.full(left.size, b, np.float64)
    found: Bools = crossings(left, right) == sign
    return pd.Series(found, index=a.index, copy=False)
