"""Reports of seeded runs; the tests of this room import the files that stand beside them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from gobot.backtest import Rules, backtest
from gobot.backtest.report import Report
from gobot.strategy.shipped.sma_cross import SmaCross

sys.path += [str(Path(__file__).parent), str(Path(__file__).parents[1])]


@pytest.fixture(scope="session")
def report_of(random_walk):
    """``report_of(seed, rows, **rules)``: the report of sma_cross on a random walk."""

    def make(seed: int = 2, rows: int = 3000, *, fast: int = 10, slow: int = 50, **rules) -> Report:
        candles = random_walk(seed, rows)
        result = backtest(SmaCross(fast=fast, slow=slow), candles, Rules(**{"fee": 0.001} | rules), symbol="BTC/USDT")
        return Report.of(result, sources=["walk.csv"], at_ms=1_767_225_600_000)

    return make
