"""One load before several rate limiters, on an event loop whose time passes only when nothing is left to do.

For three minutes: downloads that never end, a small account request every second, a heavy report every twenty, and
now and then something urgent.  The venue allows 1,200 of weight a minute.  Run as a program it prints the figures of
one limiter as JSON, so that one with dependencies of its own can be measured in an environment of its own:

    python benchmarks/limiter_contest.py hummingbot
"""

from __future__ import annotations

import asyncio
import json
import selectors
import sys
import time
from bisect import bisect_left
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from itertools import accumulate
from random import Random
from typing import Any

LIMIT, WINDOW, SECONDS = 1200, 60.0, 180.0
DOWNLOADS, WEIGHT, ACCOUNT, HEAVY, URGENT = 8, 5, 1, 200, 1
NAMES = {"download": WEIGHT, "account": ACCOUNT, "heavy": HEAVY, "urgent": URGENT}

_TURN = 20e-6

Acquire = Callable[[str], Awaitable[object]]


@dataclass(frozen=True)
class Figures:
    """``rate``: weight per minute after the first; ``calendar`` and ``sliding``: most weight in a window, of the limit.

    Waits in seconds.
    """

    name: str
    rate: float
    calendar: float
    sliding: float
    heavy: float
    urgent: float
    account: float
    served: int


class _Impatient(selectors.DefaultSelector):
    loop: Any = None

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        # A turn of the loop takes its time, too: whoever waits by looking again and again does so for ever otherwise.
        self.loop.now += _TURN if ready or timeout is None else max(timeout, _TURN)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop with a clock of its own, which begins a little after a full minute."""

    def __init__(self) -> None:
        selector = _Impatient()
        super().__init__(selector)
        selector.loop = self
        self.now = 1000 * WINDOW + 7.0

    def time(self) -> float:
        """Seconds."""
        return self.now


def gobot(_: VirtualLoop) -> Acquire:
    """The limiter of this project."""
    from gobot.exchange import Priority, RateLimiter
    from gobot.settings.trading import RateLimiterSettings

    class Clock:
        def now_ms(self) -> int:
            return round(asyncio.get_running_loop().time() * 1000)

        def monotonic(self) -> float:
            return asyncio.get_running_loop().time()

        async def sleep(self, seconds: float) -> None:
            await asyncio.sleep(seconds)

    limiter = RateLimiter(RateLimiterSettings(requests_per_minute=LIMIT), Clock())
    ranks = {
        "download": Priority.LOW,
        "account": Priority.NORMAL,
        "heavy": Priority.NORMAL,
        "urgent": Priority.CRITICAL,
    }

    async def acquire(kind: str) -> None:
        async with limiter.slot(ranks[kind], f"GET /{kind}", NAMES[kind]):
            pass

    return acquire


def aiolimiter(_: VirtualLoop) -> Acquire:
    """A leaky bucket as large as the limit; waiters in the order of their size."""
    from aiolimiter import AsyncLimiter

    limiter = AsyncLimiter(LIMIT, WINDOW)
    return lambda kind: limiter.acquire(NAMES[kind])


def ccxt_leaky(loop: VirtualLoop) -> Acquire:
    """The default throttle of ccxt: one queue, strictly in order."""
    from ccxt.async_support.base.throttler import Throttler

    refill = LIMIT / (WINDOW * 1000)
    throttle = Throttler({"refillRate": refill, "capacity": 1.0, "tokens": 0, "delay": 0.001}, loop)
    return lambda kind: throttle(NAMES[kind])


def ccxt_rolling(loop: VirtualLoop) -> Acquire:
    """The other throttle of ccxt: one queue, strictly in order, a rolling window."""
    from ccxt.async_support.base.throttler import Throttler

    config = {"algorithm": "rollingWindow", "windowSize": WINDOW * 1000, "rateLimit": WINDOW * 1000 / LIMIT}
    throttle = Throttler(config, loop)
    return lambda kind: throttle(NAMES[kind])


def hummingbot(_: VirtualLoop) -> Acquire:
    """Hummingbot's throttler: every waiter looks again by itself after a while."""
    from hummingbot.core.api_throttler.async_throttler import AsyncThrottler
    from hummingbot.core.api_throttler.data_types import LinkedLimitWeightPair, RateLimit
    from hummingbot.logger import HummingbotLogger

    # What it says when the limit is reached goes to the window of the whole application, which is not here.
    HummingbotLogger.notify = lambda *_: None
    limits = [RateLimit(limit_id="pool", limit=LIMIT, time_interval=WINDOW)]
    limits += [
        RateLimit(
            limit_id=kind,
            limit=LIMIT,
            time_interval=WINDOW,
            weight=1,
            linked_limits=[LinkedLimitWeightPair("pool", weight)],
        )
        for kind, weight in NAMES.items()
    ]
    throttler = AsyncThrottler(rate_limits=limits)

    async def acquire(kind: str) -> None:
        async with throttler.execute_task(kind):
            pass

    return acquire


PEERS: dict[str, Callable[[VirtualLoop], Acquire]] = {
    "gobot": gobot,
    "aiolimiter": aiolimiter,
    "ccxt (leaky bucket)": ccxt_leaky,
    "ccxt (rolling window)": ccxt_rolling,
    "hummingbot": hummingbot,
}


def measure(name: str) -> Figures:
    """Play the load before the limiter of that name."""
    loop = VirtualLoop()
    real = time.time, time.monotonic
    modules = [module for module in sys.modules.values() if getattr(module, "time", None) is time.time]
    time.time = time.monotonic = loop.time
    try:
        acquire = PEERS[name](loop)
        for module in {*modules, *sys.modules.values()}:
            if getattr(module, "time", None) is real[0]:
                module.time = loop.time  # type: ignore[attr-defined]  # who imported the function by itself
        return _figures(name, loop.run_until_complete(_play(acquire, loop)))
    finally:
        time.time, time.monotonic = real
        for module in sys.modules.values():
            if getattr(module, "time", None) == loop.time:
                module.time = real[0]  # type: ignore[attr-defined]
        loop.close()


async def _play(acquire: Acquire, loop: VirtualLoop) -> list[tuple[str, float, float]]:
    """Kind, time asked and time served of every request."""
    began, served = loop.time(), []
    chance = Random(7)  # noqa: S311 - the same load for everybody

    async def ask(kind: str) -> None:
        asked = loop.time()
        await acquire(kind)
        served.append((kind, asked, loop.time()))

    async def download() -> None:
        while loop.time() < began + SECONDS:
            await ask("download")
            await asyncio.sleep(0.02)

    async def every(seconds: Callable[[], float], kind: str, into: list[asyncio.Task[None]]) -> None:
        while loop.time() < began + SECONDS:
            await asyncio.sleep(seconds())
            into.append(asyncio.ensure_future(ask(kind)))

    asked: list[asyncio.Task[None]] = []
    sources = [asyncio.ensure_future(download()) for _ in range(DOWNLOADS)]
    sources += [
        asyncio.ensure_future(every(lambda: 1.0, "account", asked)),
        asyncio.ensure_future(every(lambda: 20.0, "heavy", asked)),
        asyncio.ensure_future(every(lambda: chance.uniform(2, 9), "urgent", asked)),
    ]
    await _end(sources, asked)
    now = loop.time()
    # Who has not been served at all has waited until now.
    waiting = sum(task.cancelled() for task in asked)
    return served + [("heavy", began, now)] * min(waiting, 1)


async def _end(sources: list[asyncio.Future[None]], asked: list[asyncio.Task[None]]) -> None:
    """Let the load come to its end; who still waits a while after it is sent away."""
    await asyncio.wait(sources, timeout=SECONDS + 2 * WINDOW)
    if asked:
        await asyncio.wait(asked, timeout=2 * WINDOW)
    for task in (*sources, *asked):
        if not task.done():
            task.cancel()
    for end in await asyncio.gather(*sources, *asked, return_exceptions=True):
        if isinstance(end, Exception):
            raise end


def _figures(name: str, served: list[tuple[str, float, float]]) -> Figures:
    moments = sorted((at, NAMES[kind]) for kind, _, at in served)
    times, sums = [at for at, _ in moments], [0, *accumulate(weight for _, weight in moments)]

    def within(start: float, end: float) -> int:
        return sums[bisect_left(times, end)] - sums[bisect_left(times, start)]

    minutes = {at - at % WINDOW for at in times}
    begin = times[0]
    waits = {kind: [at - asked for one, asked, at in served if one == kind] or [float("inf")] for kind in NAMES}
    return Figures(
        name=name,
        rate=within(begin + WINDOW, begin + SECONDS) / (SECONDS - WINDOW) * 60,
        calendar=max(within(minute, minute + WINDOW) for minute in minutes) / LIMIT,
        sliding=max(within(at, at + WINDOW) for at in times) / LIMIT,
        heavy=max(waits["heavy"]),
        urgent=max(waits["urgent"]),
        account=max(waits["account"]),
        served=len(served),
    )


if __name__ == "__main__":
    print(json.dumps(asdict(measure(sys.argv[1]))))
