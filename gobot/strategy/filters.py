"""Filters: when a signal is worth following.  Each is a boolean series to be joined with ``&``."""

from __future__ import annotations

from collections.abc import Collection
from datetime import time

import numpy as np
import pandas as pd

from gobot.core import StrategyError
from gobot.strategy.conditions import recently
from gobot.strategy.indicators import natr, relative_volume

EVERY_DAY = frozenset(range(7))
WEEKDAYS = frozenset(range(5))


def session(index: pd.Index, start: str, end: str, days: Collection[int] = EVERY_DAY) -> pd.Series:
    """True for candles that open at ``start`` or later and before ``end`` (``"08:00"``, UTC), on ``days`` (Monday 0).

    A session over midnight (``"22:00"`` to ``"04:00"``) belongs to the days on which its candles open.
    """
    times = pd.DatetimeIndex(index)
    minute = times.hour * 60 + times.minute
    begin, finish = _minutes(start), _minutes(end)
    inside = (minute >= begin) & (minute < finish) if begin <= finish else (minute >= begin) | (minute < finish)
    return pd.Series(inside & np.isin(times.dayofweek, list(days)), index=index)


def volatility_between(candles: pd.DataFrame, low: float, high: float, period: int = 14) -> pd.Series:
    """True while the average true range lies between ``low`` and ``high`` percent of the price."""
    return natr(candles, period).between(low, high)


def volume_above(candles: pd.DataFrame, factor: float = 1.0, period: int = 20) -> pd.Series:
    """True on candles with more than ``factor`` times the average volume of the ``period`` candles before."""
    return relative_volume(candles, period) > factor


def cooldown(signal: pd.Series, candles: int) -> pd.Series:
    """The signals that none came before within ``candles`` candles.

    One that is left out silences those after it too: counting from the last one *kept* would make every signal depend
    on where the data begin.
    """
    before = signal.shift(1, fill_value=False)
    return signal.astype(bool) & ~recently(before, candles - 1)


def _minutes(text: str) -> int:
    try:
        clock = time.fromisoformat(text)
    except ValueError:
        raise StrategyError(f"session hours are written as 08:00, not {text!r}") from None
    return clock.hour * 60 + clock.minute
