"""Indicators against values that others have published."""

import numpy as np
import pandas as pd
import pytest

from gobot.strategy import indicators as ta

# Fifteen days and what Tulip Indicators (tests/untest.txt) computes from them, to three digits, last value last.
OPEN = "81.85 81.20 81.55 82.91 83.10 83.41 82.71 82.70 84.20 84.25 84.03 85.45 86.18 88.00 87.60"
HIGH = "82.15 81.89 83.03 83.30 83.85 83.90 83.33 84.30 84.84 85.00 85.90 86.58 86.98 88.00 87.87"
LOW = "81.29 80.64 81.31 82.65 83.07 83.11 82.49 82.30 84.15 84.11 84.03 85.39 85.76 87.17 87.01"
CLOSE = "81.59 81.06 82.87 83.00 83.61 83.15 82.84 83.99 84.55 84.36 85.53 86.54 86.89 87.77 87.29"
VOLUME = """5653100 6447400 7690900 3831400 4455100 3798000 3936200 4732000 4841300 3915300 6830800 6694100 5293600
            7985800 4807900"""


def numbers(text):
    return np.array(text.split(), float)


def daily(**columns):
    index = pd.date_range("2025-01-01", periods=len(next(iter(columns.values()))), tz="UTC", unit="ms")
    return pd.DataFrame(columns, index=index)


CANDLES = daily(open=numbers(OPEN), high=numbers(HIGH), low=numbers(LOW), close=numbers(CLOSE), volume=numbers(VOLUME))
SHUT = CANDLES["close"]

TULIP = [
    (ta.sma(SHUT, 5), "82.426 82.738 83.094 83.318 83.628 83.778 84.254 84.994 85.574 86.218 86.804"),
    (ta.rma(SHUT, 5), "82.426 82.571 82.625 82.898 83.228 83.455 83.870 84.404 84.901 85.475 85.838"),
    (ta.wma(SHUT, 5), "82.825 83.066 83.100 83.399 83.809 84.053 84.637 85.399 86.031 86.763 87.121"),
    (ta.hma(SHUT, 5), "83.690 83.038 83.472 84.550 84.835 85.360 86.552 87.346 87.965 87.916"),
    (ta.trima(SHUT, 5), "82.437 82.908 83.204 83.260 83.440 83.807 84.302 84.863 85.537 86.288 86.901"),
    (ta.kama(SHUT, 5), "83.560 83.452 83.506 83.647 83.686 84.126 85.026 85.690 86.447 86.673"),
    (ta.vwma(CANDLES, 5), "82.332 82.610 83.070 83.354 83.682 83.822 84.409 85.165 85.698 86.418 86.805"),
    (ta.linear_regression(SHUT, 5), "83.622 83.722 83.112 83.560 84.172 84.604 85.404 86.210 86.946 87.854 87.754"),
    (ta.linear_slope(SHUT, 5), "0.598 0.492 0.009 0.121 0.272 0.413 0.575 0.608 0.686 0.818 0.475"),
    (ta.standard_deviation(SHUT, 5), "0.948 0.875 0.280 0.423 0.605 0.671 0.871 0.926 1.019 1.174 0.758"),
    (
        ta.true_range(CANDLES),
        "0.860 1.250 1.970 0.650 0.850 0.790 0.840 2.000 0.850 0.890 1.870 1.190 1.220 1.110 0.860",
    ),
    (ta.bollinger(SHUT, 5).lower, "80.530 80.987 82.533 82.472 82.418 82.435 82.511 83.143 83.536 83.870 85.289"),
    (ta.bollinger(SHUT, 5).upper, "84.322 84.489 83.655 84.164 84.838 85.121 85.997 86.845 87.612 88.566 88.319"),
    (
        ta.donchian(CANDLES.assign(high=SHUT), 5).upper,
        "83.61 83.61 83.61 83.99 84.55 84.55 85.53 86.54 86.89 87.77 87.77",
    ),
    (
        ta.donchian(CANDLES.assign(low=SHUT), 5).lower,
        "81.06 81.06 82.84 82.84 82.84 82.84 82.84 83.99 84.36 84.36 85.53",
    ),
    (ta.rsi(SHUT, 5), "72.034 64.927 75.936 79.796 74.713 83.033 87.478 88.755 91.483 78.498"),
    (ta.stochastic(CANDLES, 5).k, "77.385 83.126 84.867 88.361 95.246 96.740 91.091"),
    (ta.stochastic(CANDLES, 5).d, "75.702 78.011 81.793 85.452 89.491 93.449 94.359"),
    (ta.momentum(SHUT, 5), "1.560 1.780 1.120 1.550 0.750 2.380 3.700 2.900 3.220 2.930"),
    (ta.roc(SHUT, 5) / 100, "0.019 0.022 0.014 0.019 0.009 0.029 0.045 0.035 0.038 0.035"),
    (ta.cci(CANDLES, 5), "166.667 82.020 95.501 130.912 99.163 116.342 71.928"),
    (ta.cmo(SHUT, 5), "44.068 53.614 42.105 50.162 28.090 70.414 90.686 88.415 89.444 75.321"),
    (ta.williams_r(CANDLES, 5), "-7.477 -23.006 -40.927 -15.500 -11.417 -23.704 -10.278 -0.935 -3.051 -5.793 -17.884"),
    (
        ta.ultimate_oscillator(CANDLES, 2, 3, 5),
        "43.499 34.044 65.883 73.955 53.388 64.149 81.282 90.186 86.114 65.450",
    ),
    (
        ta.money_flow_index(CANDLES, 5),
        "61.172 67.308 62.796 64.661 45.238 67.841 85.578 85.963 87.504 84.647",
    ),
    (ta.aroon(CANDLES, 5).down, "20 0 0 80 60 40 20 0 40 20"),
    (ta.aroon(CANDLES, 5).up, "100 80 100 100 100 100 100 100 100 80"),
    # The classic line is -6447400, 1243500, … 29450200: its change over five days.
    (ta.obv(CANDLES, 5), "5732000 8243200 5284300 6294200 -2076200 8552600 19182900 19744500 22889000 21996400"),
]


@pytest.mark.parametrize(("found", "published"), TULIP)
def test_tulip_indicators(found, published):
    expected = numbers(published)
    assert found.index.equals(CANDLES.index)
    np.testing.assert_allclose(found.to_numpy()[-expected.size :], expected, atol=6e-4)


def test_chande_s_own_example():
    """The New Technical Trader, page 96."""
    close = pd.Series(
        numbers(
            """101.0313 101.0313 101.1250 101.9687 102.7813 103.0000 102.9687 103.0625 102.9375 102.7188 102.7500
               102.9063 102.9687"""
        )
    )
    np.testing.assert_allclose(ta.cmo(close, 10).dropna(), [69.62, 71.4286, 71.0839], atol=1e-2)


def test_a_cloud_that_ta4j_publishes():
    """ta4j, IchimokuIndicatorTest: conversion 3, base 5, span 9."""
    high = """45.17 45.15 45.32 45.25 45.20 45.20 45.16 45.22 45.27 45.45
              45.50 45.60 45.61 45.55 45.04 44.29 43.99 43.65 43.99"""
    low = """44.96 44.99 45.11 45.04 45.10 45.10 45.07 45.10 45.14 45.20
             45.39 45.35 45.39 44.80 44.17 43.81 43.08 43.06 43.53"""
    cloud = ta.ichimoku(daily(high=numbers(high), low=numbers(low)), 3, 5, 9)
    expected = {
        "conversion": {3: 45.155, 4: 45.18, 5: 45.145, 8: 45.17, 16: 44.06, 17: 43.675, 18: 43.525},
        "base": {4: 45.14, 5: 45.155, 6: 45.18, 7: 45.145, 8: 45.17, 16: 44.345, 18: 44.05},
        "span_a": {8: 45.16, 9: 45.15, 10: 45.1575, 16: 45.4275, 17: 45.205, 18: 44.89},
        "span_b": {13: 45.22, 16: 45.34, 17: 45.205, 18: 44.89},
    }
    for line, values in expected.items():
        found = getattr(cloud, line)
        np.testing.assert_allclose(found.iloc[list(values)], list(values.values()), err_msg=line)


def test_a_supertrend_that_ta4j_publishes():
    """ta4j, SuperTrendIndicatorTest: period 2, width 1."""
    candles = daily(high=[12.0, 14, 16, 18], low=[10.0, 11, 13, 14], close=[11.0, 13, 15, 16])
    found = ta.supertrend(candles, 2, 1.0)
    assert found.line.iloc[2:].tolist() == [11.5, 12.5]
    assert found.direction.iloc[2:].tolist() == [1.0, 1.0]
    assert found.line.iloc[:2].isna().all()


def test_a_supertrend_turns_when_a_close_goes_beyond_its_line():
    close = np.array([10, 11, 12, 13, 9, 8, 7, 12, 13.0])
    candles = daily(high=close + 0.5, low=close - 0.5, close=close)
    found = ta.supertrend(candles, 1, 1.0)
    # True ranges from the second day on: 1.5 1.5 1.5 4.5 1.5 1.5 5.5 1.5; the line never moves away from price.
    assert found.direction.tolist()[1:] == [1, 1, 1, -1, -1, -1, 1, 1]
    assert found.line.tolist()[1:] == [9.5, 10.5, 11.5, 13.5, 9.5, 8.5, 6.5, 11.5]


def test_heikin_ashi_by_hand():
    candles = daily(open=[10.0, 12, 11], high=[13.0, 14, 12], low=[9.0, 11, 8], close=[12.0, 13, 9], volume=[1.0, 1, 1])
    found = ta.heikin_ashi(candles)
    assert found["close"].tolist() == [11.0, 12.5, 10.0]
    assert found["open"].tolist() == [11.0, 11.0, 11.75]
    assert found["high"].tolist() == [13.0, 14.0, 12.0]
    assert found["low"].tolist() == [9.0, 11.0, 8.0]


def test_heikin_ashi_opens_are_an_average_of_three():
    """TC2000's formula: the open is the exponential average (3) of the Heikin-Ashi closes before."""
    found = ta.heikin_ashi(CANDLES)
    smooth = found["close"].ewm(span=3, adjust=False).mean().shift(1)
    np.testing.assert_allclose(found["open"].iloc[-1], smooth.iloc[-1], atol=1e-3)


def test_choppiness_is_what_its_formula_says():
    """100 · log10(ΣTR / (highest - lowest)) / log10(n), Dreiss: 0 on a straight line, 100 where nothing moves on."""
    steps = np.arange(30.0)
    line = daily(high=steps + 1, low=steps, close=steps + 1)
    assert ta.choppiness(line, 14).iloc[-1] == pytest.approx(0.0, abs=1e-9)
    still = daily(high=np.full(30, 2.0), low=np.full(30, 1.0), close=np.full(30, 1.5))
    assert ta.choppiness(still, 14).iloc[-1] == pytest.approx(100.0)
    ranges = ta.true_range(CANDLES).iloc[-5:].sum()
    expected = 100 * np.log10(ranges / (88.00 - 84.03)) / np.log10(5)
    assert ta.choppiness(CANDLES, 5).iloc[-1] == pytest.approx(expected)


def test_donchian_is_the_highest_high_and_the_lowest_low():
    channel = ta.donchian(CANDLES, 5)
    assert (channel.upper.iloc[-1], channel.middle.iloc[-1], channel.lower.iloc[-1]) == (88.0, 86.015, 84.03)


def test_keltner_is_an_average_and_average_true_ranges():
    channel = ta.keltner(CANDLES, 5, 2.0, 5)
    np.testing.assert_allclose(channel.middle, ta.ema(SHUT, 5))
    # ATR (5) of the last day as Tulip has it: 1.137; it counts the first day's range, TA-Lib does not.
    np.testing.assert_allclose(channel.upper - channel.middle, 2 * ta.atr(CANDLES, 5))
    assert (channel.upper - channel.lower).iloc[-1] == pytest.approx(4 * 1.137, abs=0.15)


def test_the_average_price_of_the_day_starts_at_midnight():
    index = pd.date_range("2025-01-01 18:00", periods=5, freq="6h", tz="UTC", unit="ms")
    prices = [9.0, 10.0, 20.0, 40.0, 30.0]
    candles = pd.DataFrame(
        {"high": prices, "low": prices, "close": prices, "volume": [5.0, 1.0, 3.0, 0.0, 1.0]}, index=index
    )
    found = ta.vwap(candles)
    assert np.isnan(found.iloc[0])  # the day had begun before the data
    np.testing.assert_allclose(found.iloc[1:], [10.0, 70 / 4, 70 / 4, 100 / 5])


def test_z_scores_and_ranks():
    values = pd.Series([2.0, 4, 4, 4, 5, 5, 7, 9])
    assert ta.z_score(values, 8).iloc[-1] == 2.0
    assert ta.z_score(pd.Series([3.0] * 5), 5).iloc[-1] == 0.0
    assert ta.percent_rank(values, 4).tolist()[4:] == [100.0, 75.0, 100.0, 100.0]


def test_volume_says_who_pushes():
    up = daily(high=[2.0] * 6, low=[1.0] * 6, close=[2.0] * 6, volume=[10.0] * 5 + [30.0])
    assert ta.chaikin_money_flow(up, 5).iloc[-1] == 1.0
    assert ta.relative_volume(up, 5).iloc[-1] == 3.0
    silent = up.assign(volume=0.0)
    assert ta.chaikin_money_flow(silent, 5).iloc[-1] == 0.0
    assert ta.relative_volume(silent, 5).iloc[-1] == 1.0


def test_shapes_of_candles():
    falling = np.arange(40.0, 20.0, -1.0)
    base = daily(open=falling, high=falling + 0.2, low=falling - 1.2, close=falling - 1.0)
    swallowed = base.copy()
    swallowed.iloc[-1] = {"open": 19.5, "high": 23.0, "low": 19.4, "close": 22.5}
    assert ta.engulfing(base).iloc[-1] == 0
    assert ta.engulfing(swallowed).iloc[-1] == 1
    swallowed.iloc[-1] = {"open": 20.0, "high": 20.1, "low": 15.0, "close": 20.05}
    assert ta.hammer(swallowed).iloc[-1] == 1
    assert ta.doji(swallowed).iloc[-1] == 1
    assert ta.shooting_star(swallowed).iloc[-1] == 0
