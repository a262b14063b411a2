"""Stochastic RSI over three timeframes: a turn on the traded one while all of them are at the edge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from gobot.core import Timeframe
from gobot.strategy.base import Strategy
from gobot.strategy.conditions import alignment, crossover, crossunder, overbought, oversold
from gobot.strategy.indicators import atr, highest, lowest, stochastic_rsi, wilder_warmup
from gobot.strategy.levels import rescale, sides, stop_swing, target_reward
from gobot.strategy.param import Constraint, Param
from gobot.strategy.signals import signal_frame

# Candles in which %K may have been at the edge before it turns.
_TURN = 3

_LONGER = ("5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d")


class MultiStochRsi(Strategy):
    """Long when %K crosses above %D while %K is below ``oversold`` on three timeframes at once, short mirrored.

    The stop lies beyond the extreme of the last ``swing`` candles, half an average true range further; the target
    ``reward`` times as far.  A position also closes when %K turns at the other edge.  Confidence grows with how far
    beyond the level %K is, on the traded and on the longest timeframe.
    """

    name = "multi_stoch_rsi"
    middle = Param("30m", choices=_LONGER, description="A longer timeframe that has to agree.")
    longest = Param("1h", choices=_LONGER, description="The longest timeframe, which has to agree too.")
    rsi_period = Param(14, low=2, high=50, step=1, description="Candles of the RSI, on each timeframe.")
    period = Param(14, low=3, high=50, step=1, description="Candles of the stochastic, on each timeframe.")
    oversold = Param(20.0, low=1.0, high=45.0, step=1.0, description="%K below which a turn upwards counts.")
    overbought = Param(80.0, low=55.0, high=99.0, step=1.0, description="%K above which a turn downwards counts.")
    swing = Param(10, low=2, high=100, step=1, description="Candles whose extreme the stop lies beyond.")
    reward = Param(1.5, low=0.5, high=20.0, step=0.25, description="Distance of the target, distances of the stop.")
    constraints = (
        Constraint("middle < longest", lambda p: Timeframe.parse(p["middle"]) < Timeframe.parse(p["longest"])),
    )

    @property
    def timeframes(self) -> tuple[str, ...]:
        """The two longer ones."""
        return (self.middle, self.longest)

    @property
    def warmup(self) -> int:
        """The RSI, the window of the stochastic and its two averages of three, the dip and the crossing; the range."""
        return max(wilder_warmup(self.rsi_period) + self.period + 4 + _TURN, wilder_warmup(14), self.swing) + 1

    def warmup_for(self, timeframe: str) -> int:  # noqa: ARG002  # the same for both
        """The RSI, the window of the stochastic and its two averages of three."""
        return wilder_warmup(self.rsi_period) + self.period + 4

    def indicators(self, candles: pd.DataFrame) -> Mapping[str, pd.Series]:
        """The two lines, how far %K went before the turn, the edge it went to, and the average true range."""
        lines = stochastic_rsi(candles["close"], self.rsi_period, self.period)
        deepest, topmost = lowest(lines.k, _TURN), highest(lines.k, _TURN)
        return {
            "k": lines.k,
            "d": lines.d,
            "deepest": deepest,
            "topmost": topmost,
            "edge": self._edge(deepest, topmost),
            "atr": atr(candles, 14),
        }

    def indicators_for(self, timeframe: str, candles: pd.DataFrame) -> Mapping[str, pd.Series]:  # noqa: ARG002
        """%K of a longer timeframe and the edge it is at."""
        k = stochastic_rsi(candles["close"], self.rsi_period, self.period).k
        return {"k": k, "edge": self._edge(k, k)}

    def signals(self, frame: pd.DataFrame) -> pd.DataFrame:
        """A turn away from the edge that all timeframes are at."""
        at = alignment(frame, "edge", self.timeframes)
        up, down = crossover(frame["k"], frame["d"]), crossunder(frame["k"], frame["d"])
        stop = stop_swing(frame, sides(up), self.swing, beyond=0.5 * frame["atr"])
        longest = frame[f"k_{self.longest}"]
        depth = np.where(
            up,
            2 * self.oversold - frame["deepest"] - longest,
            frame["topmost"] + longest - 2 * self.overbought,
        )
        return signal_frame(
            frame.index,
            long=up & (at > 0),
            short=down & (at < 0),
            exit_long=down & (frame["edge"] < 0),
            exit_short=up & (frame["edge"] > 0),
            stop=stop,
            target=target_reward(frame["close"], stop, self.reward),
            confidence=rescale(depth, 0.0, self.oversold + 100.0 - self.overbought),
        )

    def reason(self, row: Mapping[str, Any]) -> str:
        """``%K 18.3 crossed above %D 15.9 at the low edge, like 30m (11.2) and 1h (4.0)``."""
        up = row["k"] > row["d"]
        turn = f"%K {row['k']:.1f} crossed {'above' if up else 'below'} %D {row['d']:.1f}"
        edge = f"{turn} at the {'low' if up else 'high'} edge"
        if not row["entry"]:
            return edge
        places = [f"{name} ({row[f'k_{name}']:.1f})" for name in self.timeframes]
        return f"{edge}, like {' and '.join(places)}"

    def _edge(self, low: pd.Series, high: pd.Series) -> pd.Series:
        """+1 below ``oversold``, -1 above ``overbought``, 0 between."""
        return oversold(low, self.oversold).astype(float) - overbought(high, self.overbought)
