"""Holes are filled from the source; what it lacks is marked, never made up."""

import numpy as np
import pytest

from gobot.core import ManualClock, Timeframe, VenueUnavailable
from gobot.market import Candles, CandleStore, Repaired, Series, repair
from gobot.market.gaps import KnownGap, missing

M15 = Timeframe.parse("15m")
BITCOIN = Series(venue="binance", symbol="BTC/USDT", timeframe=M15)


class Source:
    """Has ``candles``, and fails at the request of number ``fails_at``."""

    def __init__(self, candles, fails_at=0):
        self.candles, self.fails_at, self.asked = candles, fails_at, []

    async def fetch(self, series, start_ms, end_ms):
        assert series == BITCOIN
        self.asked.append((start_ms, end_ms))
        if len(self.asked) == self.fails_at:
            raise VenueUnavailable("no answer")
        return self.candles.between(start_ms, end_ms)


def part(candles, *rows):
    kept = np.setdiff1d(np.arange(len(candles)), rows)
    return Candles(*(getattr(candles, name)[kept] for name in ("time", "open", "high", "low", "close", "volume")))


@pytest.fixture
def whole(random_walk):
    return random_walk(1, 300)


@pytest.fixture
def store(tmp_path, whole):
    store = CandleStore(tmp_path, clock=ManualClock(int(whole.time[-1]) + 10 * M15.ms))
    store.add(BITCOIN, part(whole, 10, 11, 50, 200, 201, 202))
    return store


async def test_holes_are_filled(store, whole):
    source = Source(whole)
    assert await repair(store, BITCOIN, source) == Repaired(filled=6, lacking=0)
    assert len(source.asked) == 3
    assert store.read(BITCOIN).close.tolist() == whole.close.tolist()
    assert await repair(store, BITCOIN, source) == Repaired(filled=0, lacking=0)
    assert len(source.asked) == 3


async def test_what_the_source_lacks_is_marked_and_not_asked_for_again(store, whole):
    source = Source(part(whole, 11, 201))
    assert await repair(store, BITCOIN, source) == Repaired(filled=4, lacking=2)
    words = "the source has no candles here"
    lacking = [int(whole.time[row]) for row in (11, 201)]
    assert store.known_gaps(BITCOIN) == tuple(KnownGap(start, start + M15.ms, words) for start in lacking)
    assert len(missing(store.times(BITCOIN), M15)) == 2
    assert await repair(store, BITCOIN, source) == Repaired(filled=0, lacking=0)
    assert len(source.asked) == 3


async def test_a_source_that_does_not_answer_lacks_nothing(store, whole):
    with pytest.raises(VenueUnavailable):
        await repair(store, BITCOIN, Source(part(whole, 10), fails_at=2))
    assert store.known_gaps(BITCOIN) == ()
    assert len(missing(store.times(BITCOIN), M15)) == 3  # what had come is stored
    assert await repair(store, BITCOIN, Source(whole)) == Repaired(filled=5, lacking=0)


async def test_both_ends(tmp_path, store, whole):
    start_ms, end_ms = int(whole.time[100]), int(whole.time[-1]) + 3 * M15.ms
    assert await repair(store, BITCOIN, Source(whole), start_ms=start_ms, end_ms=end_ms) == Repaired(
        filled=3, lacking=2
    )
    assert len(missing(store.times(BITCOIN), M15)) == 2  # the holes before the start
