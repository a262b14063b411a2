"""550 symbols live for twenty minutes of market in two real ones, in foul weather; what it costs is printed.

``python tests/market/network/live_campaign.py [SYMBOLS [MINUTES [SECONDS_PER_MINUTE]]]``

The venue runs in a process of its own and sends a state of every candle each real second, as often as Binance does on
a quiet day, so that the figures are those of following it, not of playing it.  Leaves with 1 if a candle is lost,
doubled, out of order or wrong.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import defaultdict
from pathlib import Path
from random import Random
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).parent))

from futures_server import MINUTE, FuturesServer, symbol_of
from made_up import ms

from gobot.core import SystemClock
from gobot.market.assembler import CandleAssembler, Closed
from gobot.market.candle import Candle
from gobot.market.ccxt_history import CcxtHistory
from gobot.market.ccxt_stream import KlineStream, make_stream
from gobot.market.ccxt_venue import make_client
from gobot.market.history import History
from gobot.market.live import LiveCandles
from gobot.market.retry import Retries

START = ms("2025-03-05T20:00")
_MEGABYTE = 1 << 20


def coins(count: int) -> list[str]:
    return [f"COIN{number:03d}" for number in range(count)]


class FastClock(SystemClock):
    """A minute of the market takes ``pace`` real seconds from the real moment ``began`` on."""

    def __init__(self, began: float, pace: float) -> None:
        self.began, self.pace = began, pace

    def now_ms(self) -> int:
        return START + max(0, int((time.monotonic() - self.began) / self.pace * MINUTE.ms))

    def real(self, time_ms: int) -> float:
        """The real moment at which it is ``time_ms`` on the market."""
        return self.began + (time_ms - START) / MINUTE.ms * self.pace


class FastServer(FuturesServer):
    """A server whose time runs by itself."""

    clock: FastClock

    @property
    def now_ms(self) -> int:
        return self.clock.now_ms()

    @now_ms.setter
    def now_ms(self, _: int) -> None:
        """Nobody moves it."""


class Venue:
    """Plays the market, with one outage after the other."""

    def __init__(self, server: FastServer, minutes: int) -> None:
        self.server, self.minutes = server, minutes
        self.messages = 0
        self.back_after: list[float] = []

    async def play(self) -> None:
        server, clock, chance = self.server, self.server.clock, Random(3)
        late: defaultdict[int, list[tuple[str, int]]] = defaultdict(list)
        for minute in range(self.minutes):
            open_ms = START + minute * MINUTE.ms
            silent = minute % 9 == 7
            if minute % 6 == 4:
                asyncio.get_running_loop().create_task(self.outage(clock.pace * (0.2 + chance.random())))
            for second in range(int(clock.pace)):
                await asyncio.sleep(max(0.0, clock.real(open_ms) + second + 0.2 - time.monotonic()))
                if not silent:
                    await self.send(server.coins, open_ms, closed=False, part=(second + 1) / (clock.pace + 1))
            await asyncio.sleep(max(0.0, clock.real(open_ms + MINUTE.ms) - time.monotonic()))
            for coin in chance.sample(server.coins, len(server.coins)):
                fate = chance.random()
                if silent or fate < 0.005:
                    continue
                if fate < 0.02:
                    late[minute + 1].append((coin, open_ms))
                else:
                    await self.send([coin] * (2 if fate < 0.03 else 1), open_ms, closed=True)
            for coin, late_ms in late.pop(minute, ()):
                await self.send([coin], late_ms, closed=True)

    async def send(self, coins: list[str], time_ms: int, *, closed: bool, part: float = 1.0) -> None:
        await self.server.publish(coins, time_ms, closed=closed, part=part)
        self.messages += len(coins)

    async def outage(self, seconds: float) -> None:
        self.server.accepting = False
        self.server.drop()
        await asyncio.sleep(seconds)
        self.server.accepting = True
        began, connects = time.monotonic(), self.server.connects
        while self.server.connects == connects:  # noqa: ASYNC110 - to look is enough here
            await asyncio.sleep(0.01)
        self.back_after.append(round(time.monotonic() - began, 2))


async def serve(count: int, minutes: int, pace: float) -> None:
    """The child: tells its address, waits for the word to begin, plays, and tells what it has seen."""
    server = FastServer(coins(count), START)
    server.clock = FastClock(time.monotonic() + 1e9, pace)
    async with server:
        sys.stdout.write(json.dumps({"rest": server.rest_url, "ws": server.ws_url}) + "\n")
        sys.stdout.flush()
        loop = asyncio.get_running_loop()
        server.clock.began = float(await loop.run_in_executor(None, sys.stdin.readline))
        venue = Venue(server, minutes)
        await venue.play()
        await loop.run_in_executor(None, sys.stdin.readline)
        seen = {"messages": venue.messages, "back_after": venue.back_after, "refused": server.refused}
        sys.stdout.write(json.dumps(seen) + "\n")


class Watch:
    """CPU and memory of this process from one moment to another."""

    def __init__(self) -> None:
        self.process = psutil.Process()
        self.began, self.cpu, self.sizes = time.monotonic(), self._cpu(), [self._size()]

    def look(self) -> None:
        self.sizes.append(self._size())

    def share(self) -> float:
        """CPU seconds per second."""
        return (self._cpu() - self.cpu) / (time.monotonic() - self.began)

    def _cpu(self) -> float:
        times = self.process.cpu_times()
        return times.user + times.system

    def _size(self) -> float:
        return self.process.memory_info().rss / _MEGABYTE


async def follow(count: int, minutes: int, pace: float) -> dict[str, Any]:
    """Follow the child's market and compare with what it must have been."""
    arguments = (str(Path(__file__)), "serve", str(count), str(minutes), str(pace))
    child = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert child.stdin is not None
    assert child.stdout is not None
    address = json.loads(await child.stdout.readline())
    clock = FastClock(time.monotonic() + 5, pace)
    catalogue = make_client("binanceusdm", **address)
    rest = CcxtHistory(catalogue, clock)
    got: defaultdict[str, list[Candle]] = defaultdict(list)

    def connect() -> KlineStream:
        return make_stream(make_client("binanceusdm", **address), catalogue, MINUTE, clock)

    def hand_on(closed: Closed) -> None:
        got[closed.symbol].append(closed.candle)

    assembler = CandleAssembler(MINUTE, grace_ms=10_000)
    history = History(rest, Retries(clock, Random(1), attempts=1))
    live = LiveCandles("binance", assembler, history, connect, clock, Random(2), hand_on, silence=5.0)
    running = asyncio.create_task(live.run({symbol_of(coin): START for coin in coins(count)}))
    await asyncio.sleep(clock.began - time.monotonic() - 0.5)
    child.stdin.write(f"{clock.began}\n".encode())
    await child.stdin.drain()
    watch = Watch()
    for _ in range(minutes + 3):
        await asyncio.sleep(pace)
        watch.look()
    status, share = live.status(), watch.share()
    running.cancel()
    await asyncio.wait({running})
    await rest.close()
    child.stdin.write(b"\n")
    seen = json.loads(await child.stdout.readline())
    await child.wait()
    reference = FuturesServer(coins(count), START)
    times = [START + minute * MINUTE.ms for minute in range(minutes)]
    wrong = [
        coin
        for coin in reference.coins
        if got[symbol_of(coin)][:minutes] != [Candle(*reference.candle(coin, at)) for at in times]
    ]
    return {
        "symbols": count,
        "candles": sum(min(len(candles), minutes) for candles in got.values()),
        "wrong symbols": wrong,
        "messages per second": round(seen["messages"] / (minutes * pace)),
        "CPU share of one core": round(share, 3),
        "RSS, MB": [round(size) for size in watch.sizes],
        "reconnects": status.reconnects,
        "back after, s": seen["back_after"],
        "by history": status.tally.filled,
        "repeated": status.tally.repeated,
        "missing": status.tally.missing,
        "refused by the venue": seen["refused"],
    }


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["serve"]:
        asyncio.run(serve(int(arguments[1]), int(arguments[2]), float(arguments[3])))
        return 0
    count, minutes, pace = (float(text) for text in [*arguments, *("550", "20", "6")[len(arguments) :]])
    report = asyncio.run(follow(int(count), int(minutes), pace))
    for name, value in report.items():
        sys.stdout.write(f"{name:24}{value}\n")
    return int(bool(report["wrong symbols"] or report["missing"] or report["refused by the venue"]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
