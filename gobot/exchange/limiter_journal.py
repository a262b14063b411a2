"""What the limiter remembers of the past: the newest requests, error counts, and what an operator should hear of."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from gobot.exchange.limiter_permit import Permit
from gobot.exchange.priority import Priority

ANSWERED = "200"
NO_ANSWER = "no answer"
CANCELLED = "cancelled"
_REQUESTS = 200
_INCIDENTS = 50


class Served(NamedTuple):
    """A request that has ended: when (ms UTC), what it was, its weight and how long it had waited (seconds).

    ``outcome`` is the HTTP status, "no answer" or "cancelled".
    """

    at_ms: int
    priority: Priority
    endpoint: str
    weight: int
    waited: float
    outcome: str


class IncidentKind(StrEnum):
    """What an incident is about."""

    SILENCED = "silenced"
    """The venue has told us to be quiet."""
    RECOVERED = "recovered"
    """Requests go at full pace again."""
    ENDPOINT = "endpoint"
    """An endpoint keeps failing and is left alone."""
    NOT_SAVED = "not_saved"
    """A ban could not be written to disk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """Something an operator should hear of."""

    at_ms: int
    kind: IncidentKind
    sentence: str


class Journal:
    """History, bounded.  ``notify`` is called with every incident; it must not raise."""

    def __init__(self, notify: Callable[[Incident], None] | None) -> None:
        self.recent: deque[Served] = deque(maxlen=_REQUESTS)
        self.incidents: deque[Incident] = deque(maxlen=_INCIDENTS)
        self.errors: Counter[str] = Counter()
        self._notify = notify

    def ended(self, permit: Permit, outcome: str, at_ms: int) -> None:
        """A request has ended."""
        served = Served(at_ms, permit.priority, permit.endpoint, permit.cost.weight, permit.waited, outcome)
        self.recent.append(served)
        if outcome != ANSWERED:
            self.errors[outcome] += 1

    def report(self, kind: IncidentKind, sentence: str, at_ms: int) -> None:
        """Something happened that an operator should hear of."""
        incident = Incident(at_ms=at_ms, kind=kind, sentence=sentence)
        self.incidents.append(incident)
        if self._notify is not None:
            self._notify(incident)


def outcome_of(status: int | None) -> str:
    """The outcome of a failed request, from a set that is bounded whatever a server answers."""
    if status is None:
        return NO_ANSWER
    return str(status) if 100 <= status <= 599 else "other"
