"""What a venue allows and what its endpoints cost: plain tables, read by the limiter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple

from gobot.settings.trading import RateLimiterSettings

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))


class Measure(IntEnum):
    """What a limit counts; the index of that count in a `Cost`."""

    WEIGHT = 0
    REQUESTS = 1
    ORDERS = 2


class Cost(NamedTuple):
    """What one request takes of each measure."""

    weight: int
    requests: int = 1
    orders: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """At most ``ceiling`` of a measure in ``seconds``, in windows aligned to the calendar as in any others."""

    measure: Measure
    seconds: int
    ceiling: int

    @property
    def interval(self) -> str:
        """The window as venues write it: ``1m``, ``10s``."""
        size, unit = next((size, unit) for size, unit in _UNITS if self.seconds % size == 0)
        return f"{self.seconds // size}{unit}"

    @property
    def name(self) -> str:
        """For people: ``weight/1m``."""
        return f"{self.measure.name.lower()}/{self.interval}"

    @property
    def header(self) -> str:
        """The answer's header, in lower case, that tells what the venue has counted; empty if none does.

        Binance's names; a venue that sends no such header is counted for by ourselves alone.
        """
        names = {Measure.WEIGHT: "x-mbx-used-weight", Measure.ORDERS: "x-mbx-order-count"}
        return f"{names[self.measure]}-{self.interval}" if self.measure in names else ""


def limits_of(settings: RateLimiterSettings) -> tuple[Limit, ...]:
    """The limits that the user set."""
    return (
        Limit(measure=Measure.WEIGHT, seconds=60, ceiling=settings.requests_per_minute),
        Limit(measure=Measure.REQUESTS, seconds=3600, ceiling=settings.requests_per_hour),
        Limit(measure=Measure.ORDERS, seconds=10, ceiling=settings.orders_per_10_seconds),
        Limit(measure=Measure.ORDERS, seconds=60, ceiling=settings.orders_per_minute),
    )


def tightest(*sources: Iterable[Limit]) -> tuple[Limit, ...]:
    """For each measure and window the lowest ceiling that any source names."""
    found: dict[tuple[Measure, int], Limit] = {}
    for limit in (limit for source in sources for limit in source):
        key = limit.measure, limit.seconds
        if key not in found or limit.ceiling < found[key].ceiling:
            found[key] = limit
    return tuple(found.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """The cost of each endpoint; ``worst`` is charged for one that is not listed."""

    worst: Cost
    costs: Mapping[str, Cost] = field(default_factory=dict)

    def cost(self, endpoint: str, weight: int | None = None, orders: int | None = None) -> Cost:
        """What a request to ``endpoint`` costs; ``weight`` and ``orders`` are the caller's better knowledge."""
        listed = self.costs.get(endpoint, self.worst)
        if weight is None and orders is None:
            return listed
        if (weight or 0) < 0 or (orders or 0) < 0:
            raise ValueError(f"a request cannot cost less than nothing: {endpoint}, weight {weight}, orders {orders}")
        return Cost(
            listed.weight if weight is None else weight,
            listed.requests,
            listed.orders if orders is None else orders,
        )
