"""Storing what is fetched in portions: small enough to lose, large enough that years are not rewritten for each."""

from __future__ import annotations

import asyncio
from dataclasses import fields
from types import TracebackType
from typing import Self

from gobot.core import Clock, StateError
from gobot.market.candles import Candles
from gobot.market.outcome import Outcome
from gobot.market.series import Series
from gobot.market.sound import broken_rules
from gobot.market.store import CandleStore

_LEAST = 10_000
_SHARE = 4
_SECONDS = 60.0


class Portions:
    """Gathers candles of a series, oldest first, and stores them when a quarter of what is stored has come together.

    None waits longer than a minute, so that a crash costs no more.  Leaving the context stores the rest, whatever the
    reason for leaving.  ``outcome`` counts what becomes of them.
    """

    def __init__(self, store: CandleStore, outcome: Outcome, clock: Clock) -> None:
        self.series = outcome.series
        self.outcome = outcome
        self._store = store
        self._clock = clock
        self._since = clock.monotonic()
        self._waiting: list[Candles] = []
        self._rows = 0
        self._stored = 0

    async def __aenter__(self) -> Self:
        self._stored = len(await asyncio.to_thread(self._store.times, self.series))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not isinstance(error, StateError):
            await self.store()

    async def add(self, candles: Candles) -> None:
        """Take ``candles``, all of them later than those before."""
        usable = _usable(candles, self.series)
        self.outcome.unusable += len(candles) - len(usable)
        self._waiting.append(usable)
        self._rows += len(usable)
        waited = self._clock.monotonic() - self._since
        if self._rows >= max(_LEAST, self._stored // _SHARE) or waited >= _SECONDS:
            await self.store()

    async def store(self) -> None:
        """Store what has been gathered."""
        self._since = self._clock.monotonic()
        if not self._rows:
            return
        gathered, self._waiting, self._rows = Candles.concatenate(self._waiting), [], 0
        result = await asyncio.to_thread(self._store.add, self.series, gathered)
        self._stored += result.added
        self.outcome.added += result.added
        self.outcome.differing += result.kept


def _usable(candles: Candles, series: Series) -> Candles:
    """The rows that are candles: on the grid, with prices that can be."""
    step = series.timeframe
    good = (candles.time - step.floor(0)) % step.ms == 0
    for rule in broken_rules(candles):
        good &= ~rule.broken
    return candles if good.all() else Candles(*(getattr(candles, f.name)[good] for f in fields(Candles)))
