"""History through the real ccxt client, from a server that speaks Binance's protocol."""

from __future__ import annotations

from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import numpy as np
import pytest
from futures_server import FuturesServer
from made_up import made_up, ms

from gobot.core import ManualClock, Timeframe, UsageError, VenueRefused
from gobot.market import Candles
from gobot.market.ccxt_history import CcxtHistory
from gobot.market.ccxt_venue import ccxt_id, file_venue, make_client
from gobot.market.download import Downloader
from gobot.market.gaps import Span
from gobot.market.history import History
from gobot.market.outcome import Outcome
from gobot.market.retry import Retries, TryLater
from gobot.market.series import Series
from gobot.market.store import CandleStore

NOW = ms("2025-01-02T03:04:30")
QUARTER = Timeframe.parse("15m")
BITCOIN = Series(venue="binance", symbol="BTC/USDT:USDT", timeframe=QUARTER)


class CountingGate:
    """Lets everything through and remembers it."""

    def __init__(self) -> None:
        self.passed: list[tuple[str, int]] = []
        self.headers: list[dict[str, str]] = []
        self.errors: list[TryLater] = []

    @asynccontextmanager
    async def slot(self, endpoint: str, weight: int) -> AsyncIterator[MutableMapping[str, str]]:
        self.passed.append((endpoint, weight))
        headers: dict[str, str] = {}
        try:
            yield headers
        except TryLater as error:
            self.errors.append(error)
            raise
        finally:
            self.headers.append(headers)


class Venue:
    """A server, a client that talks to it, and the history made of both."""

    def __init__(self, server: FuturesServer) -> None:
        self.server = server
        self.clock = ManualClock(server.now_ms)
        self.gate = CountingGate()
        self.client = CcxtHistory(
            make_client("binanceusdm", rest=server.rest_url, ws=server.ws_url), self.clock, self.gate
        )
        self.history = History(self.client, Retries(self.clock, Random(1), attempts=4))


@pytest.fixture
async def venue() -> AsyncIterator[Venue]:
    async with FuturesServer(["BTC", "ETH", "SOL"], NOW) as server:
        made = Venue(server)
        made.client._client.timeout_on_exit = 0
        yield made
        await made.client.close()


def same(found: Candles, expected: Candles) -> bool:
    return all(
        np.array_equal(getattr(found, name), getattr(expected, name))
        for name in ("time", "open", "high", "low", "close", "volume")
    )


async def test_many_pages_make_one_history_without_the_open_candle(venue):
    start = ms("2024-12-01")
    found = await venue.history.fetch(BITCOIN, start, NOW + 10 * QUARTER.ms)
    assert same(found, made_up(BITCOIN.symbol, QUARTER, start, ms("2025-01-02T03:00")))
    assert venue.server.requests["klines"] == -(-len(found) // 499)


async def test_a_stretch_of_the_past_is_cut_exactly(venue):
    start, end = ms("2024-12-05T00:15"), ms("2024-12-05T02:30")
    assert same(await venue.history.fetch(BITCOIN, start, end), made_up(BITCOIN.symbol, QUARTER, start, end))


async def test_every_request_passes_the_gate_with_its_weight(venue):
    await venue.history.fetch(BITCOIN, ms("2024-12-27"), NOW)
    await venue.history.fetch(BITCOIN, NOW - 20 * QUARTER.ms, NOW)
    assert venue.gate.passed == [
        ("GET /fapi/v1/time", 1),
        ("GET /fapi/v1/exchangeInfo", 1),
        ("GET /fapi/v1/klines", 2),
        ("GET /fapi/v1/klines", 1),
        ("GET /fapi/v1/klines", 1),
    ]
    assert venue.gate.headers[-1]["X-MBX-USED-WEIGHT-1M"] == str(venue.server.weight)


async def test_the_first_candle_is_found_with_one_question(venue):
    assert await venue.history.first_ms(BITCOIN.symbol, QUARTER) == ms("2019-09-08T18:00")
    assert venue.server.requests["klines"] == 1


class Windowed:
    """A venue whose answers cover the window that is asked for, empty or not, as many do."""

    page, leaps = 100, False

    def __init__(self, candles: Candles) -> None:
        self.all = candles
        self.asked = 0

    async def candles(self, symbol: str, timeframe: Timeframe, *, since_ms: int, limit: int) -> Candles:
        self.asked += 1
        return self.all.between(since_ms, since_ms + limit * timeframe.ms)

    async def time(self) -> int:
        return NOW


@pytest.mark.parametrize("listed", ["2024-12-31", "2023-03-03T03:45", "2015-01-01"])
async def test_the_first_candle_is_found_where_answers_do_not_leap(listed):
    windowed = Windowed(made_up(BITCOIN.symbol, QUARTER, ms(listed), NOW))
    history = History(windowed, Retries(ManualClock(NOW), Random(1)))
    assert await history.first_ms(BITCOIN.symbol, QUARTER) == ms(listed)
    assert windowed.asked < 25


async def test_a_market_without_candles_has_no_first():
    history = History(Windowed(Candles.empty()), Retries(ManualClock(NOW), Random(1)))
    assert await history.first_ms(BITCOIN.symbol, QUARTER) is None


async def test_holes_longer_than_a_page_are_crossed_where_answers_do_not_leap():
    before = made_up(BITCOIN.symbol, QUARTER, ms("2024-11-01"), ms("2024-11-03"))
    after = made_up(BITCOIN.symbol, QUARTER, ms("2024-12-20"), ms("2024-12-22"))
    history = History(Windowed(Candles.concatenate([before, after])), Retries(ManualClock(NOW), Random(1)))
    found = await history.fetch(BITCOIN, ms("2024-10-31"), NOW)
    assert same(found, Candles.concatenate([before, after]))


async def test_the_venues_clock_says_what_has_closed(venue):
    venue.clock.move_to(NOW + 3_600_000)
    assert await venue.history.now_ms() == NOW
    found = await venue.history.fetch(BITCOIN, NOW - QUARTER.ms * 4, NOW + 3_600_000)
    assert found.time[-1] == ms("2025-01-02T02:45")


async def test_a_question_that_waited_long_lets_no_open_candle_in():
    clock = ManualClock(NOW)

    class Slow(Windowed):
        async def time(self) -> int:
            await clock.sleep(30)
            return clock.now_ms()

    history = History(
        Slow(made_up(BITCOIN.symbol, QUARTER, ms("2025-01-01"), NOW + 900_000)), Retries(clock, Random(1))
    )
    clock.move_to(ms("2025-01-02T03:14:00"))
    assert await history.now_ms() == ms("2025-01-02T03:14:30")
    assert (await history.fetch(BITCOIN, ms("2025-01-02"), NOW * 2)).time[-1] == ms("2025-01-02T02:45")


@pytest.mark.parametrize("fault", ["500", "503", "html", "cut", "break"])
@pytest.mark.parametrize("question", range(3), ids=["time", "markets", "candles"])
async def test_passing_faults_are_tried_again(venue, fault, question):
    venue.server.faults = [*[""] * question, fault, fault]
    start = ms("2024-12-31")
    assert same(
        await venue.history.fetch(BITCOIN, start, NOW),
        made_up(BITCOIN.symbol, QUARTER, start, ms("2025-01-02T03:00")),
    )
    assert venue.clock.monotonic() >= 1.5


@pytest.mark.parametrize("status", [429, 418])
async def test_retry_after_is_heeded_and_told_to_the_gate(venue, status):
    await venue.history.first_ms(BITCOIN.symbol, QUARTER)
    venue.server.faults = [str(status)]
    await venue.history.fetch(BITCOIN, ms("2025-01-02"), NOW)
    (error,) = venue.gate.errors
    assert (error.status, error.retry_after) == (status, 9.0)
    assert 9.0 <= venue.clock.monotonic() < 10.0


async def test_a_venue_that_stays_away_is_one_clear_error(venue):
    await venue.history.first_ms(BITCOIN.symbol, QUARTER)
    venue.server.faults = ["500"] * 99
    with pytest.raises(TryLater, match="binanceusdm does not answer") as caught:
        await venue.history.fetch(BITCOIN, ms("2025-01-02"), NOW)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("status", [403, 451])
async def test_a_closed_door_is_not_knocked_at_again(venue, status):
    venue.server.faults = [str(status)] * 9
    with pytest.raises(VenueRefused, match="binanceusdm refuses"):
        await venue.history.fetch(BITCOIN, ms("2025-01-02"), NOW)
    assert venue.clock.monotonic() == 0


async def test_an_unknown_market_is_refused_without_a_second_try(venue):
    with pytest.raises(VenueRefused, match="no market NOPE/USDT:USDT"):
        await venue.history.first_ms("NOPE/USDT:USDT", QUARTER)
    assert venue.clock.monotonic() == 0


async def test_funding_rates_come_in_order(venue):
    rates = await venue.client.funding_rates(BITCOIN.symbol, since_ms=ms("2024-12-30"))
    assert [ms("2024-12-30") + 1 + i * 28_800_000 for i in range(10)] == rates.time.tolist()
    assert (np.abs(rates.rate) < 1e-3).all()


async def download(venue: Venue, store: CandleStore, *wanted: Series, start: str) -> list[Outcome]:
    return await Downloader(store, venue.clock, history=venue.history).run(dict.fromkeys(wanted, Span(ms(start), NOW)))


@pytest.fixture
def store(tmp_path: Path) -> CandleStore:
    return CandleStore(tmp_path / "candles", clock=ManualClock(NOW))


async def test_a_download_goes_on_where_the_last_one_ended(venue, store):
    wanted = [Series(venue="binance", symbol=f"{coin}/USDT:USDT", timeframe=QUARTER) for coin in venue.server.coins]
    store.add(wanted[0], made_up(wanted[0].symbol, QUARTER, ms("2024-12-01"), ms("2024-12-30")))
    outcomes = await download(venue, store, *wanted, start="2024-12-01")
    assert [outcome.added for outcome in outcomes] == [3 * 96 + 12, 32 * 96 + 12, 32 * 96 + 12]
    for series in wanted:
        assert same(store.read(series), made_up(series.symbol, QUARTER, ms("2024-12-01"), ms("2025-01-02T03:00")))
    venue.server.requests.clear()
    await download(venue, store, *wanted, start="2024-12-01")
    assert venue.server.requests["klines"] == 0


async def test_what_the_venue_lacks_is_written_down_and_not_asked_for_again(venue, store):
    for k in range(3):
        venue.server.lacking.add(("BTC", ms("2024-12-24") + k * QUARTER.ms))
    (outcome,) = await download(venue, store, BITCOIN, start="2024-12-01")
    assert outcome.lacking == []
    assert [tuple(gap)[:2] for gap in store.known_gaps(BITCOIN)] == [(ms("2024-12-24"), ms("2024-12-24T00:45"))]
    venue.server.requests.clear()
    await download(venue, store, BITCOIN, start="2024-12-01")
    assert venue.server.requests["klines"] == 0


async def test_the_time_before_the_listing_is_written_down(venue, store):
    venue.server.listed_ms = ms("2024-12-28T10:20")
    (outcome,) = await download(venue, store, BITCOIN, start="2020-01-01")
    assert outcome.lacking == []
    assert outcome.added == len(store.times(BITCOIN))
    assert store.times(BITCOIN)[0] == ms("2024-12-28T10:30")
    assert tuple(store.known_gaps(BITCOIN)[0])[:2] == (ms("2020-01-01"), ms("2024-12-28T10:30"))


async def test_an_empty_answer_is_not_taken_for_the_end_of_history(venue, store):
    venue.server.listed_ms = NOW + 1
    (outcome,) = await download(venue, store, BITCOIN, start="2024-12-01")
    assert outcome.added == 0
    assert store.known_gaps(BITCOIN) == ()
    assert outcome.lacking


def test_names_of_venues():
    assert file_venue("binanceusdm") == "binance"
    assert file_venue("bybit") == "bybit"
    assert ccxt_id("binance", "um") == ccxt_id("binanceusdm", "um") == "binanceusdm"
    assert ccxt_id("binanceusdm", "spot") == "binance"
    assert ccxt_id("bybit", "um") == "bybit"
    with pytest.raises(UsageError, match="did you mean binanceusdm"):
        make_client("binancesudm")
