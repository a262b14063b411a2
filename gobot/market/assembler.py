"""From what a venue streams to closed candles: each exactly once, in order, whatever the network does.

Streams repeat themselves, stop, fall silent, and deliver late or in disorder.  The assembler knows of every symbol
which candle comes next and hands on nothing else.  What should have come and has not becomes a gap, to be asked for
by other means (REST); what the venue itself does not have, long after it should, is passed over and counted.

It decides alone by what it is told, the time included: no clock, no network, no tasks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from gobot.core import Timeframe
from gobot.market.candle import Candle

_LONGEST_PAUSE_MS = 60_000
_FIRST_PAUSE_MS = 1_000


class Closed(NamedTuple):
    """A closed candle of one symbol."""

    symbol: str
    candle: Candle


class Gap(NamedTuple):
    """Candles that are wanted: ``start_ms <= time < end_ms``."""

    symbol: str
    start_ms: int
    end_ms: int


@dataclass(slots=True)
class Tally:
    """What has happened, in numbers of candles or messages."""

    closed: int = 0
    """Handed on."""
    filled: int = 0
    """Brought by `CandleAssembler.fill` before the stream did."""
    repeated: int = 0
    """Messages about candles that had been handed on or were already waiting."""
    missing: int = 0
    """Passed over, because the venue does not have them."""
    crowded: int = 0
    """Not kept, because too many were waiting for an earlier one; they are asked for when their turn comes."""


@dataclass(slots=True)
class _Line:
    """What is known of one symbol."""

    next_ms: int
    """Open of the candle that comes next."""
    ask_ms: int = 0
    """Not before this time is a gap asked for again."""
    failures: int = 0
    asked: bool = False
    forming: Candle | None = None
    """The newest state of a candle that has not closed, where the venue does not tell when it does."""
    waiting: dict[int, Candle] = field(default_factory=dict)
    """Closed candles behind a gap, by time."""


class CandleAssembler:
    """Turns messages and answers into closed candles.

    ``grace_ms`` is how long after its close a candle may still come by itself, ``settle_ms`` how long after it the
    venue's own history is believed when it lacks one.  At most ``most_waiting`` candles per symbol are kept while an
    earlier one is missing, and a gap is at most ``most_asked`` candles long.
    """

    def __init__(
        self,
        timeframe: Timeframe,
        *,
        grace_ms: int = 3_000,
        settle_ms: int = 30_000,
        most_waiting: int = 500,
        most_asked: int = 500,
    ) -> None:
        self.timeframe = timeframe
        self.tally = Tally()
        self._step = timeframe.ms
        self._grace_ms = grace_ms
        self._settle_ms = settle_ms
        self._most_waiting = most_waiting
        self._most_asked_ms = most_asked * timeframe.ms
        self._lines: dict[str, _Line] = {}

    def __len__(self) -> int:
        return len(self._lines)

    @property
    def waiting(self) -> int:
        """Closed candles kept back because an earlier one is missing, over all symbols."""
        return sum(len(line.waiting) for line in self._lines.values())

    def follow(self, symbol: str, next_ms: int) -> None:
        """Hand on the candles of ``symbol`` from the one that opens at ``next_ms``."""
        self._lines[symbol] = _Line(self.timeframe.floor(next_ms + self._step - 1))

    def forget(self, symbol: str) -> None:
        """Hand on no more of ``symbol``."""
        self._lines.pop(symbol, None)

    def take(self, symbol: str, candle: Candle, *, closed: bool | None) -> list[Closed]:
        """A message of the stream; returned is what can be handed on now.

        ``closed`` is the venue's own word, None where it gives none: then a candle has closed when its successor
        begins.
        """
        line = self._lines.get(symbol)
        if line is None or closed is False:
            return []
        if closed is None:
            ended = self._form(line, candle)
            if ended is None:
                return []
            candle = ended
        if candle.time != line.next_ms and len(line.waiting) >= self._most_waiting:
            self.tally.crowded += 1
            return []
        return self._advance(symbol, line) if self._keep(line, candle) else []

    def interrupted(self, symbols: Iterable[str]) -> None:
        """The stream of ``symbols`` has broken: of a candle that was forming the end may have been missed."""
        for symbol in symbols:
            if (line := self._lines.get(symbol)) is not None:
                line.forming = None

    def gaps(self, now_ms: int, most: int) -> list[Gap]:
        """At most ``most`` gaps that should be asked for at ``now_ms``.

        Each has to be ended with `fill` or `failed`; until then its symbol has no other.
        """
        overdue_ms = self.timeframe.floor(now_ms - self._grace_ms)
        found: list[Gap] = []
        for symbol, line in self._lines.items():
            if line.next_ms >= overdue_ms or line.asked or line.ask_ms > now_ms:
                continue
            if len(found) == most:
                break
            end_ms = min(overdue_ms, line.next_ms + self._most_asked_ms, *line.waiting)
            line.asked = True
            found.append(Gap(symbol, line.next_ms, end_ms))
        return found

    def fill(self, gap: Gap, candles: Iterable[Candle], now_ms: int) -> list[Closed]:
        """The venue's answer to ``gap``, asked for at ``now_ms``; returned is what can be handed on now."""
        line = self._lines.get(gap.symbol)
        if line is None:
            return []
        for candle in candles:
            if gap.start_ms <= candle.time < gap.end_ms and self._keep(line, candle):
                self.tally.filled += 1
        ready = list(self._passed(gap, line, now_ms))
        line.asked = False
        if line.next_ms < gap.end_ms:
            self._postpone(line, now_ms)
        else:
            line.failures = 0
        return ready

    def failed(self, gap: Gap, now_ms: int) -> None:
        """There was no answer to ``gap``: it is asked for again, later after each failure."""
        line = self._lines.get(gap.symbol)
        if line is not None:
            line.asked = False
            self._postpone(line, now_ms)

    def _form(self, line: _Line, candle: Candle) -> Candle | None:
        """Remember the newest state; the candle before it, if this is the first message of its successor."""
        before = line.forming
        if before is not None and candle.time < before.time:
            self.tally.repeated += 1
            return None
        line.forming = candle
        return before if before is not None and before.time < candle.time else None

    def _keep(self, line: _Line, candle: Candle) -> bool:
        """Put a closed candle in its place; False if it is not needed."""
        if (
            candle.time < line.next_ms
            or candle.time in line.waiting
            or self.timeframe.floor(candle.time) != candle.time
        ):
            self.tally.repeated += 1
            return False
        line.waiting[candle.time] = candle
        return True

    def _advance(self, symbol: str, line: _Line) -> list[Closed]:
        ready = []
        while (candle := line.waiting.pop(line.next_ms, None)) is not None:
            ready.append(Closed(symbol, candle))
            line.next_ms += self._step
        self.tally.closed += len(ready)
        return ready

    def _passed(self, gap: Gap, line: _Line, now_ms: int) -> Iterator[Closed]:
        """What can be handed on, passing over what the venue's history lacks for good."""
        settled_ms = now_ms - self._settle_ms - self._step
        while True:
            yield from self._advance(gap.symbol, line)
            if line.next_ms >= gap.end_ms or line.next_ms > settled_ms:
                return
            self.tally.missing += 1
            line.next_ms += self._step

    def _postpone(self, line: _Line, now_ms: int) -> None:
        line.ask_ms = now_ms + min(_FIRST_PAUSE_MS << min(line.failures, 8), _LONGEST_PAUSE_MS)
        line.failures += 1
