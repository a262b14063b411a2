"""Several timeframes at one moment of decision, without a look ahead: a candle is seen once it has closed.

A decision on a candle is made when it closes.  At 10:15, on the 15m candle that opened at 10:00, the newest 1h candle
that anybody can have seen is the one that opened at 09:00.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from gobot.core import Timeframe
from gobot.market.candles import Candles, Ints

if TYPE_CHECKING:
    import pandas as pd


def newest_closed(moments: Ints, opens: Ints, timeframe: Timeframe) -> Ints:
    """For each of ``moments`` (ms) the row of the newest candle that has closed by then, -1 where none has.

    ``opens`` are the open times of the candles, ascending, and ``timeframe`` their length.
    """
    return np.searchsorted(opens + timeframe.ms, moments, side="right") - 1


def aligned_frame(candles: Candles, timeframe: Timeframe, others: Mapping[Timeframe, Candles]) -> pd.DataFrame:
    """The frame of ``candles`` with columns such as ``close_1h`` for each of ``others``: see `join_closed`."""
    frame = candles.frame()
    for length, other in others.items():
        frame = join_closed(frame, timeframe, other.frame(), length)
    return frame


def join_closed(
    frame: pd.DataFrame, timeframe: Timeframe, other: pd.DataFrame, other_timeframe: Timeframe
) -> pd.DataFrame:
    """``frame`` and beside each row what ``other`` shows in its newest closed candle, NaN before the first.

    Both are indexed by UTC open times.  The columns of ``other``, prices and indicators alike, get their timeframe as
    a suffix: ``rsi_1h``.
    """
    moments = _opens(frame) + timeframe.ms
    rows = newest_closed(moments, _opens(other), other_timeframe)
    # There is no row -1: reindexing fills it with NaN.
    seen = other.reset_index(drop=True).reindex(rows).set_axis(frame.index, axis=0)
    return frame.join(seen.add_suffix(f"_{other_timeframe}"))


def _opens(frame: pd.DataFrame) -> Ints:
    import pandas as pd

    return pd.DatetimeIndex(frame.index).as_unit("ms").asi8
