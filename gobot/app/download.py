"""Downloads of market history, put together from the settings."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, MutableMapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import TypeVar

from gobot.app.candles import candle_store, funding_store
from gobot.core import Clock, VenueRefused, VenueUnavailable
from gobot.exchange import Priority, RateLimiter
from gobot.exchange.limits import Limit, Measure
from gobot.market import History, Repaired, Series, repair
from gobot.market.archive import PublicArchive
from gobot.market.archive_http import ArchiveClient
from gobot.market.archive_zip import read_funding_rates, read_klines
from gobot.market.ccxt_history import CcxtHistory
from gobot.market.ccxt_venue import ccxt_id, make_client
from gobot.market.download import Downloader
from gobot.market.funding_download import FundingDownloader
from gobot.market.gaps import Span
from gobot.market.outcome import Outcome
from gobot.market.progress import Report
from gobot.market.retry import Retries, TryLater
from gobot.memory import JsonFile
from gobot.settings import Loaded

Content = TypeVar("Content")

# The API's are patient enough for an endpoint that the limiter leaves alone for a while.
_ARCHIVE_ATTEMPTS, _API_ATTEMPTS = 5, 10


class Source(StrEnum):
    """Where history comes from; ``auto`` asks the archive first and the API for the rest."""

    AUTO = "auto"
    ARCHIVE = "archive"
    API = "api"


@dataclass(frozen=True, slots=True)
class LowPriority:
    """The limiter as history sees it: at the end of the line, and told how every request ended."""

    limiter: RateLimiter

    @asynccontextmanager
    async def slot(self, endpoint: str, weight: int) -> AsyncIterator[MutableMapping[str, str]]:
        """See `gobot.market.ccxt_history.HistoryGate`."""
        headers: dict[str, str] = {}
        async with AsyncExitStack() as stack:
            try:
                waiting = self.limiter.slot(Priority.LOW, endpoint, weight, orders=0)
                permit = await stack.enter_async_context(waiting)
            except VenueUnavailable as error:
                raise TryLater(str(error)) from error
            try:
                yield headers
            except TryLater as error:
                self.limiter.failure(permit, error.status, headers, retry_after=error.retry_after or None)
                raise
            except VenueRefused:
                self.limiter.success(permit, headers)
                raise
            self.limiter.success(permit, headers)


@dataclass(frozen=True, slots=True)
class Downloads:
    """Fetches history into the stores of the settings."""

    loaded: Loaded
    clock: Clock
    random: Random
    source: Source = Source.AUTO

    async def candles(self, wanted: Sequence[Series], span: Span, report: Report | None = None) -> list[Outcome]:
        """Fetch what is not stored of ``wanted`` in ``span``; of what is not kept for long, only what would be kept.

        All have to be of one ccxt venue.  Raises as `Downloader.run` does, and `UsageError` for an unknown venue.
        """
        store = candle_store(self.loaded, self.clock)
        market = ccxt_id(wanted[0].venue, wanted[0].market)
        async with self._archive(read_klines) as archive, self._api(market) as api:
            history = None if api is None else History(api, self._retries())
            downloader = Downloader(store, self.clock, archive=archive, history=history, report=report)
            return await downloader.run({series: self._kept(series, span) for series in wanted})

    async def funding(self, venue: str, symbols: Sequence[str], span: Span) -> dict[str, int]:
        """Fetch the funding rates that are not stored; returned is how many are new, by symbol."""
        async with self._archive(read_funding_rates) as archive, self._api(ccxt_id(venue, "um")) as api:
            store = funding_store(self.loaded)
            downloader = FundingDownloader(store, venue, self._retries(), archive=archive, client=api)
            return await downloader.run(symbols, span)

    async def repair(
        self, damaged: Sequence[Series], start_ms: int | None = None, end_ms: int | None = None
    ) -> dict[Series, Repaired]:
        """Fetch the holes in stored series from their venues' APIs, and mark those that are the venues' own.

        Raises `UsageError` for a venue that ccxt does not know, and `VenueError`.
        """
        store = candle_store(self.loaded, self.clock)
        repaired: dict[Series, Repaired] = {}
        for market in sorted({ccxt_id(series.venue, series.market) for series in damaged}):
            async with self._api(market) as api:
                for series in damaged:
                    if api is not None and ccxt_id(series.venue, series.market) == market:
                        source = History(api, self._retries())
                        repaired[series] = await repair(store, series, source, start_ms=start_ms, end_ms=end_ms)
        return repaired

    @asynccontextmanager
    async def _archive(self, read: Callable[[bytes, str], Content]) -> AsyncIterator[PublicArchive[Content] | None]:
        if self.source is Source.API:
            yield None
            return
        retries = Retries(self.clock, self.random, _ARCHIVE_ATTEMPTS)
        async with ArchiveClient.open(self.loaded.settings.candles.archive_url, retries) as client:
            yield PublicArchive(client, read, self.clock)

    @asynccontextmanager
    async def _api(self, market: str) -> AsyncIterator[CcxtHistory | None]:
        if self.source is Source.ARCHIVE:
            yield None
            return
        override = self.loaded.settings.exchange.url_override
        client = make_client(market, rest=override.rest, ws=override.ws)
        bans = JsonFile(self.loaded.paths.state / f"limits-{market}.json", 1)
        limiter = RateLimiter(self.loaded.settings.trading.rate_limiter, self.clock, store=bans)
        if not market.startswith("binance"):
            # The pace that ccxt knows for the venue, in ms between requests.
            limiter.adopt([Limit(measure=Measure.REQUESTS, seconds=60, ceiling=int(60_000 / client.rateLimit))])
        history = CcxtHistory(client, self.clock, LowPriority(limiter))
        try:
            yield history
        finally:
            limiter.close()
            await history.close()

    def _kept(self, series: Series, span: Span) -> Span:
        settings = self.loaded.settings.candles
        keep = settings.keep_by_timeframe.get(str(series.timeframe), settings.keep)
        oldest_ms = 0 if keep is None else series.timeframe.floor(span.end_ms) - keep * series.timeframe.ms
        return Span(max(span.start_ms, oldest_ms), span.end_ms)

    def _retries(self) -> Retries:
        return Retries(self.clock, self.random, _API_ATTEMPTS)
