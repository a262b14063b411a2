"""Live candles from a `FuturesServer` through the real ccxt client, at any speed."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from random import Random
from typing import Self

from futures_server import MINUTE, FuturesServer, symbol_of

from gobot.core import SystemClock
from gobot.market.assembler import CandleAssembler, Closed
from gobot.market.candle import Candle
from gobot.market.ccxt_history import CcxtHistory
from gobot.market.ccxt_stream import CcxtStream, KlineStream, make_stream
from gobot.market.ccxt_venue import make_client
from gobot.market.history import History
from gobot.market.live import LiveCandles
from gobot.market.retry import Retries


class ServersClock(SystemClock):
    """The server's time; how long things take is real."""

    def __init__(self, server: FuturesServer) -> None:
        self._server = server

    def now_ms(self) -> int:
        return self._server.now_ms


class Rig:
    """Follows every coin of ``server``; what is handed on gathers in ``got``."""

    def __init__(
        self,
        server: FuturesServer,
        *,
        plain: bool = False,
        stream: bool = True,
        spot: bool = False,
        silence: float = 0.5,
        group: int = 200,
    ) -> None:
        self.server = server
        self.spot = spot
        self.start_ms = server.now_ms
        self.got: defaultdict[str, list[Candle]] = defaultdict(list)
        self.clock = ServersClock(server)
        self.clients: list[object] = []
        catalogue = self._client()
        self.rest = CcxtHistory(catalogue, self.clock)
        self.history = History(self.rest, Retries(self.clock, Random(1), attempts=1))

        def connect() -> KlineStream:
            client = self._client()
            if plain:
                return CcxtStream(client, catalogue, MINUTE, self.clock)
            return make_stream(client, catalogue, MINUTE, self.clock)

        self.live = LiveCandles(
            "binance",
            CandleAssembler(MINUTE),
            self.history,
            connect if stream else None,
            self.clock,
            Random(2),
            self._hand_on,
            silence=silence,
            tick=0.02,
            group=group,
        )
        self._running: asyncio.Task[None] | None = None

    def _client(self):
        client = make_client(
            "binance" if self.spot else "binanceusdm", rest=self.server.rest_url, ws=self.server.ws_url
        )
        client.timeout_on_exit = 0
        self.clients.append(client)
        return client

    def _hand_on(self, closed: Closed) -> None:
        self.got[closed.symbol].append(closed.candle)

    async def __aenter__(self) -> Self:
        next_ms = {symbol_of(coin, spot=self.spot): self.start_ms for coin in self.server.coins}
        self._running = asyncio.create_task(self.live.run(next_ms))
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._running is not None
        self._running.cancel()
        await asyncio.wait({self._running})
        await self.rest.close()
        if not self._running.cancelled() and (error := self._running.exception()):
            raise error

    async def until(self, condition, seconds: float = 5.0) -> float:
        """Wait for ``condition()``; how long it took, seconds."""
        began = self.clock.monotonic()
        while not condition():
            assert self._running is not None
            assert not self._running.done(), "the live candles have ended"
            assert self.clock.monotonic() - began < seconds, f"not within {seconds} s: {self.live.status()}"
            await asyncio.sleep(0.005)
        return self.clock.monotonic() - began

    async def connected(self) -> None:
        """Until every symbol is subscribed to."""
        await self.until(lambda: sum(map(len, self.server.sockets.values())) == len(self.server.coins))

    def expected(self, coin: str, minutes: int) -> list[Candle]:
        """The first ``minutes`` candles as they have to come."""
        times = range(self.start_ms, self.start_ms + minutes * MINUTE.ms, MINUTE.ms)
        return [Candle(*self.server.candle(coin, t)) for t in times if (coin, t) not in self.server.lacking]

    async def arrival(self, minutes: int, seconds: float = 20.0) -> None:
        """Let the server's time go on until the first ``minutes`` candles of every symbol are there."""
        end_ms = self.start_ms + minutes * MINUTE.ms
        began = self.clock.monotonic()
        while not all(self._has(coin, end_ms) for coin in self.server.coins):
            assert self.clock.monotonic() - began < seconds, f"not within {seconds} s: {self.live.status()}"
            self.server.now_ms += 2_000
            await asyncio.sleep(0.005)

    def _has(self, coin: str, end_ms: int) -> bool:
        got = self.got[symbol_of(coin, spot=self.spot)]
        return bool(got) and got[-1].time >= end_ms - MINUTE.ms

    def verify(self, minutes: int) -> None:
        """Nothing lost, nothing doubled, in order, every value right."""
        for coin in self.server.coins:
            expected = self.expected(coin, minutes)
            assert self.got[symbol_of(coin, spot=self.spot)][: len(expected)] == expected, coin


class Weather:
    """What befalls the messages of a stream: lost, twice, late and so in disorder, cut off, silent."""

    def __init__(self, server: FuturesServer, seed: int, *, lost: float, twice: float, late: float) -> None:
        self._server = server
        self._random = Random(seed)
        self._lost, self._twice, self._late = lost, twice, late
        self._delayed: defaultdict[int, list[tuple[str, int]]] = defaultdict(list)
        self.silent = False

    async def minute(self, minute: int, time_ms: int, coins: Sequence[str], pace: float) -> None:
        """Play the minute that opens at ``time_ms`` in ``pace`` real seconds."""
        server, chance = self._server, self._random
        server.now_ms = time_ms + 30_000
        if not self.silent:
            await server.publish(coins, time_ms, closed=False, part=0.5)
        await asyncio.sleep(pace / 2)
        server.now_ms = time_ms + MINUTE.ms
        for coin in chance.sample(coins, len(coins)):
            fate = chance.random()
            if self.silent or fate < self._lost:
                continue
            if fate < self._lost + self._late:
                self._delayed[minute + chance.randint(1, 2)].append((coin, time_ms))
                continue
            again = fate < self._lost + self._late + self._twice
            await server.publish([coin] * (1 + again), time_ms, closed=True)
        for coin, late_ms in self._delayed.pop(minute, ()):
            await server.publish([coin], late_ms, closed=True)
        await asyncio.sleep(pace / 2)
