"""The words in which entries and exits are said: series in, a boolean series out."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

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


def _where(a: pd.Series, b: pd.Series | float, sign: int) -> pd.Series:
    left = floats(a)
    right = floats(b) if isinstance(b, pd.Series) else np.full(left.size, b, np.float64)
    found: Bools = crossings(left, right) == sign
    return pd.Series(found, index=a.index, copy=False)
