"""When a venue takes an isolated position away: Binance's maintenance tiers for USDⓈ-M futures.

The larger a position, the larger the share of its value that must stay as margin.  In tier *j* that is
``rate_j * value - amount_j``, where the maintenance amounts make the tiers join without a step:

    amount_j = amount_(j-1) + floor_j * (rate_j - rate_(j-1))

The rates rise from tier to tier, so the requirement is the largest of these lines, and the price at which the
margin left equals it is the one nearest to the entry.  No tier has to be looked up.
Source: Binance, "How to Calculate Liquidation Price of USDⓈ-M Futures Contracts".

A liquidation price acts in a candle like a stop that the venue holds: of two levels the one nearer to the entry
goes first, and an open beyond the liquidation price liquidates, whatever else was waiting there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from gobot.matching.bars import stop_fill
from gobot.matching.compiled import compiled

Tiers = npt.NDArray[np.float64]


def maintenance_tiers(brackets: Sequence[tuple[float, float]]) -> Tiers:
    """Rows of (rate, maintenance amount in USDT) from ``brackets``: (upper end of the value in USDT, rate)."""
    rows = []
    floor = previous = amount = 0.0
    for cap, rate in brackets:
        amount += floor * (rate - previous)
        rows.append((rate, amount))
        floor, previous = cap, rate
    return np.array(rows, np.float64)


# As published in 2024: value in USDT up to which the maintenance rate holds.
_BTC = maintenance_tiers(
    (
        (50e3, 0.004), (600e3, 0.005), (3e6, 0.0065), (12e6, 0.01), (70e6, 0.02), (100e6, 0.025), (230e6, 0.05),
        (480e6, 0.1), (600e6, 0.125), (800e6, 0.15), (1200e6, 0.25), (1800e6, 0.5),
    )
)  # fmt: skip
# A middling altcoin; stricter than the truth for the largest coins.
_OTHERS = maintenance_tiers(
    (
        (5e3, 0.015), (25e3, 0.02), (100e3, 0.025), (600e3, 0.05), (1.6e6, 0.1), (2e6, 0.125), (6e6, 0.25),
        (10e6, 0.5),
    )
)  # fmt: skip


def tiers_of(symbol: str) -> Tiers:
    """The maintenance tiers that apply to ``symbol``."""
    return _BTC if symbol.startswith("BTC/") else _OTHERS


def max_leverage(symbol: str) -> int:
    """The highest leverage that Binance offers for ``symbol``."""
    return 125 if symbol.startswith("BTC/") else 50


@compiled
def liquidation_price(sign: int, quantity: float, entry: float, margin: float, tiers: Tiers) -> float:
    """Price at which an isolated position is liquidated; 0 for a long that cannot be.

    ``quantity`` in base units and ``margin`` in USDT above zero, ``sign`` +1 for long and -1 for short.
    """
    level = 0.0 if sign > 0 else math.inf
    for rate, amount in tiers:
        price = (margin + amount - sign * quantity * entry) / (quantity * (rate - sign))
        level = max(level, price) if sign > 0 else min(level, price)
    return level


@compiled
def liquidation_fill(sign: int, level: float, bankruptcy: float, open_: float, high: float, low: float) -> float:
    """Price at which a position is liquidated in this candle; NaN if it is not.

    A gap fills at the open, but never beyond ``bankruptcy``, the price at which the margin is used up: what is lost
    beyond it is the venue's insurance fund's, not the account's.
    """
    price = stop_fill(sign, level, open_, high, low)
    if math.isnan(price):
        return math.nan
    return max(price, bankruptcy) if sign > 0 else min(price, bankruptcy)
