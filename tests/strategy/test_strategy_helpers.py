"""Conditions, filters, levels and portfolio helpers, by hand."""

import numpy as np
import pandas as pd
import pytest

from gobot.core import StrategyError
from gobot.strategy import alignment, falling, lasting, recently, rising
from gobot.strategy.filters import WEEKDAYS, cooldown, session, volatility_between, volume_above
from gobot.strategy.levels import (
    rescale,
    reward_ratio,
    sides,
    stop_away,
    stop_percent,
    stop_swing,
    target_away,
    target_reward,
)
from gobot.strategy.portfolio import beta, correlation, inverse_volatility, strongest


def flags(text):
    return pd.Series([letter == "x" for letter in text])


def drawn(series):
    return "".join("x" if value else "." for value in series)


def test_rising_and_falling():
    values = pd.Series([1.0, 2, 2, 1, 3])
    assert drawn(rising(values)) == ".x..x"
    assert drawn(falling(values)) == "...x."
    assert drawn(rising(values, 3)) == "....x"


@pytest.mark.parametrize(
    ("given", "candles", "near", "all_along"),
    [("..x....x", 2, "..xxx..x", "........"), ("xxx.xxxx", 3, "xxxxxxxx", "..x...xx"), ("x", 5, "x", ".")],
)
def test_recently_and_lasting(given, candles, near, all_along):
    assert drawn(recently(flags(given), candles)) == near
    assert drawn(lasting(flags(given), candles)) == all_along


def test_alignment_needs_every_timeframe():
    frame = pd.DataFrame(
        {"trend": [1.0, 1, -1, 0, 1], "trend_1h": [2.0, -1, -5, 0, np.nan], "trend_4h": [0.1, 1, -1, 0, 1]}
    )
    assert alignment(frame, "trend", ("1h", "4h")).tolist() == [1, 0, -1, 0, 0]
    assert alignment(frame, "trend", ()).tolist() == [1, 1, -1, 0, 1]


def test_sessions():
    index = pd.date_range("2025-01-03 00:00", periods=12, freq="6h", tz="UTC")  # Friday to Sunday
    assert drawn(session(index, "06:00", "18:00")) == ".xx..xx..xx."
    assert drawn(session(index, "18:00", "06:00")) == "x..xx..xx..x"
    assert drawn(session(index, "00:00", "12:00", WEEKDAYS)) == "xx.........."
    with pytest.raises(StrategyError, match="session hours are written as 08:00, not '8'"):
        session(index, "8", "12:00")


def test_volatility_and_volume(random_walk):
    frame = random_walk(4, 300).frame()
    calm = volatility_between(frame, 0.0, 1.5)
    assert 0 < calm.sum() < 300
    assert not (calm & volatility_between(frame, 1.5001, 99.0)).any()
    loud = volume_above(frame.assign(volume=[1.0] * 299 + [2.1]), 2.0)
    assert loud.to_numpy().nonzero()[0].tolist() == [299]


def test_a_cooldown_does_not_depend_on_where_it_begins():
    signal = flags("x..x....x.xx.....x")
    assert drawn(cooldown(signal, 4)) == "x.......x........x"
    assert drawn(cooldown(signal, 1)) == "x..x....x.x......x"
    for begin in range(18):
        part = cooldown(signal.iloc[begin:], 4)
        assert drawn(part.iloc[4:]) == drawn(cooldown(signal, 4).iloc[begin + 4 :])


def test_levels_lie_on_their_side():
    close, side = pd.Series([100.0, 100.0]), sides(np.array([True, False]))
    assert side.tolist() == [1.0, -1.0]
    stop = stop_away(close, side, 2.0)
    assert stop.tolist() == [98.0, 102.0]
    assert stop_percent(close, side, 5.0).tolist() == [95.0, 105.0]
    assert target_away(close, side, pd.Series([3.0, 4.0])).tolist() == [103.0, 96.0]
    target = target_reward(close, stop, 1.5)
    assert target.tolist() == [103.0, 97.0]
    assert reward_ratio(close, stop, target).tolist() == [1.5, 1.5]
    assert reward_ratio(close, close.to_numpy(), target).tolist() == [np.inf, np.inf]
    candles = pd.DataFrame({"high": [104.0, 101.0], "low": [99.0, 97.0]})
    assert stop_swing(candles, side, 2, beyond=1.0)[1] == 105.0
    assert stop_swing(candles, -side, 2)[1] == 97.0


def test_rescale():
    assert rescale(np.array([0.0, 5, 10, 20]), 0, 10).tolist() == [0.0, 0.5, 1.0, 1.0]
    assert rescale(pd.Series([40.0, 20, 5]), 30, 10).tolist() == [0.0, 0.5, 1.0]


def test_portfolios():
    chance = np.random.RandomState(5)
    market = chance.normal(0, 0.01, 400)
    moves = {"BTC": market, "ETH": 1.5 * market, "GOLD": chance.normal(0, 0.002, 400), "PEG": np.zeros(400)}
    closes = 100.0 * np.exp(pd.DataFrame(moves).cumsum())
    together = correlation(closes, 300)
    assert together.loc["BTC", "ETH"] == pytest.approx(1.0)
    assert abs(together.loc["BTC", "GOLD"]) < 0.2
    assert beta(closes, "BTC", 300)["ETH"] == pytest.approx(1.5)
    weights = inverse_volatility(closes, 300)
    assert weights.sum() == pytest.approx(1.0)
    assert weights["BTC"] == pytest.approx(1.5 * weights["ETH"])
    assert weights["PEG"] == 0.0
    assert weights["GOLD"] > weights["BTC"]
    assert strongest(pd.DataFrame({"a": [1.0, 2], "b": [1.0, 3], "c": [1.0, 3], "d": [np.nan, 9]}), 1, 2) == ["b", "c"]
