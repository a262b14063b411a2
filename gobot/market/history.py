"""Candles of the past from a venue's API: page after page, with patience, and never one that has not closed."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Protocol

from gobot.core import Timeframe
from gobot.market.candles import Candles
from gobot.market.retry import Retries
from gobot.market.series import Series

# Nothing that trades here is older: the first exchanges opened in 2010.
_BEGINNING_MS = 1_262_304_000_000
_CLOCK_CHECK_MS = 600_000


class KlineClient(Protocol):
    """What a venue's API offers.  Methods raise `VenueUnavailable` if asking again may help, else `VenueRefused`."""

    @property
    def page(self) -> int:
        """The most candles to ask for in one request."""

    @property
    def leaps(self) -> bool:
        """Whether an answer begins with the first candle at or after the time asked for, however far away it is.

        Where not, it is empty when there is none within a page.
        """

    async def candles(self, symbol: str, timeframe: Timeframe, *, since_ms: int, limit: int) -> Candles:
        """At most ``limit`` candles from ``since_ms`` on; the newest may still be open."""

    async def time(self) -> int:
        """The venue's clock, ms UTC."""


class History:
    """The history of one venue.

    >>> history = History(client, Retries(clock, random))
    >>> async for page in history.pages("BTC/USDT:USDT", Timeframe.parse("1h"), start_ms, end_ms):
    ...     store.append(series, page)
    """

    def __init__(self, client: KlineClient, retries: Retries) -> None:
        self._client = client
        self._retries = retries
        self._ahead_ms = 0
        self._checked_ms: int | None = None

    async def fetch(self, series: Series, start_ms: int, end_ms: int) -> Candles:
        """All closed candles with ``start_ms <= time < end_ms``.  Raises `VenueUnavailable` or `VenueRefused`."""
        return Candles.concatenate(
            [page async for page in self.pages(series.symbol, series.timeframe, start_ms, end_ms)]
        )

    async def pages(
        self, symbol: str, timeframe: Timeframe, start_ms: int, end_ms: int
    ) -> AsyncGenerator[Candles, None]:
        """The closed candles with ``start_ms <= time < end_ms``, oldest first, none of the pages empty."""
        client, step = self._client, timeframe.ms
        end_ms = min(end_ms, timeframe.floor(await self.now_ms()))
        at_ms = start_ms
        while at_ms < end_ms:
            limit = min(client.page, -(-(end_ms - at_ms) // step))
            found = await self._ask(symbol, timeframe, at_ms, limit)
            wanted = found.between(at_ms, end_ms)
            if len(wanted):
                yield wanted
                at_ms = int(wanted.time[-1]) + step
            elif client.leaps or len(found):
                return
            else:
                at_ms += limit * step

    async def first_ms(self, symbol: str, timeframe: Timeframe) -> int | None:
        """Open of the oldest candle the venue has, None where it has none."""
        found = await self._ask(symbol, timeframe, _BEGINNING_MS, 1 if self._client.leaps else self._client.page)
        if len(found) or self._client.leaps:
            return int(found.time[0]) if len(found) else None
        return await self._search_first(symbol, timeframe)

    async def now_ms(self) -> int:
        """The venue's clock, asked for now and then and counted on in between."""
        clock = self._retries.clock
        if self._checked_ms is None or not 0 <= clock.now_ms() - self._checked_ms < _CLOCK_CHECK_MS:
            told_ms = await self._retries.until_answered(self._client.time)
            # Not by the time of the question: it may have waited, and a clock that is ahead would let open candles in.
            self._checked_ms = clock.now_ms()
            self._ahead_ms = told_ms - self._checked_ms
        return clock.now_ms() + self._ahead_ms

    async def _search_first(self, symbol: str, timeframe: Timeframe) -> int | None:
        """Halve the time in which the first candle must lie until nothing is left of it."""
        page_ms = self._client.page * timeframe.ms
        before_ms, after_ms = _BEGINNING_MS, timeframe.floor(await self.now_ms()) - page_ms
        first = await self._ask(symbol, timeframe, after_ms, self._client.page)
        if not len(first):
            return None
        while before_ms < after_ms:
            middle_ms = timeframe.floor((before_ms + after_ms) // 2)
            found = await self._ask(symbol, timeframe, middle_ms, self._client.page)
            if len(found):
                first, after_ms = found, middle_ms
            else:
                before_ms = middle_ms + page_ms
        return int(first.time[0])

    async def _ask(self, symbol: str, timeframe: Timeframe, since_ms: int, limit: int) -> Candles:
        return await self._retries.until_answered(
            lambda: self._client.candles(symbol, timeframe, since_ms=since_ms, limit=limit)
        )
