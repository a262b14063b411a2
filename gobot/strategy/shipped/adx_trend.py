"""ADX trend: joins a trend once it is strong, leaves it once it is not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from gobot.strategy.base import Strategy
from gobot.strategy.indicators import adx, atr, directional, wilder_warmup
from gobot.strategy.levels import rescale, sides, stop_away, target_reward
from gobot.strategy.param import Constraint, Param
from gobot.strategy.signals import signal_frame


class AdxTrend(Strategy):
    """Long on the candle on which the ADX is above ``strong`` and +DI above -DI for the first time, short mirrored.

    A position closes when the directional indicators change places or the ADX falls below ``weak``.  The stop is some
    average true ranges away, the target ``reward`` times as far.  Confidence grows with the distance between the two
    directional indicators.
    """

    name = "adx_trend"
    period = Param(14, low=3, high=100, step=1, description="Candles of the directional indicators.")
    strong = Param(25.0, low=5.0, high=80.0, step=1.0, description="ADX above which there is a trend to join.")
    weak = Param(18.0, low=1.0, high=79.0, step=1.0, description="ADX below which the trend is over.")
    stop_atr = Param(2.5, low=0.5, high=20.0, step=0.25, description="Distance of the stop, average true ranges.")
    reward = Param(3.0, low=0.5, high=20.0, step=0.25, description="Distance of the target, distances of the stop.")
    constraints = (Constraint("weak < strong", lambda p: p["weak"] < p["strong"]),)

    @property
    def warmup(self) -> int:
        """What Wilder's double smoothing needs to settle, and the candle before."""
        return max(2 * wilder_warmup(self.period), wilder_warmup(14)) + 1

    def indicators(self, candles: pd.DataFrame) -> Mapping[str, pd.Series]:
        """Strength and direction of the trend, and the average true range."""
        lines = directional(candles, self.period)
        return {"adx": adx(candles, self.period), "plus": lines.plus, "minus": lines.minus, "atr": atr(candles, 14)}

    def signals(self, frame: pd.DataFrame) -> pd.DataFrame:
        """A trend that was not there on the candle before is an entry."""
        plus, minus, strong = frame["plus"], frame["minus"], frame["adx"] > self.strong
        over = frame["adx"] < self.weak
        up, down = strong & (plus > minus), strong & (minus > plus)
        stop = stop_away(frame["close"], sides(up), self.stop_atr * frame["atr"])
        return signal_frame(
            frame.index,
            long=up & ~up.shift(1, fill_value=True),
            short=down & ~down.shift(1, fill_value=True),
            exit_long=over | (minus > plus),
            exit_short=over | (plus > minus),
            stop=stop,
            target=target_reward(frame["close"], stop, self.reward),
            confidence=rescale((plus - minus).abs(), 0.0, 30.0),
        )

    def reason(self, row: Mapping[str, Any]) -> str:
        """``ADX 26.1 is above 25 with +DI 31.0 over -DI 14.2``."""
        order = f"+DI {row['plus']:.1f} {'over' if row['plus'] > row['minus'] else 'under'} -DI {row['minus']:.1f}"
        if row["entry"]:
            return f"ADX {row['adx']:.1f} is above {self.strong:g} with {order}"
        return f"the trend is over: ADX {row['adx']:.1f}, {order}"
