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
answer carried no count.

Answers are gathered in slices of 1/60 of the window, each kept until its youngest has expired: memory is bounded
and a place is freed at most that much later than it could be.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence

from gobot.exchange.limits import Limit

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
        self._unseen = 0
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

    def holds(self, amount: int, standing: int) -> bool:
        """Whether a request of ``amount`` can ever be let through with this standing."""
        return amount <= self._ceilings[standing]

    def delay(self, amount: int, standing: int, now: float) -> float:
        """Seconds until ``amount`` fits under the ceilings of that standing, a priority's number; 0 if it does now.

        Infinite as long as that hangs on answers that have not come.
        """
        if amount == 0:
            return 0.0
        if self._slices and self._slices[0][0] <= now:
            self._expire(now)
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

    def settle(self, amount: int, venue: int | None, sent: float, now: float, now_ms: int) -> None:
        """A request let through at ``sent`` has its answer, or never will.

        ``venue`` is the count that came with the answer, None if none did; ``now_ms`` is the wall clock, ms.
        """
        self._in_flight -= amount
        if self.header:
            self._hear(amount, venue, sent, now, now_ms)
        self._expire(now)
        self._settled += amount
        expires = (math.floor(now / self._slice) + 1) * self._slice + self.limit.seconds
        if self._slices and self._slices[-1][0] >= expires:
            expires, gathered = self._slices.pop()
            amount += gathered
        self._slices.append((expires, amount))

    def _hear(self, amount: int, venue: int | None, sent: float, now: float, now_ms: int) -> None:
        length = self.limit.seconds
        if now >= self._calendar_end:
            self._calendar_end = now + length - (now_ms - _MARGIN_MS) % (length * 1000) / 1000
            self._venue, self._unseen = None, 0
        if venue is None or sent < self._calendar_end - length:
            # No count, or one that may be of the calendar window before: the request may yet show in this one.
            self._unseen += amount
        else:
            self._venue = venue if self._venue is None else max(self._venue, venue)

    def _venue_used(self, now: float) -> int:
        if self._venue is None or now >= self._calendar_end:
            return 0
        return self._venue + self._in_flight + self._unseen

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


def _part_of(ceiling: int, part: float) -> int:
    # A limit so small that nothing would be left for a priority leaves it one; the sum of all stays under the limit.
    return max(1, math.floor(ceiling * part + 1e-9))
