"""Several symbols side by side: closes as one DataFrame, a column per symbol, a row per candle."""

from __future__ import annotations

import numpy as np
import pandas as pd


def returns(closes: pd.DataFrame) -> pd.DataFrame:
    """Logarithmic returns from candle to candle."""
    return (closes / closes.shift(1)).map(np.log)


def correlation(closes: pd.DataFrame, period: int) -> pd.DataFrame:
    """How the last ``period`` returns of each pair of symbols went together, -1..1."""
    return returns(closes).iloc[-period:].corr()


def beta(closes: pd.DataFrame, market: str, period: int) -> pd.Series:
    """By how much each symbol moves per move of ``market``, over the last ``period`` returns: the hedge ratio."""
    moves = returns(closes).iloc[-period:]
    return moves.cov()[market] / float(moves[market].var())


def inverse_volatility(closes: pd.DataFrame, period: int) -> pd.Series:
    """Weights that add up to 1 and give every symbol the same share of the risk, were they independent.

    A symbol that has not moved at all gets no weight: nothing is known of its risk.
    """
    calm = 1.0 / returns(closes).iloc[-period:].std().replace(0.0, np.nan)
    return (calm / calm.sum()).fillna(0.0)


def strongest(closes: pd.DataFrame, period: int, count: int) -> list[str]:
    """The ``count`` symbols that gained most over the last ``period`` candles, best first; ties by name."""
    change = (closes.iloc[-1] / closes.iloc[-1 - period] - 1.0).dropna()
    gains = {str(symbol): float(gain) for symbol, gain in change.items()}
    return sorted(gains, key=lambda symbol: (-gains[symbol], symbol))[:count]
