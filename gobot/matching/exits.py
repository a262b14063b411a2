"""What ends an open position: in which candle, how, and at what price.

The rules of `gobot.matching.bars` and `gobot.matching.liquidation` applied to everything that waits for one position,
in the order in which a venue gets to it:

1.  What the open has reached fills at the open: the liquidation first, then stop, target and trailing stop.
2.  Of stop, trailing stop and liquidation the one nearest to the entry fills next.
3.  The target fills last: nobody knows what came first inside a candle, so it was not the better one.
4.  At the close a trailing stop follows, and a stop moves to the entry once the position is far enough in profit.

A position that nothing can end inside a candle costs nothing to hold, and candles that reach no level are passed by
sixteen at a time.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gobot.matching.bars import trailed
from gobot.matching.compiled import inlined
from gobot.matching.extremes import extremes
from gobot.matching.liquidation import liquidation_fill

Floats = npt.NDArray[np.float64]

NOT_FILLED, STOPPED, TARGETED, TRAILED, LIQUIDATED = 0, 1, 2, 3, 4
"""What a candle did to a position."""

STRETCH = 64
"""Candles whose lowest and highest price `Bars` knows beforehand."""
# Candles that are compared at once.
_AT_ONCE = 32


class Bars(NamedTuple):
    """The prices of every candle, and the lowest low and the highest high of every `STRETCH` of them, or empty."""

    open: Floats
    high: Floats
    low: Floats
    close: Floats
    lows: Floats
    highs: Floats


class Levels(NamedTuple):
    """Prices that end a position; NaN where there is none.

    ``bankruptcy`` is where the margin is used up, ``passive`` says that the target is a limit order: it needs a trade
    through its price.
    """

    stop: float
    trailing: float
    target: float
    liquidation: float
    bankruptcy: float
    passive: bool


class Moves(NamedTuple):
    """How a stop follows the market at every close.

    ``distance`` of the trailing stop behind the close, a fraction, 0 for none; ``trigger`` is the close at which the
    stop moves to ``entry``, NaN for never.
    """

    distance: float
    trigger: float
    entry: float


@inlined
def exit_fill(sign: int, levels: Levels, open_: float, high: float, low: float) -> tuple[int, float]:
    """What ends a position in this candle, and at what price before slippage: ``(NOT_FILLED, nan)`` if nothing does."""
    what, price = _at_open(sign, levels, open_)
    if what == NOT_FILLED:
        worst, best = (low, high) if sign > 0 else (high, low)
        what, price = _inside(sign, levels, worst, best)
    return what, price


@inlined
def exit_after_limit(
    sign: int, levels: Levels, entry: float, open_: float, high: float, low: float, close: float
) -> tuple[int, float]:
    """`exit_fill` in the candle inside which a limit order opened the position at ``entry``.

    The candle's best price may have come before the entry, so the target needs the close to prove it.
    """
    none = math.nan
    guards = Levels(levels.stop, levels.trailing, none, levels.liquidation, levels.bankruptcy, levels.passive)
    what, price = exit_fill(sign, guards, open_, high, low)
    if what == NOT_FILLED:
        target = Levels(none, none, levels.target, none, none, levels.passive)
        what, price = exit_fill(sign, target, entry, close, close)
    return what, price


@inlined
def _at_open(sign: int, levels: Levels, open_: float) -> tuple[int, float]:
    """What the open has reached."""
    what, price = NOT_FILLED, math.nan
    if sign * (levels.liquidation - open_) >= 0:
        what = LIQUIDATED
        price = liquidation_fill(sign, levels.liquidation, levels.bankruptcy, open_, open_, open_)
    elif sign * (levels.stop - open_) >= 0:
        what, price = STOPPED, open_
    elif _taken(sign, levels, open_):
        what, price = TARGETED, open_
    elif sign * (levels.trailing - open_) >= 0:
        what, price = TRAILED, open_
    return what, price


@inlined
def _inside(sign: int, levels: Levels, worst: float, best: float) -> tuple[int, float]:
    """What the rest of a candle reaches, between its worst and its best price for the position."""
    what, level = STOPPED, levels.stop
    if math.isnan(level) or sign * (levels.trailing - level) > 0:
        what, level = TRAILED, levels.trailing
    if math.isnan(level) or sign * (levels.liquidation - level) > 0:
        what, level = LIQUIDATED, levels.liquidation
    if sign * (level - worst) >= 0:
        return what, level
    if _taken(sign, levels, best):
        return TARGETED, levels.target
    return NOT_FILLED, math.nan


@inlined
def _taken(sign: int, levels: Levels, price: float) -> bool:
    """Whether ``price`` fills the target: reaching it is enough unless it is a limit order."""
    beyond = sign * (price - levels.target)
    return beyond > 0 or (beyond == 0 and not levels.passive)


@inlined
def moved(sign: int, levels: Levels, moves: Moves, close: float) -> Levels:
    """The levels after a candle that closed at ``close``; none ever moves back."""
    stop, trailing = levels.stop, levels.trailing
    if moves.distance > 0:
        trailing = trailed(sign, trailing, close, moves.distance)
    if sign * (close - moves.trigger) >= 0 and not sign * (stop - moves.entry) >= 0:
        stop = moves.entry
    return Levels(stop, trailing, levels.target, levels.liquidation, levels.bankruptcy, levels.passive)


@inlined
def guarded(levels: Levels, moves: Moves) -> bool:
    """Whether anything could end the position inside a candle."""
    return (
        moves.distance > 0
        or not math.isnan(levels.stop)
        or not math.isnan(levels.target)
        or not math.isnan(levels.liquidation)
        or not math.isnan(moves.trigger)
    )


@inlined
def first_exit(sign: int, levels: Levels, moves: Moves, bars: Bars, first: int, end: int) -> tuple[int, int, float]:
    """The first candle from ``first`` on that ends a position: its row, what it does and the price before slippage.

    ``(end, NOT_FILLED, nan)`` if no candle before ``end`` does.
    """
    moving = moves.distance > 0 or not math.isnan(moves.trigger)
    row = first
    if not moving and _quiet(sign, levels, bars, first, end):
        row = end
    while row < end:
        if moving:
            row, levels = _pass_by(sign, levels, moves, bars, row, end)
            row, levels = _walk(sign, levels, moves, bars, row, min(row + _AT_ONCE, end))
        else:
            row = _first_touch(sign, levels, bars, row, end)
        if row < end:
            what, price = exit_fill(sign, levels, bars.open[row], bars.high[row], bars.low[row])
            if what != NOT_FILLED:
                return row, what, price
            levels = moved(sign, levels, moves, bars.close[row])
            row += 1
    return end, NOT_FILLED, math.nan


@inlined
def _band(sign: int, levels: Levels) -> tuple[float, float]:
    """The prices between which nothing happens; infinite where there is no level."""
    near = -sign * math.inf
    for level in (levels.stop, levels.trailing, levels.liquidation):
        if sign * (level - near) > 0:
            near = level
    far = sign * math.inf if math.isnan(levels.target) else levels.target
    return (near, far) if sign > 0 else (far, near)


@inlined
def _quiet(sign: int, levels: Levels, bars: Bars, first: int, end: int) -> bool:
    """Whether the stretches of candles around these reach no level; False where that is not known."""
    if bars.lows.size == 0:
        return False
    floor, ceiling = _band(sign, levels)
    for stretch in range(first // STRETCH, (end - 1) // STRETCH + 1):
        if bars.lows[stretch] <= floor or bars.highs[stretch] >= ceiling:
            return False
    return True


@inlined
def _first_touch(sign: int, levels: Levels, bars: Bars, row: int, end: int) -> int:
    """The first candle that reaches a level."""
    floor, ceiling = _band(sign, levels)
    while row < end:
        until = min(row + _AT_ONCE, end)
        low, high, touched = bars.low[row:until], bars.high[row:until], 0
        for at in range(low.size):
            touched += (low[at] <= floor) | (high[at] >= ceiling)
        if touched:
            break
        row = until
    while row < end and bars.low[row] > floor and bars.high[row] < ceiling:
        row += 1
    return row


@inlined
def _pass_by(sign: int, levels: Levels, moves: Moves, bars: Bars, row: int, end: int) -> tuple[int, Levels]:
    """Pass by candles that reach nothing, not even where the last of them would have moved the stop to."""
    while row < end:
        until = min(row + _AT_ONCE, end)
        lowest, _ = extremes(bars.low[row:until])
        _, highest = extremes(bars.high[row:until])
        bottom, top = extremes(bars.close[row:until])
        after = moved(sign, levels, moves, top if sign > 0 else bottom)
        floor, ceiling = _band(sign, after)
        if not (lowest > floor and highest < ceiling):
            break
        levels, row = after, until
    return row, levels


@inlined
def _walk(sign: int, levels: Levels, moves: Moves, bars: Bars, row: int, end: int) -> tuple[int, Levels]:
    """Go on to the first candle that reaches a level, moving the stop at every close."""
    floor, ceiling = _band(sign, levels)
    while row < end and bars.low[row] > floor and bars.high[row] < ceiling:
        levels = moved(sign, levels, moves, bars.close[row])
        floor, ceiling = _band(sign, levels)
        row += 1
    return row, levels
