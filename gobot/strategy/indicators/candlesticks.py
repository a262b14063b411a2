"""Candlesticks: Heikin-Ashi, and the shapes that have names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import talib

from gobot.strategy.indicators.cache import shared
from gobot.strategy.rolling import floats
from gobot.strategy.trailing import heikin_ashi_open


@shared
def heikin_ashi(candles: pd.DataFrame) -> pd.DataFrame:
    """Heikin-Ashi candles: columns open, high, low, close, volume.

    Never a price to trade at.  They settle within ``ema_warmup(3)`` candles.
    """
    open_, high, low, close = (floats(candles[name]) for name in ("open", "high", "low", "close"))
    middle = (open_ + high + low + close) / 4.0
    start = heikin_ashi_open(open_, close, middle)
    columns = {
        "open": start,
        "high": np.maximum(high, np.maximum(start, middle)),
        "low": np.minimum(low, np.minimum(start, middle)),
        "close": middle,
        "volume": floats(candles["volume"]),
    }
    return pd.DataFrame(columns, index=candles.index)


@shared
def doji(candles: pd.DataFrame) -> pd.Series:
    """Open and close nearly equal: nobody won.  1 or 0."""
    return _shape(candles, talib.CDLDOJI)


@shared
def hammer(candles: pd.DataFrame) -> pd.Series:
    """A small body above a long lower shadow, below the candle before: buyers came in.  1 or 0."""
    return _shape(candles, talib.CDLHAMMER)


@shared
def shooting_star(candles: pd.DataFrame) -> pd.Series:
    """A small body below a long upper shadow, above the candle before: sellers came in.  -1 or 0."""
    return _shape(candles, talib.CDLSHOOTINGSTAR)


@shared
def engulfing(candles: pd.DataFrame) -> pd.Series:
    """A body that swallows the opposite one before it: 1 rising, -1 falling."""
    return _shape(candles, talib.CDLENGULFING)


@shared
def harami(candles: pd.DataFrame) -> pd.Series:
    """A small body inside the long one before it: 1 after a fall, -1 after a rise."""
    return _shape(candles, talib.CDLHARAMI)


@shared
def star(candles: pd.DataFrame) -> pd.Series:
    """Morning star (1) and evening star (-1): a long body, a small one beyond it, and back deep into the first."""
    return _shape(candles, talib.CDLMORNINGSTAR) + _shape(candles, talib.CDLEVENINGSTAR)


@shared
def three_soldiers(candles: pd.DataFrame) -> pd.Series:
    """Three long bodies in a row: white soldiers rising (1), black crows falling (-1)."""
    return _shape(candles, talib.CDL3WHITESOLDIERS) + _shape(candles, talib.CDL3BLACKCROWS)


def _shape(candles: pd.DataFrame, find: Callable[..., Any]) -> pd.Series:
    found = find(*(floats(candles[name]) for name in ("open", "high", "low", "close")))
    return pd.Series(np.sign(found).astype(np.int8), index=candles.index)
