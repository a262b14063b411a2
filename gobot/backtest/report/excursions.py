"""How far trades went against and for the position before they ended."""

from __future__ import annotations

import numpy as np

from gobot.market import Candles
from gobot.market.candles import Floats, Ints


def excursions(
    candles: Candles, *, side: Ints, entry_row: Ints, exit_row: Ints, entry: Floats, exit_: Floats
) -> tuple[Floats, Floats]:
    """The largest move against each position and for it, percent of its entry price, both zero or more.

    Counted are the candles from that of the entry to the one before the exit, and the price of the exit: what the
    candle of the exit did after it is not known.  The columns belong to trades on ``candles``.
    """
    if not len(side):
        return np.empty(0), np.empty(0)
    rows = np.stack([entry_row, exit_row], axis=1).ravel()
    inside = exit_row > entry_row
    low = np.where(inside, np.minimum.reduceat(candles.low, rows)[::2], entry)
    high = np.where(inside, np.maximum.reduceat(candles.high, rows)[::2], entry)
    low = np.minimum(np.minimum(low, exit_), entry)
    high = np.maximum(np.maximum(high, exit_), entry)
    down, up = 100.0 * (1.0 - low / entry), 100.0 * (high / entry - 1.0)
    return np.where(side > 0, down, up), np.where(side > 0, up, down)
