"""The figures of an equity curve, in one pass of whole vectors."""

from __future__ import annotations

from typing import NamedTuple

from gobot.backtest.records import Floats
from gobot.matching.compiled import compiled, inlined, unordered
from gobot.matching.extremes import extremes

_STRETCH = 64


class Curve(NamedTuple):
    """What is to be known of an equity curve.

    ``lowest`` point, ``drawdown``: the largest fall from the highest point so far, a fraction of that, and the sums of
    the relative changes r, of r² (``squares``) and of min(r, 0)² (``losses``).
    """

    lowest: float
    drawdown: float
    changes: float
    squares: float
    losses: float


@compiled
def curve_of(equity: Floats, start: float) -> Curve:
    """The figures of ``equity`` at every close, and ``start`` before the first; there must be one candle at least."""
    changes = equity[0] / start - 1.0
    squares, losses = changes * changes, min(changes, 0.0) ** 2
    peak = lowest = start
    drawdown = 0.0
    for begin in range(0, equity.size, _STRETCH):
        # One more than it goes on by, so that each change lies inside some stretch.
        stretch = equity[begin : begin + _STRETCH + 1]
        change, square, loss = _sums(stretch[1:], stretch[:-1])
        changes, squares, losses = changes + change, squares + square, losses + loss
        low, high = extremes(stretch)
        if low <= 0.0:
            lowest, drawdown = _ruin(stretch, peak, lowest, drawdown)
        # The peak may stand before the low or behind it: where that matters, look closer.
        elif high <= peak:
            drawdown = max(drawdown, 1.0 - low / peak)
        elif low < (1.0 - drawdown) * high:
            drawdown = max(drawdown, _fall(stretch, peak))
        lowest, peak = min(lowest, low), max(peak, high)
    return Curve(lowest, drawdown, changes, squares, losses)


@unordered
def _sums(equity: Floats, before: Floats) -> tuple[float, float, float]:
    """The three sums over the changes from ``before``."""
    changes = squares = losses = 0.0
    for at in range(equity.size):
        change = equity[at] / before[at] - 1.0
        loss = min(change, 0.0)
        changes += change
        squares += change * change
        losses += loss * loss
    return changes, squares, losses


@inlined
def _fall(equity: Floats, peak: float) -> float:
    """The largest fall from the highest value so far."""
    drawdown = 0.0
    for value in equity:
        peak = max(peak, value)
        drawdown = max(drawdown, 1.0 - value / peak)
    return drawdown


@inlined
def _ruin(equity: Floats, peak: float, lowest: float, drawdown: float) -> tuple[float, float]:
    """Lowest value and largest fall where the account owes money."""
    for value in equity:
        lowest = min(lowest, value)
    return lowest, max(drawdown, _fall(equity, peak))
