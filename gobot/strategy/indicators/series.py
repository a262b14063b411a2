"""What every indicator does with pandas: in as contiguous arrays, out under the index that came in."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gobot.strategy.rolling import Floats, floats


def like(source: pd.Series | pd.DataFrame, values: Floats) -> pd.Series:
    """``values`` as a series beside ``source``."""
    return pd.Series(values, index=source.index, copy=False)


def ranges(candles: pd.DataFrame) -> tuple[Floats, Floats, Floats]:
    """High, low and close."""
    return floats(candles["high"]), floats(candles["low"]), floats(candles["close"])


def typical(candles: pd.DataFrame) -> Floats:
    """The typical price (high + low + close) / 3."""
    high, low, close = ranges(candles)
    return (high + low + close) / 3.0


def quotient(numerator: Floats, denominator: Floats, *, otherwise: float) -> Floats:
    """``numerator / denominator``, and ``otherwise`` where there is nothing to divide by; NaN stays NaN."""
    out = np.full(denominator.size, otherwise)
    np.divide(numerator, denominator, out=out, where=denominator != 0)
    return out


def before(values: Floats, candles: int = 1) -> Floats:
    """Each row's value ``candles`` earlier; NaN where there is none."""
    out = np.full(values.size, np.nan)
    out[candles:] = values[:-candles] if candles else values
    return out
