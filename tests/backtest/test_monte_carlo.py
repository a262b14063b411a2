"""Markets drawn again and trades in other orders."""

import numpy as np
import pytest
from portfolio_cases import random_legs

from gobot.backtest import Leg, Rules, backtest, monte_carlo, portfolio
from gobot.backtest.monte_carlo import stationary
from gobot.core import UsageError
from gobot.strategy.shipped.sma_cross import SmaCross


def test_blocks_are_as_long_as_asked_on_average_and_go_round():
    chance = np.random.default_rng(1)
    places = stationary(100_000, 50, chance)
    goes_on = np.diff(places) % 100_000 == 1
    # A new block begins with one candle of fifty.
    assert goes_on.mean() == pytest.approx(1 - 1 / 50, abs=0.002)
    assert (places.min() >= 0, places.max() < 100_000) == (True, True)
    counts = np.bincount(places // 10_000, minlength=10)
    assert (counts > 5_000).all()  # every part of the past is drawn from
    one = stationary(40, 10**9, np.random.default_rng(3))
    np.testing.assert_array_equal(np.diff(one) % 40, 1)


def run(random_walk, runs=20, seed=1, rules=None):
    candles, seen = random_walk(3, 1500), []
    result = backtest(SmaCross(), candles, rules or Rules(fee=0.001))

    def again(legs):
        seen.append(legs[0].candles)
        return backtest(legs[0].strategy, legs[0].candles, result.rules)

    return result, seen, monte_carlo(result, again, runs=runs, seed=seed)


def test_candles_drawn_again_are_candles_of_the_market(random_walk):
    result, seen, _ = run(random_walk, runs=3)
    old = result.candles
    shapes = {
        (round(float(high / open_), 9), round(float(low / open_), 9), round(float(close / open_), 9))
        for open_, high, low, close in zip(old.open, old.high, old.low, old.close, strict=True)
    }
    for new in seen:
        np.testing.assert_array_equal(new.time, old.time)
        assert (new.high >= np.maximum(new.open, new.close) * (1 - 1e-12)).all()
        assert (new.low <= np.minimum(new.open, new.close) * (1 + 1e-12)).all()
        drawn = {
            (round(float(high / open_), 9), round(float(low / open_), 9), round(float(close / open_), 9))
            for open_, high, low, close in zip(new.open, new.high, new.low, new.close, strict=True)
        }
        assert drawn <= shapes
        # The walk has no gaps between close and open, and neither has what is made of it.
        np.testing.assert_allclose(new.open[1:], new.close[:-1], rtol=1e-9)


def test_the_same_seed_draws_the_same_again(random_walk):
    first, second, other = (run(random_walk, seed=seed)[2].document() for seed in (4, 4, 5))
    assert first == second
    assert first != other


def test_spreads_are_ordered_and_hold_what_was(random_walk):
    result, _, found = run(random_walk, runs=60)
    document = found.document()
    assert document["candles"]["return_pct"]["own"] == result.metrics.return_pct
    assert 0 <= document["candles"]["loss_pct"] <= 100
    for spread in (*found.candles.values(), *found.order.values()):
        values = list(spread.percentiles.values())
        assert values == sorted(values)
        assert len(spread.runs) == 60
    order = found.order["max_drawdown_pct"]
    assert order.runs[0] <= order.own <= 100
    assert order.runs[0] > 0


def test_trades_in_any_order_bring_the_same_in_the_end(random_walk):
    """Two trades of one loss and one gain: the drawdown is the loss in both orders."""
    result, _, found = run(random_walk, runs=200)
    closed = result.trades[result.trades["ended"] != 0]
    worst = -closed["pnl"].min() / (result.rules.start_equity + closed["pnl"].cumsum().max())
    assert found.order["max_drawdown_pct"].runs.min() >= 100 * worst * 0.99


def test_symbols_are_drawn_together(random_walk):
    candles = random_walk(3, 800)
    twins = [Leg(strategy=SmaCross(), candles=candles, symbol=name) for name in ("A", "B")]
    result, seen = portfolio(twins, Rules(sizing="fraction", size=0.4)), []

    def again(legs):
        seen.append(legs)
        return portfolio(legs, result.rules)

    monte_carlo(result, again, runs=3)
    for first, second in seen:
        np.testing.assert_array_equal(first.candles.close, second.candles.close)


def test_spans_and_gaps_of_their_own(random_walk):
    legs = random_legs(random_walk, 5, 3)
    result = portfolio(legs, Rules())
    seen = []
    found = monte_carlo(result, lambda drawn: seen.append(drawn) or result, runs=4)
    assert found.runs == 4
    for drawn in seen:
        assert all((np.diff(leg.candles.time) > 0).all() for leg in drawn)
        assert all(np.isin(leg.candles.time, result.times).all() for leg in drawn)


def test_without_trades_there_is_no_order(random_walk):
    result = backtest(SmaCross(), random_walk(1, 60), Rules())
    found = monte_carlo(result, lambda legs: result, runs=2)
    assert (found.order, found.document()["order"]) == ({}, {})
    with pytest.raises(UsageError, match="one run at least"):
        monte_carlo(result, lambda legs: result, runs=0)
