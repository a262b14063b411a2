"""Liquidation prices against Binance's own examples, and what they must mean."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gobot.matching import liquidation_fill, liquidation_price, maintenance_tiers, max_leverage, tiers_of

# The tiers that were in force when Binance's help page worked its examples (early 2021).
BTC_2021 = maintenance_tiers(((50e3, 0.004), (250e3, 0.005), (1e6, 0.01), (10e6, 0.025), (20e6, 0.05)))
ETH_2021 = maintenance_tiers(
    ((10e3, 0.005), (100e3, 0.0065), (500e3, 0.01), (1e6, 0.02), (2e6, 0.05), (5e6, 0.1), (10e6, 0.125))
)

# name, tiers, sign, quantity, entry, margin, liquidation price
WORKED = [
    ("Binance's BTCUSDT example, isolated", BTC_2021, 1, 109.488, 32_481.980, 1_535_443.01, 18_778.73),
    ("Binance's ETHUSDT example, isolated", ETH_2021, 1, 3_683.979, 1_456.84, 1_535_443.01, 1_114.78),
    # 1,000 USDT of BTC at 10 times: 0.4 % stays; (100 - 1000 + 0) / (0.02 * (0.004 - 1)).
    ("long, lowest tier, ten times", tiers_of("BTC/USDT:USDT"), 1, 0.02, 50_000.0, 100.0, 45_180.72),
    # (100 + 1000) / (0.02 * (0.004 + 1)).
    ("short, lowest tier, ten times", tiers_of("BTC/USDT:USDT"), -1, 0.02, 50_000.0, 100.0, 54_780.88),
    # 1,000 USDT of an altcoin at 20 times: 1.5 % stays; (50 - 1000) / (100 * (0.015 - 1)).
    ("long altcoin, twenty times", tiers_of("SOL/USDT:USDT"), 1, 100.0, 10.0, 50.0, 9.6447),
    # Short 60,000 USDT at twice: the value at liquidation is in the third tier (2.5 %, amount 150):
    # (30000 + 150 + 60000) / (600 * (0.025 + 1)).
    ("the tier at the liquidation price counts", tiers_of("SOL/USDT:USDT"), -1, 600.0, 100.0, 30_000.0, 146.585),
    ("a long without leverage cannot be liquidated", tiers_of("SOL/USDT:USDT"), 1, 1.0, 100.0, 100.0, 0.0),
]


@pytest.mark.parametrize(
    ("tiers", "sign", "quantity", "entry", "margin", "expected"), [w[1:] for w in WORKED], ids=[w[0] for w in WORKED]
)
def test_worked_examples(tiers, sign, quantity, entry, margin, expected):
    assert liquidation_price(sign, quantity, entry, margin, tiers) == pytest.approx(expected, rel=1e-5)


def test_maintenance_amounts_are_the_published_ones():
    assert BTC_2021[:, 1].tolist() == pytest.approx([0, 50, 1_300, 16_300, 266_300])
    assert tiers_of("BTC/USDT:USDT")[:4, 1].tolist() == pytest.approx([0, 50, 950, 11_450])
    assert tiers_of("BTC/USDT:USDT")[-1, 1] == pytest.approx(421_481_450)


def maintenance(value, tiers):
    """The requirement looked up tier by tier, the long way."""
    return max(rate * value - amount for rate, amount in tiers)


@given(
    st.sampled_from(["BTC/USDT:USDT", "SOL/USDT:USDT"]),
    st.sampled_from([1, -1]),
    st.floats(10.0, 5e7),
    st.floats(0.01, 1e5),
    st.integers(2, 50),
)
def test_at_the_liquidation_price_the_margin_left_is_the_maintenance_margin(symbol, sign, value, entry, leverage):
    tiers, quantity, margin = tiers_of(symbol), value / entry, value / leverage
    price = liquidation_price(sign, quantity, entry, margin, tiers)
    left = margin + sign * quantity * (price - entry)
    assert left == pytest.approx(maintenance(quantity * price, tiers), abs=1e-6 * value)


def test_leverage_that_is_offered():
    assert (max_leverage("BTC/USDT:USDT"), max_leverage("SOL/USDT:USDT")) == (125, 50)


@pytest.mark.parametrize(
    ("sign", "bar", "expected"),
    [
        (1, (100.0, 101.0, 91.0), math.nan),
        (1, (100.0, 101.0, 90.0), 90.0),
        (1, (89.0, 99.0, 80.0), 89.0),
        (1, (85.0, 99.0, 80.0), 88.0),  # no worse than bankruptcy
        (-1, (100.0, 112.0, 99.0), 110.0),
        (-1, (111.0, 112.0, 99.0), 111.0),
        (-1, (120.0, 122.0, 99.0), 112.0),
    ],
)
def test_liquidation_inside_a_candle(sign, bar, expected):
    level, bankruptcy = (90.0, 88.0) if sign > 0 else (110.0, 112.0)
    price = liquidation_fill(sign, level, bankruptcy, *bar)
    assert price == expected or (math.isnan(price) and math.isnan(expected))
