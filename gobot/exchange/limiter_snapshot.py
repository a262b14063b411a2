"""What can be seen of the limiter at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from gobot.exchange.limiter_journal import Incident, Served


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitUse:
    """One limit: how much of it counts as used now, and the most of our own that is ever let through."""

    name: str
    used: int
    ceiling: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LimiterSnapshot:
    """The limiter at one moment; times in seconds.

    ``strikes`` are refusals not yet made good, ``resting`` endpoints left alone, ``endpoints`` (requests, failures)
    since the start, ``errors`` failures by outcome, ``recent`` the newest requests, newest last.
    """

    limits: tuple[LimitUse, ...]
    waiting: Mapping[str, int]
    in_flight: int
    requests: int
    silent_for: float
    strikes: int
    resting: Mapping[str, float]
    endpoints: Mapping[str, tuple[int, int]]
    errors: Mapping[str, int]
    incidents: tuple[Incident, ...]
    recent: tuple[Served, ...]

    def document(self) -> dict[str, Any]:
        """A JSON-ready form."""
        recent = [{**served._asdict(), "priority": served.priority.name.lower()} for served in self.recent]
        return {**asdict(self), "recent": recent}
