"""What ends a position, as tables: one row per situation."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gobot.matching import (
    LIQUIDATED,
    NOT_FILLED,
    STOPPED,
    TARGETED,
    TRAILED,
    Bars,
    Levels,
    Moves,
    exit_after_limit,
    exit_fill,
    first_exit,
    moved,
)
from gobot.matching.exits import STRETCH

LONG, SHORT = 1, -1
NO = math.nan
STILL = Moves(0.0, NO, NO)


def levels(stop=NO, target=NO, *, trailing=NO, taken=(NO, NO), passive=False):
    """``taken`` is where it is liquidated, and where the margin is used up."""
    return Levels(*map(float, (stop, trailing, target, *taken)), passive)


def same(found, expected):
    return found[0] == expected[0] and (found[1] == expected[1] or (math.isnan(found[1]) and math.isnan(expected[1])))


# Each row: the sign, the levels, the candle as open, high and low, and what happens at which price.
EXITS = [
    ("neither", LONG, levels(95, 105), (100, 104, 96), (NOT_FILLED, NO)),
    ("both in one candle: the stop", LONG, levels(95, 105), (100, 106, 94), (STOPPED, 95)),
    ("a gap beyond the target comes before the stop", LONG, levels(95, 105), (106, 107, 94), (TARGETED, 106)),
    ("no target", LONG, levels(95), (100, 120, 94), (STOPPED, 95)),
    ("no stop", LONG, levels(target=105), (100, 120, 10), (TARGETED, 105)),
    ("nothing at all", SHORT, levels(), (100, 120, 10), (NOT_FILLED, NO)),
    ("both for a short: the stop", SHORT, levels(105, 95), (100, 106, 94), (STOPPED, 105)),
    ("a gap beyond a short's target", SHORT, levels(105, 95), (94, 106, 93), (TARGETED, 94)),
    ("of two stops the nearer one", LONG, levels(95, trailing=97), (100, 101, 90), (TRAILED, 97)),
    ("of two stops the nearer one", LONG, levels(98, trailing=97), (100, 101, 90), (STOPPED, 98)),
    ("two stops at one price: the first", LONG, levels(97, trailing=97), (100, 101, 90), (STOPPED, 97)),
    ("a trailing stop alone", SHORT, levels(trailing=103), (100, 104, 99), (TRAILED, 103)),
    ("a gap through both stops", LONG, levels(95, trailing=97), (94, 96, 90), (STOPPED, 94)),
    ("a gap through the trailing stop only", LONG, levels(95, trailing=97), (96, 97, 95.5), (TRAILED, 96)),
    ("a stop before the liquidation", LONG, levels(95, taken=(92, 90)), (100, 101, 80), (STOPPED, 95)),
    ("a liquidation before the stop", LONG, levels(90, taken=(92, 91)), (100, 101, 80), (LIQUIDATED, 92)),
    ("a gap through everything", LONG, levels(95, taken=(92, 90)), (85, 86, 80), (LIQUIDATED, 90)),
    ("an open between liquidation and stop", LONG, levels(95, taken=(92, 90)), (93, 94, 80), (STOPPED, 93)),
    ("a liquidated short", SHORT, levels(taken=(108, 110)), (100, 112, 99), (LIQUIDATED, 108)),
    ("a liquidation before a target", SHORT, levels(target=95, taken=(108, 110)), (100, 112, 90), (LIQUIDATED, 108)),
    ("touching a target that is a limit", LONG, levels(target=105, passive=True), (100, 105, 99), (NOT_FILLED, NO)),
    ("trading through it", LONG, levels(target=105, passive=True), (100, 105.5, 99), (TARGETED, 105)),
    ("opening at it is a touch", SHORT, levels(target=95, passive=True), (95, 96, 95), (NOT_FILLED, NO)),
    ("opening beyond it", SHORT, levels(target=95, passive=True), (94, 96, 93), (TARGETED, 94)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("sign", "waiting", "bar", "expected"),
    [row[1:] for row in EXITS],
    ids=[f"{row[0]} {k}" for k, row in enumerate(EXITS)],
)
def test_what_a_candle_does(sign, waiting, bar, expected):
    assert same(exit_fill(sign, waiting, *map(float, bar)), expected)


AFTER_LIMIT = [
    ("the high may have come before the entry", levels(90, 103), (100, 104, 97, 99), (NOT_FILLED, NO)),
    ("the close proves the target", levels(90, 103), (100, 105, 97, 104), (TARGETED, 103)),
    ("a stop in the candle of the entry", levels(97.5, 103), (100, 105, 97, 104), (STOPPED, 97.5)),
]


@pytest.mark.parametrize(
    ("waiting", "bar", "expected"), [row[1:] for row in AFTER_LIMIT], ids=[r[0] for r in AFTER_LIMIT]
)
def test_the_candle_inside_which_a_limit_order_filled(waiting, bar, expected):
    assert same(exit_after_limit(LONG, waiting, 98.0, *map(float, bar)), expected)


def test_a_trailing_stop_moves_at_the_close_and_never_back():
    waiting, moves = levels(trailing=90.0), Moves(0.1, NO, NO)
    seen = []
    for close in (110.0, 104.0, 120.0):
        waiting = moved(LONG, waiting, moves, close)
        seen.append(waiting.trailing)
    assert seen == pytest.approx([99.0, 99.0, 108.0])


@pytest.mark.parametrize(("stop", "after"), [(95.0, 100.0), (NO, 100.0), (101.0, 101.0)])
def test_a_stop_moves_to_the_entry_once_a_close_is_far_enough(stop, after):
    moves = Moves(0.0, 103.0, 100.0)
    before = moved(LONG, levels(stop), moves, 102.9).stop
    assert before == stop or math.isnan(stop)
    assert moved(LONG, levels(stop), moves, 103.0).stop == after
    mirrored = moved(SHORT, levels(200.0 - stop), Moves(0.0, 97.0, 100.0), 97.0).stop
    assert mirrored == 200.0 - after


def bars_of(chance, rows):
    close = 100.0 * np.exp(np.cumsum(chance.normal(0.0, 0.01, rows)))
    open_ = np.concatenate([[100.0], close[:-1]]) * np.exp(chance.normal(0.0, 0.003, rows))
    wick = np.abs(chance.normal(0.0, 0.004, (2, rows)))
    high, low = np.maximum(open_, close) * (1 + wick[0]), np.minimum(open_, close) * (1 - wick[1])
    starts = range(0, rows, STRETCH)
    lows = np.array([low[start : start + STRETCH].min() for start in starts])
    highs = np.array([high[start : start + STRETCH].max() for start in starts])
    return Bars(open_, high, low, close, lows, highs)


@settings(max_examples=300, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    sign=st.sampled_from([LONG, SHORT]),
    shares=st.tuples(*[st.one_of(st.just(NO), st.floats(0.001, 0.3)) for _ in range(4)]),
    distance=st.sampled_from([0.0, 0.01, 0.05]),
    passive=st.booleans(),
    span=st.tuples(st.integers(0, 400), st.integers(0, 400)),
)
def test_passing_candles_by_finds_what_looking_at_each_finds(seed, sign, shares, distance, passive, span):
    bars, (first, end) = bars_of(np.random.RandomState(seed), 400), sorted(span)
    entry = 100.0 if first == 400 else bars.open[first]
    stop, target, liquidation, trigger = shares
    waiting = levels(
        entry * (1 - sign * stop),
        entry * (1 + sign * target),
        trailing=entry * (1 - sign * distance) if distance else NO,
        taken=(entry * (1 - sign * liquidation), entry * (1 - sign * liquidation * 1.02)),
        passive=passive,
    )
    moves = Moves(distance, entry * (1 + sign * trigger), entry)
    expected, at = (end, NOT_FILLED, NO), waiting
    for row in range(first, end):
        what, price = exit_fill(sign, at, bars.open[row], bars.high[row], bars.low[row])
        if what != NOT_FILLED:
            expected = (row, what, price)
            break
        at = moved(sign, at, moves, bars.close[row])
    for lows, highs in ((bars.lows, bars.highs), (bars.lows[:0], bars.highs[:0])):
        found = first_exit(sign, waiting, moves, bars._replace(lows=lows, highs=highs), first, end)
        assert found[0] == expected[0]
        assert same(found[1:], expected[1:])
