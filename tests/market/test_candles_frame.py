"""Candles from DataFrames and back."""

import numpy as np
import pandas as pd
import pytest

from gobot.core import DataError, Timeframe
from gobot.market import Candles

COLUMNS = {"open": [1.0, 2.0], "high": [3.0, 4.0], "low": [0.5, 1.0], "close": [2.0, 2.5], "volume": [7.0, 8.0]}


def frame(unit="ns", tz="UTC", **columns):
    index = pd.DatetimeIndex(["2025-01-01T00:00", "2025-01-01T00:15"], tz=tz).as_unit(unit)
    return pd.DataFrame({**COLUMNS, **columns}, index=index)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("tz", ["UTC", None])
def test_a_frame_of_any_resolution(unit, tz):
    candles = Candles.from_frame(frame(unit, tz))
    assert candles.time.tolist() == [1_735_689_600_000, 1_735_690_500_000]
    assert [getattr(candles, name).tolist() for name in COLUMNS] == list(COLUMNS.values())


def test_another_time_zone_is_the_same_moment():
    index = pd.DatetimeIndex(["2025-01-01T01:00", "2025-01-01T01:15"], tz="Europe/Berlin")
    assert Candles.from_frame(frame().set_index(index)).time[0] == 1_735_689_600_000


def test_there_and_back():
    whole = frame()
    pd.testing.assert_frame_equal(
        Candles.from_frame(whole).frame(), whole, check_names=False, check_index_type=False, check_freq=False
    )


def test_whole_numbers_become_floats():
    assert Candles.from_frame(frame(volume=[1, 2])).volume.dtype == np.float64


def test_what_is_no_frame_of_candles_is_said_in_words():
    with pytest.raises(DataError, match="lacks the columns close, volume: rename"):
        Candles.from_frame(frame().drop(columns=["close", "volume"]))
    with pytest.raises(DataError, match="indexed by time"):
        Candles.from_frame(frame().reset_index(drop=True))
    with pytest.raises(DataError, match="must strictly increase"):
        Candles.from_frame(frame().iloc[::-1])


@pytest.mark.parametrize(
    ("steps", "minutes"), [([1, 1, 1], 1), ([5, 1, 1], 1), ([1, 5, 1], 1), ([2, 1, 3, 1, 3, 3], 3), ([7], 7)]
)
def test_the_timeframe_is_the_commonest_step(steps, minutes):
    time = 60_000 * np.concatenate([[0], np.cumsum(steps)])
    assert Candles.from_columns(time, *np.ones((5, len(time)))).step() == Timeframe(60_000 * minutes)
