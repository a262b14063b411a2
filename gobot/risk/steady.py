"""The clock that waiting times are counted on: UTC at the start of the process, monotonic from then on."""

from __future__ import annotations

from gobot.core import Clock


class SteadyClock:
    """Milliseconds since the epoch that never jump inside a process.

    Someone who sets the host's clock back or forth neither shortens nor lengthens a pause that is running.  A new
    process starts from the wall clock again; if that was set back meanwhile, what was paused stays paused longer.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._start_ms = clock.now_ms()
        self._start = clock.monotonic()

    def now_ms(self) -> int:
        """The present, ms; never less than it was before."""
        return self._start_ms + round((self._clock.monotonic() - self._start) * 1000)
