"""Bringing stored funding rates up to date: months from the public archive, the rest from the venue's API."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from typing import Protocol

import numpy as np

from gobot.core import UsageError
from gobot.market.archive import PublicArchive
from gobot.market.archive_layout import ArchiveShelf
from gobot.market.files import FundingRates
from gobot.market.funding import FundingStore
from gobot.market.gaps import Span
from gobot.market.retry import Retries
from gobot.market.series import market_name

_PAGE = 1000


class FundingClient(Protocol):
    """What a venue's API offers; raises as `gobot.market.history.KlineClient` does."""

    async def funding_rates(self, symbol: str, *, since_ms: int, limit: int) -> FundingRates:
        """At most ``limit`` rates settled at ``since_ms`` or later, in order."""


class FundingDownloader:
    """Fills ``store`` with the funding rates of perpetuals on ``venue``, from ``archive``, ``client``, or both.

    What lies between stored rates is taken to be whole: rates are fetched before the first and after the last.
    """

    def __init__(
        self,
        store: FundingStore,
        venue: str,
        retries: Retries,
        *,
        archive: PublicArchive[FundingRates] | None = None,
        client: FundingClient | None = None,
    ) -> None:
        self._store = store
        self._venue = venue
        self._retries = retries
        self._archive = archive
        self._client = client

    async def run(self, symbols: Sequence[str], span: Span) -> dict[str, int]:
        """How many rates of ``span`` are new, by symbol.  Raises `UsageError` for a spot market, and `VenueError`."""
        spot = next((symbol for symbol in symbols if market_name(symbol) == "spot"), None)
        if spot is not None:
            raise UsageError(f"{spot} is a spot market, which has no funding: name a perpetual such as BTC/USDT:USDT")
        return {symbol: await self._one(symbol, span) for symbol in symbols}

    async def _one(self, symbol: str, span: Span) -> int:
        added = 0
        if self._archive is not None and self._venue == "binance" and market_name(symbol) == "um":
            shelf = ArchiveShelf("um", symbol, None)
            for stretch in await self._lacking(symbol, span):
                async with aclosing(self._archive.pieces(shelf, stretch)) as pieces:
                    async for _, rates in pieces:
                        added += await self._add(symbol, rates, span)
        if self._client is not None:
            for stretch in await self._lacking(symbol, span):
                added += await self._by_pages(self._client, symbol, stretch)
        return added

    async def _by_pages(self, client: FundingClient, symbol: str, stretch: Span) -> int:
        added, at_ms = 0, stretch.start_ms
        while at_ms < stretch.end_ms:
            since_ms = at_ms
            rates = await self._retries.until_answered(
                lambda: client.funding_rates(symbol, since_ms=since_ms, limit=_PAGE)  # noqa: B023 - awaited at once
            )
            if not len(rates.time):
                break
            added += await self._add(symbol, rates, stretch)
            at_ms = int(rates.time[-1]) + 1
        return added

    async def _lacking(self, symbol: str, span: Span) -> list[Span]:
        """The time before the first stored rate and after the last."""
        time = (await asyncio.to_thread(self._store.read, self._venue, symbol)).time
        if not len(time):
            return [span]
        around = (Span(span.start_ms, min(span.end_ms, int(time[0]))), Span(int(time[-1]) + 1, span.end_ms))
        return [Span(max(part.start_ms, span.start_ms), part.end_ms) for part in around if part.start_ms < part.end_ms]

    async def _add(self, symbol: str, rates: FundingRates, span: Span) -> int:
        inside = (rates.time >= span.start_ms) & (rates.time < span.end_ms) & np.isfinite(rates.rate)
        chosen = FundingRates(rates.time[inside], rates.rate[inside])
        return await asyncio.to_thread(self._store.add, self._venue, symbol, chosen)
