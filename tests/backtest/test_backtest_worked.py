"""Exits, costs and liquidations worked out by hand: each row says the arithmetic in words.

Positions of 100 USDT without fees, unless a row says otherwise: one coin, entered at the open of candle 1 at 100.
"""

import numpy as np
import pytest
from backtest_cases import candles_of, signals_of

from gobot.backtest import Rules
from gobot.backtest.conditions import conditions_of
from gobot.backtest.events import events_in
from gobot.backtest.records import ENDINGS
from gobot.backtest.run import run_events
from gobot.market import FundingRates
from gobot.matching import maintenance_tiers

BARS = [(100, 101, 99, 100), (100, 104, 98, 103), (105, 110, 103, 108), (108, 109, 90, 95), (94, 96, 92, 95)]
GAP = [*BARS[:3], (101, 102, 90, 95), (94, 96, 92, 95)]
COIN = {"fee": 0.0, "sizing": "fixed", "size": 100.0, "start_equity": 1000.0}
LONG, SHORT = 1, -1


def run(bars, side, rules, *, funding=None, tiers=None, **levels):
    """The one trade that ``side`` at candle 0 makes, and the equity."""
    candles = candles_of(bars)
    if funding is not None:
        funding = FundingRates(candles.time[0] + np.array([at for at, _ in funding]), np.array([r for _, r in funding]))
    conditions = conditions_of(candles, rules, symbol="BTC/USDT:USDT", funding=funding)
    if tiers is not None:
        conditions = conditions._replace(tiers=tiers, rules=rules.compiled(tiers))
    signals = signals_of([side] + [0] * (len(bars) - 1), **{name: {0: price} for name, price in levels.items()})
    (trade,), equity = run_events(events_in(signals), conditions)
    return trade, equity


def words(trade):
    return f"{trade['exit_row']}@{trade['exit_price']:g} {ENDINGS[trade['ended']]}"


@pytest.mark.parametrize(
    ("what", "bars", "side", "rules", "levels", "expected"),
    [
        (
            "trailing 5 %: 95 at first, 97.85 behind the close of 103, 102.6 behind 108: the low of 90 reaches it",
            BARS, LONG, {"trailing_percent": 5.0}, {}, "3@102.6 trailing",
        ),
        (
            "the same after a gap: the open of 101 is below 102.6 already",
            GAP, LONG, {"trailing_percent": 5.0}, {}, "3@101 trailing",
        ),
        (
            "trailing 5 % of a short: 105, not moved up by the close of 103; the next candle opens there",
            BARS, SHORT, {"trailing_percent": 5.0}, {}, "2@105 trailing",
        ),
        (
            "trailing 1 % is reached in the candle of the entry: 99, and the low is 98",
            BARS, LONG, {"trailing_percent": 1.0}, {}, "1@99 trailing",
        ),
        (
            "of stop and trailing stop the nearer: 102.6 comes before 100",
            BARS, LONG, {"trailing_percent": 5.0}, {"stop": 97}, "3@102.6 trailing",
        ),
        (
            "break-even at 3 %: the close of 103 moves the stop from 97 to the entry, the low of 90 fills it",
            BARS, LONG, {"break_even_percent": 3.0}, {"stop": 97}, "3@100 stop",
        ),
        (
            "break-even at 9 %: no close gets to 109, though a high of 110 does; the stop stays at 93",
            BARS, LONG, {"break_even_percent": 9.0}, {"stop": 93}, "3@93 stop",
        ),
        ("two candles at most: out at the open of the third", BARS, LONG, {"max_candles": 2}, {}, "3@108 time"),
        (
            "a stop inside the time limit comes first",
            BARS, LONG, {"max_candles": 2}, {"stop": 98}, "1@98 stop",
        ),
        (
            "a target that waits as a market order is touched by the high of 104",
            BARS, LONG, {}, {"target": 104}, "1@104 target",
        ),
        (
            "one that waits as a limit order is not: the next open of 105 is better and fills it",
            BARS, LONG, {"target_order": "limit"}, {"target": 104}, "2@105 target",
        ),
        (
            "a high of 104 goes through a limit order at 103.5",
            BARS, LONG, {"target_order": "limit"}, {"target": 103.5}, "1@103.5 target",
        ),
        ("stop 99 and target 103 in one candle: the stop", BARS, LONG, {}, {"stop": 99, "target": 103}, "1@99 stop"),
        (
            "trailing stop 99 and target 103 in one candle: the stop",
            BARS, LONG, {"trailing_percent": 1.0}, {"target": 103}, "1@99 trailing",
        ),
        (
            "a short's stop 103 and target 99 in one candle: the stop",
            BARS, SHORT, {}, {"stop": 103, "target": 99}, "1@103 stop",
        ),
        (
            "a short whose candle opens at 105, beyond the stop of 104.5: the open",
            BARS, SHORT, {}, {"stop": 104.5}, "2@105 stop",
        ),
        (
            "a candle that opens beyond the target and then falls through the stop: the open came first",
            BARS, LONG, {}, {"stop": 97, "target": 104.5}, "2@105 target",
        ),
        ("slippage of 1 % on a stop: 98 becomes 97.02", BARS, LONG, {"slippage": 0.01}, {"stop": 98}, "1@97.02 stop"),
        (
            "and none on a limit order",
            BARS, LONG, {"slippage": 0.01, "target_order": "limit"}, {"target": 103.5}, "1@103.5 target",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and "@" not in value else "",
)  # fmt: skip
def test_exits(what, bars, side, rules, levels, expected):
    assert words(run(bars, side, Rules(**COIN | rules), **levels)[0]) == expected


@pytest.mark.parametrize(
    ("what", "rules", "levels", "fees", "pnl"),
    [
        ("0.1 % of 100 in and of the stop's 98 out: 0.1 + 0.098; -2 - 0.198", {}, {"stop": 98}, 0.198, -2.198),
        ("0.1 % of 100 and of 104: 0.1 + 0.104; 4 - 0.204", {}, {"target": 104}, 0.204, 3.796),
        (
            "a limit order pays the maker's 0.02 %: 0.1 + 0.02 % of 103.5 = 0.0207; 3.5 - 0.1207",
            {"target_order": "limit"}, {"target": 103.5}, 0.1207, 3.3793,
        ),
        (
            "slippage of 1 %: one coin at 101 and out at 98 less 1 %, 97.02; fees 0.101 + 0.09702; -3.98 - 0.19802",
            {"slippage": 0.01}, {"stop": 98}, 0.19802, -4.17802,
        ),
        ("still open: the entry's fee alone; 95 - 100 - 0.1", {}, {}, 0.1, -5.1),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_fees(what, rules, levels, fees, pnl):
    trade, equity = run(BARS, LONG, Rules(**COIN | {"fee": 0.001} | rules), **levels)
    assert (trade["fees"], trade["pnl"]) == pytest.approx((fees, pnl))
    assert equity[-1] == pytest.approx(1000 + pnl)


QUARTER = 900_000


@pytest.mark.parametrize(
    ("what", "side", "stamps", "levels", "funding"),
    [
        ("0.01 % of one coin at the open of candle 2, 105: a long pays", LONG, [(2 * QUARTER, 0.0001)], {}, -0.0105),
        ("and a short gets it", SHORT, [(2 * QUARTER, 0.0001)], {}, 0.0105),
        ("a negative rate: the long gets it", LONG, [(2 * QUARTER, -0.0001)], {}, 0.0105),
        ("inside candle 3: valued at its open of 108", LONG, [(3 * QUARTER + 400_000, 0.0002)], {}, -0.0216),
        ("at the open of the entry it is over before the order arrives", LONG, [(QUARTER, 0.01)], {}, 0.0),
        ("inside the candle of the entry it is not: 0.01 % of 100", LONG, [(QUARTER + 400_000, 0.0001)], {}, -0.01),
        (
            "at the open whose gap fills the stop the position still pays: 0.01 % of 105",
            SHORT, [(2 * QUARTER, -0.0001)], {"stop": 104.5}, -0.0105,
        ),
        ("after the stop nobody pays", LONG, [(2 * QUARTER, 0.01)], {"stop": 98}, 0.0),
        (
            "three in a row: 0.0105 + 0.0108 + 0.0094",
            LONG, [(2 * QUARTER, 0.0001), (3 * QUARTER, 0.0001), (4 * QUARTER, 0.0001)], {}, -0.0307,
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_funding(what, side, stamps, levels, funding):
    trade, equity = run(BARS, side, Rules(**COIN), funding=stamps, **levels)
    assert trade["funding"] == pytest.approx(funding)
    gross = side * (trade["exit_price"] - 100.0)
    assert trade["pnl"] == pytest.approx(gross + funding)
    assert equity[-1] == pytest.approx(1000 + gross + funding)


# 1,000 USDT of BTC at ten times: 0.02 BTC at 50,000, margin 100.  Up to 50,000 USDT 0.4 % must stay:
# a long is liquidated at (100 - 1000) / (0.02 * (0.004 - 1)) = 45,180.72, a short at
# (100 + 1000) / (0.02 * (0.004 + 1)) = 54,780.88; the margin is used up at 45,000 and at 55,000.
TEN = {"sizing": "fixed", "size": 1000.0, "leverage": 10.0, "fee": 0.0005, "start_equity": 1000.0}
CALM = (50_000, 50_100, 49_900, 50_000)


@pytest.mark.parametrize(
    ("what", "side", "last", "levels", "expected", "pnl"),
    [
        (
            "the low of 45,100: lost 0.02 * 4,819.28 = 96.39, entry fee 0.50, liquidation fee 0.45",
            LONG, (49_000, 49_500, 45_100, 46_000), {}, "2@45180.7 liquidation", -96.3855 - 0.5 - 0.4518,
        ),
        (
            "the low of 45,200 is not low enough: marked at the close, 0.02 * 4,000 and the entry fee",
            LONG, (49_000, 49_500, 45_200, 46_000), {}, "2@46000 open", -80.0 - 0.5,
        ),
        (
            "an open of 45,050 below the level: lost 99, and the fee takes 0.02 * 45,050 * 0.05 % = 0.45",
            LONG, (45_050, 45_500, 44_000, 45_000), {}, "2@45050 liquidation", -99.0 - 0.5 - 0.4505,
        ),
        (
            "an open of 44,000 beyond bankruptcy: the margin and no more; nothing is left for a fee",
            LONG, (44_000, 44_500, 43_000, 44_000), {}, "2@45000 liquidation", -100.0 - 0.5,
        ),
        (
            "a stop at 46,000 is nearer: lost 80, fee 0.46",
            LONG, (49_000, 49_500, 45_000, 46_000), {"stop": 46_000}, "2@46000 stop", -80.0 - 0.5 - 0.46,
        ),
        (
            "a stop at 45,100 comes too late",
            LONG, (49_000, 49_500, 45_000, 46_000), {"stop": 45_100}, "2@45180.7 liquidation", -96.3855 - 0.5 - 0.4518,
        ),
        (
            "liquidation and target in one candle: the liquidation",
            LONG, (49_000, 53_000, 45_000, 50_000), {"target": 52_000}, "2@45180.7 liquidation", -96.8855 - 0.4518,
        ),
        (
            "a short: lost 0.02 * 4,780.88 = 95.62, fee 0.02 * 54,780.88 * 0.05 % = 0.55",
            SHORT, (51_000, 54_800, 50_500, 54_000), {}, "2@54780.9 liquidation", -95.6175 - 0.5 - 0.5478,
        ),
        (
            "a short beyond bankruptcy",
            SHORT, (56_000, 57_000, 55_500, 56_000), {}, "2@55000 liquidation", -100.0 - 0.5,
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and "@" not in value else "",
)  # fmt: skip
def test_liquidation(what, side, last, levels, expected, pnl):
    trade, equity = run([CALM, CALM, last], side, Rules(**TEN), **levels)
    assert words(trade) == expected
    assert trade["pnl"] == pytest.approx(pnl, abs=1e-3)
    assert equity[-1] == pytest.approx(1000.0 + trade["pnl"])


# The tiers of early 2021 and the two positions of Binance's page "How to Calculate Liquidation Price of USDⓈ-M Futures
# Contracts", each as if isolated with the wallet's 1,535,443.01 USDT behind it.
BTC_2021 = maintenance_tiers(((50e3, 0.004), (250e3, 0.005), (1e6, 0.01), (10e6, 0.025), (20e6, 0.05)))
ETH_2021 = maintenance_tiers(
    ((10e3, 0.005), (100e3, 0.0065), (500e3, 0.01), (1e6, 0.02), (2e6, 0.05), (5e6, 0.1), (10e6, 0.125))
)
WALLET = 1_535_443.01


@pytest.mark.parametrize(
    ("tiers", "quantity", "entry", "level"),
    [
        # (1,535,443.01 + 16,300 - 109.488 * 32,481.98) / (109.488 * (0.025 - 1)): the fourth tier.
        pytest.param(BTC_2021, 109.488, 32_481.980, 18_778.73, id="BTCUSDT"),
        # (1,535,443.01 + 135,365 - 3,683.979 * 1,456.84) / (3,683.979 * (0.1 - 1)): the sixth tier.
        pytest.param(ETH_2021, 3_683.979, 1_456.84, 1_114.78, id="ETHUSDT"),
    ],
)
def test_binances_own_examples(tiers, quantity, entry, level):
    value = quantity * entry
    rules = Rules(fee=0.0, sizing="fixed", size=value, leverage=value / WALLET, start_equity=WALLET)
    bars = [(entry, entry, entry, entry)] * 2
    trade, equity = run([*bars, (entry, entry, 0.9999 * level, entry)], LONG, rules, tiers=tiers)
    assert (ENDINGS[trade["ended"]], trade["quantity"]) == ("liquidation", pytest.approx(quantity))
    assert trade["exit_price"] == pytest.approx(level, rel=1e-5)
    assert equity[-1] == pytest.approx(WALLET - quantity * (entry - level), rel=1e-4)
    spared, _ = run([*bars, (entry, entry, 1.0001 * level, entry)], LONG, rules, tiers=tiers)
    assert ENDINGS[spared["ended"]] == "open"
