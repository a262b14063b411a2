"""How long ago an order can have left at the latest: what its absence from the venue proves depends on it."""

from __future__ import annotations

from collections import OrderedDict

from gobot.core import Clock

# More than can be under way at once; one that is forgotten counts as sent before this process began, which is longer.
_REMEMBERED = 4096


class Patience:
    """Remembers when the venue was last sent an order of each client id.

    Counted on the clock that never jumps.  The ledger's time of sending is not enough: a request may have waited in
    a queue before it left, and the host's clock may have been set since.  An order that another process sent may have
    left until this one began.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began = clock.monotonic()
        self._left: OrderedDict[str, float] = OrderedDict()

    def note(self, client_id: str) -> None:
        """The request has left by now, or never will."""
        self._left[client_id] = self._clock.monotonic()
        self._left.move_to_end(client_id)
        while len(self._left) > _REMEMBERED:
            self._left.popitem(last=False)

    def is_over(self, client_id: str, settle_after_ms: int) -> bool:
        """Whether the venue has had its settling time: an order that it does not know now, it will never know."""
        waited = self._clock.monotonic() - self._left.get(client_id, self._began)
        return round(waited * 1000) >= settle_after_ms
