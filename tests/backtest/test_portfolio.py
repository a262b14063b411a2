"""Several symbols on one account, against the kernel of one symbol and against a slow account in plain Python."""

from decimal import Decimal

import numpy as np
import pytest
from backtest_cases import candles_of, random_signals, signals_of
from hypothesis import given, settings
from hypothesis import strategies as st
from portfolio_cases import START, STEP, Scripted, SlowAccount, leg_of, random_legs

from gobot.backtest import Leg, Rules, backtest, portfolio
from gobot.backtest.records import ENDINGS
from gobot.core import DataError, Market, UsageError
from gobot.market import Candles, FundingRates
from gobot.strategy.shipped.sma_cross import SmaCross

seeds = st.integers(0, 2**32 - 10)
properties = settings(max_examples=50, deadline=None)
sizes = st.sampled_from(
    [
        {"sizing": "all_in"},
        {"sizing": "fixed", "size": 3000.0},
        {"sizing": "fraction", "size": 0.4},
        {"sizing": "fixed", "size": 9000.0, "leverage": 3.0},
    ]
)
more_sizes = st.sampled_from(
    [
        {"sizing": "risk", "size": 0.02},
        {"sizing": "volatility", "size": 0.5, "volatility_candles": 20},
        {"sizing": "kelly", "size": 0.5},
        {"sizing": "all_in", "leverage": 5.0},
    ]
)
exits = st.sampled_from(
    [
        {},
        {"stop_loss_percent": 2.0, "take_profit_percent": 3.0},
        {"stop_loss_percent": 2.0, "trailing_percent": 1.5, "max_candles": 9},
        {"take_profit_percent": 1.0, "target_order": "limit", "break_even_percent": 0.7},
    ]
)


@properties
@given(seed=seeds, size=sizes | more_sizes, ends=exits, direction=st.sampled_from(["long", "short", "both"]))
def test_one_symbol_is_the_kernel_of_one_symbol_to_the_last_bit(random_walk, seed, size, ends, direction):
    candles = random_walk(seed, 400)
    stamps = np.arange(START, START + 400 * STEP, 7 * STEP + 1234)
    funding = FundingRates(stamps, np.random.RandomState(seed).normal(0, 0.0005, len(stamps)))
    rules = Rules(fee=0.001, slippage=0.0003, direction=direction, **size, **ends)
    leg = leg_of(candles, random_signals(seed, candles), funding=funding)
    shared = portfolio([leg], rules)
    alone = backtest(leg.strategy, candles, rules, symbol=leg.symbol, funding=funding)
    for name in shared.trades.dtype.names:
        np.testing.assert_array_equal(shared.trades[name], alone.trades[name])
    np.testing.assert_array_equal(shared.equity, alone.equity)
    assert shared.metrics == alone.metrics


@properties
@given(
    seed=seeds,
    count=st.integers(1, 5),
    size=sizes,
    percents=st.sampled_from([{}, {"stop_loss_percent": 1.5, "take_profit_percent": 2.5}]),
    most=st.sampled_from([None, 1, 2, 3]),
    exposure=st.sampled_from([None, 40.0, 90.0]),
    direction=st.sampled_from(["long", "short", "both"]),
)
def test_the_compiled_account_is_the_slow_one(random_walk, seed, count, size, percents, most, exposure, direction):
    rules = Rules(
        fee=0.001, slippage=0.0005, direction=direction, liquidation=False, max_open_positions=most,
        max_exposure_percent=exposure, **size, **percents,
    )  # fmt: skip
    legs = random_legs(random_walk, seed, count)
    found, slow = portfolio(legs, rules), SlowAccount(legs, rules).run()
    np.testing.assert_allclose(found.equity, slow.equity, rtol=1e-9)
    expected = sorted(slow.trades, key=lambda one: (legs[one[0]].candles.time[one[2]], one[0]))
    assert [(t["symbol"], t["sign"], t["entry_row"], t["exit_row"], ENDINGS[t["ended"]]) for t in found.trades] == [
        one[:5] for one in expected
    ]
    for column, name in enumerate(("quantity", "entry_price", "exit_price", "funding", "pnl"), 5):
        np.testing.assert_allclose(found.trades[name], [one[column] for one in expected], rtol=1e-8, atol=1e-9)
    assert most is None or slow.most_open <= most


@properties
@given(seed=seeds, size=sizes | more_sizes, ends=exits, most=st.sampled_from([None, 2]))
def test_equity_is_cash_and_positions_and_runs_repeat(random_walk, seed, size, ends, most):
    rules = Rules(fee=0.001, max_open_positions=most, **size, **ends)
    legs = random_legs(random_walk, seed, 4)
    found, again = portfolio(legs, rules), portfolio(legs, rules)
    assert found.trades.tobytes() == again.trades.tobytes()
    assert found.equity.tobytes() == again.equity.tobytes()
    assert (found.trades["fees"] >= 0).all()
    assert found.equity[-1] == pytest.approx(rules.start_equity + found.trades["pnl"].sum(), rel=1e-9)
    np.testing.assert_array_equal(found.times, np.unique(np.concatenate([leg.candles.time for leg in legs])))


@properties
@given(seed=seeds, size=sizes, cut=st.integers(40, 150))
def test_candles_after_the_end_change_nothing(random_walk, seed, size, cut):
    rules, legs = (
        Rules(fee=0.001, stop_loss_percent=2.0, max_open_positions=2, **size),
        random_legs(random_walk, seed, 3),
    )
    end = START + cut * STEP
    short = []
    for leg in legs:
        rows = int(np.searchsorted(leg.candles.time, end))
        if rows >= 2 and leg.candles[:rows].step().ms == STEP:
            short.append(leg_of(leg.candles[:rows], leg.strategy.said[:rows], leg.symbol, leg.funding))
    if len(short) < len(legs):
        return
    whole, part = portfolio(legs, rules), portfolio(short, rules)
    np.testing.assert_array_equal(part.equity, whole.equity[: len(part.equity)])


def account(bars, entries, rules, confidences=None):
    legs = []
    for place, (rows, entry) in enumerate(zip(bars, entries, strict=True)):
        candles = candles_of(rows)
        signals = signals_of(entry)
        if confidences:
            signals.confidence[:] = np.where(signals.entry != 0, confidences[place], 0.0)
        legs.append(leg_of(candles, signals, f"C{place}/USDT"))
    return portfolio(legs, rules)


FLAT = [(100, 101, 99, 100)] * 5
FIXED = {"fee": 0.0, "sizing": "fixed", "size": 600.0, "start_equity": 1000.0}


def test_the_most_confident_goes_first_where_capital_is_short():
    rules = Rules(fee=0.0, sizing="fixed", size=600.0, start_equity=1000.0)
    found = account([FLAT] * 3, [[1, 0, 0, 0, 0]] * 3, rules, (0.2, 0.9, 0.5))
    assert {int(t["symbol"]): float(t["quantity"]) for t in found.trades} == {1: 6.0, 2: 4.0}


def test_of_equals_the_first_symbol_goes_first():
    found = account([FLAT] * 3, [[1, 0, 0, 0, 0]] * 3, Rules(max_open_positions=1, **FIXED))
    assert [int(t["symbol"]) for t in found.trades] == [0]


def test_a_place_that_is_left_at_an_open_is_taken_at_the_same_open():
    found = account([FLAT] * 2, [[1, 0, -1, 0, 0], [0, 0, 1, 0, 0]],
                    Rules(max_open_positions=1, direction="long", **FIXED))  # fmt: skip
    assert [(int(t["symbol"]), int(t["entry_row"])) for t in found.trades] == [(0, 1), (1, 3)]


def test_the_sum_of_all_positions_has_a_limit():
    found = account([FLAT] * 2, [[1, 0, 0, 0, 0]] * 2, Rules(max_exposure_percent=80, **FIXED))
    assert [float(t["quantity"]) for t in found.trades] == [6.0, 2.0]


def test_one_account_pays_the_losses_of_one_symbol_with_the_profits_of_another():
    rising = [
        (100, 101, 99, 100),
        (100, 121, 99, 120),
        (120, 121, 119, 120),
        (120, 121, 119, 120),
        (120, 121, 119, 120),
    ]
    falling = [(100, 101, 99, 100), (100, 101, 79, 80), (80, 81, 79, 80), (80, 81, 79, 80), (80, 81, 79, 80)]
    rules = Rules(fee=0.0, sizing="fixed", size=500.0, start_equity=1000.0)
    found = account([rising, falling], [[1, 0, 0, 0, 0]] * 2, rules)
    np.testing.assert_allclose(found.equity, 1000.0)
    assert found.metrics.exposure_pct == pytest.approx(80.0)


def test_a_symbol_that_ends_early_is_marked_at_its_last_close():
    long, short = candles_of([(100, 101, 99, 100)] * 6), candles_of([(100, 101, 99, 100)] * 2 + [(100, 111, 99, 110)])
    rules = Rules(fee=0.0, sizing="fixed", size=500.0, start_equity=1000.0)
    found = portfolio([leg_of(long, signals_of([0] * 6), "A"), leg_of(short, signals_of([1, 0, 0]), "B")], rules)
    np.testing.assert_allclose(found.equity, [1000, 1000, 1050, 1050, 1050, 1050])
    assert ENDINGS[found.trades[0]["ended"]] == "open"
    assert found.metrics.trades == 0


def test_the_steps_of_each_market_round_its_own_sizes():
    legs = []
    for name, step in (("A", 1), ("B", 5)):
        market, candles = Market(symbol=name, quantity_step=Decimal(step)), candles_of(FLAT)
        said = Scripted(candles, signals_of([1, 0, 0, 0, 0]))
        legs.append(Leg(strategy=said, candles=candles, symbol=name, market=market))
    found = portfolio(legs, Rules(fee=0.0, sizing="fixed", size=490.0, start_equity=1000.0))
    assert [(int(t["symbol"]), float(t["quantity"])) for t in found.trades] == [(0, 4.0)]


def test_strategies_of_their_own_on_one_account(random_walk):
    legs = [
        Leg(strategy=SmaCross(fast=5, slow=20), candles=random_walk(1, 500), symbol="A/USDT"),
        Leg(strategy=SmaCross(fast=10, slow=50), candles=random_walk(2, 500), symbol="B/USDT"),
    ]
    found = portfolio(legs, Rules(sizing="fraction", size=0.3))
    assert found.document()["symbols"] == ["A/USDT", "B/USDT"]
    assert {row["symbol"] for row in found.trade_documents()} == {"A/USDT", "B/USDT"}
    assert found.document()["trades"] == sum(row["exit_reason"] != "open" for row in found.trade_documents())


def test_legs_that_do_not_go_together_are_told(random_walk):
    candles = random_walk(1, 50)
    leg = Leg(strategy=SmaCross(), candles=candles, symbol="A")
    hourly = Candles(candles.time * 4, candles.open, candles.high, candles.low, candles.close, candles.volume)
    for legs, error, words in (
        ([], UsageError, "needs one symbol at least"),
        ([leg, leg], UsageError, "'A' stands there more than once"),
        ([leg, Leg(strategy=SmaCross(), candles=hourly, symbol="B")], UsageError, "A has 15m, B has 1h"),
        (
            [leg, Leg(strategy=SmaCross(), candles=candles[:1], symbol="B")],
            DataError,
            "needs at least two candles of B",
        ),
    ):
        with pytest.raises(error, match=words):
            portfolio(legs, Rules())
