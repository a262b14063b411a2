"""The limiter beside others in the same run: what passing costs when nobody waits, and who waits under load.

    python benchmarks/limiter.py
    HUMMINGBOT_PYTHON=/path/to/venv/bin/python python benchmarks/limiter.py

Hummingbot's throttler is measured in the environment of its own that the variable names (pip install hummingbot
there).  Prints figures; nothing is asserted.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiolimiter import AsyncLimiter
from limiter_contest import LIMIT, PEERS, SECONDS, Figures, measure

from gobot.core import SystemClock
from gobot.exchange import Priority, RateLimiter
from gobot.settings.trading import RateLimiterSettings

ROUNDS = 20_000
BEST_OF = 5
AMPLE = RateLimiterSettings(
    requests_per_minute=1_000_000,
    requests_per_hour=100_000_000,
    orders_per_10_seconds=100_000,
    orders_per_minute=100_000,
)


async def best(once: Callable[[], Awaitable[object]]) -> float:
    """Microseconds of one call, the best of several runs."""
    times = []
    for _ in range(BEST_OF):
        start = time.perf_counter()
        for _ in range(ROUNDS):
            await once()
        times.append(time.perf_counter() - start)
    return min(times) / ROUNDS * 1e6


async def main() -> None:
    """Measure and print."""
    theirs = AsyncLimiter(1e9, 60)
    ours = RateLimiter(AMPLE, SystemClock())

    async def slot() -> None:
        async with ours.slot(Priority.NORMAL, "GET /fapi/v1/time"):
            pass

    async def acquire() -> None:
        ours.success(await ours.acquire(Priority.NORMAL, "GET /fapi/v1/time"))

    peer = await best(theirs.acquire)
    print(f"{'aiolimiter, one limit':<38} {peer:6.2f} µs")
    for name, once in (("gobot, four limits: acquire + success", acquire), ("gobot, four limits: slot", slot)):
        took = await best(once)
        print(f"{name:<38} {took:6.2f} µs  {took / peer:5.1f} x")


def contest() -> list[Figures]:
    """The same load before everybody."""
    found = []
    for name in PEERS:
        if name != "hummingbot":
            found.append(measure(name))
        elif python := os.environ.get("HUMMINGBOT_PYTHON"):
            program = Path(__file__).with_name("limiter_contest.py")
            done = subprocess.run([python, str(program), name], capture_output=True, text=True, check=True)
            found.append(Figures(**json.loads(done.stdout.splitlines()[-1])))
        else:
            print("hummingbot is not measured: HUMMINGBOT_PYTHON names no Python that has it")
    return found


def show(figures: list[Figures]) -> None:
    """As a table."""
    print(f"\n{SECONDS:.0f} s of load, a limit of {LIMIT} a minute: weight in shares of it, longest waits in seconds")
    print(f"{'':<24}{'a minute':>9}{'calendar':>10}{'sliding':>9}{'heavy':>9}{'urgent':>9}{'account':>9}")
    for one in figures:
        weights = f"{one.rate / LIMIT:>9.2f}{one.calendar:>10.2f}{one.sliding:>9.2f}"
        print(f"{one.name:<24}{weights}{one.heavy:>9.2f}{one.urgent:>9.2f}{one.account:>9.2f}")


if __name__ == "__main__":
    asyncio.run(main())
    show(contest())
