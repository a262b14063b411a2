import numpy as np
import pytest
from backtest_cases import random_signals
from hypothesis import given, settings
from hypothesis import strategies as st

from gobot.backtest import Rules, backtest, recent, replay
from gobot.backtest.kernel import OPEN
from gobot.market import Candles
from gobot.strategy import SHIPPED, Signals, load_strategy

seeds = st.integers(0, 2**32 - 1)
sizings = st.sampled_from(
    [{"sizing": "all_in"}, {"sizing": "fixed", "size": 900.0}, {"sizing": "fraction", "size": 0.3}]
)
properties = settings(max_examples=60, deadline=None)


def rules_of(sizing, **changes):
    return Rules(
        **{"fee": 0.001, "slippage": 0.0005, "stop_loss_percent": 2.0, "take_profit_percent": 4.0} | sizing | changes
    )


@properties
@given(seed=seeds, sizing=sizings, cut=st.integers(2, 400))
def test_candles_after_the_end_change_nothing(random_walk, seed, sizing, cut):
    candles = random_walk(seed, 400)
    signals, rules = random_signals(seed, candles), rules_of(sizing)
    whole, curve = replay(signals, candles, rules)
    part, start = replay(signals[:cut], candles[:cut], rules)
    np.testing.assert_array_equal(start, curve[:cut])
    done = part[part["ended"] != OPEN]
    np.testing.assert_array_equal(done, whole[: len(done)])
    assert len(done) == np.count_nonzero((whole["ended"] != OPEN) & (whole["exit_row"] < cut))


@properties
@given(seed=seeds, sizing=sizings, scale=st.floats(1e-6, 1e6))
def test_prices_in_another_unit_leave_every_return_unchanged(random_walk, seed, sizing, scale):
    candles = random_walk(seed, 300)
    signals, rules = random_signals(seed, candles), rules_of(sizing)
    scaled = Candles(
        candles.time, *(scale * c for c in (candles.open, candles.high, candles.low, candles.close)), candles.volume
    )
    prices = Signals(signals.entry, signals.exit, scale * signals.stop, scale * signals.target, signals.confidence)
    np.testing.assert_allclose(replay(prices, scaled, rules)[1], replay(signals, candles, rules)[1], rtol=1e-9)


@properties
@given(seed=seeds)
def test_a_market_turned_over_makes_the_mirrored_trades(random_walk, seed):
    candles = random_walk(seed, 300)
    signals = random_signals(seed, candles)
    over = 4 * candles.high.max()
    turned = Candles(
        candles.time, over - candles.open, over - candles.low, over - candles.high, over - candles.close, candles.volume
    )
    exits = np.array([0, 2, 1, 3], np.int8)[signals.exit]
    swapped = Signals(-signals.entry, exits, over - signals.stop, over - signals.target, signals.confidence)
    rules = Rules(fee=0.0, sizing="fixed", size=100.0)
    straight, mirrored = replay(signals, candles, rules)[0], replay(swapped, turned, rules)[0]
    np.testing.assert_array_equal(mirrored["sign"], -straight["sign"])
    for name in ("entry_row", "exit_row", "ended"):
        np.testing.assert_array_equal(mirrored[name], straight[name])
    for name in ("entry_price", "exit_price"):
        np.testing.assert_allclose(over - mirrored[name], straight[name], rtol=1e-9)


@properties
@given(seed=seeds, sizing=sizings)
def test_equity_is_start_profits_and_the_open_position(random_walk, seed, sizing):
    candles = random_walk(seed, 300)
    rules = rules_of(sizing)
    trades, equity = replay(random_signals(seed, candles), candles, rules)
    expected = np.full(len(candles), rules.start_equity)
    for trade in trades:
        begin, end = int(trade["entry_row"]), int(trade["exit_row"])
        gross = trade["sign"] * trade["quantity"] * (candles.close - trade["entry_price"])
        entry_fee = trade["quantity"] * trade["entry_price"] * rules.fee
        if trade["ended"] == OPEN:
            expected[begin:] += gross[begin:] - entry_fee
        else:
            expected[begin:end] += gross[begin:end] - entry_fee
            expected[end:] += trade["pnl"]
    np.testing.assert_allclose(equity, expected, rtol=1e-9)


@properties
@given(seed=seeds, sizing=sizings)
def test_one_position_at_a_time_within_the_cash_and_the_candle(random_walk, seed, sizing):
    candles = random_walk(seed, 300)
    rules = rules_of(sizing, slippage=0.0)
    trades, _ = replay(random_signals(seed, candles), candles, rules)
    assert (trades["exit_row"] >= trades["entry_row"]).all()
    assert (trades["entry_row"][1:] >= trades["exit_row"][:-1]).all()
    assert (trades["entry_row"] > 0).all()
    np.testing.assert_array_equal(trades["entry_price"], candles.open[trades["entry_row"]])
    assert (trades["exit_price"] <= candles.high[trades["exit_row"]]).all()
    assert (trades["exit_price"] >= candles.low[trades["exit_row"]]).all()
    before = np.concatenate([[rules.start_equity], rules.start_equity + np.cumsum(trades["pnl"])])[:-1]
    assert (trades["quantity"] * trades["entry_price"] * (1 + rules.fee) <= before * (1 + 1e-12)).all()
    assert (trades["ended"] != OPEN)[:-1].all()


@properties
@given(seed=st.integers(0, 1000), name=st.sampled_from(sorted(SHIPPED)))
def test_no_trade_before_the_warmup(random_walk, seed, name, tmp_path_factory):
    strategy = load_strategy(name, {}, tmp_path_factory.getbasetemp())
    result = backtest(strategy, random_walk(seed, strategy.warmup + 300), Rules())
    assert (result.trades["entry_row"] >= strategy.warmup).all()
    assert (result.equity[: strategy.warmup] == 10_000).all()


@properties
@given(seed=seeds, window=st.integers(2, 300))
def test_the_recent_window_is_a_backtest_of_its_own(random_walk, seed, window):
    candles = random_walk(seed, 300)
    signals, rules = random_signals(seed, candles), rules_of({})
    found = recent(signals, candles, rules, window=window)
    trades, equity = replay(signals[-window:], candles[-window:], rules)
    assert found.trades == np.count_nonzero(trades["ended"] != OPEN)
    assert found.return_pct == pytest.approx(100 * (equity[-1] / 10_000 - 1), rel=1e-9, abs=1e-9)
