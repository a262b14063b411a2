import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from unpacking import unpack

from gobot.backtest.report.packing import decimals, grouped, market_document, packed, packed_times

DAY = 86_400_000
whole = st.lists(st.integers(-(2**52), 2**52), max_size=50)


@given(whole)
def test_whole_numbers_come_back(values):
    np.testing.assert_array_equal(unpack(packed(np.array(values, np.int64))), values)


@given(st.lists(st.floats(1e-3, 1e6), min_size=1, max_size=50), st.integers(0, 6))
def test_prices_come_back_to_their_unit(prices, digits):
    found = unpack(packed(np.array(prices), 10.0**-digits))
    np.testing.assert_allclose(found, np.round(prices, digits), atol=1.01 * 10.0**-digits)


def test_times_are_packed_in_their_common_step():
    packed_days = packed_times(np.array([7 * DAY, 8 * DAY, 11 * DAY]))
    assert packed_days["unit"] == DAY
    np.testing.assert_array_equal(unpack(packed_days), [7 * DAY, 8 * DAY, 11 * DAY])
    assert packed_times(np.array([], np.int64))["count"] == 0


@pytest.mark.parametrize(
    ("prices", "places"),
    [
        ([100.0, 101.0], 0),
        ([96_407.99, 16_500.0], 2),
        ([0.1234, 0.5], 4),
        ([0.00001234], 8),
        ([100.0 / 3.0], 5),  # seven significant digits
        ([np.nan, 2.5], 1),
        ([], 2),
    ],
)
def test_decimals_that_prices_need(prices, places):
    assert decimals(np.array(prices)) == places


def test_bars_of_several_candles_keep_what_a_trader_sees(random_walk):
    candles = random_walk(1, 10)
    bars = grouped(candles, 4)
    assert len(bars) == 3
    np.testing.assert_array_equal(bars.time, candles.time[[0, 4, 8]])
    np.testing.assert_array_equal(bars.open, candles.open[[0, 4, 8]])
    np.testing.assert_array_equal(bars.close, candles.close[[3, 7, 9]])
    assert bars.high[1] == candles.high[4:8].max()
    assert bars.low[2] == candles.low[8:].min()
    assert bars.volume.sum() == pytest.approx(candles.volume.sum())
    assert grouped(candles, 1) is candles


def test_a_market_travels_whole_where_there_is_room(random_walk):
    candles = random_walk(3, 1000)
    document = market_document("BTC/USDT", candles, 900_000, 2000)
    assert (document["group"], document["time"]["count"]) == (1, 1000)
    open_ = unpack(document["open"])
    np.testing.assert_allclose(open_, candles.open, rtol=1e-6)
    np.testing.assert_allclose(open_ + unpack(document["high"]), candles.high, rtol=1e-6)
    np.testing.assert_allclose(open_ + unpack(document["low"]), candles.low, rtol=1e-6)
    np.testing.assert_array_equal(unpack(document["time"]), candles.time)
    assert market_document("BTC/USDT", candles, 900_000, 300)["group"] == 4
