"""Sweeps: every row is what that combination does alone."""

import math
import sys
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rules_cases import any_rules, settlements_on
from sweep_cases import BracketCross, Reversion

from gobot.backtest import Rules, backtest, combinations, sweep
from gobot.backtest.events import events_in, events_of
from gobot.core import DataError, Market, StrategyError, UsageError
from gobot.market import Candles
from gobot.strategy import SHIPPED, evaluate, load_strategy
from gobot.strategy.plan import ENTER_LONG, ENTER_SHORT, planned
from gobot.strategy.shipped.rsi_reversion import RsiReversion
from gobot.strategy.shipped.sma_cross import SmaCross

FIGURES = (
    "final_equity", "return_pct", "win_rate", "profit_factor", "max_drawdown_pct", "sharpe", "sortino", "calmar",
    "exposure_pct", "fees", "funding",
)  # fmt: skip
MARKET = Market(
    symbol="BTC/USDT:USDT",
    quantity_step=Decimal("0.01"),
    price_step=Decimal("0.05"),
    min_quantity=Decimal("0.01"),
    min_notional=Decimal(5),
)
SMALL = {
    SmaCross: {"fast": range(1, 12), "slow": range(12, 60)},
    BracketCross: {"fast": range(1, 12), "slow": range(12, 60), "stop": [0.01, 0.1], "target": [0.02, 0.15]},
    Reversion: {"period": range(2, 60), "away": [0.0, 0.004, 0.02]},
}
GRIDS = {
    SmaCross: {"fast": range(1, 12), "slow": [2, 5, 12, 40]},
    BracketCross: {"fast": [2, 3, 7], "slow": [5, 12, 40], "stop": [0.005, 0.02, 0.2], "target": [0.01, 0.03]},
    Reversion: {"period": [2, 3, 20, 70], "away": [0.0, 0.002, 0.01]},
    RsiReversion: {"period": [5, 14]},
}


def same_as_alone(found, strategy, candles, rules, **known):
    """Every row of a sweep is the backtest of that combination: counts to the last one, figures to the last digits."""
    for k in range(len(found)):
        row = found.document(k)
        assert row["params"] == {name: column[k].item() for name, column in found.params.items()}
        alone = backtest(strategy(**row["params"]), candles, rules, **known)
        expected = alone.document()
        for name in ("trades", "liquidations"):
            assert row[name] == expected[name]
        for name in FIGURES:
            value = expected[name]
            assert row[name] == (value if value is None else pytest.approx(value, rel=1e-9, abs=1e-9)), name


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    strategy=st.sampled_from(list(GRIDS)),
    seed=st.integers(0, 2**32 - 1),
    rows=st.integers(2, 700),
    rules=any_rules(),
    market=st.sampled_from([None, MARKET]),
    paid=st.booleans(),
    jobs=st.sampled_from([1, 2]),
)
def test_every_row_is_the_backtest_of_that_combination(random_walk, strategy, seed, rows, rules, market, paid, jobs):
    candles = random_walk(seed, rows)
    known = {"symbol": "BTC/USDT:USDT", "market": market, "funding": settlements_on(candles, seed) if paid else None}
    grid = combinations(strategy, **GRIDS[strategy])
    chosen = np.random.RandomState(seed).choice(len(next(iter(grid.values()))), 4)
    grid = {name: column[chosen] for name, column in grid.items()}
    same_as_alone(sweep(strategy, grid, candles, rules, jobs=jobs, **known), strategy, candles, rules, **known)


def test_combinations_with_more_events_than_there_is_usually_room_for(random_walk):
    candles, rules = random_walk(8, 4000), Rules(fee=0.0002)
    grid = {"period": np.array([2, 50, 2, 30]), "away": np.array([0.0, 0.01, 0.0001, 0.0])}
    same_as_alone(sweep(Reversion, grid, candles, rules), Reversion, candles, rules)


def test_memory_for_few_indicators_at_a_time_changes_nothing(random_walk, monkeypatch):
    candles, rules = random_walk(3, 500), Rules()
    grid = combinations(SmaCross, fast=range(2, 60, 3), slow=range(60, 120, 3))
    whole = sweep(SmaCross, grid, candles, rules)
    monkeypatch.setattr(sys.modules[sweep.__module__], "_COLUMN_BYTES", 8 * 500 * 5)
    monkeypatch.setattr(sys.modules[sweep.__module__], "_MOST_COLUMN_BYTES", 8 * 500 * 7)
    few = sweep(SmaCross, grid, candles, rules)
    np.testing.assert_array_equal(few.totals, whole.totals)
    np.testing.assert_array_equal(few.curves, whole.curves)


@pytest.mark.parametrize("strategy", [SmaCross, RsiReversion])
@pytest.mark.parametrize("jobs", [1, 2])
def test_progress_is_told_up_to_the_end(random_walk, strategy, jobs):
    told = []
    grid = combinations(
        strategy, **({"fast": range(2, 30), "slow": [30, 40]} if strategy is SmaCross else {"mean": [5, 9]})
    )
    rows = len(next(iter(grid.values())))
    sweep(strategy, grid, random_walk(1, 300), Rules(), jobs=jobs, progress=lambda *given: told.append(given))
    assert told == sorted(told)
    assert told[-1] == (rows, rows)
    assert {of for _, of in told} == {rows}


def test_an_empty_grid_has_no_rows_and_no_parameters_mean_the_defaults(random_walk):
    candles = random_walk(1, 300)
    nothing = sweep(SmaCross, combinations(SmaCross, fast=[50], slow=[40]), candles, Rules())
    assert (len(nothing), len(nothing.sharpe), len(nothing.best())) == (0, 0, 0)
    default = sweep(SmaCross, {}, candles, Rules())
    assert default.document(0)["params"] == {"fast": 10, "slow": 50}
    same_as_alone(default, SmaCross, candles, Rules())


def test_the_best_come_first_and_those_that_hardly_traded_not_at_all(random_walk):
    grid = combinations(SmaCross, fast=range(2, 30, 4), slow=range(30, 200, 20))
    found = sweep(SmaCross, grid, random_walk(4, 1500), Rules())
    chosen = found.best("return_pct", 5, min_trades=10)
    assert (found.trades[chosen] >= 10).all()
    assert found.return_pct[chosen].tolist() == sorted(found.return_pct[found.trades >= 10], reverse=True)[:5]


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


def test_one_that_asks_for_something_else_than_it_inherited_has_no_plan():
    class Other(SmaCross):
        def signals(self, frame):
            return super().signals(frame)

    assert planned(SmaCross) is SmaCross
    assert planned(Other) is None
    assert planned(RsiReversion) is None


PLANNED = [load_strategy(name, {}, Path()) for name in sorted(SHIPPED)]
PLANNED = [type(strategy) for strategy in PLANNED if planned(type(strategy))]


@settings(max_examples=150, deadline=None)
@given(
    strategy=st.sampled_from([*PLANNED, BracketCross, Reversion]),
    seed=st.integers(0, 2**32 - 1),
    rows=st.integers(1, 700),
    coarse=st.sampled_from([0.0, 0.5, 2.0]),
    data=st.data(),
)
def test_a_plan_asks_for_what_the_signals_ask_for(random_walk, strategy, seed, rows, coarse, data):
    candles = random_walk(seed, rows)
    if coarse:  # averages of such prices are equal now and then
        prices = [np.maximum(np.rint(c / coarse) * coarse, coarse) for c in (candles.open, candles.close)]
        high, low = np.maximum(*prices), np.minimum(*prices)
        candles = Candles(candles.time, prices[0], high, low, prices[1], candles.volume)
    params = {name: data.draw(st.sampled_from(values), name) for name, values in SMALL[strategy].items()}
    chosen = strategy(**params)
    found, expected = events_of(chosen, candles), events_in(evaluate(chosen, candles))
    np.testing.assert_array_equal(found.row, expected.row)
    np.testing.assert_array_equal(found.act, expected.act)
    entering = (expected.act & (ENTER_LONG | ENTER_SHORT)) > 0
    for of_plan, of_signals in ((found.stop, expected.stop), (found.target, expected.target)):
        prices = of_signals if of_signals.size else np.full(len(expected.row), np.nan)
        own = of_plan if of_plan.size else np.full(len(expected.row), np.nan)
        np.testing.assert_array_equal(own[entering], prices[entering])
