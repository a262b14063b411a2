"""Time as a dependency: the wall clock in real life, a clock that is moved by hand in simulation and tests.

Two readings that are never mixed: ``now_ms`` says *when* (UTC, may jump when the host's clock is set),
``monotonic`` says *how long* (never goes back, meaningless across processes).
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol, runtime_checkable

DAY_MS = 86_400_000


@runtime_checkable
class Clock(Protocol):
    """What every part that needs time is given."""

    def now_ms(self) -> int:
        """Milliseconds since 1970-01-01 UTC."""

    def monotonic(self) -> float:
        """Seconds of elapsed time in this process."""

    async def sleep(self, seconds: float) -> None:
        """Wait for ``seconds`` of this clock's time."""


class SystemClock:
    """The host's clocks."""

    def now_ms(self) -> int:
        """Milliseconds since the epoch by the host's wall clock."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        """Seconds by the host's monotonic clock."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Sleep on the event loop."""
        await asyncio.sleep(seconds)


class ManualClock:
    """A clock that stands still until it is moved: simulation, rehearsal and tests.

    ``sleep`` moves it, so code that waits never waits in reality; both readings move together.
    """

    def __init__(self, now_ms: int = 0) -> None:
        self._start_ms = now_ms
        self._now_ms = now_ms

    def __repr__(self) -> str:
        return f"ManualClock({iso(self._now_ms)})"

    def now_ms(self) -> int:
        """The time it was last moved to."""
        return self._now_ms

    def monotonic(self) -> float:
        """Seconds since it was made."""
        return (self._now_ms - self._start_ms) / 1000

    async def sleep(self, seconds: float) -> None:
        """Move ahead by ``seconds`` and let other tasks run."""
        self.move_to(self._now_ms + round(seconds * 1000))
        await asyncio.sleep(0)

    def move_to(self, now_ms: int) -> None:
        """Move to ``now_ms``; a time in the past leaves the clock where it is."""
        self._now_ms = max(self._now_ms, now_ms)


def iso(ms: int) -> str:
    """``ms`` since the epoch as ``2024-11-30T23:45:00Z`` (milliseconds only where there are any)."""
    stamp = datetime.fromtimestamp(ms / 1000, UTC)
    return stamp.isoformat(timespec="milliseconds" if ms % 1000 else "seconds").replace("+00:00", "Z")


def utc_day(ms: int) -> str:
    """The UTC calendar day of ``ms``, ``2024-11-30``: the day that daily limits count in."""
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d")
