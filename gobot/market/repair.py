"""Holes in stored series, filled from where the candles came from."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from gobot.market.candles import Candles
from gobot.market.gaps import Span, missing, without
from gobot.market.series import Series
from gobot.market.store import CandleStore


class CandleSource(Protocol):
    """Where candles can be had again; `gobot.market.history.History` is one."""

    async def fetch(self, series: Series, start_ms: int, end_ms: int) -> Candles:
        """The closed candles with ``start_ms <= time < end_ms``; fewer where the source itself lacks some.

        Raises `VenueUnavailable` when it cannot be asked: that says nothing about the candles.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaired:
    """What became of the holes: candles that were brought, and those that the source itself lacks."""

    filled: int
    lacking: int


async def repair(
    store: CandleStore, series: Series, source: CandleSource, *, start_ms: int | None = None, end_ms: int | None = None
) -> Repaired:
    """Fetch what is missing in ``series``, and mark what ``source`` does not have either: nothing is made up.

    With ``start_ms`` or ``end_ms`` candles are also missing from and up to there: see `gobot.market.gaps.missing`.
    Raises what ``source`` raises; what came before is stored then.
    """
    holes = await asyncio.to_thread(_holes, store, series, start_ms, end_ms)
    brought: list[Candles] = []
    asked: list[Span] = []
    try:
        for hole in holes:
            found = await source.fetch(series, *hole)
            brought.append(found.between(*hole))
            asked.append(hole)
    finally:
        # Each filling of a hole would rewrite the whole series.
        added = await asyncio.to_thread(store.add, series, Candles.concatenate(brought))
    lacking = [
        span
        for hole, found in zip(asked, brought, strict=True)
        for span in missing(found.time, series.timeframe, *hole)
    ]
    if lacking:
        await asyncio.to_thread(store.mark_gaps, series, lacking, "the source has no candles here")
    return Repaired(
        filled=added.added, lacking=sum(span.end_ms - span.start_ms for span in lacking) // series.timeframe.ms
    )


def _holes(store: CandleStore, series: Series, start_ms: int | None, end_ms: int | None) -> list[Span]:
    time = store.times(series)
    low = 0 if start_ms is None else int(np.searchsorted(time, start_ms))
    high = len(time) if end_ms is None else int(np.searchsorted(time, end_ms))
    return without(missing(time[low:high], series.timeframe, start_ms, end_ms), store.known_gaps(series))
