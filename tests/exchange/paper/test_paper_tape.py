"""Looks at a market, taken at any times, show what was traded in between and nothing else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gobot.exchange.ccxt_public import Minute
from gobot.exchange.feed import Bar
from gobot.exchange.tape import Stretch, stretches

MINUTE = 60_000


def test_the_first_look_takes_minutes_whole():
    minutes = [Minute(0, 10.0, 12.0, 9.0, 11.0), Minute(MINUTE, 11.0, 11.5, 10.5, 11.2)]
    assert stretches(minutes, None, now_ms=90_000) == [
        Stretch(Bar(10.0, 12.0, 9.0, 11.0), MINUTE),
        Stretch(Bar(11.0, 11.5, 10.5, 11.2), 90_000),
    ]


def test_what_was_seen_of_a_minute_does_not_count_again():
    seen = Minute(0, 10.0, 12.0, 9.0, 11.0)
    (higher,) = stretches([Minute(0, 10.0, 13.0, 9.0, 11.5)], seen, now_ms=50_000)
    assert higher == Stretch(Bar(11.0, 13.0, 11.0, 11.5), 50_000)
    (lower,) = stretches([Minute(0, 10.0, 12.0, 8.0, 10.5)], seen, now_ms=50_000)
    assert lower.bar == Bar(11.0, 11.0, 8.0, 10.5)


def test_a_minute_with_a_successor_is_over_whatever_our_clock_says():
    minutes = [Minute(0, 1.0, 1.0, 1.0, 1.0), Minute(MINUTE, 1.0, 1.0, 1.0, 1.0)]
    assert [one.until_ms for one in stretches(minutes, None, now_ms=59_000)] == [MINUTE, 59_000]


PRICES = st.lists(st.integers(90, 110).map(float), min_size=200, max_size=200)
LOOKS = st.lists(st.integers(0, 199), min_size=2, max_size=12, unique=True).map(sorted)


def minutes_at(prices: list[float], second: int, since_ms: int) -> list[Minute]:
    """The candles of a price that changes every second, as they are at ``second``."""
    found = []
    for start in range(since_ms // 1000, second + 1, 60):
        traded = prices[start : min(start + 60, second + 1)]
        found.append(Minute(start * 1000, traded[0], max(traded), min(traded), traded[-1]))
    return found


@given(PRICES, LOOKS)
def test_looks_show_all_that_is_new_and_nothing_that_is_not(prices, looks):
    seen, before = None, 0
    for second in looks:
        minutes = minutes_at(prices, second, seen.open_ms if seen else looks[0] // 60 * MINUTE)
        shown = stretches(minutes, seen, now_ms=second * 1000)
        if seen is not None:
            since = prices[before : second + 1]
            # Honest: no price that was not traded since.
            assert max(one.bar.high for one in shown) <= max(since)
            assert min(one.bar.low for one in shown) >= min(since)
            # Complete: every price beyond those of the minute that was under way.
            assert max(*(one.bar.high for one in shown), seen.high) >= max(since)
            assert min(*(one.bar.low for one in shown), seen.low) <= min(since)
            assert shown[0].bar.open in (prices[before], prices[second // 60 * 60])
        assert shown[-1].bar.close == prices[second]
        assert [one.until_ms for one in shown] == sorted(one.until_ms for one in shown)
        seen, before = minutes[-1], second
