"""The synthetic market's candles, made one block after the other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gobot.market.candles import Floats
from gobot.market.listing import Listing
from gobot.market.walk import NORMALS, UNIFORMS, advance, begin

BLOCK = 256
"""Candles in a block."""
# Key of the walk that all symbols share; no symbol's number is likely to meet it.
_WHOLE_MARKET = 0
_MARKET_VOLATILITY = 0.022


class Blocks:
    """An endless sequence of blocks of `BLOCK` candles of ``day`` (a fraction) each, for every listed symbol.

    The random numbers of a block follow from (seed, symbol, number of the block) alone; the walks carry over from
    block to block, so blocks come in order.  Skipping one is cheaper than making it.
    """

    def __init__(self, seed: int, listings: Sequence[Listing], day: float) -> None:
        self._seed, self._day = seed, day
        self._keys = [_WHOLE_MARKET, *(listing.number for listing in listings)]
        self._volatility = np.array([_MARKET_VOLATILITY, *(listing.volatility for listing in listings)])
        # One row per symbol from here on.
        self._beta = np.array([[listing.beta] for listing in listings])
        self._home = np.log([[listing.price] for listing in listings])
        self._steps_per_unit = 10.0 ** np.array([[listing.decimals] for listing in listings])
        self._turnover = np.array([[listing.turnover] for listing in listings])
        self._typical = np.hypot(self._beta * _MARKET_VOLATILITY, self._volatility[1:, None])
        self._state = begin(len(self._keys))
        self.number = 0
        """Number of the block that comes next."""

    def skip(self) -> None:
        """Pass over the next block."""
        self._walk()

    def take(self) -> Floats:
        """The next block: (symbols, 5 columns, candles) with open, high, low, close and volume."""
        moves, uniform, normal = self._walk()
        return self._candles(moves, uniform[1:, 3:], normal[1:, 2])

    def _walk(self) -> tuple[Floats, Floats, Floats]:
        rows = UNIFORMS + 2 * NORMALS
        drawn = [random_numbers(self._seed, key, self.number, rows * BLOCK) for key in self._keys]
        chance = np.stack(drawn).reshape(len(self._keys), rows, BLOCK)
        uniform, normal = chance[:, :UNIFORMS], _normal(chance[:, UNIFORMS::2], chance[:, UNIFORMS + 1 :: 2])
        moves = np.empty((len(self._keys), 3, BLOCK))
        advance(self._state, self._volatility, self._day, normal, uniform, moves)
        self.number += 1
        return moves, uniform, normal

    def _candles(self, moves: Floats, uniform: Floats, normal: Floats) -> Floats:
        """Prices on the step grid, and volumes, from the moves of the market (first row) and of each symbol."""
        open_, close = (self._home + self._beta * moves[0, i] + moves[1:, i] for i in (0, 1))
        variance = (self._beta * moves[0, 2]) ** 2 + moves[1:, 2] ** 2
        change = close - open_
        # The highest and the lowest point of a Brownian bridge from open to close.
        reach = np.sqrt(change[:, None] ** 2 - 2 * variance[:, None] * np.log1p(-uniform))
        high, low = open_ + (change + reach[:, 0]) / 2, open_ + (change - reach[:, 1]) / 2
        activity = 0.3 + (high - low) / (2.4 * self._typical * self._day**0.5)
        volume = self._turnover * self._day / np.exp(close) * activity * np.exp(0.35 * normal - 0.06)
        prices = np.exp(np.stack([open_, high, low, close], axis=1))
        steps_per_unit = self._steps_per_unit[:, None]
        steps = np.maximum(np.rint(prices * steps_per_unit), 1.0)
        return np.concatenate([steps / steps_per_unit, np.round(volume, 3)[:, None]], axis=1)


def random_numbers(seed: int, key: int, counter: int, count: int, purpose: int = 0) -> Floats:
    """Uniform numbers in [0, 1), independent for every combination of arguments and for ever the same for one.

    Made from the raw bits, which numpy promises never to change, unlike its distributions.
    """
    raw = np.random.Philox(key=[seed, key], counter=[0, 0, purpose, counter]).random_raw(count)
    return np.asarray((raw >> np.uint64(11)) * 2.0**-53, np.float64)


def _normal(first: Floats, second: Floats) -> Floats:
    """Normal numbers out of pairs of uniform ones (Box and Muller)."""
    return np.asarray(np.sqrt(-2.0 * np.log1p(-first)) * np.cos(2.0 * np.pi * second), np.float64)
