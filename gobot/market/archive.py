"""History from the public archive of Binance: by months, by days where a month is not there, in order of time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import aclosing
from typing import Generic, NamedTuple, TypeVar

from gobot.core import DAY_MS, Clock, DataError
from gobot.market.archive_http import ArchiveClient
from gobot.market.archive_layout import ArchiveFile, ArchiveShelf
from gobot.market.archive_zip import WrongChecksum
from gobot.market.gaps import Span

Content = TypeVar("Content")
Result = TypeVar("Result")

# So little of a month is fetched by days.
_FEW_DAYS_MS = 5 * DAY_MS
# A month is published within this time after its end, and a market that is younger may be in no month at all.
_RECENT_MS = 40 * DAY_MS


class Piece(NamedTuple, Generic[Content]):
    """A file that the archive has, and what it holds."""

    file: ArchiveFile
    content: Content


class _Month(NamedTuple, Generic[Content]):
    """A month of the archive: ``content`` None if it is not there as a file, ``by_day`` if its days are wanted then."""

    file: ArchiveFile
    content: Content | None
    by_day: bool


class PublicArchive(Generic[Content]):
    """The archive behind ``client``, its files read by ``read`` (`read_klines` or `read_funding_rates`).

    ``ahead`` is how many files of a series are on their way at a time.
    """

    def __init__(
        self, client: ArchiveClient, read: Callable[[bytes, str], Content], clock: Clock, *, ahead: int = 4
    ) -> None:
        self._client = client
        self._read = read
        self._clock = clock
        self._ahead = ahead

    async def pieces(self, shelf: ArchiveShelf, span: Span) -> AsyncGenerator[Piece[Content], None]:
        """What the archive has of ``span``, oldest first; the first and the last piece may reach beyond it.

        Raises `VenueError` when the archive cannot be asked, `DataError` for a file that is not what it should be and
        that no daily files can stand in for.
        """
        months = (self._month_call(shelf, month, span) for month in shelf.months(*span))
        listed, unlisted = False, None
        async with aclosing(_in_order(months, self._ahead)) as found:
            async for month in found:
                if month.content is None and not (listed or month.by_day):
                    unlisted = month.file
                    continue
                if unlisted is not None and not listed:
                    # Somewhere in this month the market may have begun.
                    async for piece in self._days(shelf, unlisted, span):
                        yield piece
                listed = True
                if month.content is not None:
                    yield Piece(month.file, month.content)
                    continue
                async for piece in self._days(shelf, month.file, span):
                    yield piece

    def _month_call(
        self, shelf: ArchiveShelf, file: ArchiveFile, span: Span
    ) -> Callable[[], Awaitable[_Month[Content]]]:
        async def month() -> _Month[Content]:
            wanted_ms = min(file.end_ms, span.end_ms) - max(file.start_ms, span.start_ms)
            now_ms = self._clock.now_ms()
            if shelf.by_day and (file.end_ms > now_ms or wanted_ms <= _FEW_DAYS_MS):
                return _Month(file, None, by_day=True)
            try:
                return _Month(file, await self._content(file), by_day=file.end_ms > now_ms - _RECENT_MS)
            except (WrongChecksum, DataError):
                if not shelf.by_day:
                    raise
                return _Month(file, None, by_day=True)

        return month

    async def _days(self, shelf: ArchiveShelf, month: ArchiveFile, span: Span) -> AsyncGenerator[Piece[Content], None]:
        """The days of ``month`` that ``span`` touches and that are over."""
        end_ms = min(month.end_ms, span.end_ms, self._clock.now_ms() // DAY_MS * DAY_MS)
        days = shelf.days(max(month.start_ms, span.start_ms), end_ms)
        async with aclosing(_in_order((self._day_call(day) for day in days), self._ahead)) as found:
            async for file, content in found:
                if content is not None:
                    yield Piece(file, content)

    def _day_call(self, file: ArchiveFile) -> Callable[[], Awaitable[tuple[ArchiveFile, Content | None]]]:
        async def day() -> tuple[ArchiveFile, Content | None]:
            return file, await self._content(file)

        return day

    async def _content(self, file: ArchiveFile) -> Content | None:
        packed = await self._client.fetch(file)
        return None if packed is None else await asyncio.to_thread(self._read, packed, file.name)


async def _in_order(calls: Iterable[Callable[[], Awaitable[Result]]], ahead: int) -> AsyncGenerator[Result, None]:
    """The results of ``calls`` one after the other, while up to ``ahead`` of them are under way."""
    under_way: deque[asyncio.Future[Result]] = deque()
    try:
        for call in calls:
            under_way.append(asyncio.ensure_future(call()))
            if len(under_way) >= ahead:
                yield await under_way.popleft()
        while under_way:
            yield await under_way.popleft()
    finally:
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
