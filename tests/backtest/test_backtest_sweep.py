import math

import numpy as np
import pytest

from gobot.backtest import Rules, backtest, combinations, sweep
from gobot.core import DataError, StrategyError, UsageError
from gobot.market import Candles
from gobot.strategy.shipped.sma_cross import SmaCross


def test_every_row_is_the_backtest_of_that_combination(random_walk):
    candles, rules = random_walk(3, 2000), Rules(fee=0.001)
    found = sweep(SmaCross, combinations(SmaCross, fast=range(2, 12), slow=range(10, 60, 7)), candles, rules)
    for k in range(len(found)):
        params = {name: int(column[k]) for name, column in found.params.items()}
        alone, row = backtest(SmaCross(**params), candles, rules), found.document(k)
        assert row["params"] == params
        assert row["final_equity"] == pytest.approx(alone.equity[-1], rel=1e-12)
        assert row["trades"] == alone.metrics.trades
        for name in ("win_rate", "max_drawdown_pct", "sharpe", "sortino", "calmar", "fees"):
            assert row[name] == pytest.approx(getattr(alone.metrics, name), rel=1e-9)


def test_a_grid_holds_what_the_constraints_allow():
    grid = combinations(SmaCross, fast=range(8, 12), slow=[9, 10])
    assert list(zip(grid["fast"].tolist(), grid["slow"].tolist(), strict=True)) == [(8, 9), (8, 10), (9, 10)]


def test_what_cannot_be_swept_is_said_in_words(random_walk):
    candles = random_walk(1, 100)
    with pytest.raises(StrategyError, match="has no parameter 'speed': it has fast, slow"):
        combinations(SmaCross, speed=[1])
    with pytest.raises(StrategyError, match="fast must be"):
        combinations(SmaCross, fast=[0])
    with pytest.raises(StrategyError, match="must hold, but combination 1 has fast 20, slow 10"):
        sweep(SmaCross, {"fast": np.array([5, 20]), "slow": np.array([10, 10])}, candles, Rules())
    with pytest.raises(StrategyError, match="fast has 2, slow has 1"):
        sweep(SmaCross, {"fast": np.array([5, 6]), "slow": np.array([10])}, candles, Rules())
    with pytest.raises(DataError, match="needs at least two candles, there are 0"):
        sweep(SmaCross, combinations(SmaCross, fast=[5]), Candles.empty(), Rules())
    with pytest.raises(UsageError, match="no figure 'luck'"):
        sweep(SmaCross, combinations(SmaCross, fast=[5]), candles, Rules()).best("luck")


def test_without_curves_there_are_no_ratios(random_walk):
    found = sweep(SmaCross, combinations(SmaCross, fast=[5, 6]), random_walk(1, 500), Rules(), curves=False)
    assert np.isnan(found.sharpe).all()
    assert found.document(0)["max_drawdown_pct"] is None
    assert not math.isnan(found.final_equity[0])
