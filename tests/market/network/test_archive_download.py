"""Downloads from a server that plays the public archive, on good days and bad ones."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from random import Random

import numpy as np
import pytest
from archive_server import ArchiveServer
from made_up import made_up, ms

from gobot.core import ManualClock, Timeframe, UsageError
from gobot.market import Candles
from gobot.market.archive import PublicArchive
from gobot.market.archive_http import ArchiveClient
from gobot.market.archive_zip import read_klines
from gobot.market.download import Downloader
from gobot.market.gaps import Span
from gobot.market.outcome import Outcome
from gobot.market.progress import Progress
from gobot.market.retry import Retries
from gobot.market.series import Series
from gobot.market.store import CandleStore

HOUR = Timeframe.parse("1h")
FUTURES = Series(venue="binance", symbol="BTC/USDT:USDT", timeframe=HOUR)
SPOT = Series(venue="binance", symbol="BTC/USDT", timeframe=HOUR)
LISTED, NOW = ms("2024-10-08T05:00"), ms("2025-03-04T12:34")
YESTERDAY_IS_OUT = ms("2025-03-04")


@pytest.fixture
async def server() -> AsyncIterator[ArchiveServer]:
    async with ArchiveServer(LISTED, NOW) as playing:
        yield playing


@pytest.fixture
def store(tmp_path: Path) -> CandleStore:
    return CandleStore(tmp_path / "candles", clock=ManualClock(NOW))


async def download(
    server: ArchiveServer,
    store: CandleStore,
    *wanted: Series,
    start_ms: int = ms("2024-06-01"),
    end_ms: int | None = None,
    report: Callable[[Progress], None] | None = None,
    attempts: int = 4,
    patience: float = 10.0,
) -> list[Outcome]:
    clock = ManualClock(NOW)
    async with ArchiveClient.open(server.url, Retries(clock, Random(1), attempts), patience=patience) as client:
        archive = PublicArchive(client, read_klines, clock)
        span = Span(start_ms, NOW if end_ms is None else end_ms)
        return await Downloader(store, clock, archive=archive, report=report).run(dict.fromkeys(wanted, span))


def same(found: Candles, expected: Candles) -> bool:
    return all(
        np.array_equal(getattr(found, name), getattr(expected, name))
        for name in ("time", "open", "high", "low", "close", "volume")
    )


def whole(series: Series, start_ms: int = LISTED, end_ms: int = YESTERDAY_IS_OUT) -> Candles:
    return made_up(series.symbol, series.timeframe, start_ms, end_ms)


@pytest.mark.parametrize("series", [FUTURES, SPOT], ids=["futures with headers", "spot in microseconds"])
async def test_everything_from_the_listing_to_yesterday_arrives(server, store, series):
    (outcome,) = await download(server, store, series)
    assert same(store.read(series), whole(series))
    assert outcome.added == len(whole(series))
    assert not outcome.error


async def test_what_is_stored_is_not_fetched_again(server, store):
    await download(server, store, FUTURES, end_ms=ms("2025-01-01"))
    server.requests.clear()
    (outcome,) = await download(server, store, FUTURES, start_ms=LISTED, end_ms=ms("2025-02-01"))
    assert set(server.requests) == {"BTCUSDT-1h-2025-01.zip", "BTCUSDT-1h-2025-01.zip.CHECKSUM"}
    assert outcome.added == 744
    server.requests.clear()
    await download(server, store, FUTURES, start_ms=LISTED, end_ms=ms("2025-02-01"))
    assert not server.requests


async def test_a_missing_month_is_put_together_from_its_days(server, store):
    server.absent = {"BTCUSDT-1h-2024-12.zip", "BTCUSDT-1h-2024-12-24.zip"}
    (outcome,) = await download(server, store, FUTURES)
    found, expected = store.read(FUTURES), whole(FUTURES)
    christmas = (expected.time >= ms("2024-12-24")) & (expected.time < ms("2024-12-25"))
    assert np.array_equal(found.time, expected.time[~christmas])
    assert (ms("2024-12-24"), ms("2024-12-25")) in outcome.lacking


async def test_a_few_days_are_fetched_as_days(server, store):
    await download(server, store, SPOT, start_ms=ms("2025-01-10"), end_ms=ms("2025-01-12"))
    assert set(server.requests) == {
        f"BTCUSDT-1h-2025-01-{day}.zip{suffix}" for day in (10, 11) for suffix in ("", ".CHECKSUM")
    }


async def test_months_before_the_listing_cost_one_request_each(server, store):
    await download(server, store, FUTURES, start_ms=ms("2022-01-01"), end_ms=ms("2025-01-01"))
    early = [name for name in server.requests if name < "BTCUSDT-1h-2024-09"]
    assert len(early) == 32
    assert all(name.endswith("zip.CHECKSUM") for name in early)


async def test_a_market_listed_this_month_has_days_only(store):
    async with ArchiveServer(ms("2025-03-02T08:00"), NOW) as server:
        await download(server, store, FUTURES, start_ms=ms("2024-01-01"))
    assert same(store.read(FUTURES), whole(FUTURES, ms("2025-03-02T08:00")))


async def test_many_series_at_once_share_the_work(server, store):
    wanted = [
        Series(venue="binance", symbol=f"{coin}/USDT:USDT", timeframe=HOUR) for coin in ("BTC", "ETH", "SOL", "ADA")
    ]
    outcomes = await download(server, store, *wanted)
    assert all(same(store.read(series), whole(series)) for series in wanted)
    assert [outcome.series for outcome in outcomes] == wanted
    assert 4 <= server.largest_at_once <= 16


@pytest.mark.parametrize("fault", ["500", "503", "429", "wrong", "short", "cut", "reset", "drip", "html"])
@pytest.mark.parametrize("suffix", ["", ".CHECKSUM"])
async def test_a_passing_fault_leaves_no_trace(server, store, fault, suffix):
    name = f"BTCUSDT-1h-2024-11.zip{suffix}"
    server.fault(name, fault, fault)
    (outcome,) = await download(server, store, FUTURES, patience=0.5 if fault == "drip" else 10.0)
    assert same(store.read(FUTURES), whole(FUTURES))
    assert not outcome.error
    assert server.requests[name] == 3


@pytest.mark.parametrize("fault", ["wrong", "short", "html"])
async def test_days_stand_in_for_a_month_that_is_never_right(server, store, fault):
    server.always("BTCUSDT-1h-2024-11.zip", fault)
    await download(server, store, FUTURES)
    assert same(store.read(FUTURES), whole(FUTURES))


@pytest.mark.parametrize("fault", ["wrong", "short", "html"])
async def test_a_file_that_is_never_right_is_named_and_never_stored(server, store, fault):
    server.always("BTCUSDT-1h-2024-11.zip", fault)
    server.always("BTCUSDT-1h-2024-11-07.zip", fault)
    (outcome,) = await download(server, store, FUTURES)
    assert "BTCUSDT-1h-2024-11-07.zip" in outcome.error
    assert same(store.read(FUTURES), whole(FUTURES, end_ms=ms("2024-11-07")))


@pytest.mark.parametrize("fault", ["500", "cut", "reset", "drip"])
async def test_an_archive_that_stays_away_is_one_clear_error(server, store, fault):
    server.always("BTCUSDT-1h-2024-11.zip", fault)
    (outcome,) = await download(server, store, FUTURES, patience=0.5 if fault == "drip" else 10.0)
    assert "/BTCUSDT-1h-2024-11.zip" in outcome.error
    assert "\n" not in outcome.error
    assert same(store.read(FUTURES), whole(FUTURES, end_ms=ms("2024-11-01")))


async def test_an_archive_that_is_not_there_is_one_clear_error(store):
    async with ArchiveServer(LISTED, NOW) as gone:
        pass
    (outcome,) = await download(gone, store, FUTURES, attempts=2)
    assert "127.0.0.1" in outcome.error
    assert store.times(FUTURES).size == 0


async def test_one_series_that_fails_does_not_hold_up_the_others(server, store):
    for suffix in ("", "-08", "-09"):
        server.always(f"BTCUSDT-1h-2024-10{suffix}.zip", "wrong")
    failed, done = await download(server, store, FUTURES, Series(venue="binance", symbol="ETH/USDT", timeframe=HOUR))
    assert failed.error
    assert not done.error
    assert done.added == len(whole(done.series))


async def test_pauses_grow_and_follow_retry_after(server, store):
    server.fault("BTCUSDT-1h-2024-11.zip", "500", "429", "500")
    clock = ManualClock(NOW)
    async with ArchiveClient.open(server.url, Retries(clock, Random(1)), patience=1.0) as client:
        archive = PublicArchive(client, read_klines, clock)
        await Downloader(store, clock, archive=archive).run({FUTURES: Span(LISTED, NOW)})
    assert 0.5 + 7 + 2 <= clock.monotonic() <= 1 + 7 + 4


async def test_progress_goes_from_nothing_to_all(server, store):
    heard: list[Progress] = []
    await download(server, store, FUTURES, SPOT, start_ms=LISTED, report=heard.append)
    shares = [progress.share for progress in heard]
    assert shares == sorted(shares)
    assert shares[0] < 0.2
    assert shares[-1] == 1.0
    assert heard[-1].candles == 2 * len(whole(FUTURES))


async def test_what_the_archive_does_not_have_is_refused_at_once(server, store):
    with pytest.raises(UsageError, match="--source api"):
        await download(server, store, Series(venue="bybit", symbol="BTC/USDT", timeframe=HOUR))
    assert not server.requests
