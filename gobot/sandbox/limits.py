"""Request limits: calendar windows, 429 with ``Retry-After``, and bans that grow."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from gobot.sandbox.errors import ApiError

MINUTE_MS = 60_000
_DAY_MS = 86_400_000
_FIRST_BAN_MS, _LONGEST_BAN_MS = 2 * MINUTE_MS, 3 * _DAY_MS
_BAN_GROWTH = 4
_KEPT = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceilings:
    """What the venue allows.

    ``patience`` is how many requests it answers with 429 in one window before it bans.
    """

    weight_per_minute: int = 2400
    orders_per_10_seconds: int = 300
    orders_per_minute: int = 1200
    patience: int = 5

    @property
    def document(self) -> list[dict[str, Any]]:
        """``rateLimits`` of exchangeInfo."""
        rows = (
            ("REQUEST_WEIGHT", "MINUTE", 1, self.weight_per_minute),
            ("ORDERS", "MINUTE", 1, self.orders_per_minute),
            ("ORDERS", "SECOND", 10, self.orders_per_10_seconds),
        )
        return _rows(*rows)

    @property
    def spot_document(self) -> list[dict[str, Any]]:
        """``rateLimits`` of the spot venue's exchangeInfo."""
        return _rows(
            ("REQUEST_WEIGHT", "MINUTE", 1, self.weight_per_minute),
            ("ORDERS", "SECOND", 10, self.orders_per_10_seconds),
            ("ORDERS", "DAY", 1, 200_000),
            ("RAW_REQUESTS", "MINUTE", 5, 61_000),
        )


SPOT = Ceilings(weight_per_minute=6000, orders_per_10_seconds=100, orders_per_minute=100_000)
"""The spot venue's limits."""


@dataclass(slots=True)
class Window:
    """What was counted in one window of the calendar; ``start_ms`` is its beginning."""

    start_ms: int
    weight: int = 0
    requests: int = 0
    refused: int = 0


class Refused(ApiError):
    """429 or 418, with the seconds until the venue wants to hear from us again."""

    def __init__(self, code: int, text: str, *, status: int, retry_after: int) -> None:
        super().__init__(code, text=text, status=status)
        self.retry_after = retry_after


class LimitKeeper:
    """Counts weight and orders in calendar windows of the venue's clock, and bans who does not stop.

    The windows that have passed are kept for inspection, with the highest weight and the requests sent during a ban.
    """

    def __init__(self, clock: Callable[[], int], ceilings: Ceilings) -> None:
        self.ceilings = ceilings
        self.banned_until_ms = 0
        self.quiet_until_ms = 0
        self.requests_during_bans = 0
        self.requests_after_429 = 0
        self.ban_requests: deque[int] = deque(maxlen=_KEPT)
        self.bans: deque[tuple[int, int]] = deque(maxlen=_KEPT)
        self.windows: deque[Window] = deque(maxlen=_KEPT)
        self.highest_weight = 0
        self.highest_orders = {10_000: 0, MINUTE_MS: 0}
        self._clock = clock
        self._orders: dict[int, tuple[int, int]] = {10_000: (0, 0), MINUTE_MS: (0, 0)}
        self._ban_ms = _FIRST_BAN_MS

    def require_not_banned(self) -> None:
        """Count the request, and refuse it while a ban lasts (418)."""
        now, window = self._clock(), self._window()
        window.requests += 1
        if now < self.banned_until_ms:
            self.requests_during_bans += 1
            self.ban_requests.append(now)
            raise self._banned(now)
        if now < self.quiet_until_ms:
            self.requests_after_429 += 1
            raise self._too_many(self.quiet_until_ms - now)

    def charge(self, weight: int) -> None:
        """Count the weight of a request, and refuse it when that is too much (429, then 418)."""
        now, window = self._clock(), self._window()
        window.weight += weight
        self.highest_weight = max(self.highest_weight, window.weight)
        if window.weight <= self.ceilings.weight_per_minute:
            return
        if window.refused:
            self.requests_after_429 += 1
        window.refused += 1
        if window.refused > self.ceilings.patience:
            length, self._ban_ms = self._ban_ms, min(self._ban_ms * _BAN_GROWTH, _LONGEST_BAN_MS)
            raise self.ban(length)
        raise self._too_many(window.start_ms + MINUTE_MS - now)

    def charge_orders(self, orders: int) -> None:
        """Count new orders, and refuse them when they are too many (-1015)."""
        now = self._clock()
        ceilings = {10_000: self.ceilings.orders_per_10_seconds, MINUTE_MS: self.ceilings.orders_per_minute}
        for length, ceiling in ceilings.items():
            used = self.orders_used(length) + orders
            self._orders[length] = now - now % length, used
            self.highest_orders[length] = max(self.highest_orders[length], used)
            if used > ceiling:
                interval = "TEN_SECONDS" if length == 10_000 else "MINUTE"
                text = f"Too many new orders; current limit is {ceiling} orders per {interval}."
                raise Refused(-1015, text, status=429, retry_after=-(-(length - now % length) // 1000))

    def orders_used(self, length_ms: int) -> int:
        """Orders counted in the present window of that length."""
        start, used = self._orders[length_ms]
        now = self._clock()
        return used if start == now - now % length_ms else 0

    def demand_silence(self, length_ms: int) -> Refused:
        """From now on everything is refused for so long with 429; the first such refusal."""
        self.quiet_until_ms = self._clock() + length_ms
        return self._too_many(length_ms)

    def ban(self, length_ms: int) -> Refused:
        """From now on nothing is answered for so long; the first refusal."""
        now = self._clock()
        self.banned_until_ms = now + length_ms
        self.bans.append((now, self.banned_until_ms))
        return self._banned(now)

    def lift(self) -> None:
        """End a ban, or the silence after a 429."""
        self.banned_until_ms = self.quiet_until_ms = 0

    @property
    def headers(self) -> dict[str, str]:
        """What every answer tells about the weight."""
        return {"X-MBX-USED-WEIGHT-1M": str(self._window().weight)}

    @property
    def order_headers(self) -> dict[str, str]:
        """What answers to orders tell about their number."""
        return {
            "X-MBX-ORDER-COUNT-10S": str(self.orders_used(10_000)),
            "X-MBX-ORDER-COUNT-1M": str(self.orders_used(MINUTE_MS)),
        }

    def document(self) -> dict[str, Any]:
        """For the inspection page."""
        return {
            "ceilings": asdict(self.ceilings),
            "highest_weight": self.highest_weight,
            "highest_orders_10s": self.highest_orders[10_000],
            "highest_orders_1m": self.highest_orders[MINUTE_MS],
            "requests_during_bans": self.requests_during_bans,
            "ban_requests": list(self.ban_requests),
            "requests_after_429": self.requests_after_429,
            "banned_until_ms": self.banned_until_ms,
            "bans": [{"start_ms": start, "end_ms": end} for start, end in self.bans],
            "windows": [asdict(window) for window in self.windows],
        }

    def _window(self) -> Window:
        start = self._clock() // MINUTE_MS * MINUTE_MS
        if not self.windows or self.windows[-1].start_ms != start:
            self.windows.append(Window(start))
        return self.windows[-1]

    def _too_many(self, wait_ms: int) -> Refused:
        text = (
            f"Too many requests; current limit of IP(127.0.0.1) is {self.ceilings.weight_per_minute} requests per "
            "minute. Please use the websocket for live updates to avoid polling the API."
        )
        return Refused(-1003, text, status=429, retry_after=-(-wait_ms // 1000))

    def _banned(self, now: int) -> Refused:
        text = (
            f"Way too many requests; IP(127.0.0.1) banned until {self.banned_until_ms}. Please use the websocket for "
            "live updates to avoid bans."
        )
        return Refused(-1003, text, status=418, retry_after=-(-(self.banned_until_ms - now) // 1000))


def _rows(*limits: tuple[str, str, int, int]) -> list[dict[str, Any]]:
    names = ("rateLimitType", "interval", "intervalNum", "limit")
    return [dict(zip(names, limit, strict=True)) for limit in limits]
