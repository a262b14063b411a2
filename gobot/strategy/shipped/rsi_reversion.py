"""RSI mean reversion: buys what fell too far once it turns, sells what rose too far."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from gobot.strategy.base import Strategy
from gobot.strategy.conditions import crossover, crossunder
from gobot.strategy.indicators import atr, highest, lowest, rsi, sma, wilder_warmup
from gobot.strategy.param import Constraint, Param
from gobot.strategy.signals import signal_frame


class RsiReversion(Strategy):
    """Long when the RSI comes back up through ``oversold`` below the mean, short the other way round above it.

    The target is the mean (a simple average) at the entry, the stop some average true ranges away; a position also
    closes when a candle closes beyond the mean, which moves.  Confidence grows from 0 to 1 with how far beyond the
    level the RSI had gone.
    """

    name = "rsi_reversion"
    period = Param(14, low=2, high=100, step=1, description="Candles of the RSI and of the average true range.")
    oversold = Param(30.0, low=1.0, high=50.0, step=1.0, description="RSI below which the price fell too far.")
    overbought = Param(70.0, low=50.0, high=99.0, step=1.0, description="RSI above which it rose too far.")
    mean = Param(50, low=2, high=1000, step=5, description="Candles of the average that price comes back to.")
    stop_atr = Param(2.0, low=0.1, high=20.0, step=0.25, description="Distance of the stop, average true ranges.")
    constraints = (Constraint("oversold < overbought", lambda p: p["oversold"] < p["overbought"]),)

    @property
    def warmup(self) -> int:
        """What Wilder's smoothing needs to settle, and the dip before the crossing."""
        return max(wilder_warmup(self.period) + self.period + 1, self.mean)

    def indicators(self, candles: pd.DataFrame) -> Mapping[str, pd.Series]:
        """RSI, its extremes over one period, the mean, and the average true range."""
        strength = rsi(candles["close"], self.period)
        return {
            "rsi": strength,
            "deepest": lowest(strength, self.period),
            "topmost": highest(strength, self.period),
            "mean": sma(candles["close"], self.mean),
            "atr": atr(candles, self.period),
        }

    def signals(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Entries on the way back, towards the mean only."""
        close, mean = frame["close"].to_numpy(), frame["mean"].to_numpy()
        below, above = close < mean, close > mean
        overshoot = np.where(
            below,
            (self.oversold - frame["deepest"].to_numpy()) / self.oversold,
            (frame["topmost"].to_numpy() - self.overbought) / (100.0 - self.overbought),
        )
        return signal_frame(
            frame.index,
            long=crossover(frame["rsi"], self.oversold).to_numpy() & below,
            short=crossunder(frame["rsi"], self.overbought).to_numpy() & above,
            exit_long=~below,
            exit_short=~above,
            stop=close - np.where(below, 1.0, -1.0) * self.stop_atr * frame["atr"].to_numpy(),
            target=mean,
            confidence=overshoot,
        )

    def reason(self, row: Mapping[str, Any]) -> str:
        """``RSI 31.2 came back above 30 (lowest 22.5), mean 101.2``."""
        if row["entry"] > 0:
            turn = f"RSI {row['rsi']:.1f} came back above {self.oversold:g} (lowest {row['deepest']:.1f})"
        elif row["entry"] < 0:
            turn = f"RSI {row['rsi']:.1f} came back below {self.overbought:g} (highest {row['topmost']:.1f})"
        else:
            turn = f"close {row['close']:.6g} is back at the mean"
        return f"{turn}, mean {row['mean']:.6g}"
