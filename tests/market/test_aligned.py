"""Several timeframes at one moment: nothing is seen before it has closed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gobot.core import ManualClock, Timeframe
from gobot.market import (
    Candles,
    CandleStore,
    Series,
    aligned_frame,
    join_closed,
    newest_closed,
    read_or_resample,
    resample,
)

M15, H1, H4, D1 = (Timeframe.parse(text) for text in ("15m", "1h", "4h", "1d"))
MIDNIGHT = 1_735_689_600_000


def test_the_newest_closed_candle(random_walk):
    quarters = random_walk(1, 24)
    frame = aligned_frame(quarters, M15, {H1: resample(quarters, M15, H1)})
    # The decision on a quarter is made when it ends: the last one of an hour sees that hour.
    seen = [np.nan] * 3 + [close for hour in (3, 7, 11, 15, 19) for close in [quarters.close[hour]] * 4]
    np.testing.assert_array_equal(frame["close_1h"], [*seen, quarters.close[23]])
    np.testing.assert_array_equal(frame["close"], quarters.close)
    assert list(frame) == [
        *("open", "high", "low", "close", "volume"),
        *("open_1h", "high_1h", "low_1h", "close_1h", "volume_1h"),
    ]


hours = st.lists(st.integers(0, 30), unique=True).map(sorted)


@given(hours, st.lists(st.integers(0, 150), unique=True).map(sorted))
def test_it_is_the_obvious_one_whatever_is_missing(hours, quarters):
    opens = np.array([MIDNIGHT + n * H1.ms for n in hours], np.int64)
    moments = np.array([MIDNIGHT + (n + 1) * M15.ms for n in quarters], np.int64)
    expected = [max((k for k, hour in enumerate(opens) if hour + H1.ms <= moment), default=-1) for moment in moments]
    assert newest_closed(moments, opens, H1).tolist() == expected


@given(st.integers(1, 60))
def test_what_comes_later_changes_nothing_before(count):
    numbers = np.arange(1.0, 301)
    quarters = Candles.from_columns(MIDNIGHT + M15.ms * np.arange(300), *[numbers] * 5)
    others = {H1: resample(quarters, M15, H1), H4: resample(quarters, M15, H4)}
    now_ms = MIDNIGHT + M15.ms * count
    known = {length: candles.between(None, now_ms - length.ms + 1) for length, candles in others.items()}
    then = aligned_frame(quarters[:count], M15, known)
    assert then.equals(aligned_frame(quarters, M15, others).iloc[:count])


def test_indicators_keep_their_names(random_walk):
    quarters = random_walk(1, 40)
    days = resample(quarters, M15, H4).frame()
    days["rising"] = days["close"] > days["open"]
    frame = join_closed(quarters.frame(), M15, days[["rising"]], H4)
    assert list(frame)[-1] == "rising_4h"
    assert frame["rising_4h"].iloc[:15].isna().all()
    assert frame["rising_4h"].iloc[15] == days["rising"].iloc[0]


def test_no_candles_of_the_other_length(random_walk):
    frame = aligned_frame(random_walk(1, 5), M15, {D1: Candles.empty()})
    assert frame["close_1d"].isna().all()


@pytest.fixture
def store(tmp_path):
    return CandleStore(tmp_path, clock=ManualClock(MIDNIGHT + 1000 * D1.ms))


def test_lengths_that_are_not_stored_are_put_together(store, random_walk):
    quarters = random_walk(1, 500)
    store.add(Series(venue="binance", symbol="BTC/USDT", timeframe=M15), quarters)
    wanted = Series(venue="binance", symbol="BTC/USDT", timeframe=H4)
    made = resample(quarters, M15, H4)
    assert read_or_resample(store, wanted).close.tolist() == made.close.tolist()
    bounds = int(made.time[3]), int(made.time[9])
    assert read_or_resample(store, wanted, *bounds).time.tolist() == made.time[3:9].tolist()
    assert read_or_resample(store, wanted, bounds[0] - 1, bounds[1] + 1).time.tolist() == made.time[3:10].tolist()
    other = Series(venue="binance", symbol="ETH/USDT", timeframe=H4)
    assert not len(read_or_resample(store, other))


def test_what_is_stored_goes_before_what_could_be_made(store, random_walk):
    quarters = random_walk(1, 500)
    hours = resample(quarters, M15, H1)
    hours.close[:] = hours.high
    for length, candles in ((M15, quarters), (H1, hours)):
        store.add(Series(venue="binance", symbol="BTC/USDT", timeframe=length), candles)
    stored = read_or_resample(store, Series(venue="binance", symbol="BTC/USDT", timeframe=H1))
    assert stored.close.tolist() == hours.close.tolist()
    made = read_or_resample(store, Series(venue="binance", symbol="BTC/USDT", timeframe=H4))
    assert made.close.tolist() == resample(hours, H1, H4).close.tolist()
