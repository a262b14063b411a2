"""One trade after another worked out by hand."""

import pytest
from backtest_cases import candles_of, signals_of

from gobot.backtest import Rules, replay

# Positions of 100 USDT, without fees: one coin at an open of 100.
FREE = Rules(fee=0.0, sizing="fixed", size=100.0, start_equity=1000.0)
BARS = [(100, 101, 99, 100), (100, 104, 98, 103), (105, 110, 103, 108), (108, 109, 90, 95), (94, 96, 92, 95)]
ENDED = ("open", "signal", "stop", "target")


def run(entry, rules=FREE, **columns):
    """The trades in words: side, candle and price of the entry and of the exit, what ended it."""
    trades, _ = replay(signals_of(entry, **columns), candles_of(BARS), rules)
    return [
        f"{'long' if t['sign'] > 0 else 'short'} {t['entry_row']}@{t['entry_price']:g} "
        f"{t['exit_row']}@{t['exit_price']:g} {ENDED[t['ended']]}"
        for t in trades
    ]


LONG, SHORT = [1, 0, 0, 0, 0], [-1, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("what", "entry", "columns", "trades"),
    [
        ("a signal fills at the next open", LONG, {}, ["long 1@100 4@95 open"]),
        ("an exit too", LONG, {"exit_": [0, 1, 0, 0, 0]}, ["long 1@100 2@105 signal"]),
        ("an exit of the other side does nothing", LONG, {"exit_": [0, 2, 2, 2, 2]}, ["long 1@100 4@95 open"]),
        ("the opposite signal reverses", [1, -1, 0, 0, 0], {}, ["long 1@100 2@105 signal", "short 2@105 4@95 open"]),
        ("the same signal again does nothing", [1, 1, 1, 0, 0], {}, ["long 1@100 4@95 open"]),
        ("the last signal has no next open", [0, 0, 0, 0, 1], {}, []),
        ("a stop in the entry candle", LONG, {"stop": {0: 98}}, ["long 1@100 1@98 stop"]),
        ("a stop touched exactly", LONG, {"stop": {0: 90}}, ["long 1@100 3@90 stop"]),
        ("a stop inside a candle", [0, 1, 0, 0, 0], {"stop": {1: 94.5}}, ["long 2@105 3@94.5 stop"]),
        ("a gap through the stop: the open", SHORT, {"stop": {0: 104.5}}, ["short 1@100 2@105 stop"]),
        ("a target in the entry candle", LONG, {"target": {0: 104}}, ["long 1@100 1@104 target"]),
        ("a gap through the target: the open", LONG, {"target": {0: 104.5}}, ["long 1@100 2@105 target"]),
        ("a target of a short", SHORT, {"target": {0: 97}}, ["short 1@100 3@97 target"]),
        ("both in one candle: the stop", LONG, {"stop": {0: 99}, "target": {0: 103}}, ["long 1@100 1@99 stop"]),
        (
            "a gap to the target before the stop",
            LONG,
            {"stop": {0: 95}, "target": {0: 105}},
            ["long 1@100 2@105 target"],
        ),
        (
            "after a stop the next signal enters again",
            [1, 0, -1, 0, 0],
            {"stop": {0: 98}},
            ["long 1@100 1@98 stop", "short 3@108 4@95 open"],
        ),
        ("no entry where the stop is already reached", LONG, {"stop": {0: 100}}, []),
        ("no entry where the target is", [0, 1, 0, 0, 0], {"target": {1: 105}}, []),
        ("a reversal refused still closes", [1, -1, 0, 0, 0], {"stop": {1: 105}}, ["long 1@100 2@105 signal"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_fills(what, entry, columns, trades):
    assert run(entry, **columns) == trades


def test_equity_is_cash_and_position_at_every_close():
    _, equity = replay(signals_of([1, -1, 0, 0, 0]), candles_of(BARS), FREE)
    # One coin from 100, at 105 turned into 100/105 coins short.
    short = 100 / 105
    assert equity.tolist() == pytest.approx([1000, 1003, 1005 - short * 3, 1005 + short * 10, 1005 + short * 10])


def test_direction_limits_what_is_opened_not_what_is_closed():
    entry = [1, -1, 0, 0, 0]
    size = {"fee": 0.0, "sizing": "fixed", "size": 100.0}
    assert run(entry, Rules(**size, direction="long")) == ["long 1@100 2@105 signal"]
    assert run(entry, Rules(**size, direction="short")) == ["short 2@105 4@95 open"]


def test_fees_on_both_sides_and_slippage_on_every_fill():
    rules = Rules(fee=0.001, slippage=0.01, sizing="fixed", size=100.0, start_equity=1000.0)
    (long, short), equity = replay(signals_of([1, 0, -1, 0, 0], target={2: 100}), candles_of(BARS), rules)
    # The size follows from the open before slippage: 100 / 100 and 100 / 108 coins.
    assert (long["quantity"], long["entry_price"], long["exit_price"]) == pytest.approx((1.0, 101.0, 108 * 0.99))
    assert long["fees"] == pytest.approx(0.101 + 0.10692)
    assert long["pnl"] == pytest.approx(106.92 - 101 - 0.20792)
    assert (short["quantity"], short["entry_price"], short["exit_price"]) == pytest.approx((100 / 108, 106.92, 101.0))
    assert short["pnl"] == pytest.approx(100 / 108 * (106.92 - 101 - 0.001 * (106.92 + 101)))
    assert equity[0] == 1000
    assert equity[-1] == pytest.approx(1000 + long["pnl"] + short["pnl"])


def test_percentages_of_the_settings_apply_where_the_strategy_sets_none():
    rules = Rules(fee=0.0, slippage=0.01, stop_loss_percent=2.0, take_profit_percent=4.0)
    trade = replay(signals_of(LONG, target={0: 120}), candles_of(BARS), rules)[0][0]
    # Of the open, before slippage: that is what is known when the stop is armed.
    assert (trade["stop"], trade["target"]) == pytest.approx((98.0, 120.0))
    trade = replay(signals_of([0, -1, 0, 0, 0]), candles_of(BARS), rules)[0][0]
    assert (trade["stop"], trade["target"]) == pytest.approx((105 * 1.02, 105 * 0.96))


@pytest.mark.parametrize(
    ("rules", "quantity"),
    [
        ({"slippage": 0.01}, 1000 / (101 * 1.001)),
        ({"sizing": "fixed", "size": 250.0}, 2.5),
        ({"sizing": "fixed", "size": 5000.0}, 1000 / (100 * 1.001)),
        ({"sizing": "fixed", "size": 250.0, "max_position": 40.0}, 0.4),
        ({"sizing": "fraction", "size": 0.25}, 2.5),
        ({"sizing": "fraction", "size": 1.0, "max_position": 300.0}, 3.0),
    ],
)
def test_sizing(rules, quantity):
    trades, _ = replay(signals_of(LONG), candles_of(BARS), Rules(fee=0.001, start_equity=1000.0, **rules))
    assert trades[0]["quantity"] == pytest.approx(quantity, rel=1e-12)


def test_all_in_spends_the_cash_with_the_fee_and_not_a_cent_more():
    rules = Rules(fee=0.001, slippage=0.01, start_equity=1000.0)
    trade = replay(signals_of(LONG), candles_of(BARS), rules)[0][0]
    assert trade["quantity"] * trade["entry_price"] * 1.001 == pytest.approx(1000, rel=1e-12)


def test_nothing_left_means_no_entry():
    ruin = candles_of([(100, 100, 100, 100)] * 2 + [(300, 300, 300, 300)] * 3)
    trades, equity = replay(signals_of([-1, 1, -1, 1, 0]), ruin, Rules(fee=0.0, start_equity=1000.0))
    assert len(trades) == 1
    assert equity[-1] == -1000
