"""When a resting limit order opens a position."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gobot.matching.bars import limit_fill, slipped
from gobot.matching.compiled import inlined

Floats = npt.NDArray[np.float64]

RESTING, TAKEN, AT_OPEN, INSIDE = 0, 1, 2, 3
"""How a limit order fared: not filled, filled as a taker on arrival, at a later open, or inside a candle."""


@inlined
def limit_entry(
    sign: int, limit: float, slippage: float, open_: Floats, high: Floats, low: Floats, first: int, end: int
) -> tuple[int, int, float]:
    """Where an order placed at the open of ``first`` fills before the open of ``end``: row, how, and the price.

    One that would trade at once is no maker: it pays the open with slippage, though never more than its limit.
    """
    if first < end and sign * (limit - open_[first]) > 0:
        price = slipped(open_[first], sign, slippage)
        return first, TAKEN, min(price, limit) if sign > 0 else max(price, limit)
    for row in range(first, end):
        price = limit_fill(sign, limit, open_[row], high[row], low[row])
        if price == price:  # noqa: PLR0124  # not NaN
            return row, INSIDE if price == limit else AT_OPEN, price
    return end, RESTING, limit
