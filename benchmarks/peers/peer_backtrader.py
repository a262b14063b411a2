"""backtrader: ``python peer_backtrader.py single ROWS``."""

from __future__ import annotations

import sys

import backtrader
from measuring import CASH, FAST, FEE, SLOW, best, frame, tell

candles = frame(int(sys.argv[2]))


class Cross(backtrader.Strategy):
    def __init__(self):
        fast, slow = (backtrader.indicators.SMA(self.data.close, period=period) for period in (FAST, SLOW))
        self.crossing = backtrader.indicators.CrossOver(fast, slow)
        self.ended = 0

    def next(self):
        if self.crossing > 0 and not self.position:
            # Fractions are allowed, and the next open is not known yet: a little less than all.
            self.buy(size=0.99 * self.broker.getcash() / (self.data.close[0] * (1 + FEE)))
        elif self.crossing < 0 and self.position:
            self.close()

    def notify_trade(self, trade):
        self.ended += trade.isclosed


def single():
    cerebro = backtrader.Cerebro(stdstats=False)
    cerebro.adddata(backtrader.feeds.PandasData(dataname=candles))
    cerebro.addstrategy(Cross)
    cerebro.addanalyzer(backtrader.analyzers.DrawDown)
    cerebro.broker.setcash(CASH)
    cerebro.broker.setcommission(commission=FEE)
    (run,) = cerebro.run()
    return run.ended, cerebro.broker.getvalue()


seconds, (trades, equity) = best(single, 1)
tell(seconds=seconds, trades=trades, final_equity=equity)
