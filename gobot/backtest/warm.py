"""Compile everything that numba compiles, once, when gobot is set up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from gobot.backtest.grid import combinations
from gobot.backtest.portfolio import portfolio
from gobot.backtest.result import Leg, Result
from gobot.backtest.rules import Rules
from gobot.backtest.run import backtest, recent
from gobot.backtest.sweep import sweep
from gobot.market import Candles
from gobot.strategy import SHIPPED, evaluate, load_strategy
from gobot.strategy.indicators import bollinger
from gobot.strategy.shipped.sma_cross import SmaCross

_LEVELS = Rules(stop_loss_percent=2.0, take_profit_percent=4.0)
_SIGNALS = Rules()


def warm_up(*, backtests: bool = True) -> None:
    """Run every shipped strategy over a small made-up market.

    What is compiled is kept on disk, so that nobody waits for it later.  Takes a minute the first time, a moment
    after that.  A daemon needs no ``backtests``: only the look back that live ideas get.
    """
    market = _market()
    for name in SHIPPED:
        strategy = load_strategy(name, {}, Path())
        signals = evaluate(strategy, market)
        for rules in (_LEVELS, _SIGNALS):
            recent(signals, market, rules)
            if backtests:
                _look_at(backtest(strategy, market, rules))
                _look_at(portfolio([Leg(strategy=strategy, candles=market)], rules))
    if backtests:
        _sweep(market)
    bollinger(pd.Series(market.close))


def _market() -> Candles:
    rows = 1500
    close = 100.0 * np.exp(0.1 * np.sin(np.arange(rows) / 9.0))
    open_ = np.roll(close, 1)
    return Candles.from_columns(
        np.arange(rows) * 900_000, open_, np.maximum(open_, close), np.minimum(open_, close), close, np.ones(rows)
    )


def _sweep(market: Candles) -> None:
    grid = combinations(SmaCross, fast=[5, 10])
    for rules in (_LEVELS, _SIGNALS):
        for curves in (True, False):
            sweep(SmaCross, grid, market, rules, curves=curves)


def _look_at(result: Result) -> None:
    result.trade_documents()
