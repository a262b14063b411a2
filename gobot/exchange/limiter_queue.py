"""Who waits, and who is next: first by priority, then by arrival, and nobody passed over for ever."""

from __future__ import annotations

import asyncio
import math
from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple

from gobot.exchange.limits import Cost
from gobot.exchange.priority import Priority

if TYPE_CHECKING:
    from gobot.exchange.limiter_permit import Permit


class Waiter:
    """A request in the queue, with the future that its caller awaits."""

    __slots__ = ("cost", "endpoint", "future", "priority", "since")

    def __init__(
        self, priority: Priority, endpoint: str, cost: Cost, since: float, future: asyncio.Future[Permit]
    ) -> None:
        self.priority = priority
        self.endpoint = endpoint
        self.cost = cost
        self.since = since
        self.future = future


class Next(NamedTuple):
    """Who is next and with which standing; in ``turn_in`` seconds it may be somebody else."""

    waiter: Waiter
    standing: Priority
    turn_in: float


class WaitingLine:
    """The queue: one line per priority, first come, first served.

    The oldest of the highest priority is next, and while it waits for room nobody passes it: that is what lets a
    heavy request through under any load of light ones.  So that higher priorities do not pass a lower one for ever
    either, one that has been passed for ``patience`` seconds gets a turn: its oldest request goes next, before
    everything but CRITICAL, with the standing of HIGH.  One request a turn: that bounds what a higher priority can
    lose to a lower one.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._lines: tuple[OrderedDict[Waiter, None], ...] = tuple(OrderedDict() for _ in Priority)
        # Since when higher priorities pass those who wait in a line; infinite if none does.
        self._passed_since = [math.inf] * len(Priority)
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def counts(self) -> dict[str, int]:
        """How many wait, by priority."""
        return {priority.name.lower(): len(self._lines[priority]) for priority in Priority}

    def add(self, waiter: Waiter) -> None:
        """Join at the end of the line of its priority."""
        self._lines[waiter.priority][waiter] = None
        self._size += 1

    def remove(self, waiter: Waiter) -> None:
        """Leave; who has left already may do so again."""
        line = self._lines[waiter.priority]
        if waiter in line:
            del line[waiter]
            self._size -= 1
            if not line:
                self._passed_since[waiter.priority] = math.inf

    def served(self, priority: Priority, now: float) -> None:
        """A request of ``priority`` was let through: whoever waits in a lower one was passed."""
        self._passed_since[priority] = math.inf
        if self._size:
            for lower in range(priority + 1, len(self._lines)):
                if self._lines[lower]:
                    self._passed_since[lower] = min(self._passed_since[lower], now)

    def next(self, now: float, quiet_until: float = -math.inf) -> Next | None:
        """Who is next, None if nobody waits.  Up to ``quiet_until`` nobody could go, so nobody was passed."""
        heads = [next(iter(line)) for line in self._lines if line]
        if not heads:
            return None
        top = heads[0]
        if top.priority is Priority.CRITICAL:
            return Next(top, top.priority, math.inf)
        passed_since = [max(self._passed_since[head.priority], quiet_until) for head in heads]
        longest = min(passed_since)
        turn_in = longest + self._patience - now
        if turn_in <= 0:
            return Next(heads[passed_since.index(longest)], Priority.HIGH, math.inf)
        return Next(top, top.priority, turn_in)

    def clear(self) -> list[Waiter]:
        """Everyone leaves; who it was."""
        everyone = [waiter for line in self._lines for waiter in line]
        for waiter in everyone:
            self.remove(waiter)
        return everyone
