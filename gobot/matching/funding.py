"""When perpetual futures settle funding: every eight hours, at 00:00, 08:00 and 16:00 UTC."""

from __future__ import annotations

FUNDING_INTERVAL_MS = 8 * 3_600_000


def next_settlement(after_ms: int) -> int:
    """The first settlement strictly after ``after_ms``."""
    return after_ms - after_ms % FUNDING_INTERVAL_MS + FUNDING_INTERVAL_MS


def settlements(after_ms: int, until_ms: int) -> range:
    """Settlement times with ``after_ms < time <= until_ms``."""
    return range(next_settlement(after_ms), until_ms + 1, FUNDING_INTERVAL_MS)
