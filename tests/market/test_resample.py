"""Longer candles: only complete groups, on the grid of the longer length."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gobot.core import DataError, Timeframe
from gobot.market import Candles, resample

M5, M15, H1, D1, W1 = (Timeframe.parse(text) for text in ("5m", "15m", "1h", "1d", "1w"))
MIDNIGHT = 1_735_689_600_000  # a Wednesday


def candles(*minutes):
    """Candles that open so many minutes after midnight, with prices that tell them apart."""
    k = np.arange(1.0, len(minutes) + 1)
    return Candles.from_columns(MIDNIGHT + 60_000 * np.array(minutes), k, k + 0.5, k - 0.5, k + 0.25, 10 * k)


def test_a_group_is_one_candle():
    found = resample(candles(0, 5, 10), M5, M15)
    row = [getattr(found, name).tolist() for name in ("time", "open", "high", "low", "close", "volume")]
    assert row == [[MIDNIGHT], [1.0], [3.5], [0.5], [3.25], [60.0]]


@pytest.mark.parametrize(
    ("minutes", "opens"),
    [
        ((0, 5, 10, 15, 20), [0]),  # cut off at the end
        ((5, 10, 15, 20, 25), [15]),  # and at the beginning
        ((0, 10, 15, 20, 25), [15]),  # a hole
        ((0, 5, 10, 12, 15, 20, 25), [0, 15]),  # a row off the grid is no candle
        ((0, 5, 12, 15, 20, 25), [15]),  # and does not fill a hole
        ((0, 10, 20), []),
        ((), []),
    ],
)
def test_only_complete_groups(minutes, opens):
    found = resample(candles(*minutes), M5, M15)
    assert ((found.time - MIDNIGHT) // 60_000).tolist() == opens


def test_weeks_begin_on_monday():
    found = resample(candles(*range(0, 14 * 1440, 1440)), D1, W1)
    assert found.time.tolist() == [MIDNIGHT + 5 * 86_400_000]


def test_lengths_that_do_not_divide():
    with pytest.raises(DataError, match="15m candles cannot be made from 1h candles"):
        resample(candles(0, 60), H1, M15)
    with pytest.raises(DataError, match="do not divide"):
        resample(candles(0, 5), M5, Timeframe.parse("12m"))


def test_the_same_length_is_the_same_candles():
    given_ = candles(0, 5)
    assert resample(given_, M5, M5) is given_


@given(st.sets(st.integers(0, 60)))
def test_agrees_with_the_obvious_way(numbers):
    series = candles(*(5 * n for n in sorted(numbers)))
    found = resample(series, M5, M15)
    groups = [n for n in range(0, 61, 3) if {n, n + 1, n + 2} <= numbers]
    assert found.time.tolist() == [MIDNIGHT + 300_000 * n for n in groups]
    for n, high, volume in zip(groups, found.high, found.volume, strict=True):
        rows = [sorted(numbers).index(n + i) for i in range(3)]
        assert (high, volume) == (series.high[rows].max(), series.volume[rows].sum())
