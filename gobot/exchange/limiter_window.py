"""Exact accounting of one limit.

**Own requests.**  A venue counts a request at a moment we do not learn: some time between sending it and reading its
answer.  So a request occupies the window from the moment it is let through until its answer has been in hand for
the window's whole length.  Whatever the delays on the way and whatever the venue's clock shows, no window of that
length at the venue, aligned or sliding, then holds more than the ceiling: take the request in it that was let
through last; every other one in it had no answer yet when that window began, so all of them were on the books when
the last one was let through.

**Other people's requests** (another process behind the same address) show in the venue's own count, which it
sends with its answers and starts anew with each calendar window.  The count that rules is the larger of the two,
where to the venue's count is added what it may not have seen yet: requests without an answer, and those whose
answer came without a count and after the last request that brought one was sent.

Answers are gathered in slices of 1/60 of the window, each kept until its youngest has expired: memory is bounded
and a place is freed at most that much later than it could be.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence

from gobot.exchange.limits import Limit
from gobot.exchange.priority import Priority

_SLICES = 60
# The clocks of host and venue differ, and answers travel: this much around the turn of a calendar window belongs to
# the old one still.
_MARGIN_MS = 1_000


class Window:
    """How much of ``limit`` is in use.  All times in seconds of one monotonic clock.

    ``share`` is the part of the limit that is ours; the venue's own count is held against the whole.  ``parts``
    says, per priority, how much of either a request may fill.
    """

    __slots__ = (
        "_calendar_end",
        "_ceilings",
        "_in_flight",
        "_settled",
        "_slice",
        "_slices",
        "_unanswered",
        "_unseen",
        "_venue",
        "_venue_ceilings",
        "header",
        "limit",
        "measure",
    )

    def __init__(self, limit: Limit, share: float, parts: Sequence[float]) -> None:
        self._slice = limit.seconds / _SLICES
        self._slices: deque[tuple[float, int]] = deque()  # when it expires, how much
        self._settled = 0
        self._in_flight = 0
        self._venue: int | None = None
        self._unanswered = 0
        self._unseen: deque[tuple[float, int]] = deque()  # when the answer came at the latest, how much
        self._calendar_end = -math.inf
        self.measure = int(limit.measure)
        self.header = limit.header
        self.resize(limit, share, parts)

    def __repr__(self) -> str:
        return f"<Window {self.limit.name}: {self._settled} + {self._in_flight} in flight of {self.ceiling}>"

    @property
    def ceiling(self) -> int:
        """The most of our own that is ever let through in one window."""
        return self._ceilings[0]

    def resize(self, limit: Limit, share: float, parts: Sequence[float]) -> None:
        """Another ceiling for the same measure and length; what is in use stays in use."""
        self.limit = limit
        own = _part_of(limit.ceiling, share)
        self._ceilings = tuple(_part_of(own, part) for part in parts)
        self._venue_ceilings = tuple(_part_of(limit.ceiling, part) for part in parts)

    def used(self, now: float) -> int:
        """What counts against the limit: our own count or the venue's, whichever is larger."""
        self._expire(now)
        return max(self._settled + self._in_flight, self._venue_used(now))

    def holds(self, amount: int, priority: Priority) -> bool:
        """Whether a request of ``amount`` can ever be let through."""
        return amount <= self._ceilings[-1] or amount <= self._ceilings[min(priority, Priority.HIGH)]

    def delay(self, amount: int, standing: Priority, now: float) -> float:
        """Seconds until ``amount`` fits under the ceilings of that standing; 0 if it does now.

        Infinite as long as that hangs on answers that have not come.
        """
        if amount == 0:
            return 0.0
        if self._slices and self._slices[0][0] <= now:
            self._expire(now)
        if amount > self._ceilings[standing]:
            standing = min(standing, Priority.HIGH)  # too heavy for its own part: it waits for that of HIGH
        over = self._settled + self._in_flight + amount - self._ceilings[standing]
        wait = self._freed_in(over, now) if over > 0 else 0.0
        if self._venue is not None and self._venue_used(now) + amount > self._venue_ceilings[standing]:
            return max(wait, self._calendar_end - now)
        return wait

    def take(self, amount: int) -> None:
        """A request was let through."""
        self._in_flight += amount

    def give_back(self, amount: int) -> None:
        """A request that was let through was never sent."""
        self._in_flight -= amount

    def settle(
        self, amount: int, venue: int | None, sent: float, now: float, now_ms: int, *, answered: bool = True
    ) -> None:
        """A request let through at ``sent`` has its answer, or never will.

        ``venue`` is the count that came with the answer, None if none did; ``now_ms`` is the wall clock, ms.
        """
        self._in_flight -= amount
        self._expire(now)
        self._settled += amount
        slice_end = (math.floor(now / self._slice) + 1) * self._slice
        _gather(self._slices, slice_end + self.limit.seconds, amount)
        if not self.header:
            return
        if now >= self._calendar_end:
            self._calendar_end = now + self.limit.seconds - (now_ms - _MARGIN_MS) % (self.limit.seconds * 1000) / 1000
            self._venue, self._unanswered = None, 0
            self._unseen.clear()
        if venue is not None and sent >= self._calendar_end - self.limit.seconds:
            self._venue = venue if self._venue is None else max(self._venue, venue)
            while self._unseen and self._unseen[0][0] <= sent:
                self._unseen.popleft()
        elif answered:  # without a count, or with one that may be of the calendar window before
            _gather(self._unseen, slice_end, amount)
        else:
            self._unanswered += amount

    def _venue_used(self, now: float) -> int:
        if self._venue is None or now >= self._calendar_end:
            return 0
        return self._venue + self._in_flight + self._unanswered + sum(amount for _, amount in self._unseen)

    def _freed_in(self, over: int, now: float) -> float:
        for expires, amount in self._slices:
            over -= amount
            if over <= 0:
                return expires - now
        return math.inf

    def _expire(self, now: float) -> None:
        slices = self._slices
        while slices and slices[0][0] <= now:
            self._settled -= slices.popleft()[1]


def _gather(slices: deque[tuple[float, int]], end: float, amount: int) -> None:
    """Add ``amount`` to the slice that ends at ``end``, the newest one."""
    if slices and slices[-1][0] >= end:
        end, gathered = slices.pop()
        amount += gathered
    slices.append((end, amount))


def _part_of(ceiling: int, part: float) -> int:
    # A limit so small that nothing would be left for a priority leaves it one; the sum of all stays under the limit.
    return max(1, math.floor(ceiling * part + 1e-9))
