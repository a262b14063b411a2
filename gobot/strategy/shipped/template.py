"""A strategy to start from: buys dips in a rising market, sells bounces in a falling one.

A strategy answers one question: what would you do on this closed candle?  It answers for a whole column of candles at
once, with pandas, and gobot acts at the open of the next candle.  The same code runs in backtests, on paper and live,
where the last row counts.

Three rules keep it honest; ``gobot strategy check`` tests them:

1.  A row uses its own candle and those before it, never later ones: no ``shift(-1)``, no ``center=True``, no
    ``.iloc[-1]``, no minimum or maximum of the whole column.
2.  What comes before the warm-up does not matter to it.
3.  The same candles always give the same signals: no clock, no chance, nothing kept from call to call.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from gobot.strategy import Constraint, Param, Strategy, crossover, crossunder, signal_frame
from gobot.strategy.indicators import atr, highest, lowest, rsi, sma, wilder_warmup
from gobot.strategy.levels import rescale, sides, stop_away, target_reward


class Template(Strategy):
    """Long when the RSI comes back above ``dip`` while price is above its average; short the other way round.

    The stop is some average true ranges away, the target ``reward`` times as far; a position also closes when the RSI
    has gone all the way to the other side.  Confidence grows with how deep the dip was.
    """

    # What settings and commands call it.
    name = "template"

    # Parameters: default, range and step (the grid of searches), what for.  Read them as attributes: self.trend.
    trend = Param(100, low=10, high=500, step=10, description="Candles of the average that tells the trend.")
    period = Param(7, low=2, high=50, step=1, description="Candles of the RSI.")
    dip = Param(35.0, low=5.0, high=50.0, step=1.0, description="RSI below which a rising market has dipped.")
    done = Param(70.0, low=50.0, high=95.0, step=1.0, description="RSI above which a bought dip is sold.")
    stop_atr = Param(2.0, low=0.5, high=10.0, step=0.25, description="Distance of the stop, average true ranges.")
    reward = Param(2.0, low=0.5, high=10.0, step=0.25, description="Distance of the target, distances of the stop.")
    # What must hold between them, in words and as a test.
    constraints = (Constraint("dip < done", lambda p: p["dip"] < p["done"]),)

    # Longer candles, if you want any: with timeframes = ("1h", "4h") here, the frame of signals also has the columns
    # close_1h, rsi_1h and so on, each as of the newest 1h candle that had closed by then.

    @property
    def warmup(self) -> int:
        """How many candles decide a row: the longest window, and one more for what a crossing looks back."""
        return max(self.trend, wilder_warmup(14), wilder_warmup(self.period) + self.period) + 1

    def indicators(self, candles: pd.DataFrame) -> Mapping[str, pd.Series]:
        """Columns computed from open, high, low, close and volume."""
        strength = rsi(candles["close"], self.period)
        return {
            "mean": sma(candles["close"], self.trend),
            "rsi": strength,
            "deepest": lowest(strength, self.period),
            "topmost": highest(strength, self.period),
            "atr": atr(candles, 14),
        }

    def signals(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Entries and exits of every row, from the candles and the indicators."""
        rising = frame["close"] > frame["mean"]
        long = crossover(frame["rsi"], self.dip) & rising
        short = crossunder(frame["rsi"], 100.0 - self.dip) & ~rising
        stop = stop_away(frame["close"], sides(long), self.stop_atr * frame["atr"])
        depth = np.where(long, self.dip - frame["deepest"], frame["topmost"] - (100.0 - self.dip))
        return signal_frame(
            frame.index,
            long=long,
            short=short,
            exit_long=frame["rsi"] > self.done,
            exit_short=frame["rsi"] < 100.0 - self.done,
            stop=stop,
            target=target_reward(frame["close"], stop, self.reward),
            confidence=rescale(depth, 0.0, self.dip),
        )

    def reason(self, row: Mapping[str, Any]) -> str:
        """Why this row has its signal, in words; shown with every trade."""
        if not row["entry"]:
            return f"RSI {row['rsi']:.1f} has gone all the way"
        side = "above" if row["entry"] > 0 else "below"
        return f"RSI turned to {row['rsi']:.1f} with price {side} its average of {self.trend} ({row['mean']:.6g})"
