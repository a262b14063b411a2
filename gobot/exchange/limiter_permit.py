"""The right to send one request."""

from __future__ import annotations

from gobot.exchange.limits import Cost
from gobot.exchange.priority import Priority


class Permit:
    """One request may be sent now.  It ends with `RateLimiter.success` or `RateLimiter.failure`.

    ``sent`` is when it was let through and ``waited`` how long that took, seconds on the monotonic clock.
    """

    __slots__ = ("cost", "endpoint", "priority", "sent", "settled", "waited")

    def __init__(self, priority: Priority, endpoint: str, cost: Cost, sent: float, waited: float) -> None:
        self.priority = priority
        self.endpoint = endpoint
        self.cost = cost
        self.sent = sent
        self.waited = waited
        self.settled = False

    def __repr__(self) -> str:
        return f"<Permit {self.priority.name} {self.endpoint} {self.cost}>"
