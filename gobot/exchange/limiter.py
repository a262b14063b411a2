"""The rate limiter: every request to a venue passes through here, the most important first.

The law it keeps, whatever the load:

* Never above a limit, in any calendar window nor any sliding one, as the *venue* counts (`limiter_window` says how
  delays on the way are dealt with).  The whole limit may go out as one burst; then a place is free again when what
  held it has left the window: burst + window × rate ≤ share × limit.
* First come, first served inside a priority; a higher priority goes first; while the next in line waits for room,
  nobody passes it, so a heavy request is let through in bounded time under any load of light ones.
* A priority that higher ones have passed for ``patience`` seconds gets one turn: what they can lose is bounded.
* A reserve of every limit is for CRITICAL alone: protecting, cancelling, closing.
* The count is the larger of our own and the venue's header.
* After a 429 nobody passes before ``Retry-After``, then an exponentially growing pause holds, taken back step by
  step as requests succeed.  After a 418 there is silence until the ban ends, across restarts too.
* A cancelled waiter frees its place.  An endpoint that nobody has looked up costs the worst case.

aiolimiter, which paces many programs well, is not used underneath: it serves its waiters by size, smallest first
(a heavy request starves), it reads the event loop's clock instead of an injected one, and its level can neither be
corrected from the venue's header nor refunded when a waiter is cancelled.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Protocol

from gobot.core import Clock, GobotError, StateError, VenueUnavailable
from gobot.exchange.limiter_allowance import Allowance
from gobot.exchange.limiter_endpoints import Endpoints
from gobot.exchange.limiter_journal import ANSWERED, CANCELLED, NO_ANSWER, Incident, IncidentKind, Journal, outcome_of
from gobot.exchange.limiter_permit import Permit
from gobot.exchange.limiter_queue import Waiter, WaitingLine
from gobot.exchange.limiter_silence import BANNED, TOO_MANY_REQUESTS, Silence, retry_after_of
from gobot.exchange.limiter_snapshot import LimiterSnapshot, LimitUse
from gobot.exchange.limits import Cost, Limit, Tariff
from gobot.exchange.limits_binance import BINANCE_FUTURES
from gobot.exchange.priority import Priority
from gobot.settings.trading import RateLimiterSettings

_MOST_WAITING = 10_000


class RequestTooHeavy(VenueUnavailable):
    """The request was not sent: it costs more than the limits can ever let through."""


class LimitsStore(Protocol):
    """Where a ban is kept across restarts; `gobot.memory.JsonFile` is one.  Both methods raise `StateError`."""

    def read(self) -> dict[str, Any] | None:
        """What was written last, None if nothing was."""

    def write(self, document: Mapping[str, Any]) -> None:
        """Keep ``document``."""


class RateLimiter:
    """Lets requests through within the venue's limits.

    >>> limiter = RateLimiter(settings.trading.rate_limiter, clock, store=JsonFile(state / "limits.json", schema=1))
    >>> async with limiter.slot(Priority.NORMAL, "GET /fapi/v1/klines", weight=5) as permit:
    ...     answer = await fetch(...)
    ...     limiter.success(permit, answer.headers)

    ``notify`` is called with every `Incident`; it must not raise.  One limiter belongs to one event loop.
    """

    def __init__(
        self,
        settings: RateLimiterSettings,
        clock: Clock,
        *,
        tariff: Tariff = BINANCE_FUTURES,
        store: LimitsStore | None = None,
        notify: Callable[[Incident], None] | None = None,
    ) -> None:
        self._clock = clock
        self._tariff = tariff
        self._store = store
        self._journal = Journal(notify)
        self._allowance = Allowance(settings)
        self._line = WaitingLine(settings.patience)
        self._silence = Silence(settings.backoff_multiplier)
        self._endpoints = Endpoints(
            settings.endpoint_failures, settings.endpoint_recovery_seconds, settings.backoff_multiplier
        )
        self._alarm: asyncio.Task[None] | None = None
        self._alarm_at = math.inf
        self._requests = 0
        if store is not None and (document := store.read()) is not None:
            self._silence.restore(document, clock.monotonic(), clock.now_ms())

    def __repr__(self) -> str:
        return f"<RateLimiter: {len(self._line)} waiting, {self._allowance.in_flight} in flight, {self._silence!r}>"

    async def acquire(
        self, priority: Priority, endpoint: str, weight: int | None = None, *, orders: int | None = None
    ) -> Permit:
        """Wait until one request to ``endpoint`` may be sent.

        ``weight`` and ``orders`` are what it costs where the caller knows better than the tariff.  The permit has to
        be ended with `success` or `failure`.  Raises `VenueUnavailable`, and then nothing may be sent: the endpoint
        is left alone (`EndpointUnavailable`), the request can never pass (`RequestTooHeavy`), or far too many wait.
        """
        cost = self._tariff.cost(endpoint, weight, orders)
        now = self._clock.monotonic()
        self._check(priority, endpoint, cost, now)
        if not len(self._line) and not self._delay(priority, priority, cost, now):
            return self._let_through(priority, endpoint, cost, now, since=now)
        if len(self._line) >= _MOST_WAITING:
            raise VenueUnavailable(f"{endpoint} was not asked: {_MOST_WAITING} requests are waiting already")
        return await self._wait(Waiter(priority, endpoint, cost, now, asyncio.get_running_loop().create_future()))

    def success(self, permit: Permit, headers: Mapping[str, str] | None = None) -> None:
        """The request was answered as asked; ``headers`` are the answer's."""
        if not self._settle(permit, headers, ANSWERED):
            return
        self._endpoints.worked(permit.endpoint)
        if self._silence.succeeded(permit.sent):
            self._report(IncidentKind.RECOVERED, "The venue takes requests at full pace again.")
            self._save()
        self._dispatch()

    def failure(
        self,
        permit: Permit,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        retry_after: float | None = None,
    ) -> None:
        """The request failed with the HTTP ``status``, None if there was no answer.

        ``retry_after`` (seconds) is for a venue that says it elsewhere than in the header of that name.
        """
        first = self._settle(permit, headers, outcome_of(status))
        if status in (TOO_MANY_REQUESTS, BANNED):
            # Heeded even if the request had been given up meanwhile.
            self._be_silent(status, permit, retry_after_of(headers, self._clock.now_ms(), told=retry_after))
        elif first and (status is None or status >= 500):
            if rest := self._endpoints.failed(permit.endpoint, self._clock.monotonic()):
                self._report(
                    IncidentKind.ENDPOINT, f"{permit.endpoint} keeps failing and is left alone for {rest:.0f} s."
                )
        elif first:
            self._endpoints.worked(permit.endpoint)
        self._dispatch()

    @asynccontextmanager
    async def slot(
        self, priority: Priority, endpoint: str, weight: int | None = None, *, orders: int | None = None
    ) -> AsyncIterator[Permit]:
        """`acquire` on entry; on exit `success`, or `failure` without an answer if the body raises.

        A body that has told `success` or `failure` itself, with the answer's headers, is not contradicted.
        """
        permit = await self.acquire(priority, endpoint, weight, orders=orders)
        try:
            yield permit
        except asyncio.CancelledError:
            # It may have been sent, and says nothing about the endpoint.
            if self._settle(permit, None, CANCELLED):
                self._endpoints.abandoned(permit.endpoint)
                self._dispatch()
            raise
        except BaseException:
            self.failure(permit)
            raise
        else:
            self.success(permit)

    def silent_for(self) -> float:
        """Seconds until the venue wants to hear from us again; a caller may rather fail than wait that long."""
        return self._silence.remaining(self._clock.monotonic())

    def adopt(self, announced: Iterable[Limit]) -> None:
        """Keep to the limits that the venue announces where they are tighter than the settings'."""
        self._allowance.adopt(announced)
        self._dispatch()

    def snapshot(self) -> LimiterSnapshot:
        """Everything there is to see, for status and dashboards."""
        now = self._clock.monotonic()
        return LimiterSnapshot(
            limits=tuple(
                LimitUse(name=window.limit.name, used=window.used(now), ceiling=window.ceiling)
                for window in self._allowance.windows
            ),
            waiting=self._line.counts(),
            in_flight=self._allowance.in_flight,
            requests=self._requests,
            silent_for=self._silence.remaining(now),
            strikes=self._silence.strikes,
            resting=self._endpoints.resting(now),
            endpoints=self._endpoints.counts(),
            errors=dict(self._journal.errors),
            incidents=tuple(self._journal.incidents),
            recent=tuple(self._journal.recent),
        )

    def close(self) -> None:
        """Turn away whoever waits."""
        self._turn_away(VenueUnavailable("nothing was sent: the connection to the venue is being closed"))
        self._dispatch()

    # Dispatching

    def _dispatch(self) -> None:
        """Let everyone through whose turn it is, and set the alarm for the next."""
        if not len(self._line) and self._alarm is None:
            return
        now = self._clock.monotonic()
        while (permit := self._allowance.unanswered(now)) is not None:
            self._settle(permit, None, NO_ANSWER)
            self._endpoints.abandoned(permit.endpoint)
        while (following := self._line.next(now, self._silence.until)) is not None:
            waiter, standing, turn_in = following
            if not self._admissible(waiter, now):
                continue
            if delay := self._delay(waiter.priority, standing, waiter.cost, now):
                self._set_alarm(now, min(delay, turn_in, self._allowance.next_unanswered(now)))
                return
            self._line.remove(waiter)
            permit = self._let_through(waiter.priority, waiter.endpoint, waiter.cost, now, since=waiter.since)
            waiter.future.set_result(permit)
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _admissible(self, waiter: Waiter, now: float) -> bool:
        """Whether the waiter still waits for something that may come; if not, it is sent away."""
        if not waiter.future.done():
            try:
                self._check(waiter.priority, waiter.endpoint, waiter.cost, now)
            except GobotError as error:
                waiter.future.set_exception(error)
            else:
                return True
        self._line.remove(waiter)
        return False

    async def _wait(self, waiter: Waiter) -> Permit:
        self._line.add(waiter)
        self._dispatch()
        try:
            return await waiter.future
        except asyncio.CancelledError:
            future = waiter.future
            if not future.cancelled() and future.done() and future.exception() is None:
                self._withdraw(future.result())
            self._line.remove(waiter)
            self._dispatch()
            raise

    def _set_alarm(self, now: float, delay: float) -> None:
        if self._alarm is not None and not self._alarm.done():
            if self._alarm_at <= now + delay:
                return  # it rings early enough, and then looks again
            self._alarm.cancel()
        self._alarm_at = now + delay
        self._alarm = asyncio.get_running_loop().create_task(self._ring(delay))

    async def _ring(self, delay: float) -> None:
        try:
            # Clocks count milliseconds: rounding down would ring before anything has changed.
            await self._clock.sleep(math.ceil(delay * 1000) / 1000)
            self._alarm = None
            self._dispatch()
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            self._alarm = None
            self._turn_away(error)
            raise

    def _turn_away(self, error: BaseException) -> None:
        for waiter in self._line.clear():
            if not waiter.future.done():
                waiter.future.set_exception(error)

    # Bookkeeping

    def _check(self, priority: Priority, endpoint: str, cost: Cost, now: float) -> None:
        if (window := self._allowance.too_heavy(priority, cost)) is not None:
            raise RequestTooHeavy(
                f"{endpoint} was not asked: it costs {cost[window.measure]} of {window.limit.name}, which never lets "
                f"so much through at once: raise trading.rate_limiter.share or the limit itself"
            )
        self._endpoints.check(endpoint, priority, now)

    def _delay(self, priority: Priority, standing: Priority, cost: Cost, now: float) -> float:
        return max(self._silence.delay(priority, now), self._allowance.delay(standing, cost, now))

    def _let_through(self, priority: Priority, endpoint: str, cost: Cost, now: float, *, since: float) -> Permit:
        permit = Permit(priority, endpoint, cost, now, now - since)
        self._allowance.take(permit)
        self._endpoints.sent(endpoint)
        self._silence.passed(now)
        self._line.served(priority, now)
        self._requests += 1
        return permit

    def _withdraw(self, permit: Permit) -> None:
        """It was let through, but its caller was cancelled in the same moment: it never leaves."""
        permit.settled = True
        self._allowance.give_back(permit)
        self._endpoints.abandoned(permit.endpoint)
        self._requests -= 1

    def _settle(self, permit: Permit, headers: Mapping[str, str] | None, outcome: str) -> bool:
        """Book the end of a request; False if it had ended already."""
        if permit.settled:
            return False
        permit.settled = True
        now_ms = self._clock.now_ms()
        told = {name.lower(): value for name, value in headers.items()} if headers else {}
        answered = outcome not in (NO_ANSWER, CANCELLED)
        self._allowance.settle(permit, told, self._clock.monotonic(), now_ms, answered=answered)
        self._journal.ended(permit, outcome, now_ms)
        return True

    def _be_silent(self, status: int, permit: Permit, retry_after: float | None) -> None:
        now = self._clock.monotonic()
        if self._silence.refused(status, retry_after, permit.sent, now):
            seconds = self._silence.remaining(now)
            self._report(IncidentKind.SILENCED, f"The venue answered {status}: nothing is sent for {seconds:.0f} s.")
            self._save()

    def _report(self, kind: IncidentKind, sentence: str) -> None:
        self._journal.report(kind, sentence, self._clock.now_ms())

    def _save(self) -> None:
        """Keep the silence on disk.  A disk that fails must not hide how the request ended: it is an incident."""
        if self._store is None:
            return
        try:
            self._store.write(self._silence.document(self._clock.monotonic(), self._clock.now_ms()))
        except StateError as error:
            self._report(IncidentKind.NOT_SAVED, f"A ban would not outlive a restart: {error}")
