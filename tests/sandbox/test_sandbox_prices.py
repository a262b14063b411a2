"""Candles become a path of prices on the venue's clock."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest
from sandbox_client import BTC

from gobot.core import DAY_MS, ManualClock, Market, Timeframe
from gobot.exchange.history_feed import HistoryFeed
from gobot.market import Candles
from gobot.sandbox.feeds import shift_to_now, synthetic_feed
from gobot.sandbox.prices import Prices

MINUTE = Timeframe(60_000)
START = 1_700_000_040_000
RULES = {BTC: Market(symbol=BTC, price_step=Decimal("0.1"))}


def history(*bars: tuple[float, float, float, float], start: int = START) -> HistoryFeed:
    columns = np.array(bars).T
    times = start + MINUTE.ms * np.arange(len(bars))
    return HistoryFeed({BTC: Candles.from_columns(times, *columns, np.ones(len(bars)))}, recorded={BTC: MINUTE})


def prices(*bars: tuple[float, float, float, float], shift: int = 0) -> Prices:
    return Prices(history(*bars), RULES, shift_ms=shift)


def test_a_rising_candle_falls_first() -> None:
    path = prices((100, 103, 98, 102))
    at = {second: path.price(BTC, START + 1000 * second) for second in (0, 18, 30, 42, 59)}
    assert [at[0], at[18], at[42]] == [100, 98, 103]
    assert at[18] < at[30] < at[42]
    assert path.price(BTC, START + 59_999) == 102


def test_a_falling_candle_rises_first() -> None:
    path = prices((102, 103, 98, 100))
    assert [path.price(BTC, START + 1000 * second) for second in (0, 18, 42)] == [102, 103, 98]


def test_legs_follow_one_another_and_a_gap_is_a_jump() -> None:
    path = prices((100, 103, 98, 102), (110, 111, 109, 109.5))
    legs = list(path.legs(BTC, START, START + 70_000))
    assert [(leg.start, leg.end, leg.jump) for leg in legs] == [
        (100, 98, False),
        (98, 103, False),
        (103, 102, False),
        (102, 110, True),
        (110, pytest.approx(Decimal("110.6")), False),
    ]
    assert legs[-1].end_ms == START + 70_000
    assert all(before.end == after.start for before, after in pairwise(legs))


def test_legs_are_the_same_however_often_one_looks() -> None:
    path = prices((100, 103, 98, 102), (101, 105, 100, 104))
    stops = [START, *range(START + 1_700, START + 110_000, 1_700)]
    piecewise = [leg for a, b in pairwise(stops) for leg in path.legs(BTC, a, b)]
    whole = list(path.legs(BTC, START, stops[-1]))
    assert {leg.end for leg in whole} <= {leg.end for leg in piecewise}
    assert piecewise[-1].end == whole[-1].end


def test_the_last_price_holds_past_the_end() -> None:
    path = prices((100, 103, 98, 102))
    assert path.price(BTC, START + 10 * DAY_MS) == 102


def test_the_open_candle_is_what_has_been_seen_of_it() -> None:
    path = prices((100, 103, 98, 102), (102, 104, 101, 103))
    opened, (open_, high, low, close, _) = path.open_candle(BTC, MINUTE, START + 60_000 + 18_000)
    assert (opened, open_, high, low, close) == (START + 60_000, 102, 102, 101, 101)


def test_a_move_shows_in_the_price_at_once_and_in_candles() -> None:
    path = prices((100, 103, 98, 102), (102, 104, 101, 103), (103, 104, 102, 103))
    at = START + 60_000 + 30_000
    before = path.price(BTC, at)
    path.move(BTC, 0.5, at)
    assert path.price(BTC, at) == before
    assert float(path.price(BTC, at + 1)) == pytest.approx(float(before) / 2, abs=0.1)
    first, second, third = path.candles(BTC, MINUTE, end_ms=START + 180_000, limit=3).close.tolist()
    assert (first, second, third) == (102, 51.5, 51.5)
    low = path.candles(BTC, MINUTE, end_ms=START + 180_000, limit=3).low.tolist()
    assert low == [98, 50.5, 51]
    legs = list(path.legs(BTC, at, at + 1))
    assert [leg.jump for leg in legs] == [False]


@pytest.mark.parametrize("minutes", [600, 3 * 1440, 40 * 1440])
def test_a_recording_is_dated_to_now_and_stays_on_its_grids(minutes: int) -> None:
    bars = [(100.0, 101.0, 99.0, 100.0)] * minutes
    feed = history(*bars, start=1_600_000_020_000 // 60_000 * 60_000)
    now = 1_767_225_630_000
    shift = shift_to_now(feed, now)
    assert shift % MINUTE.ms == 0
    played = now - shift - feed.start_ms
    assert 0.2 * minutes <= played / MINUTE.ms <= 0.75 * minutes
    if minutes > 30 * 1440:
        assert shift % (7 * DAY_MS) == 0


def test_the_made_up_market_has_a_past() -> None:
    clock = ManualClock(1_767_225_630_000)
    feed = synthetic_feed(2, 7, MINUTE, clock.now_ms())
    assert len(feed.candles(BTC, Timeframe.parse("15m"), end_ms=clock.now_ms(), limit=1000)) == 1000
