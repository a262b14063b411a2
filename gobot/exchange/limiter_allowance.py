"""The books: every limit of the venue at once, and the requests that are under way."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterable, Mapping

from gobot.exchange.limiter_permit import Permit
from gobot.exchange.limiter_window import Window
from gobot.exchange.limits import Cost, Limit, limits_of, tightest
from gobot.exchange.priority import Priority
from gobot.settings.trading import RateLimiterSettings

# How long a request may be under way; whoever sends one has given up long before.
_LONGEST_FLIGHT = 60.0
# What NORMAL and LOW may fill of the part that HIGH may fill.
_NORMAL, _LOW = 0.95, 0.85


class Allowance:
    """How much of every limit is in use, by whom, and what still fits.

    The part of each limit that CRITICAL alone may fill is the settings' reserve; each priority below HIGH leaves
    some room to those above it, so that an order does not wait for the end of a download.  Times in seconds of one
    monotonic clock.
    """

    def __init__(self, settings: RateLimiterSettings) -> None:
        self._own = limits_of(settings)
        self._share = settings.share
        high = 1.0 - settings.critical_reserve
        self._parts = (1.0, high, high * _NORMAL, high * _LOW)
        self._in_flight: OrderedDict[Permit, None] = OrderedDict()
        self.windows = tuple(Window(limit, self._share, self._parts) for limit in self._own)

    @property
    def in_flight(self) -> int:
        """Requests under way."""
        return len(self._in_flight)

    def adopt(self, announced: Iterable[Limit]) -> None:
        """Keep to the limits that the venue announces, too; what is in use stays in use."""
        known = {(window.limit.measure, window.limit.seconds): window for window in self.windows}
        windows = []
        for limit in tightest(self._own, announced):
            window = known.get((limit.measure, limit.seconds))
            if window is None:
                window = Window(limit, self._share, self._parts)
                for permit in self._in_flight:
                    window.take(permit.cost[window.measure])
            else:
                window.resize(limit, self._share, self._parts)
            windows.append(window)
        self.windows = tuple(windows)

    def too_heavy(self, priority: Priority, cost: Cost) -> Window | None:
        """The limit that can never hold a request of this cost, None if all can."""
        for window in self.windows:
            if not window.holds(cost[window.measure], priority):
                return window
        return None

    def delay(self, standing: Priority, cost: Cost, now: float) -> float:
        """Seconds until ``cost`` fits everywhere for a request of this standing; 0 if it does now.

        Infinite as long as that hangs on answers that have not come.
        """
        delay = 0.0
        for window in self.windows:
            amount = cost[window.measure]
            if amount and (needed := window.delay(amount, standing, now)) > delay:
                delay = needed
        return delay

    def take(self, permit: Permit) -> None:
        """A request is sent."""
        self._in_flight[permit] = None
        cost = permit.cost
        for window in self.windows:
            if amount := cost[window.measure]:
                window.take(amount)

    def give_back(self, permit: Permit) -> None:
        """A request was not sent after all: its place is free again."""
        del self._in_flight[permit]
        for window in self.windows:
            window.give_back(permit.cost[window.measure])

    def settle(self, permit: Permit, headers: Mapping[str, str], now: float, now_ms: int, *, answered: bool) -> None:
        """A request has ended; ``headers`` (lower-case names) are the answer's, ``now_ms`` is the wall clock."""
        del self._in_flight[permit]
        for window in self.windows:
            if amount := permit.cost[window.measure]:
                venue = _count(headers, window.header)
                window.settle(amount, venue, permit.sent, now, now_ms, answered=answered)

    def unanswered(self, now: float) -> Permit | None:
        """The oldest request if it has been under way for so long that no answer will come."""
        oldest = next(iter(self._in_flight), None)
        return oldest if oldest is not None and now >= oldest.sent + _LONGEST_FLIGHT else None

    def next_unanswered(self, now: float) -> float:
        """Seconds until the oldest request is given up; infinite without one."""
        oldest = next(iter(self._in_flight), None)
        return math.inf if oldest is None else oldest.sent + _LONGEST_FLIGHT - now


def _count(headers: Mapping[str, str], name: str) -> int | None:
    text = headers.get(name, "").strip()
    return int(text) if text.isascii() and text.isdigit() else None
