"""What passing the limiter costs when nobody waits, beside aiolimiter in the same run.

Prints microseconds and the ratio; nothing is asserted.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from aiolimiter import AsyncLimiter

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


if __name__ == "__main__":
    asyncio.run(main())
