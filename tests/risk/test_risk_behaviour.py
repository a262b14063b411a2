"""How a symbol moves, how much of it is traded, and what moves together: against plain arithmetic."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from risk_cases import BTC, ETH, SETTINGS, position

from gobot.core import ZERO, Timeframe
from gobot.market import Candles
from gobot.risk import candles_seen, view_of
from gobot.risk.behaviour import LEAST, behaviour_of, correlations_of

QUARTER = Timeframe.parse("15m")
XRP = "XRP/USDT:USDT"


def walk(seed: int, rows: int = 300, start: int = 0, scale: float = 0.004) -> Candles:
    """A random walk of so many candles, the first one ``start`` candles after the epoch."""
    random = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(random.normal(0, scale, rows)))
    before = np.concatenate([[100.0], close[:-1]])
    high = np.maximum(close, before) * (1 + random.random(rows) * scale)
    low = np.minimum(close, before) * (1 - random.random(rows) * scale)
    time = (np.arange(rows) + start) * QUARTER.ms
    return Candles.from_columns(time, before, high, low, close, random.random(rows) * 1000)


def followed(candles: Candles, close) -> Candles:
    return Candles(candles.time, close, close, close, close, candles.volume)


def test_figures_against_plain_arithmetic() -> None:
    candles = walk(1)
    frame = candles.frame()
    before = frame.close.shift()
    true_range = pd.concat([frame.high - frame.low, (frame.high - before).abs(), (frame.low - before).abs()], axis=1)
    atr = (true_range.max(axis=1)[1:].rolling(14).mean() / frame.close[1:]).dropna()
    found = behaviour_of(candles, QUARTER, 96)
    assert found is not None
    assert found.atr_percentile == pytest.approx(100 * (atr < atr.iloc[-1]).mean())
    changes = np.log(frame.close).diff().tail(96)
    assert found.volatility_pct == pytest.approx(100 * changes.std() * math.sqrt(365 * 96))
    assert found.traded == pytest.approx((frame.close * frame.volume).median())


def test_a_market_whose_ranges_are_all_the_same_is_not_extreme() -> None:
    price = np.full(100, 100.0)
    same = Candles.from_columns(np.arange(100) * QUARTER.ms, price, price + 0.3, price - 0.7, price, price)
    found = behaviour_of(same, QUARTER, 96)
    assert found is not None
    assert (found.atr_percentile, found.volatility_pct) == (0.0, 0.0)


def test_the_widest_range_of_all_is_above_all_others() -> None:
    candles = walk(2)
    high = candles.high.copy()
    high[-1] *= 2
    found = behaviour_of(
        Candles(candles.time, candles.open, high, candles.low, candles.close, candles.volume), QUARTER, 96
    )
    assert found is not None
    assert found.atr_percentile == pytest.approx(100 * (1 - 1 / (300 - 14)))


def test_too_few_candles_say_nothing() -> None:
    assert behaviour_of(walk(3, LEAST), QUARTER, 96) is None
    assert behaviour_of(walk(3, LEAST + 1), QUARTER, 96) is not None


def test_correlations_against_numpy_over_the_common_candles() -> None:
    series = {BTC: walk(4), ETH: walk(5), XRP: walk(6, 280, start=15)}
    series[XRP] = Candles(*(np.delete(getattr(series[XRP], name), range(200, 210)) for name in Candles.__slots__))
    found = correlations_of(series, [BTC, ETH], [XRP], QUARTER, 96)
    frames = {symbol: candles.frame().close for symbol, candles in series.items()}
    table = pd.DataFrame({symbol: np.log(close.reindex(frames[BTC].index)) for symbol, close in frames.items()})
    expected = table.diff().tail(96).corr()
    assert found.keys() == {(BTC, ETH), (BTC, XRP), (ETH, XRP)}
    for (one, other), value in found.items():
        assert value == pytest.approx(expected.loc[one, other])


def test_pairs_that_nobody_asked_for_are_left_out() -> None:
    series = {BTC: walk(4), ETH: walk(5), XRP: walk(6)}
    assert correlations_of(series, [BTC], [ETH, XRP], QUARTER, 96).keys() == {(BTC, ETH), (BTC, XRP)}
    assert correlations_of(series, [BTC], [], QUARTER, 96) == {}
    assert correlations_of(series, [], [BTC, ETH], QUARTER, 96) == {}


@pytest.mark.parametrize(("start", "known"), [(300 - LEAST - 1, True), (300 - LEAST, False)])
def test_a_pair_needs_returns_in_common(start: int, known: bool) -> None:
    series = {BTC: walk(4), ETH: walk(5, 200, start=start)}
    series[BTC] = Candles.concatenate([series[BTC], walk(7, 200 - (300 - start), start=300)])
    late = {BTC: series[BTC].between(None, 300 * QUARTER.ms), ETH: series[ETH]}
    assert (correlations_of(late, [BTC], [ETH], QUARTER, 200) != {}) is known


def test_a_symbol_that_stands_still_is_correlated_with_nothing_known() -> None:
    moving = walk(4)
    still = followed(moving, np.full(300, 7.3))
    assert correlations_of({BTC: moving, ETH: still}, [BTC], [ETH], QUARTER, 96) == {}


@given(seed=st.integers(0, 2**32 - 1), power=st.sampled_from([1.0, 0.01, -1.0]))
def test_what_follows_is_correlated_wholly(seed: int, power: float) -> None:
    candles = walk(seed)
    follower = followed(candles, candles.close**power)
    ((pair, value),) = correlations_of({ETH: candles, BTC: follower}, [ETH], [BTC], QUARTER, 96).items()
    assert pair == (BTC, ETH)
    assert value == pytest.approx(math.copysign(1.0, power), abs=1e-6)
    assert -1.0 <= value <= 1.0


def test_the_view_knows_them_for_what_enters_and_what_is_open() -> None:
    series = {BTC: walk(4), ETH: walk(5), XRP: walk(6, 20, start=280)}
    view = view_of(
        SETTINGS,
        now_ms=300 * QUARTER.ms,
        steady_ms=300 * QUARTER.ms,
        equity=ZERO,
        available=ZERO,
        positions=(position(ETH),),
        entering=[BTC, XRP, "never listed"],
        candles=series,
        tickers={},
        markets={},
        validation={},
        closed=(),
    )
    assert view.behaviour.keys() == {BTC}, "of XRP there are too few candles"
    assert view.candles.keys() == {BTC, XRP}
    assert view.correlations.keys() == {(BTC, ETH)}
    assert view.correlation(ETH, BTC) == view.correlation(BTC, ETH) == view.correlations[BTC, ETH]
    assert view.correlation(XRP, ETH) is None
    assert (view.clock_skew_ms, view.books) == (0, None)


def test_candles_that_a_view_needs() -> None:
    assert candles_seen(SETTINGS) == 481
    rules = SETTINGS.risk_manager.model_copy(update={"correlation_window": 2000})
    assert candles_seen(SETTINGS.model_copy(update={"risk_manager": rules})) == 2001
