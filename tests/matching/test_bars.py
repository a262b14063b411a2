"""The fill rules, as a table: one row per situation."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gobot.matching import limit_fill, slipped, stop_fill, target_fill, trailed

LONG, SHORT = 1, -1
NO = math.nan

# Each row: the rule, the sign, its level, the candle as open, high and low, and the price expected.
FILLS = [
    ("a stop inside the candle fills at its level", stop_fill, LONG, 95, (100, 102, 94), 95),
    ("a stop that is touched fills", stop_fill, LONG, 95, (100, 102, 95), 95),
    ("a stop that is not reached waits", stop_fill, LONG, 95, (100, 102, 96), NO),
    ("a gap through a stop fills at the open", stop_fill, LONG, 95, (93, 99, 92), 93),
    ("a short's stop lies above", stop_fill, SHORT, 105, (100, 106, 99), 105),
    ("a gap through a short's stop fills at the open", stop_fill, SHORT, 105, (107, 108, 101), 107),
    ("a target inside the candle fills at its level", target_fill, LONG, 105, (100, 106, 99), 105),
    ("a gap through a target fills at the better open", target_fill, LONG, 105, (107, 108, 101), 107),
    ("a short's target lies below", target_fill, SHORT, 95, (100, 102, 94), 95),
    ("touching a limit is not enough", limit_fill, LONG, 95, (100, 102, 95), NO),
    ("trading through a limit fills it at the limit", limit_fill, LONG, 95, (100, 102, 94), 95),
    ("a gap through a limit fills at the better open", limit_fill, LONG, 95, (93, 99, 92), 93),
    ("an open at the limit is only a touch", limit_fill, LONG, 95, (95, 99, 95), NO),
    ("a limit to sell lies above", limit_fill, SHORT, 105, (100, 106, 99), 105),
]


def same(found, expected):
    return found == expected or (math.isnan(found) and math.isnan(expected))


@pytest.mark.parametrize(
    ("rule", "sign", "level", "bar", "price"), [row[1:] for row in FILLS], ids=[r[0] for r in FILLS]
)
def test_one_order_in_one_candle(rule, sign, level, bar, price):
    assert same(rule(sign, float(level), *map(float, bar)), price)


def test_slippage_is_always_against_the_trader():
    assert slipped(100.0, LONG, 0.001) == pytest.approx(100.1)
    assert slipped(100.0, SHORT, 0.001) == pytest.approx(99.9)


def test_a_trailing_stop_starts_behind_the_close_and_never_goes_back():
    levels = [math.nan]
    for close in (100.0, 110.0, 104.0, 120.0):
        levels.append(trailed(LONG, levels[-1], close, 0.1))
    assert levels[1:] == pytest.approx([90.0, 99.0, 99.0, 108.0])
    assert trailed(SHORT, 110.0, 90.0, 0.1) == pytest.approx(99.0)
    assert trailed(SHORT, 99.0, 95.0, 0.1) == pytest.approx(99.0)


prices = st.integers(1, 2000).map(lambda steps: steps / 4)
bars = st.tuples(prices, prices, prices).map(lambda p: (p[0], max(p), min(p)))


@given(st.sampled_from([LONG, SHORT]), prices, bars, st.sampled_from([stop_fill, target_fill, limit_fill]))
def test_nothing_fills_outside_the_candle(sign, level, bar, rule):
    price = rule(sign, level, *bar)
    assert math.isnan(price) or bar[2] <= price <= bar[1]


@given(st.sampled_from([LONG, SHORT]), prices, bars, st.sampled_from([stop_fill, target_fill, limit_fill]))
def test_a_mirrored_market_gives_mirrored_fills(sign, level, bar, rule):
    open_, high, low = bar
    price = rule(sign, level, open_, high, low)
    mirrored = rule(-sign, 1000 - level, 1000 - open_, 1000 - low, 1000 - high)
    assert same(mirrored, 1000 - price)
