"""Where the sandbox's prices come from: the seeded synthetic market, or recordings that are dated to now."""

from __future__ import annotations

from gobot.core import DAY_MS, Timeframe
from gobot.exchange.feed import MarketFeed
from gobot.exchange.synthetic_feed import SyntheticFeed
from gobot.market.listing import symbol_names
from gobot.market.synthetic import SyntheticMarket

_MOST_HISTORY, _LEAST_HISTORY = 43_200, 2_048
# Candles in memory, over all symbols: a few hundred megabytes at most.
_MOST_CANDLES = 4_000_000
_EIGHT_HOURS = 28_800_000


def synthetic_feed(count: int, seed: int, step: Timeframe, now_ms: int) -> MarketFeed:
    """A market of ``count`` symbols that has been open for as long as memory allows, 30 days of minutes at most."""
    history = max(_LEAST_HISTORY, min(_MOST_HISTORY, _MOST_CANDLES // count))
    names = symbol_names(count)
    return SyntheticFeed(SyntheticMarket(seed, names, start_ms=step.floor(now_ms), timeframe=step, history=history))


def shift_to_now(feed: MarketFeed, now_ms: int) -> int:
    """By how much a recording must be dated later so that it goes on from now (ms).

    The first quarter of it, at most, becomes history.  The shift is a whole number of weeks, days, settlements or
    candles, whichever is the longest that fits, so that candles stay on their grids.
    """
    if feed.end_ms is None:
        return 0
    length = feed.end_ms - feed.start_ms
    earliest = feed.start_ms + length // 4
    for unit in (7 * DAY_MS, DAY_MS, _EIGHT_HOURS):
        shift = (now_ms - earliest) // unit * unit
        # Playing begins at now - shift, which is up to a unit after the earliest.
        if now_ms - shift < feed.start_ms + length // 2:
            return shift
    return (now_ms - earliest) // feed.step.ms * feed.step.ms
