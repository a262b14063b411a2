"""A market made for tests of strategies: swings of several lengths and noise by turns, in cents, from a seed."""

from __future__ import annotations

import numpy as np

from gobot.market import Candles

START, STEP = 1_735_689_600_000, 900_000


def swinging(seed: int, rows: int) -> Candles:
    """15m candles of which every shipped strategy finds something to trade.

    RandomState, unlike newer generators, promises the same numbers for ever.
    """
    chance = np.random.RandomState(seed)
    at = np.arange(rows)
    swings = 0.012 * np.sin(at / 3.1) + 0.03 * np.sin(at / 9.0) + 0.08 * np.sin(at / 41.0)
    noise = chance.normal(0.0, 0.01, rows)
    # By turns two days of swings and two days that go nowhere.
    close = 100.0 * np.exp(np.cumsum(chance.normal(0.0, 0.002, rows)) + np.where(at // 96 % 2, swings, noise))
    jumps = np.where(chance.uniform(size=rows) < 0.1, chance.normal(0.0, 0.004, rows), 0.0)
    open_ = np.concatenate([[100.0], close[:-1]]) * np.exp(jumps)
    wick = np.abs(chance.normal(0.0, 0.003, (2, rows)))
    prices = (open_, np.maximum(open_, close) * (1 + wick[0]), np.minimum(open_, close) * (1 - wick[1]), close)
    volume = 1000.0 * np.exp(chance.normal(0.0, 0.5, rows) + 40.0 * np.abs(close / open_ - 1.0))
    columns = (np.round(price, 2) for price in prices)
    return Candles.from_columns(START + STEP * at, *columns, np.round(volume, 1))
