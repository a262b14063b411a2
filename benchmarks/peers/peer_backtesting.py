"""backtesting.py: ``python peer_backtesting.py single ROWS``."""

from __future__ import annotations

import sys
import warnings

from backtesting import Backtest, Strategy
from backtesting.lib import crossover
from measuring import FAST, FEE, SLOW, best, frame, tell


def average(values, period):
    return values.s.rolling(period).mean()


class Cross(Strategy):
    def init(self):
        self.fast = self.I(average, self.data.Close, FAST)
        self.slow = self.I(average, self.data.Close, SLOW)

    def next(self):
        if crossover(self.fast, self.slow):
            self.buy()
        elif crossover(self.slow, self.fast):
            self.position.close()


warnings.simplefilter("ignore")
candles = frame(int(sys.argv[2])).rename(columns=str.capitalize)
# Whole units only: prices are made small against the cash.
candles[["Open", "High", "Low", "Close"]] /= 1e6
seconds, stats = best(lambda: Backtest(candles, Cross, cash=10_000, commission=FEE).run(), 1)
tell(seconds=seconds, trades=int(stats["# Trades"]), final_equity=float(stats["Equity Final [$]"]))
