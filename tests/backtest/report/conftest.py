"""Reports of seeded runs; the tests of this room import the files that stand beside them."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
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


@pytest.fixture(scope="session")
def several_of(report_of, random_walk):
    """``several_of(count, rows)``: a report with that many symbols, whose trades are dealt out among them."""

    def make(count: int = 3, rows: int = 3000) -> Report:
        report = report_of(2, rows)
        symbols = [f"COIN{number}/USDT" for number in range(count)]
        candles = {symbol: random_walk(seed, rows) for seed, symbol in enumerate(symbols)}
        trades = replace(report.trades, market=np.arange(len(report.trades)) % count)
        return replace(report, symbols=symbols, candles=candles, trades=trades)

    return make
