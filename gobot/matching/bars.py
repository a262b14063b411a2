"""What happens to an order inside one candle: the rules that backtest, simulation and paper trading share.

Scalars in, scalars out, compiled by numba and callable from its kernels.  ``sign`` is +1 for a long position or a
buy, -1 for a short position or a sell.  A price of NaN means "not filled" or "no such order".

The rules, from the open of the candle to its close:

* A gap through a level fills at the open, better or worse than the level.
* Stop and target both inside one candle: the stop, for nobody knows which came first.
* A limit order needs a trade *through* its price; touching is not enough, for others may stand before it.
* A trailing stop moves once, at the close.
"""

from __future__ import annotations

import math

from numba import njit

NOT_FILLED = 0
STOPPED = 1
TARGETED = 2


@njit(cache=True)
def slipped(price: float, sign: int, slippage: float) -> float:
    """``price`` made worse by the fraction ``slippage`` for a buy (``sign`` +1) or a sell (-1)."""
    return price * (1.0 + sign * slippage)


@njit(cache=True)
def stop_fill(sign: int, level: float, open_: float, high: float, low: float) -> float:
    """Price at which the stop of a position fills in this candle, before slippage; NaN if it does not."""
    if sign > 0:
        if open_ <= level:
            return open_
        return level if low <= level else math.nan
    if open_ >= level:
        return open_
    return level if high >= level else math.nan


@njit(cache=True)
def target_fill(sign: int, level: float, open_: float, high: float, low: float) -> float:
    """Price at which the take-profit of a position fills in this candle; NaN if it does not."""
    return stop_fill(-sign, level, open_, high, low)


@njit(cache=True)
def limit_fill(sign: int, level: float, open_: float, high: float, low: float) -> float:
    """Price at which a resting limit order to buy (``sign`` +1) or sell (-1) fills in this candle; NaN if not."""
    if sign > 0:
        if open_ < level:
            return open_
        return level if low < level else math.nan
    if open_ > level:
        return open_
    return level if high > level else math.nan


@njit(cache=True)
def exit_fill(sign: int, stop: float, target: float, open_: float, high: float, low: float) -> tuple[int, float]:
    """Which of a position's two exits fills in this candle, and at what price: ``(NOT_FILLED, nan)`` if neither.

    The open comes before everything else in the candle, so a gap beyond the target wins over a later stop.
    """
    stop_price = stop_fill(sign, stop, open_, high, low)
    target_price = target_fill(sign, target, open_, high, low)
    if not math.isnan(target_price) and target_price == open_ and stop_price != open_:
        return TARGETED, target_price
    if not math.isnan(stop_price):
        return STOPPED, stop_price
    if not math.isnan(target_price):
        return TARGETED, target_price
    return NOT_FILLED, math.nan


@njit(cache=True)
def trailed(sign: int, level: float, close: float, distance: float) -> float:
    """The trailing stop after a candle: the fraction ``distance`` behind the close, never moved back; NaN starts it."""
    fresh = close * (1.0 - sign * distance)
    if math.isnan(level):
        return fresh
    return max(level, fresh) if sign > 0 else min(level, fresh)
