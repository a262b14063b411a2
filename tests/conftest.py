"""What tests of several rooms share."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from gobot.market import Candles

RandomWalk = Callable[..., Candles]


@pytest.fixture(scope="session")
def random_walk() -> RandomWalk:
    """``random_walk(seed, rows)``: 15m candles without gaps whose closes are a geometric random walk from 100.

    RandomState, unlike newer generators, promises the same numbers for ever: results from other programs are pinned
    to them.
    """

    def make(seed: int, rows: int, *, start: float = 100.0) -> Candles:
        chance = np.random.RandomState(seed)
        close = start * np.exp(np.cumsum(chance.normal(0.0, 0.01, rows)))
        open_ = np.concatenate([[start], close[:-1]])
        wick = np.abs(chance.normal(0.0, 0.004, (2, rows)))
        high, low = np.maximum(open_, close) * (1 + wick[0]), np.minimum(open_, close) * (1 - wick[1])
        return Candles.from_columns(1_735_689_600_000 + 900_000 * np.arange(rows), open_, high, low, close, close)

    return make
