import numpy as np
import pandas as pd
import pytest
import talib

from gobot.strategy import crossover, crossunder, overbought, oversold
from gobot.strategy.indicators import (
    adx,
    atr,
    bollinger,
    efficiency_ratio,
    ema,
    ema_warmup,
    highest,
    lowest,
    macd,
    rsi,
    sma,
    standard_deviation,
    stochastic,
    stochastic_rsi,
    wilder_warmup,
)

NAN = float("nan")


@pytest.fixture(scope="module")
def frame(random_walk):
    return random_walk(3, 1500).frame()


def series(*values):
    return pd.Series(values, dtype=float)


def test_by_hand():
    values = series(1, 2, 4, 7, 11)
    assert sma(values, 2).tolist()[1:] == [1.5, 3.0, 5.5, 9.0]
    assert sma(values, 6).isna().all()
    assert highest(values, 3).tolist()[2:] == [4, 7, 11]
    assert lowest(values, 3).tolist()[2:] == [1, 2, 4]
    assert standard_deviation(series(2, 4, 4, 4, 5, 5, 7, 9), 8).iloc[-1] == 2.0
    assert efficiency_ratio(series(1, 3, 2, 4), 3).iloc[-1] == pytest.approx(3 / 5)
    assert efficiency_ratio(series(5, 5, 5), 2).iloc[-1] == 0.0
    assert efficiency_ratio(series(1, 2, 3), 2).iloc[-1] == 1.0


def test_they_agree_with_pandas_and_talib(frame):
    close = frame["close"]
    pd.testing.assert_series_equal(sma(close, 50), close.rolling(50).mean(), check_names=False, rtol=1e-12)
    pd.testing.assert_series_equal(
        standard_deviation(close, 20), close.rolling(20).std(ddof=0), check_names=False, rtol=1e-9
    )
    upper, middle, lower = talib.BBANDS(close.to_numpy(), 20, 2.0, 2.0)
    bands = bollinger(close, 20, 2.0)
    np.testing.assert_allclose(np.array([*bands]), [upper, middle, lower], rtol=1e-9)
    k, d = talib.STOCH(*(frame[name].to_numpy() for name in ("high", "low", "close")), 14, 3, 0, 3, 0)
    np.testing.assert_allclose(np.array([*stochastic(frame)])[:, 20:], np.array([k, d])[:, 20:], rtol=1e-9)


def test_ranges(frame):
    strength, momentum = rsi(frame["close"]), stochastic_rsi(frame["close"])
    for oscillator in (strength, adx(frame), momentum.k, momentum.d):
        settled = oscillator.iloc[100:]
        assert settled.between(-1e-9, 100 + 1e-9).all()
    assert (atr(frame).iloc[20:] > 0).all()
    line, signal, histogram = macd(frame["close"])
    np.testing.assert_allclose((line - signal).iloc[40:], histogram.iloc[40:])


def test_a_flat_market_has_a_stochastic_in_the_middle():
    flat = pd.DataFrame({name: np.full(40, 5.0) for name in ("open", "high", "low", "close")})
    assert stochastic(flat).k.iloc[-1] == 50.0


def test_averages_are_the_same_bits_wherever_the_data_begins(frame):
    """Running sums are not: their rounding depends on all prices before."""
    close = frame["close"]
    later = close.iloc[731:]
    assert sma(close, 50).iloc[731 + 49 :].equals(sma(later, 50).iloc[49:])
    assert standard_deviation(close, 20).iloc[731 + 19 :].equals(standard_deviation(later, 20).iloc[19:])
    assert efficiency_ratio(close, 20).iloc[731 + 20 :].equals(efficiency_ratio(later, 20).iloc[20:])


@pytest.mark.parametrize("begin", [300, 611])
def test_recursive_indicators_forget_their_beginning_within_their_warmup(frame, begin):
    later = frame.iloc[begin:]
    for whole, part, warmup in [
        (rsi(frame["close"], 14), rsi(later["close"], 14), wilder_warmup(14)),
        (atr(frame, 14), atr(later, 14), wilder_warmup(14)),
        (ema(frame["close"], 50), ema(later["close"], 50), ema_warmup(50)),
    ]:
        assert len(later) > warmup
        np.testing.assert_allclose(part.iloc[warmup - 1 :], whole.iloc[begin + warmup - 1 :], rtol=1e-8)
    assert ema_warmup(1) == wilder_warmup(1) == 1


@pytest.mark.parametrize(
    ("a", "b", "over", "under"),
    [
        # plain crossings
        ((1, 3), (2, 2), [1], []),
        ((3, 1), (2, 2), [], [1]),
        ((1, 3, 1, 3), (2, 2, 2, 2), [1, 3], [2]),
        # through a tie: the candle after it
        ((1, 2, 3), (2, 2, 2), [2], []),
        ((1, 2, 2, 2, 3), (2, 2, 2, 2, 2), [4], []),
        # touching and turning back
        ((3, 2, 3), (2, 2, 2), [], []),
        ((1, 2, 1), (2, 2, 2), [], []),
        # a tie to begin with: nobody knows the side
        ((2, 3), (2, 2), [], []),
        # rounding is no crossing
        ((1, 2 + 4e-16, 1, 2 - 4e-16, 3), (2, 2, 2, 2, 2), [4], []),
        # beside a NaN there is no crossing
        ((1, NAN, 3), (2, 2, 2), [], []),
        ((NAN, 1, 3), (2, 2, 2), [2], []),
        ((1, 3, 3), (2, NAN, 2), [], []),
    ],
)
def test_crossings(a, b, over, under):
    a, b = series(*a), series(*b)
    assert np.flatnonzero(crossover(a, b)).tolist() == over
    assert np.flatnonzero(crossunder(a, b)).tolist() == under
    assert np.flatnonzero(crossunder(b, a)).tolist() == over


def test_crossing_a_level_and_staying_beyond_it():
    strength = series(20, 29, 31, 75, 71, 69)
    assert crossover(strength, 30).tolist() == [False, False, True, False, False, False]
    assert crossunder(strength, 70).tolist() == [False] * 5 + [True]
    assert oversold(strength).tolist() == [True, True, False, False, False, False]
    assert overbought(strength, 70).tolist() == [False, False, False, True, True, False]


def test_crossings_without_ties_are_those_of_every_chart(frame):
    fast, slow = sma(frame["close"], 10), sma(frame["close"], 50)
    plain = (fast.shift(1) < slow.shift(1)) & (fast > slow)
    assert plain.sum() > 10
    assert crossover(fast, slow).equals(plain)
