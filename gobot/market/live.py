"""Live candles of many symbols: handed on when closed, each exactly once, in order, however bad the network is.

A group of symbols shares a connection.  One that breaks, or says nothing for ``silence`` seconds, is made again, with
pauses that grow to a few seconds and start over once candles come.  Meanwhile, and whenever a candle is overdue for
another reason, the venue's history is asked; without any stream at all, that alone keeps the candles coming.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Protocol

from gobot.core import Clock, VenueError
from gobot.market.assembler import CandleAssembler, Closed, Gap, Tally
from gobot.market.candle import Candle, each
from gobot.market.candles import Candles
from gobot.market.ccxt_stream import KlineStream
from gobot.market.retry import Backoff
from gobot.market.series import Series

HandOn = Callable[[Closed], None]

# Back within five seconds of the venue, with one to spare for connecting.
_RECONNECT = Backoff(first=0.25, most=4.0)


class LiveSource(Protocol):
    """Where overdue candles are asked for; `gobot.market.history.History` is one."""

    async def fetch(self, series: Series, start_ms: int, end_ms: int) -> Candles:
        """The closed candles with ``start_ms <= time < end_ms``.  Raises `VenueError`."""

    async def now_ms(self) -> int:
        """The venue's clock, ms UTC.  Raises `VenueError`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveStatus:
    """How the live candles are doing.

    ``connected`` of the ``connections`` have delivered candles and are not silent; ``reconnects`` counts how often one
    had to be made again; ``waiting`` candles are kept back by an earlier one that is missing; ``unanswered`` questions
    about overdue ones have failed since one succeeded.  ``troubles`` says in words what is wrong now.
    """

    symbols: int
    connections: int
    connected: int
    reconnects: int
    waiting: int
    unanswered: int
    tally: Tally
    troubles: tuple[str, ...]


@dataclass(slots=True, eq=False)
class _Line:
    """One connection, and the symbols that share it."""

    stream: KlineStream
    symbols: tuple[str, ...]
    heard: float = 0.0
    messages: int = 0
    connects: int = 0
    trouble: str = ""
    leash: asyncio.Timeout | None = None


class LiveCandles:
    """Follows symbols of one venue in one timeframe.

    >>> assembler = CandleAssembler(Timeframe.parse("1m"))
    >>> live = LiveCandles("binance", assembler, history, connect, clock, Random(), candles.append)
    >>> await live.run({"BTC/USDT:USDT": next_ms})

    ``connect`` makes a stream for one connection, None where the venue has none; ``hand_on`` is called with every
    closed candle and must neither wait nor raise.  ``silence`` and ``tick`` are seconds: how long a connection may say
    nothing, and how often that and overdue candles are looked for.  At most ``asking`` questions are with the venue at
    a time, and at most ``group`` symbols on a connection.
    """

    def __init__(
        self,
        venue: str,
        assembler: CandleAssembler,
        source: LiveSource,
        connect: Callable[[], KlineStream] | None,
        clock: Clock,
        random: Random,
        hand_on: HandOn,
        *,
        silence: float = 30.0,
        tick: float = 0.5,
        asking: int = 16,
        group: int = 200,
    ) -> None:
        self._venue = venue
        self._assembler = assembler
        self._source = source
        self._connect = connect
        self._clock = clock
        self._random = random
        self._hand_on = hand_on
        self._silence = silence
        self._tick = tick
        self._asking = asking
        self._group = group
        self._lines: list[_Line] = []
        self._asked = 0
        self._unanswered = 0
        self._history_trouble = ""

    async def run(self, next_ms: Mapping[str, int]) -> None:
        """Follow every symbol from the candle that opens at its ``next_ms`` on, until cancelled."""
        for symbol, start_ms in next_ms.items():
            self._assembler.follow(symbol, start_ms)
        symbols = tuple(next_ms)
        if self._connect is not None:
            groups = (symbols[at : at + self._group] for at in range(0, len(symbols), self._group))
            self._lines = [_Line(self._connect(), group) for group in groups]
        try:
            async with asyncio.TaskGroup() as tasks:
                for line in self._lines:
                    tasks.create_task(self._follow(line))
                tasks.create_task(self._watch())
                tasks.create_task(self._fill_gaps(tasks))
        finally:
            await asyncio.gather(*(line.stream.close() for line in self._lines))

    def status(self) -> LiveStatus:
        """Everything there is to see."""
        up = [line for line in self._lines if line.messages and self._silent_for(line) <= self._silence]
        troubles = [line.trouble for line in self._lines if line not in up]
        return LiveStatus(
            symbols=len(self._assembler),
            connections=len(self._lines),
            connected=len(up),
            reconnects=sum(max(0, line.connects - 1) for line in self._lines),
            waiting=self._assembler.waiting,
            unanswered=self._unanswered,
            tally=replace(self._assembler.tally),
            troubles=tuple(filter(None, (*troubles, self._history_trouble))),
        )

    async def _follow(self, line: _Line) -> None:
        """Keep one connection up."""
        failures = 0
        while True:
            line.messages = 0
            line.trouble = await self._listen(line)
            self._assembler.interrupted(line.symbols)
            failures = 1 if line.messages else failures + 1
            await self._clock.sleep(_RECONNECT.pause(failures, self._random))

    async def _listen(self, line: _Line) -> str:
        """Listen until the connection ends or is given up; returned is why, in words."""

        def receive(symbol: str, candle: Candle, closed: bool | None) -> None:
            line.heard = self._clock.monotonic()
            line.connects += not line.messages
            line.messages += 1
            self._pass_on(self._assembler.take(symbol, candle, closed=closed))

        line.heard = self._clock.monotonic()
        try:
            async with asyncio.timeout(None) as line.leash:
                await line.stream.listen(line.symbols, receive)
        except TimeoutError:
            return f"{self._venue} was connected and said nothing for {self._silence:g} s"
        except VenueError as error:
            return str(error)
        finally:
            line.leash = None
        return f"{self._venue} has ended the connection"

    async def _watch(self) -> None:
        """Give up connections that have fallen silent."""
        while True:
            await self._clock.sleep(self._tick)
            for line in self._lines:
                if line.leash is not None and self._silent_for(line) > self._silence:
                    line.leash.reschedule(asyncio.get_running_loop().time())
                    line.leash = None

    async def _fill_gaps(self, tasks: asyncio.TaskGroup) -> None:
        """Ask for what is overdue."""
        while True:
            await self._clock.sleep(self._tick)
            try:
                now_ms = await self._source.now_ms()
            except VenueError as error:
                self._not_answered(error)
                continue
            for gap in self._assembler.gaps(now_ms, self._asking - self._asked):
                self._asked += 1
                tasks.create_task(self._ask(gap, now_ms))

    async def _ask(self, gap: Gap, now_ms: int) -> None:
        series = Series(venue=self._venue, symbol=gap.symbol, timeframe=self._assembler.timeframe)
        try:
            found = await self._source.fetch(series, gap.start_ms, gap.end_ms)
        except VenueError as error:
            self._not_answered(error)
            self._assembler.failed(gap, now_ms)
        else:
            self._unanswered, self._history_trouble = 0, ""
            self._pass_on(self._assembler.fill(gap, each(found), now_ms))
        finally:
            self._asked -= 1

    def _not_answered(self, error: VenueError) -> None:
        self._unanswered += 1
        self._history_trouble = str(error)

    def _silent_for(self, line: _Line) -> float:
        return self._clock.monotonic() - line.heard

    def _pass_on(self, ready: Iterable[Closed]) -> None:
        for closed in ready:
            self._hand_on(closed)
