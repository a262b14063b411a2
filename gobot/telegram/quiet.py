"""Quiet hours: times of day in which only critical alerts make a sound."""

from __future__ import annotations

from gobot.core import DAY_MS


def is_quiet(hours: str | None, now_ms: int) -> bool:
    """Whether ``now_ms`` lies within ``hours``, such as ``22:00-07:00`` (UTC, may span midnight, end excluded)."""
    if hours is None:
        return False
    start, end = (_minute(edge) for edge in hours.split("-"))
    minute = now_ms % DAY_MS // 60_000
    return start <= minute < end if start <= end else minute >= start or minute < end


def _minute(edge: str) -> int:
    hour, minute = edge.split(":")
    return int(hour) * 60 + int(minute)
