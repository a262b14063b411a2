"""A circuit breaker for each endpoint: one that keeps failing is left alone for a while, then tried once."""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass

from gobot.core import VenueUnavailable
from gobot.exchange.priority import Priority

_LONGEST_REST = 600.0
# Far more than a venue has; what is beyond it is forgotten, the least recently used first.
_MOST_ENDPOINTS = 256


class EndpointUnavailable(VenueUnavailable):
    """The request was not sent: its endpoint has failed again and again and is resting."""


@dataclass(slots=True)
class Endpoint:
    """One endpoint's record.  ``rests`` counts how often it has been left alone since it last worked."""

    requests: int = 0
    errors: int = 0
    failures_in_row: int = 0
    rests: int = 0
    rest_until: float = -math.inf
    trying: bool = False


class Endpoints:
    """The breakers of all endpoints.  Times in seconds of one monotonic clock.

    ``threshold`` failures in a row open an endpoint's breaker for ``rest`` seconds; then one request tries it: if it
    fails, the rest is ``multiplier`` times as long.  A CRITICAL request is never held back: when a position must be
    closed, a try costs nothing.
    """

    def __init__(self, threshold: int, rest: float, multiplier: float) -> None:
        self.threshold = threshold
        self.rest = rest
        self.multiplier = multiplier
        self._known: OrderedDict[str, Endpoint] = OrderedDict()

    def check(self, name: str, priority: Priority, now: float) -> None:
        """Raise `EndpointUnavailable` if a request may not be sent now."""
        endpoint = self._known.get(name)
        if endpoint is None or not endpoint.rests or priority is Priority.CRITICAL:
            return
        failed = f"{name} is left alone after {endpoint.failures_in_row} failures in a row"
        if now < endpoint.rest_until:
            raise EndpointUnavailable(f"{failed}, for another {endpoint.rest_until - now:.1f} s")
        if endpoint.trying:
            raise EndpointUnavailable(f"{failed}; another request is just trying it")

    def sent(self, name: str) -> None:
        """A request is let through; after a rest it is the one that tries."""
        endpoint = self._known.get(name)
        if endpoint is None:
            endpoint = self._known[name] = Endpoint()
            if len(self._known) > _MOST_ENDPOINTS:
                self._known.popitem(last=False)
        else:
            self._known.move_to_end(name)
        endpoint.requests += 1
        endpoint.trying = endpoint.rests > 0

    def worked(self, name: str) -> None:
        """The endpoint answered, if only to refuse."""
        endpoint = self._known.get(name)
        if endpoint is not None and (endpoint.failures_in_row or endpoint.rests):
            endpoint.failures_in_row = endpoint.rests = 0
            endpoint.trying = False

    def failed(self, name: str, now: float) -> float:
        """The endpoint did not answer, or answered that it is broken; returns the rest it gets, seconds, 0 if none."""
        endpoint = self._known.get(name)
        if endpoint is None:
            return 0.0
        endpoint.errors += 1
        endpoint.failures_in_row += 1
        endpoint.trying = False
        if endpoint.failures_in_row < self.threshold or now < endpoint.rest_until:
            return 0.0
        rest = min(self.rest * self.multiplier ** min(endpoint.rests, 32), max(self.rest, _LONGEST_REST))
        endpoint.rests += 1
        endpoint.rest_until = now + rest
        return rest

    def abandoned(self, name: str) -> None:
        """The request ended without a word about the endpoint: whoever comes next may try."""
        endpoint = self._known.get(name)
        if endpoint is not None:
            endpoint.trying = False

    def resting(self, now: float) -> dict[str, float]:
        """The endpoints left alone, with the seconds that are left; 0 for one that waits to be tried."""
        return {name: max(0.0, e.rest_until - now) for name, e in self._known.items() if e.rests}

    def counts(self) -> dict[str, tuple[int, int]]:
        """Requests and errors of every endpoint that is remembered."""
        return {name: (endpoint.requests, endpoint.errors) for name, endpoint in self._known.items()}
