"""A clock that runs faster than the host's, and that several processes of one host can share.

Both the server and whoever trades on it must run on the same clock, or signed timestamps would be refused.  The
anchor says when the clock was started; with it any process on the same host reads the same time.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class FastClock:
    """``speed`` seconds pass in one real second; the clock was right at the anchor.

    The anchor is a moment on the host's two clocks: ``wall_ms`` (ms UTC) and ``monotonic_s`` (seconds; on Linux every
    process counts them from the same zero).  After the anchor only the monotonic clock counts, so setting the host's
    clock does not make this one jump.
    """

    speed: float
    wall_ms: int
    monotonic_s: float

    @classmethod
    def start(cls, speed: float = 1.0) -> FastClock:
        """A clock that agrees with the host's now."""
        return cls(speed=speed, wall_ms=time.time_ns() // 1_000_000, monotonic_s=time.monotonic())

    @classmethod
    def at_anchor(cls, anchor: Mapping[str, Any]) -> FastClock:
        """The clock of another process, from its `anchor`."""
        return cls(
            speed=float(anchor["speed"]), wall_ms=int(anchor["wall_ms"]), monotonic_s=float(anchor["monotonic_s"])
        )

    @property
    def anchor(self) -> dict[str, Any]:
        """What another process on this host needs to read the same time."""
        return asdict(self)

    def now_ms(self) -> int:
        """Milliseconds since the epoch, the real ones since the anchor counted ``speed`` times."""
        return self.wall_ms + int(self.monotonic() * 1000)

    def monotonic(self) -> float:
        """Seconds since the anchor."""
        return (time.monotonic() - self.monotonic_s) * self.speed

    async def sleep(self, seconds: float) -> None:
        """Sleep for ``seconds`` of this clock."""
        await asyncio.sleep(seconds / self.speed)
