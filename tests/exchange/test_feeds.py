"""Feeds: recorded candles with spans and gaps of their own, and the synthetic market."""

import numpy as np
import pytest
from sim_world import M15, START, SYMBOL, candles

from gobot.core import DataError, Timeframe
from gobot.exchange.history_feed import HistoryFeed
from gobot.exchange.synthetic_feed import SyntheticFeed
from gobot.market import Candles, FundingRates, symbol_names
from gobot.market.synthetic import SyntheticMarket

BTC = "BTC/USDT:USDT"
H1 = Timeframe.parse("1h")
H8 = 8 * 3_600_000


def flat(count, first=0, price=100.0):
    return candles([None] * first + [(price + k, price + k + 1, price + k - 1, price + k + 0.5) for k in range(count)])


def minutes(count):
    k = np.arange(1.0, count + 1)
    return Candles.from_columns(START + 60_000 * np.arange(count), k, k + 1, k - 0.5, k + 0.5, k)


def test_spans_may_differ():
    feed = HistoryFeed({SYMBOL: flat(8), BTC: flat(4, first=2)})
    assert (feed.step, feed.start_ms, feed.end_ms) == (M15, START, START + 8 * M15.ms)
    assert feed.bar(BTC, START) is None
    assert feed.bar(BTC, START + 2 * M15.ms) == (100.0, 101.0, 99.0, 100.5)
    assert feed.bar(BTC, START + 6 * M15.ms) is None
    assert feed.bar("NONE", START) is None


def test_candles_are_those_that_have_closed():
    feed = HistoryFeed({SYMBOL: flat(8)})
    for end, expected in (
        (START + M15.ms - 1, []),
        (START + M15.ms, [100.0]),
        (START + 5 * M15.ms + 1, [103.0, 104.0]),
    ):
        assert feed.candles(SYMBOL, M15, end_ms=end, limit=2).open.tolist() == expected


def test_candles_are_views():
    series = flat(8)
    found = HistoryFeed({SYMBOL: series}).candles(SYMBOL, M15, end_ms=START + 4 * M15.ms, limit=2)
    assert np.shares_memory(found.close, series.close)


def test_longer_candles_are_put_together():
    feed = HistoryFeed({SYMBOL: flat(9)})
    found = feed.candles(SYMBOL, H1, end_ms=START + 9 * M15.ms, limit=5)
    assert found.open.tolist() == [100.0, 104.0]
    assert len(feed.candles(SYMBOL, H1, end_ms=START + 8 * M15.ms - 1, limit=5)) == 1
    with pytest.raises(DataError, match="5m candles cannot be made from 15m"):
        feed.candles(SYMBOL, Timeframe.parse("5m"), end_ms=START + M15.ms, limit=1)


def test_finer_files_are_matched_as_they_are_unless_told_otherwise():
    fine = HistoryFeed({SYMBOL: minutes(60)})
    assert str(fine.step) == "1m"
    assert fine.candles(SYMBOL, M15, end_ms=START + 60 * 60_000, limit=9).open.tolist() == [1.0, 16.0, 31.0, 46.0]
    assert HistoryFeed({SYMBOL: minutes(60)}, step=M15).bar(SYMBOL, START) == (1.0, 16.0, 0.5, 15.5)


def test_mixed_lengths_are_matched_on_the_longest():
    feed = HistoryFeed({SYMBOL: minutes(60), BTC: flat(4)})
    assert feed.step == M15
    assert feed.bar(SYMBOL, START + M15.ms) == (16.0, 31.0, 15.5, 30.5)
    assert feed.candles(SYMBOL, Timeframe.parse("1m"), end_ms=START + 120_000, limit=5).open.tolist() == [1.0, 2.0]


def test_the_recorded_length_can_be_told():
    sparse = candles([(1, 1, 1, 1), None, None, (2, 2, 2, 2), None, None, (3, 3, 3, 3)])
    assert str(HistoryFeed({SYMBOL: sparse}).step) == "45m"
    assert HistoryFeed({SYMBOL: sparse}, recorded={SYMBOL: M15}).step == M15


def test_candles_off_their_grid_are_refused():
    series = Candles.from_columns([START, START + 900_000, START + 1_800_001], *np.ones((5, 3)))
    with pytest.raises(DataError, match=r"1 candles are not on the 15m grid \(first: 2025-01-01T00:30:00.001Z\)"):
        HistoryFeed({SYMBOL: series}, recorded={SYMBOL: M15})


@pytest.mark.parametrize("given", [{}, {SYMBOL: Candles.empty()}])
def test_nothing_is_not_a_market(given):
    with pytest.raises(DataError, match="needs candles"):
        HistoryFeed(given)


def test_recorded_funding():
    rates = FundingRates(np.array([START + H8 + 3, START + 2 * H8]), np.array([0.001, -0.002]))
    feed = HistoryFeed({SYMBOL: flat(4)}, funding={SYMBOL: rates})
    assert feed.funding(SYMBOL, START, START + H8 + 2) == []
    assert feed.funding(SYMBOL, START, START + 2 * H8) == [(START + H8 + 3, 0.001), (START + 2 * H8, -0.002)]
    assert feed.funding(SYMBOL, START + H8 + 3, START + 2 * H8 - 1) == []
    assert feed.next_funding_rate(SYMBOL, START + H8 + 3) == -0.002
    assert feed.next_funding_rate(SYMBOL, START + 2 * H8) is None
    assert feed.funding(BTC, START, START + H8) == ()
    assert feed.next_funding_rate(BTC, START) is None


def test_the_identity_of_a_history_is_every_number_in_it():
    same = HistoryFeed({SYMBOL: flat(8)}).identity
    assert HistoryFeed({SYMBOL: flat(8)}).identity == same
    rates = FundingRates(np.array([START]), np.array([0.001]))
    others = [
        HistoryFeed({SYMBOL: flat(8, price=100.5)}),
        HistoryFeed({SYMBOL: flat(7)}),
        HistoryFeed({BTC: flat(8)}),
        HistoryFeed({SYMBOL: flat(8)}, step=H1),
        HistoryFeed({SYMBOL: flat(8)}, funding={SYMBOL: rates}),
    ]
    assert len({same, *(feed.identity for feed in others)}) == 6


def synthetic(seed=7, count=3, **arguments):
    return SyntheticFeed(SyntheticMarket(seed, symbol_names(count), start_ms=START, **{"history": 512, **arguments}))


def test_the_synthetic_market_is_a_feed():
    feed = synthetic()
    assert (feed.step, feed.start_ms, feed.end_ms) == (M15, START, None)
    assert feed.markets[BTC].max_leverage == 125
    bar = feed.bar(BTC, START)
    closed = feed.candles(BTC, M15, end_ms=START + M15.ms, limit=1)
    assert bar == tuple(float(getattr(closed, name)[0]) for name in ("open", "high", "low", "close"))
    assert feed.bar("NONE", START) is None
    assert len(feed.candles("NONE", M15, end_ms=START, limit=5)) == 0
    assert feed.next_funding_rate("NONE", START) is None


def test_longer_synthetic_candles():
    feed = synthetic()
    hours = feed.candles(BTC, H1, end_ms=START + 2 * M15.ms, limit=20)
    quarters = feed.candles(BTC, M15, end_ms=START, limit=4)
    assert len(hours) == 20
    assert hours.time[-1] == START - H1.ms
    assert (hours.open[-1], hours.high[-1], hours.close[-1]) == (
        quarters.open[0],
        quarters.high.max(),
        quarters.close[-1],
    )
    assert len(feed.candles(BTC, H1, end_ms=START, limit=1000)) == 128


def test_synthetic_funding_every_eight_hours():
    feed = synthetic()
    due = feed.funding(BTC, START, START + 2 * H8)
    assert [at for at, _ in due] == [START + H8, START + 2 * H8]
    assert feed.next_funding_rate(BTC, START) == due[0][1]
    assert feed.next_funding_rate(BTC, START + H8) == due[1][1]


def test_the_identity_of_a_synthetic_market_is_its_recipe():
    feeds = [synthetic(), synthetic(8), synthetic(count=4), synthetic(timeframe=H1)]
    assert len({feed.identity for feed in feeds}) == 4
    assert synthetic().identity == feeds[0].identity
