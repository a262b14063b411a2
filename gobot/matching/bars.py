"""What happens to one order inside one candle: the rules that backtest, simulation and paper trading share.

Scalars in, scalars out, compiled by numba and callable from its kernels.  ``sign`` is +1 for a long position or a
buy, -1 for a short position or a sell.  A price of NaN means "not filled" or "no such order".

The rules, from the open of the candle to its close:

* A gap through a level fills at the open, better or worse than the level.
* A limit order needs a trade *through* its price; touching is not enough, for others may stand before it.
* A trailing stop moves once, at the close.
"""

from __future__ import annotations

import math

from gobot.matching.compiled import inlined


@inlined
def slipped(price: float, sign: int, slippage: float) -> float:
    """``price`` made worse by the fraction ``slippage`` for a buy (``sign`` +1) or a sell (-1)."""
    return price * (1.0 + sign * slippage)


@inlined
def stop_fill(sign: int, level: float, open_: float, high: float, low: float) -> float:
    """Price at which the stop of a position fills in this candle, before slippage; NaN if it does not."""
    if sign > 0:
        if open_ <= level:
            return open_
        return level if low <= level else math.nan
    if open_ >= level:
        return open_
    return level if high >= level else math.nan


@inlined
def target_fill(sign: int, level: float, open_: float, high: float, low: float) -> float:
    """Price at which the take-profit of a position fills in this candle; NaN if it does not."""
    return stop_fill(-sign, level, open_, high, low)


@inlined
def limit_fill(sign: int, level: float, open_: float, high: float, low: float) -> float:
    """Price at which a resting limit order to buy (``sign`` +1) or sell (-1) fills in this candle; NaN if not."""
    if sign > 0:
        if open_ < level:
            return open_
        return level if low < level else math.nan
    if open_ > level:
        return open_
    return level if high > level else math.nan


@inlined
def trailed(sign: int, level: float, close: float, distance: float) -> float:
    """The trailing stop after a candle: the fraction ``distance`` behind the close, never moved back; NaN starts it."""
    fresh = close * (1.0 - sign * distance)
    if math.isnan(level):
        return fresh
    return max(level, fresh) if sign > 0 else min(level, fresh)
