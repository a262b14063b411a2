"""Longer candles out of shorter ones."""

from __future__ import annotations

import numpy as np

from gobot.core import DataError, Timeframe
from gobot.market.candles import Candles


def divides(from_tf: Timeframe, to_tf: Timeframe) -> bool:
    """Whether candles of ``to_tf`` can be put together from candles of ``from_tf``, which are shorter or as long."""
    return to_tf.ms % from_tf.ms == 0


def resample(candles: Candles, from_tf: Timeframe, to_tf: Timeframe) -> Candles:
    """``candles`` of length ``from_tf`` put together to candles of ``to_tf``, aligned to its grid.

    Only complete groups become candles: a group with a hole in it, at either end, or with rows off the grid of
    ``from_tf`` is left out, so that nothing is made up.  Raises `DataError` when ``to_tf`` is no multiple.
    """
    if from_tf == to_tf:
        return candles
    parts = to_tf.ms // from_tf.ms
    if not divides(from_tf, to_tf):
        raise DataError(f"{to_tf} candles cannot be made from {from_tf} candles: the lengths do not divide")
    opens = candles.time - (candles.time - to_tf.floor(0)) % to_tf.ms
    on_grid = (candles.time - opens) % from_tf.ms == 0
    kept = np.flatnonzero(on_grid)
    opens = opens[kept]
    starts = np.flatnonzero(np.diff(opens, prepend=np.iinfo(np.int64).min))
    starts = starts[np.diff(starts, append=len(opens)) == parts]
    if not len(starts):
        return Candles.empty()
    # Every group has as many rows, so one two-dimensional gather serves all columns.
    rows = kept[starts[:, None] + np.arange(parts)]
    return Candles(
        opens[starts],
        candles.open[rows[:, 0]],
        candles.high[rows].max(axis=1),
        candles.low[rows].min(axis=1),
        candles.close[rows[:, -1]],
        candles.volume[rows].sum(axis=1),
    )
