"""Donchian breakout: the turtles' system, which buys new highs and sells new lows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from gobot.strategy.base import Strategy
from gobot.strategy.conditions import crossover, crossunder
from gobot.strategy.indicators import atr, donchian, efficiency_ratio, relative_volume, wilder_warmup
from gobot.strategy.levels import sides, stop_away, target_away
from gobot.strategy.param import Constraint, Param
from gobot.strategy.signals import signal_frame


class DonchianBreakout(Strategy):
    """Long when a close breaks above the channel of the ``entry`` candles before, short when one breaks below it.

    A close beyond the other side of the shorter channel of ``leave`` candles closes the position.  The stop is some
    average true ranges away; the target lies far off, for breakouts live from their few long runs.  A breakout on
    little volume is passed over.  Confidence is Kaufman's efficiency ratio over the channel: a straight run counts
    more than a spike out of noise.
    """

    name = "donchian_breakout"
    entry = Param(40, low=5, high=500, step=5, description="Candles of the channel that is broken out of.")
    leave = Param(20, low=2, high=250, step=2, description="Candles of the channel that ends the run.")
    volume = Param(1.0, low=0.0, high=5.0, step=0.1, description="Volume asked for, times the average of 20 candles.")
    stop_atr = Param(2.5, low=0.5, high=20.0, step=0.25, description="Distance of the stop, average true ranges.")
    target_atr = Param(12.0, low=1.0, high=100.0, step=1.0, description="Distance of the target, average true ranges.")
    constraints = (Constraint("leave < entry", lambda p: p["leave"] < p["entry"]),)

    @property
    def warmup(self) -> int:
        """The channel of the candle before the one before, or what the average true range needs to settle."""
        return max(self.entry + 2, 22, wilder_warmup(14))

    def indicators(self, candles: pd.DataFrame) -> Mapping[str, pd.Series]:
        """The channels up to the candle before, relative volume, efficiency and the average true range."""
        outer, inner = donchian(candles, self.entry), donchian(candles, self.leave)
        return {
            "top": outer.upper.shift(1),
            "bottom": outer.lower.shift(1),
            "ceiling": inner.upper.shift(1),
            "floor": inner.lower.shift(1),
            "volume_ratio": relative_volume(candles, 20),
            "efficiency": efficiency_ratio(candles["close"], self.entry),
            "atr": atr(candles, 14),
        }

    def signals(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Breakouts are entries; the inner channel, broken the other way, is the exit."""
        close, loud = frame["close"], frame["volume_ratio"] >= self.volume
        long = crossover(close, frame["top"]) & loud
        side = sides(long)
        return signal_frame(
            frame.index,
            long=long,
            short=crossunder(close, frame["bottom"]) & loud,
            exit_long=close < frame["floor"],
            exit_short=close > frame["ceiling"],
            stop=stop_away(close, side, self.stop_atr * frame["atr"]),
            target=target_away(close, side, self.target_atr * frame["atr"]),
            confidence=frame["efficiency"],
        )

    def reason(self, row: Mapping[str, Any]) -> str:
        """``close 104.2 broke above 103.9, the high of 40 candles, on 1.8 times the usual volume``."""
        if row["entry"] > 0:
            broken = f"above {row['top']:.6g}, the high of {self.entry} candles"
        elif row["entry"] < 0:
            broken = f"below {row['bottom']:.6g}, the low of {self.entry} candles"
        elif row["close"] < row["floor"]:
            return f"close {row['close']:.6g} fell below {row['floor']:.6g}, the low of {self.leave} candles"
        else:
            return f"close {row['close']:.6g} rose above {row['ceiling']:.6g}, the high of {self.leave} candles"
        return f"close {row['close']:.6g} broke {broken}, on {row['volume_ratio']:.1f} times the usual volume"
