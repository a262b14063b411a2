"""Trend: whether there is one, which way it goes, and where it would end."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
import talib

from gobot.strategy.indicators.cache import shared
from gobot.strategy.indicators.series import before, like, quotient, ranges
from gobot.strategy.indicators.volatility import atr, donchian, true_range
from gobot.strategy.rolling import efficiency, floats, rolling_sum
from gobot.strategy.trailing import supertrend_lines


class Directional(NamedTuple):
    """Wilder's directional movement, each 0..100: upward, downward."""

    plus: pd.Series
    minus: pd.Series


class Aroon(NamedTuple):
    """How lately the highest high and the lowest low were: 100 now, 0 a period ago."""

    up: pd.Series
    down: pd.Series


class Supertrend(NamedTuple):
    """The trailing line, and +1 while it runs below price, -1 above."""

    line: pd.Series
    direction: pd.Series


class Ichimoku(NamedTuple):
    """Tenkan-sen, kijun-sen and the two senkou spans, each as it stands on the chart above the candle."""

    conversion: pd.Series
    base: pd.Series
    span_a: pd.Series
    span_b: pd.Series


class Vortex(NamedTuple):
    """Upward and downward vortex movement, around 1."""

    plus: pd.Series
    minus: pd.Series


@shared
def adx(candles: pd.DataFrame, period: int = 14) -> pd.Series:
    """Average directional index (Wilder), 0..100: how strong a trend is, whichever way it goes."""
    return like(candles, talib.ADX(*ranges(candles), period))


@shared
def directional(candles: pd.DataFrame, period: int = 14) -> Directional:
    """Directional indicators +DI and -DI (Wilder): which way the trend of `adx` goes."""
    prices = ranges(candles)
    return Directional(like(candles, talib.PLUS_DI(*prices, period)), like(candles, talib.MINUS_DI(*prices, period)))


@shared
def aroon(candles: pd.DataFrame, period: int = 14) -> Aroon:
    """Aroon (Chande)."""
    high, low, _ = ranges(candles)
    down, up = talib.AROON(high, low, period)
    return Aroon(like(candles, up), like(candles, down))


@shared
def vortex(candles: pd.DataFrame, period: int = 14) -> Vortex:
    """Vortex indicator (Botes and Siepman)."""
    high, low, _ = ranges(candles)
    path = rolling_sum(floats(true_range(candles)), period)
    up, down = rolling_sum(np.abs(high - before(low)), period), rolling_sum(np.abs(low - before(high)), period)
    return Vortex(*(like(candles, quotient(way, path, otherwise=1.0)) for way in (up, down)))


@shared
def efficiency_ratio(series: pd.Series, period: int) -> pd.Series:
    """Kaufman's efficiency ratio: 1 is a straight line, near 0 is noise that goes nowhere."""
    return like(series, efficiency(floats(series), period))


@shared
def parabolic_sar(candles: pd.DataFrame, step: float = 0.02, maximum: float = 0.2) -> pd.Series:
    """Parabolic stop and reverse (Wilder): below price while it rises, above while it falls."""
    high, low, _ = ranges(candles)
    return like(candles, talib.SAR(high, low, step, maximum))


@shared
def supertrend(candles: pd.DataFrame, period: int = 10, width: float = 3.0) -> Supertrend:
    """Supertrend (Seban): a stop ``width`` average true ranges from mid price that moves along the trend only."""
    high, low, close = ranges(candles)
    line, direction = supertrend_lines((high + low) / 2.0, width * floats(atr(candles, period)), close)
    return Supertrend(like(candles, line), like(candles, direction))


@shared
def ichimoku(candles: pd.DataFrame, conversion: int = 9, base: int = 26, span: int = 52) -> Ichimoku:
    """Ichimoku cloud (Hosoda).

    The spans were computed ``base`` candles ago (this one counted), as charts draw them.  The lagging span is left
    out, for at its place on the chart it is a price of the future: compare the close with ``close.shift(base)``.
    """
    tenkan, kijun = donchian(candles, conversion).middle, donchian(candles, base).middle
    ahead = base - 1
    return Ichimoku(tenkan, kijun, ((tenkan + kijun) / 2.0).shift(ahead), donchian(candles, span).middle.shift(ahead))
