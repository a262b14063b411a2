"""raptorbt: ``python peer_raptorbt.py single ROWS`` or ``sweep|figures ROWS COUNT``."""

from __future__ import annotations

import sys

import numpy as np
import raptorbt
from measuring import CASH, FAST, FEE, SLOW, best, frame, pairs, tell

candles = frame(int(sys.argv[2]))
config = raptorbt.BacktestConfig(initial_capital=CASH, fees=FEE, fill_timing="next_bar_open")


def columns():
    stamps = candles.index.as_unit("ns").asi8
    return stamps, *(candles[name].to_numpy() for name in ("open", "high", "low", "close", "volume"))


def crossings(fast, slow, longest):
    above = fast > slow
    up, down = np.zeros(len(above), bool), np.zeros(len(above), bool)
    up[longest:] = above[longest:] & ~above[longest - 1 : -1]
    down[longest:] = ~above[longest:] & above[longest - 1 : -1]
    return up, down


def single():
    given = columns()
    up, down = crossings(raptorbt.sma(given[4], FAST), raptorbt.sma(given[4], SLOW), SLOW)
    result = raptorbt.run_single_backtest(*given, up, down, 1, 1.0, "BTC", config)
    return result.metrics.total_closed_trades, result.metrics.end_value


def sweep():
    given, averages = columns(), {}
    items = []
    for number, (fast, slow) in enumerate(zip(*pairs(int(sys.argv[3])), strict=True)):
        for period in (fast, slow):
            if period not in averages:
                averages[period] = raptorbt.sma(given[4], int(period))
        up, down = crossings(averages[fast], averages[slow], slow)
        items.append(raptorbt.BatchSingleItem(str(number), up, down, 1))
    found = [result.metrics for _, result in raptorbt.batch_single_backtest(*given, items, config)]
    return sum(one.total_closed_trades for one in found), sum(one.end_value for one in found)


seconds, (trades, equity) = best(single, 5) if sys.argv[1] == "single" else best(sweep, 2)
tell(seconds=seconds, trades=trades, final_equity=equity)
