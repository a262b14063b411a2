"""How far trades went against their owner, and for him, before they ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from gobot.backtest.conditions import bars_of
from gobot.backtest.records import OPEN, Floats, Trades
from gobot.market import Candles
from gobot.matching.compiled import compiled
from gobot.matching.exits import Bars
from gobot.matching.extremes import extremes


class Excursions(NamedTuple):
    """Maximum adverse and favourable excursion of each trade (MAE and MFE), percent of the entry price.

    The worst is 0 or less, the best 0 or more.  J. Sweeney, "Campaign Trading" (1996).  Every candle counts from the
    entry to the one before the exit; of the last candle only the exit's price does: what came after it was nobody's.
    """

    worst: Floats
    best: Floats


def excursions_of(trades: Trades, candles: Sequence[Candles]) -> Excursions:
    """The excursions of ``trades`` on the candles of their symbols."""
    worst, best = np.zeros(len(trades)), np.zeros(len(trades))
    for symbol, series in enumerate(candles):
        _excursions(trades, symbol, bars_of(series), worst, best)
    return Excursions(worst, best)


@compiled
def _excursions(trades: Trades, symbol: int, bars: Bars, worst: Floats, best: Floats) -> None:
    for at in range(trades.size):
        trade = trades[at]
        if trade.symbol != symbol:
            continue
        end = trade.exit_row + (trade.ended == OPEN)
        lowest = highest = trade.exit_price
        if trade.entry_row < end:
            low, _ = extremes(bars.low[trade.entry_row : end])
            _, high = extremes(bars.high[trade.entry_row : end])
            lowest, highest = min(lowest, low), max(highest, high)
        down, up = 100.0 * (lowest / trade.entry_price - 1.0), 100.0 * (highest / trade.entry_price - 1.0)
        worst[at] = min(0.0, down if trade.sign > 0 else -up)
        best[at] = max(0.0, up if trade.sign > 0 else -down)
