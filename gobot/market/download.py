"""Bringing stored series up to date: from the public archive what it has, from the venue's API the rest.

What is stored is the progress: a run that was killed goes on where its last stored portion ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import aclosing

from gobot.core import DAY_MS, Clock, DataError, UsageError, VenueError
from gobot.market.archive import PublicArchive
from gobot.market.archive_layout import ArchiveShelf
from gobot.market.candles import Candles
from gobot.market.gaps import Span, missing, without
from gobot.market.history import History
from gobot.market.outcome import Outcome
from gobot.market.portions import Portions
from gobot.market.progress import Meter, Report
from gobot.market.series import Series
from gobot.market.store import CandleStore

# What a venue does not show this long after it should have, it will never show.
_SETTLED_MS = DAY_MS // 4
# Gaps closer than this may share a monthly file.
_MONTH_MS = 32 * DAY_MS


class Downloader:
    """Fills ``store`` from ``archive``, ``history``, or both; the archive goes first.

    >>> outcomes = await Downloader(store, clock, archive=archive, history=history).run({bitcoin: span})

    ``at_once`` series are worked on at a time; ``report`` hears of every step.
    """

    def __init__(
        self,
        store: CandleStore,
        clock: Clock,
        *,
        archive: PublicArchive[Candles] | None = None,
        history: History | None = None,
        report: Report | None = None,
        at_once: int = 8,
    ) -> None:
        self._store = store
        self._clock = clock
        self._archive = archive
        self._history = history
        self._meter = Meter(clock, report)
        self._at_once = asyncio.Semaphore(at_once)

    async def run(self, wanted: Mapping[Series, Span]) -> list[Outcome]:
        """Fetch what is not stored of every series in its span, up to now at most.

        A series that fails does not keep the others from being fetched.  Raises `UsageError` for what neither source
        can have, and `StateError` when the disk does not let it store.
        """
        now_ms = self._clock.now_ms()
        todo = {
            series: Span(span.start_ms, min(span.end_ms, series.timeframe.floor(now_ms)))
            for series, span in wanted.items()
        }
        for series, span in todo.items():
            self._require_source(series)
            await self._expect(series, span)
        try:
            async with asyncio.TaskGroup() as tasks:
                running = [tasks.create_task(self._one(series, span)) for series, span in todo.items()]
        except ExceptionGroup as group:
            raise group.exceptions[0] from None
        return [task.result() for task in running]

    async def _one(self, series: Series, span: Span) -> Outcome:
        outcome = Outcome(series=series)
        async with self._at_once:
            for fill in (self._find_first, self._from_archive, self._from_history):
                try:
                    async with Portions(self._store, outcome, self._clock) as portions:
                        await fill(portions, span)
                except (VenueError, DataError) as error:
                    outcome.error = str(error)
            outcome.lacking = await self._lacking(series, span)
        if not outcome.lacking:
            outcome.error = ""
        self._meter.finish(series)
        return outcome

    async def _from_archive(self, portions: Portions, span: Span) -> None:
        series, shelf = portions.series, _shelf(portions.series)
        if self._archive is None or shelf is None:
            return
        lacking = await self._lacking(series, span)
        for stretch in _joined(lacking, _MONTH_MS):
            async with aclosing(self._archive.pieces(shelf, stretch)) as pieces:
                async for file, content in pieces:
                    candles = content.between(*stretch)
                    portions.outcome.files += 1
                    await portions.add(candles)
                    period = Span(file.start_ms, file.end_ms)
                    self._meter.cover(series, sum(_overlap_ms(period, gap) for gap in lacking), len(candles))

    async def _from_history(self, portions: Portions, span: Span) -> None:
        if self._history is None:
            return
        series, step = portions.series, portions.series.timeframe.ms
        for gap in await self._lacking(series, span):
            reached_ms = gap.start_ms
            async with aclosing(self._history.pages(series.symbol, series.timeframe, *gap)) as pages:
                async for page in pages:
                    portions.outcome.pages += 1
                    await portions.add(page)
                    after_ms = int(page.time[-1]) + step
                    self._meter.cover(series, after_ms - reached_ms, len(page))
                    reached_ms = after_ms
        await portions.store()
        await self._mark_holes(series, span)

    async def _find_first(self, portions: Portions, span: Span) -> None:
        """Write down where the venue's history begins, if that is what may be missing."""
        series, lacking = portions.series, await self._lacking(portions.series, span)
        times = await asyncio.to_thread(self._store.times, series)
        if self._history is None or not lacking or (len(times) and lacking[0].start_ms > times[0]):
            return
        first_ms = await self._history.first_ms(series.symbol, series.timeframe)
        if first_ms is not None and first_ms > lacking[0].start_ms:
            before = Span(lacking[0].start_ms, min(first_ms, lacking[0].end_ms))
            await asyncio.to_thread(self._store.mark_gaps, series, [before], "before the venue's first candle")
            await self._expect(series, span)

    async def _mark_holes(self, series: Series, span: Span) -> None:
        """Write down that the venue lacks what is missing between stored candles, now that it has been asked."""
        newest_ms = await asyncio.to_thread(self._store.newest_ms, series)
        settled_ms = series.timeframe.floor(self._clock.now_ms() - _SETTLED_MS)
        inside = Span(span.start_ms, min(span.end_ms, settled_ms, newest_ms or 0))
        if holes := await self._lacking(series, inside):
            await asyncio.to_thread(self._store.mark_gaps, series, holes, "the venue's history has no candles here")

    async def _expect(self, series: Series, span: Span) -> None:
        lacking = await self._lacking(series, span)
        self._meter.expect(series, sum(gap.end_ms - gap.start_ms for gap in lacking))

    def _require_source(self, series: Series) -> None:
        if self._history is None and _shelf(series) is None:
            raise UsageError(f"the public archive of Binance does not have {series}: use --source api")

    async def _lacking(self, series: Series, span: Span) -> list[Span]:
        """What is neither stored of ``span`` nor known to be lacking at the venue."""
        if span.start_ms >= span.end_ms:
            return []
        time = await asyncio.to_thread(self._store.times, series)
        inside = time[(time >= span.start_ms) & (time < span.end_ms)]
        return without(missing(inside, series.timeframe, *span), self._store.known_gaps(series))


def _shelf(series: Series) -> ArchiveShelf | None:
    """Where the archive keeps ``series``, None where it does not."""
    if series.venue != "binance" or series.market not in ("spot", "um"):
        return None
    try:
        return ArchiveShelf("spot" if series.market == "spot" else "um", series.symbol, series.timeframe)
    except UsageError:
        return None


def _joined(gaps: Sequence[Span], distance_ms: int) -> list[Span]:
    """``gaps`` with those made one that are less than ``distance_ms`` apart."""
    joined: list[Span] = []
    for gap in gaps:
        if joined and gap.start_ms - joined[-1].end_ms < distance_ms:
            joined[-1] = Span(joined[-1].start_ms, gap.end_ms)
        else:
            joined.append(gap)
    return joined


def _overlap_ms(one: Span, other: Span) -> int:
    return max(0, min(one.end_ms, other.end_ms) - max(one.start_ms, other.start_ms))
