"""MACD crossover with the trend: the classic, without its trades against the tide."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from gobot.strategy.base import Strategy
from gobot.strategy.conditions import crossover, crossunder
from gobot.strategy.indicators import atr, ema_warmup, macd, sma, wilder_warmup
from gobot.strategy.levels import rescale, sides, stop_away, target_reward
from gobot.strategy.param import Constraint, Param
from gobot.strategy.signals import signal_frame


class MacdCross(Strategy):
    """Long when the MACD crosses above its signal line while price is above its long average, short the other way.

    A crossing back closes the position.  The stop is some average true ranges away, the target ``reward`` times as
    far.  Confidence grows with the push: how much the histogram changed over the last three candles, in average true
    ranges.
    """

    name = "macd_cross"
    fast = Param(12, low=2, high=100, step=1, description="Candles of the fast average.")
    slow = Param(26, low=3, high=200, step=1, description="Candles of the slow average.")
    signal = Param(9, low=2, high=50, step=1, description="Candles of the signal line.")
    trend = Param(200, low=10, high=1000, step=10, description="Candles of the average that tells the trend.")
    stop_atr = Param(2.0, low=0.5, high=20.0, step=0.25, description="Distance of the stop, average true ranges.")
    reward = Param(2.0, low=0.5, high=20.0, step=0.25, description="Distance of the target, distances of the stop.")
    constraints = (Constraint("fast < slow", lambda p: p["fast"] < p["slow"]),)

    @property
    def warmup(self) -> int:
        """What the averages of averages need, the three candles of the push, and the crossing."""
        return max(ema_warmup(self.slow) + ema_warmup(self.signal) + 3, self.trend, wilder_warmup(14)) + 1

    def indicators(self, candles: pd.DataFrame) -> Mapping[str, pd.Series]:
        """The two lines, the push in average true ranges, the trend, and the average true range."""
        lines = macd(candles["close"], self.fast, self.slow, self.signal)
        spread = atr(candles, 14)
        return {
            "macd": lines.line,
            "signal": lines.signal,
            "push": lines.histogram.diff(3) / spread,
            "trend": sma(candles["close"], self.trend),
            "atr": spread,
        }

    def signals(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Crossings with the trend are entries, every crossing is an exit."""
        up, down = crossover(frame["macd"], frame["signal"]), crossunder(frame["macd"], frame["signal"])
        stop = stop_away(frame["close"], sides(up), self.stop_atr * frame["atr"])
        return signal_frame(
            frame.index,
            long=up & (frame["close"] > frame["trend"]),
            short=down & (frame["close"] < frame["trend"]),
            exit_long=down,
            exit_short=up,
            stop=stop,
            target=target_reward(frame["close"], stop, self.reward),
            confidence=rescale(frame["push"].abs(), 0.0, 0.5),
        )

    def reason(self, row: Mapping[str, Any]) -> str:
        """``MACD 1.23 crossed above its signal line 1.11, price above its average of 200 (101.2)``."""
        up = row["macd"] > row["signal"]
        crossing = f"MACD {row['macd']:.4g} crossed {'above' if up else 'below'} its signal line {row['signal']:.4g}"
        if not row["entry"]:
            return crossing
        side = "above" if up else "below"
        return f"{crossing}, price {side} its average of {self.trend} ({row['trend']:.6g})"
