"""What holds for every indicator: no future, no past beyond its warm-up, input untouched, the same from a cache."""

import numpy as np
import pandas as pd
import pytest

from gobot.market import Candles
from gobot.strategy import IndicatorCache
from gobot.strategy import indicators as ta
from gobot.strategy.indicators import ema_warmup, wilder_warmup
from gobot.strategy.longer import frame_of

# Trailing lines forget when they flip: on these candles within so many.
FLIPS = 300

CLOSE = {
    "sma": (lambda c: ta.sma(c, 20), 20),
    "ema": (lambda c: ta.ema(c, 20), ema_warmup(20)),
    "rma": (lambda c: ta.rma(c, 14), wilder_warmup(14)),
    "wma": (lambda c: ta.wma(c, 20), 20),
    "dema": (lambda c: ta.dema(c, 10), 2 * ema_warmup(10)),
    "tema": (lambda c: ta.tema(c, 10), 3 * ema_warmup(10)),
    "trima": (lambda c: ta.trima(c, 21), 21),
    "hma": (lambda c: ta.hma(c, 16), 16 + 4),
    "kama": (lambda c: ta.kama(c, 10), 600),
    "linear_regression": (lambda c: ta.linear_regression(c, 14), 14),
    "linear_slope": (lambda c: ta.linear_slope(c, 14), 14),
    "rsi": (lambda c: ta.rsi(c, 14), wilder_warmup(14)),
    "stochastic_rsi": (lambda c: ta.stochastic_rsi(c, 14), wilder_warmup(14) + 14 + 4),
    "macd": (ta.macd, ema_warmup(26) + ema_warmup(9)),
    "ppo": (ta.ppo, ema_warmup(26)),
    "momentum": (lambda c: ta.momentum(c, 10), 11),
    "roc": (lambda c: ta.roc(c, 10), 11),
    "cmo": (lambda c: ta.cmo(c, 14), 15),
    "trix": (lambda c: ta.trix(c, 9), 3 * ema_warmup(9) + 1),
    "tsi": (ta.tsi, ema_warmup(25) + ema_warmup(13) + 1),
    "z_score": (lambda c: ta.z_score(c, 20), 20),
    "percent_rank": (lambda c: ta.percent_rank(c, 50), 51),
    "highest": (lambda c: ta.highest(c, 14), 14),
    "lowest": (lambda c: ta.lowest(c, 14), 14),
    "standard_deviation": (lambda c: ta.standard_deviation(c, 20), 20),
    "realised_volatility": (lambda c: ta.realised_volatility(c, 20), 21),
    "bollinger": (lambda c: ta.bollinger(c, 20), 20),
    "bollinger_width": (lambda c: ta.bollinger_width(c, 20), 20),
    "percent_b": (lambda c: ta.percent_b(c, 20), 20),
    "efficiency_ratio": (lambda c: ta.efficiency_ratio(c, 10), 11),
}
CANDLES = {
    "vwma": (lambda c: ta.vwma(c, 20), 20),
    "stochastic": (ta.stochastic, 14 + 4),
    "cci": (lambda c: ta.cci(c, 14), 14),
    "williams_r": (lambda c: ta.williams_r(c, 14), 14),
    "ultimate_oscillator": (ta.ultimate_oscillator, 29),
    "awesome_oscillator": (ta.awesome_oscillator, 34),
    "money_flow_index": (ta.money_flow_index, 15),
    "true_range": (ta.true_range, 2),
    "atr": (lambda c: ta.atr(c, 14), wilder_warmup(14)),
    "natr": (lambda c: ta.natr(c, 14), wilder_warmup(14)),
    "keltner": (ta.keltner, ema_warmup(20)),
    "donchian": (lambda c: ta.donchian(c, 20), 20),
    "choppiness": (lambda c: ta.choppiness(c, 14), 15),
    "adx": (lambda c: ta.adx(c, 14), 2 * wilder_warmup(14)),
    "directional": (lambda c: ta.directional(c, 14), wilder_warmup(14)),
    "aroon": (lambda c: ta.aroon(c, 14), 15),
    "vortex": (lambda c: ta.vortex(c, 14), 15),
    "parabolic_sar": (ta.parabolic_sar, FLIPS),
    "supertrend": (ta.supertrend, FLIPS),
    "ichimoku": (ta.ichimoku, 52 + 25),
    "obv": (lambda c: ta.obv(c, 20), 21),
    "chaikin_money_flow": (ta.chaikin_money_flow, 20),
    "chaikin_oscillator": (ta.chaikin_oscillator, ema_warmup(10)),
    "force_index": (ta.force_index, ema_warmup(13) + 1),
    "relative_volume": (lambda c: ta.relative_volume(c, 20), 21),
    "vwap": (ta.vwap, 96),
    "heikin_ashi": (ta.heikin_ashi, ema_warmup(3)),
    "doji": (ta.doji, 20),
    "hammer": (ta.hammer, 20),
    "shooting_star": (ta.shooting_star, 20),
    "engulfing": (ta.engulfing, 20),
    "harami": (ta.harami, 20),
    "star": (ta.star, 20),
    "three_soldiers": (ta.three_soldiers, 20),
}
EVERY = {
    **{name: (lambda frame, of=of: of(frame["close"]), warmup) for name, (of, warmup) in CLOSE.items()},
    **CANDLES,
}
every = pytest.mark.parametrize(("of", "warmup"), EVERY.values(), ids=EVERY)


@pytest.fixture(scope="module")
def market(random_walk):
    return random_walk(11, 1800)


def table(result):
    """One column per line, whatever the indicator returns."""
    if isinstance(result, pd.DataFrame):
        return result.to_numpy(float)
    return np.column_stack(result if isinstance(result, tuple) else [result])


def test_none_is_forgotten():
    functions = {name for name in ta.__all__ if name.islower() and not name.endswith("_warmup")}
    assert functions == set(EVERY)


@every
def test_results_are_pandas_beside_their_candles(market, of, warmup):
    frame = market.frame()
    result = of(frame)
    lines = result if isinstance(result, tuple) else [result]
    assert all(isinstance(line, pd.Series | pd.DataFrame) and line.index.equals(frame.index) for line in lines)
    pd.testing.assert_frame_equal(frame, market.frame())
    assert np.isfinite(table(result)[warmup - 1 :]).all()


@every
def test_the_past_does_not_change_when_the_future_is_cut(market, of, warmup):
    whole = table(of(market.frame()))
    for cut in (1, 2, 30, 777, 1799):
        np.testing.assert_array_equal(table(of(market[:cut].frame())), whole[:cut])


@every
def test_the_beginning_is_forgotten_within_the_warmup(market, of, warmup):
    whole = table(of(market.frame()))
    scale = np.abs(whole[-500:]).max(axis=0)
    for begin in (1, 333, 802):
        settled = begin + warmup - 1
        part = table(of(market[begin:].frame()))[warmup - 1 :]
        assert (np.abs(part - whole[settled:]) <= 1e-6 * scale).all()


@every
def test_a_market_that_stands_still_has_no_infinity(of, warmup):
    rows = 400
    still = Candles.from_columns(
        1_735_689_600_000 + 900_000 * np.arange(rows), *[np.full(rows, 5.0)] * 4, np.zeros(rows)
    )
    assert not np.isinf(table(of(still.frame()))).any()


@every
def test_a_cache_gives_the_same_and_computes_once(market, of, warmup):
    cache = IndicatorCache()
    plain = table(of(market.frame()))
    with cache.used():
        for _ in range(2):
            frame = frame_of(market)
            np.testing.assert_array_equal(table(of(frame)), plain)
    assert cache.hits >= 2


def test_writing_to_what_a_cache_gave_changes_nothing_in_it(market):
    cache = IndicatorCache()
    with cache.used():
        frame = frame_of(market)
        frame["close"] = 1.0
        mean = ta.sma(frame_of(market)["close"], 5)
        mean.iloc[:] = 0.0
        again = ta.sma(frame_of(market)["close"], 5)
    assert again.equals(ta.sma(market.frame()["close"], 5))


def test_a_cache_is_not_fooled(market):
    """Other candles, values made on the way, other times: nothing is taken for something else."""
    cache = IndicatorCache()
    other = market[5:]
    with cache.used():
        close = frame_of(market)["close"]
        first = ta.sma(close, 5)
        for _ in range(3):
            assert ta.sma(close * 2, 5).equals(ta.sma(market.frame()["close"] * 2, 5))
            assert ta.sma(frame_of(other)["close"], 5).equals(ta.sma(other.frame()["close"], 5))
            assert ta.sma(close.iloc[5:], 5).index.equals(close.index[5:])
        moved = close.set_axis(close.index + pd.Timedelta(days=1))
        assert ta.sma(moved, 5).index.equals(moved.index)
        assert ta.sma(close, period=5).equals(first)


def test_a_cache_stays_within_its_bound(market):
    column = market.close.nbytes
    cache = IndicatorCache(max_bytes=10 * column)
    with cache.used():
        for period in range(2, 80):
            expected = ta.lowest(ta.sma(market.frame()["close"], period), 3)
            assert ta.lowest(ta.sma(frame_of(market)["close"], period), 3).equals(expected)
    assert repr(cache).startswith("IndicatorCache(")
    assert len(cache._results) <= 12
