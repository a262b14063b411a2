"""What holds for every backtest, whatever the market, the signals and the rules.

An engine is a function of signals, candles, rules and settled funding that gives trades and equity: one more in
`ENGINES` has to keep all of it too.
"""

import numpy as np
import pytest
from backtest_cases import random_signals
from hypothesis import given, settings
from hypothesis import strategies as st
from rules_cases import any_rules, settlements_on

from gobot.backtest import Leg, Rules, backtest, recent, replay
from gobot.backtest.account import NO_LIMITS
from gobot.backtest.conditions import conditions_of
from gobot.backtest.events import events_in
from gobot.backtest.records import BY_LIQUIDATION, BY_SIGNAL, BY_TIME, OPEN
from gobot.backtest.run import run_events
from gobot.backtest.shared import SharedAccount
from gobot.market import Candles
from gobot.strategy import SHIPPED, Signals, load_strategy
from gobot.strategy.shipped.sma_cross import SmaCross


def kernel(signals, candles, rules, funding=None):
    return run_events(events_in(signals), conditions_of(candles, rules, funding=funding))


def shared(signals, candles, rules, funding=None):
    leg = Leg(strategy=SmaCross(), candles=candles, funding=funding)
    run = SharedAccount([leg], rules).trade([events_in(signals)], [signals.confidence], NO_LIMITS)
    return run.trades, run.equity


def assert_same_trades(found, expected):
    """To the last bit; what neither has is the same too."""
    for name in expected.dtype.names:
        np.testing.assert_array_equal(found[name], expected[name], err_msg=name)


ENGINES = {"one symbol": kernel, "shared account": shared}
every_engine = pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES.keys())
properties = settings(max_examples=60, deadline=None)
seeds = st.integers(0, 2**32 - 1)


@every_engine
@properties
@given(seed=seeds, rules=any_rules(), cut=st.integers(2, 400))
def test_candles_after_the_end_change_nothing(random_walk, engine, seed, rules, cut):
    candles = random_walk(seed, 400)
    signals = random_signals(seed, candles)
    whole, curve = engine(signals, candles, rules)
    part, start = engine(signals[:cut], candles[:cut], rules)
    np.testing.assert_array_equal(start, curve[:cut])
    done = part[part["ended"] != OPEN]
    assert_same_trades(done, whole[: len(done)])
    assert len(done) == np.count_nonzero((whole["ended"] != OPEN) & (whole["exit_row"] < cut))


@every_engine
@properties
@given(seed=seeds, rules=any_rules(), scale=st.floats(1e-6, 1e6))
def test_prices_in_another_unit_leave_every_return_unchanged(random_walk, engine, seed, rules, scale):
    candles = random_walk(seed, 300)
    signals = random_signals(seed, candles)
    scaled = Candles(
        candles.time, *(scale * c for c in (candles.open, candles.high, candles.low, candles.close)), candles.volume
    )
    prices = Signals(signals.entry, signals.exit, scale * signals.stop, scale * signals.target, signals.confidence)
    np.testing.assert_allclose(
        engine(prices, scaled, rules)[1], engine(signals, candles, rules)[1], rtol=1e-7, atol=1e-6
    )


@every_engine
@properties
@given(seed=seeds, max_candles=st.none() | st.integers(1, 50), target_order=st.sampled_from(["market", "limit"]))
def test_a_market_turned_over_makes_the_mirrored_trades(random_walk, engine, seed, max_candles, target_order):
    candles = random_walk(seed, 300)
    signals = random_signals(seed, candles)
    over = 4 * candles.high.max()
    turned = Candles(
        candles.time, over - candles.open, over - candles.low, over - candles.high, over - candles.close, candles.volume
    )
    exits = np.array([0, 2, 1, 3], np.int8)[signals.exit]
    swapped = Signals(-signals.entry, exits, over - signals.stop, over - signals.target, signals.confidence)
    # Percentages of a price have no mirror image; distances have.
    free = {"fee": 0.0, "maker_fee": 0.0, "sizing": "fixed", "size": 100.0}
    rules = Rules(**free, max_candles=max_candles, target_order=target_order)
    straight, mirrored = engine(signals, candles, rules)[0], engine(swapped, turned, rules)[0]
    np.testing.assert_array_equal(mirrored["sign"], -straight["sign"])
    for name in ("entry_row", "exit_row", "ended"):
        np.testing.assert_array_equal(mirrored[name], straight[name])
    for name in ("entry_price", "exit_price"):
        np.testing.assert_allclose(over - mirrored[name], straight[name], rtol=1e-9)
    moved = [one["pnl"] / one["quantity"] for one in (mirrored, straight)]
    np.testing.assert_allclose(moved[0], moved[1], rtol=1e-7, atol=1e-7)


def paid_by_candle(trade, candles, funding, candle_ms=900_000):
    """What the position had received at the close of every candle, settlement by settlement."""
    received = np.zeros(len(candles))
    at_open = trade["ended"] in (BY_SIGNAL, BY_TIME)
    for time, rate in zip(funding.time, funding.rate, strict=True):
        row, inside = divmod(int(time - candles.time[0]), candle_ms)
        after_entry = row > trade["entry_row"] or (row == trade["entry_row"] and inside)
        before_exit = row < trade["exit_row"] or (row == trade["exit_row"] and not (inside and at_open))
        if trade["ended"] == OPEN:
            before_exit = True
        if after_entry and before_exit and row < len(candles):
            received[row:] -= trade["sign"] * trade["quantity"] * rate * candles.open[row]
    return received


@every_engine
@properties
@given(seed=seeds, rules=any_rules(maker_fee=0.0, target_order="market"), paid=st.booleans())
def test_equity_is_cash_and_the_open_position_at_every_candle(random_walk, engine, seed, rules, paid):
    candles = random_walk(seed, 300)
    funding = settlements_on(candles, seed)
    if not paid:
        funding = type(funding)(funding.time[:0], funding.rate[:0])
    trades, equity = engine(random_signals(seed, candles), candles, rules, funding)
    expected = np.full(len(candles), rules.start_equity)
    for trade in trades:
        begin, end = int(trade["entry_row"]), int(trade["exit_row"])
        held = trade["sign"] * trade["quantity"] * (candles.close - trade["entry_price"])
        received = paid_by_candle(trade, candles, funding)
        held += received - trade["quantity"] * trade["entry_price"] * rules.fee
        assert trade["funding"] == pytest.approx(received[-1], rel=1e-9, abs=1e-9)
        if trade["ended"] == OPEN:
            expected[begin:] += held[begin:]
        else:
            expected[begin:end] += held[begin:end]
            expected[end:] += trade["pnl"]
    np.testing.assert_allclose(equity, expected, rtol=1e-9, atol=1e-7)


@every_engine
@properties
@given(seed=seeds, rules=any_rules(), paid=st.booleans())
def test_a_trades_profit_is_its_price_change_less_costs_and_costs_are_never_negative(
    random_walk, engine, seed, rules, paid
):
    candles = random_walk(seed, 300)
    trades, _ = engine(random_signals(seed, candles), candles, rules, settlements_on(candles, seed) if paid else None)
    assert (trades["fees"] >= 0).all()
    gross = trades["sign"] * trades["quantity"] * (trades["exit_price"] - trades["entry_price"])
    np.testing.assert_allclose(trades["pnl"], gross - trades["fees"] + trades["funding"], rtol=1e-9, atol=1e-7)
    dearest = trades["quantity"] * (trades["entry_price"] + trades["exit_price"]) * max(rules.fee, rules.maker_fee)
    assert (trades["fees"] <= dearest * (1 + 1e-12) + 1e-12).all()
    if not paid:
        assert (trades["funding"] == 0).all()


@every_engine
@properties
@given(seed=seeds, rules=any_rules(slippage=0.0))
def test_no_fill_outside_the_range_of_its_candle(random_walk, engine, seed, rules):
    candles = random_walk(seed, 300)
    trades, _ = engine(random_signals(seed, candles), candles, rules)
    np.testing.assert_array_equal(trades["entry_price"], candles.open[trades["entry_row"]])
    row, price = trades["exit_row"], trades["exit_price"]
    # A market that opens beyond the bankruptcy price is the insurance fund's affair, not the account's.
    bankrupt = trades["entry_price"] * (1 - trades["sign"] / rules.leverage)
    insured = (trades["ended"] == BY_LIQUIDATION) & np.isclose(price, bankrupt, rtol=1e-12)
    assert (((price >= candles.low[row]) & (price <= candles.high[row])) | insured).all()
    at_open = np.isin(trades["ended"], (BY_SIGNAL, BY_TIME))
    np.testing.assert_array_equal(price[at_open], candles.open[row[at_open]])
    still = trades["ended"] == OPEN
    np.testing.assert_array_equal(price[still], candles.close[row[still]])


@every_engine
@properties
@given(seed=seeds, rules=any_rules())
def test_one_position_at_a_time_within_what_the_account_covers(random_walk, engine, seed, rules):
    candles = random_walk(seed, 300)
    trades, _ = engine(random_signals(seed, candles), candles, rules)
    assert (trades["entry_row"] > 0).all()
    assert (trades["exit_row"] >= trades["entry_row"]).all()
    assert (trades["entry_row"][1:] >= trades["exit_row"][:-1]).all()
    assert (trades["ended"] != OPEN)[:-1].all()
    assert (trades["quantity"] > 0).all()
    assert set(trades["sign"].tolist()) <= {"long": {1}, "short": {-1}, "both": {1, -1}}[rules.direction]
    before = rules.start_equity + np.concatenate([[0.0], np.cumsum(trades["pnl"])])[:-1]
    value = trades["quantity"] * trades["entry_price"]
    assert (value / rules.leverage + value * rules.fee <= before * (1 + 1e-9) + 1e-6).all()
    if rules.sizing != "all_in":
        assert (value <= rules.max_position * (1 + rules.slippage) * (1 + 1e-9)).all()
    if rules.max_candles:
        assert (trades["exit_row"] - trades["entry_row"] <= rules.max_candles).all()


@every_engine
@properties
@given(seed=seeds, rules=any_rules())
def test_the_same_again_is_the_same(random_walk, engine, seed, rules):
    candles = random_walk(seed, 300)
    signals = random_signals(seed, candles)
    (trades, equity), (again, curve) = engine(signals, candles, rules), engine(signals, candles, rules)
    assert_same_trades(again, trades)
    np.testing.assert_array_equal(equity, curve)


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
    signals = random_signals(seed, candles)
    rules = Rules(fee=0.001, slippage=0.0005, stop_loss_percent=2.0, take_profit_percent=4.0)
    found = recent(signals, candles, rules, window=window)
    trades, equity = replay(signals[-window:], candles[-window:], rules)
    assert found.trades == np.count_nonzero(trades["ended"] != OPEN)
    assert found.return_pct == pytest.approx(100 * (equity[-1] / 10_000 - 1), rel=1e-9, abs=1e-9)
