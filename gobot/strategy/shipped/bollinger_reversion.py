"""Bollinger reversion: price that left its band and came back goes on to the middle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from gobot.strategy.base import Strategy
from gobot.strategy.conditions import crossover, crossunder
from gobot.strategy.indicators import adx, atr, bollinger, highest, lowest, percent_b, wilder_warmup
from gobot.strategy.levels import rescale, sides, stop_away
from gobot.strategy.param import Param
from gobot.strategy.signals import signal_frame

# Candles in which the excursion that is judged may lie.
_EXCURSION = 5


class BollingerReversion(Strategy):
    """Long when a close comes back above the lower band, short when one comes back below the upper band.

    Only while there is no strong trend (the ADX below ``calm``).  The target is the middle of the band, the stop some
    average true ranges away; a position also closes when a candle closes beyond the middle, which moves.  Confidence
    grows with how far outside the band price had been, in widths of the band.
    """

    name = "bollinger_reversion"
    period = Param(20, low=5, high=200, step=1, description="Candles of the band.")
    width = Param(2.0, low=0.5, high=5.0, step=0.1, description="Distance of the bands, standard deviations.")
    calm = Param(25.0, low=5.0, high=100.0, step=1.0, description="ADX above which a trend is too strong to fade.")
    stop_atr = Param(2.0, low=0.5, high=20.0, step=0.25, description="Distance of the stop, average true ranges.")

    @property
    def warmup(self) -> int:
        """What Wilder's double smoothing needs to settle, or the band and the excursion."""
        return max(2 * wilder_warmup(14), self.period + _EXCURSION, self.period + 1)

    def indicators(self, candles: pd.DataFrame) -> Mapping[str, pd.Series]:
        """The band, how far outside of it price was lately (0 on the lower, 1 on the upper), and the two ranges."""
        band = bollinger(candles["close"], self.period, self.width)
        place = percent_b(candles["close"], self.period, self.width)
        return {
            "upper": band.upper,
            "middle": band.middle,
            "lower": band.lower,
            "deepest": lowest(place, _EXCURSION),
            "topmost": highest(place, _EXCURSION),
            "adx": adx(candles, 14),
            "atr": atr(candles, 14),
        }

    def signals(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Entries on the way back in, while the market is calm and the middle is still ahead."""
        close, calm = frame["close"], frame["adx"] < self.calm
        below = close < frame["middle"]
        long = crossover(close, frame["lower"]) & calm & below
        short = crossunder(close, frame["upper"]) & calm & (close > frame["middle"])
        outside = np.where(below, -frame["deepest"], frame["topmost"] - 1.0)
        return signal_frame(
            frame.index,
            long=long,
            short=short,
            exit_long=close >= frame["middle"],
            exit_short=close <= frame["middle"],
            stop=stop_away(close, sides(long), self.stop_atr * frame["atr"]),
            target=frame["middle"],
            confidence=rescale(outside, 0.0, 0.25),
        )

    def reason(self, row: Mapping[str, Any]) -> str:
        """``close 98.1 came back above the lower band 97.9, ADX 14.2, middle 100.4``."""
        if not row["entry"]:
            return f"close {row['close']:.6g} reached the middle of the band {row['middle']:.6g}"
        side, band = ("above", "lower") if row["entry"] > 0 else ("below", "upper")
        return (
            f"close {row['close']:.6g} came back {side} the {band} band {row[band]:.6g}, "
            f"ADX {row['adx']:.1f}, middle {row['middle']:.6g}"
        )
