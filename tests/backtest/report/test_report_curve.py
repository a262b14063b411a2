import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gobot.backtest.report import Curve, Month, drawdowns, months
from gobot.core import DAY_MS

JANUARY = 1_735_689_600_000  # 2025-01-01
HOUR = 3_600_000


def curve_of(*values, step=HOUR, start=JANUARY):
    return Curve(start + step * np.arange(len(values)), np.array(values, float))


def test_a_curve_begins_with_the_start_and_has_a_point_per_close():
    curve = Curve.of_closes(np.array([0, HOUR]), HOUR, np.array([101.0, 99.0]), 100.0)
    np.testing.assert_array_equal(curve.time, [0, HOUR, 2 * HOUR])
    np.testing.assert_array_equal(curve.value, [100, 101, 99])


def test_drawdowns_by_hand():
    deep, shallow = drawdowns(curve_of(100, 110, 99, 104.5, 110, 120, 118, 121, 60))[:2]
    assert (deep.depth, deep.back_ms) == (pytest.approx(100 * 61 / 121), None)
    assert (deep.peak_ms, deep.trough_ms) == (JANUARY + 7 * HOUR, JANUARY + 8 * HOUR)
    assert shallow.depth == pytest.approx(10.0)
    assert (shallow.peak_ms, shallow.trough_ms, shallow.back_ms) == tuple(JANUARY + n * HOUR for n in (1, 2, 4))


def test_no_fall_no_drawdown():
    assert drawdowns(curve_of(100, 100, 101)) == []
    assert len(drawdowns(curve_of(*[100, 99] * 9), 4)) == 4


def test_months_by_hand():
    days = curve_of(*range(100, 161), step=DAY_MS)
    # The close at midnight of 1 February is January's last.
    assert [(month.year, month.month) for month in months(days)] == [(2025, 1), (2025, 2), (2025, 3)]
    gains = [month.gain for month in months(days)]
    assert gains == pytest.approx([100 * (131 / 100 - 1), 100 * (159 / 131 - 1), 100 * (160 / 159 - 1)])


def test_months_after_ruin_have_no_return():
    january, february = months(curve_of(100, 0, 0, step=20 * DAY_MS))
    assert january.gain == -100.0
    assert february.gain != february.gain


def test_months_multiply_to_the_whole():
    chance = np.random.RandomState(1)
    curve = curve_of(*(1000 * np.exp(np.cumsum(chance.normal(0, 0.01, 400)))), step=DAY_MS, start=JANUARY + 5 * DAY_MS)
    growth = np.prod([1 + month.gain / 100 for month in months(curve)])
    assert growth == pytest.approx(curve.value[-1] / curve.value[0])
    assert all(isinstance(month, Month) for month in months(curve))


@given(st.integers(0, 10_000), st.integers(2, 400))
def test_a_thinner_curve_has_the_same_extremes_and_the_same_drawdown(seed, buckets):
    chance = np.random.RandomState(seed)
    curve = curve_of(*np.exp(np.cumsum(chance.normal(0, 0.02, 1500))))
    thin = curve.thinned(buckets)
    assert len(thin) <= 2 * buckets + 4
    assert (thin.value[0], thin.value[-1]) == (curve.value[0], curve.value[-1])
    assert (thin.value.min(), thin.value.max()) == (curve.value.min(), curve.value.max())
    assert set(thin.time) <= set(curve.time)
    assert drawdowns(thin, 1)[0].depth == drawdowns(curve, 1)[0].depth
