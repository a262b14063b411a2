"""SMA crossover: the trend follower that everyone can check by eye."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from gobot.strategy.base import Strategy
from gobot.strategy.conditions import crossover, crossunder
from gobot.strategy.indicators import efficiency_ratio, sma
from gobot.strategy.param import Constraint, Param
from gobot.strategy.plan import Column, SweepPlan, crossing, mean_close
from gobot.strategy.signals import signal_frame


class SmaCross(Strategy):
    """Long when the fast average crosses above the slow one, short when it crosses below: always in the market.

    Confidence is Kaufman's efficiency ratio over the fast period: a crossing made by a straight run counts more than
    one that noise wandered into.  Stop and target are left to the settings.
    """

    name = "sma_cross"
    fast = Param(10, low=1, high=500, step=1, description="Candles of the fast average.")
    slow = Param(50, low=2, high=1000, step=1, description="Candles of the slow average.")
    constraints = (Constraint("fast < slow", lambda p: p["fast"] < p["slow"]),)

    @property
    def warmup(self) -> int:
        """The slow average of this candle and of the one before it."""
        return self.slow + 1

    def indicators(self, candles: pd.DataFrame) -> Mapping[str, pd.Series]:
        """The two averages, and how straight the last run was."""
        close = candles["close"]
        return {
            "fast": sma(close, self.fast),
            "slow": sma(close, self.slow),
            "efficiency": efficiency_ratio(close, self.fast),
        }

    def signals(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Every crossing is an entry; it closes what was open the other way."""
        fast, slow = frame["fast"], frame["slow"]
        return signal_frame(
            frame.index, long=crossover(fast, slow), short=crossunder(fast, slow), confidence=frame["efficiency"]
        )

    @classmethod
    def sweep_plan(cls, params: Mapping[str, Any]) -> SweepPlan:
        """The averages as shared columns, and their crossings."""
        windows, at = np.unique([params["fast"], params["slow"]], return_inverse=True)
        return SweepPlan(
            columns=[Column(mean_close, int(window)) for window in windows],
            picks=np.ascontiguousarray(at.reshape(2, -1).T, np.int64),
            warmup=params["slow"] + 1,
            rule=crossing,
        )

    def reason(self, row: Mapping[str, Any]) -> str:
        """``SMA 10 (101.2) crossed above SMA 50 (100.9)``."""
        way = "above" if row["entry"] > 0 else "below"
        return f"SMA {self.fast} ({row['fast']:.6g}) crossed {way} SMA {self.slow} ({row['slow']:.6g})"
