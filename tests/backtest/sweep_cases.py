"""Strategies whose plans use what the shipped ones do not: own levels, and a rule that looks at every candle."""

import math

import numpy as np

from gobot.matching.compiled import compiled
from gobot.strategy import EXIT_LONG, EXIT_SHORT, Param, Strategy, crossover, crossunder, signal_frame
from gobot.strategy.indicators import sma
from gobot.strategy.plan import ENTER_LONG, ENTER_SHORT, Column, SweepPlan, crossing, dense, mean_close
from gobot.strategy.shipped.sma_cross import SmaCross


class BracketCross(SmaCross):
    """SMA crossover with stop and target at shares of the slow average."""

    stop = Param(0.02, low=0.001, high=0.2)
    target = Param(0.03, low=0.001, high=0.2)

    def signals(self, frame):
        up, down = crossover(frame["fast"], frame["slow"]), crossunder(frame["fast"], frame["slow"])
        side = up.astype(float) - down
        return signal_frame(
            frame.index,
            long=up,
            short=down,
            stop=frame["slow"] * (1 - side * self.stop),
            target=frame["slow"] * (1 + side * self.target),
        )

    @classmethod
    def sweep_plan(cls, params):
        windows, at = np.unique([params["fast"], params["slow"]], return_inverse=True)
        return SweepPlan(
            columns=[Column(mean_close, int(window)) for window in windows],
            picks=np.ascontiguousarray(at.reshape(2, -1).T, np.int64),
            warmup=params["slow"] + 1,
            rule=crossing,
            numbers=np.column_stack([params["stop"], params["target"]]).astype(float),
            levels=_shares_of_the_slow,
        )


@compiled
def _shares_of_the_slow(columns, picks, numbers, found, stop, target):
    for k in range(picks.shape[0]):
        for at in range(found.counts[k]):
            side = 1 if found.act[k, at] & ENTER_LONG else -1
            slow = columns[picks[k, 1], found.row[k, at]]
            stop[k, at] = slow * (1 - side * numbers[k, 0])
            target[k, at] = slow * (1 + side * numbers[k, 1])


class Reversion(Strategy):
    """Long while the close is far below its average, short while it is far above, out on the other side of it."""

    name = "reversion"
    period = Param(20, low=2, high=200)
    away = Param(0.005, low=0.0, high=0.2)

    @property
    def warmup(self):
        return self.period

    def indicators(self, candles):
        return {"mean": sma(candles["close"], self.period)}

    def signals(self, frame):
        close, mean = frame["close"], frame["mean"]
        return signal_frame(
            frame.index,
            long=close < mean * (1 - self.away),
            short=close > mean * (1 + self.away),
            exit_long=close > mean,
            exit_short=close < mean,
        )

    @classmethod
    def sweep_plan(cls, params):
        periods, at = np.unique(params["period"], return_inverse=True)
        columns = [Column(_closes), *(Column(mean_close, int(period)) for period in periods)]
        return SweepPlan(
            columns=columns,
            picks=np.column_stack([np.zeros(len(at), np.int64), at + 1]),
            warmup=params["period"],
            rule=dense(_far_from_the_mean),
            numbers=params["away"][:, None].astype(float),
        )


def _closes(candles, out):
    out[:] = candles.close


@compiled
def _far_from_the_mean(columns, picks, numbers, acts):
    for k in range(picks.shape[0]):
        for row in range(columns.shape[1]):
            close, mean = columns[picks[k, 0], row], columns[picks[k, 1], row]
            if math.isnan(mean):
                continue
            if close < mean * (1 - numbers[k, 0]):
                acts[k, row] = ENTER_LONG
            elif close > mean * (1 + numbers[k, 0]):
                acts[k, row] = ENTER_SHORT
            acts[k, row] |= (EXIT_LONG if close > mean else 0) | (EXIT_SHORT if close < mean else 0)
