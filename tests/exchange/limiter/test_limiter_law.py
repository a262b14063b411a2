"""Random schedules of requests against the law, in virtual time.

GOBOT_LIMITER_SCHEDULES sets how many are tried.
"""

import asyncio
import os
from dataclasses import dataclass

from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from limiter_law import Asked, Law, Log
from virtual_time import run

from gobot.exchange.limiter import RateLimiter
from gobot.exchange.priority import Priority
from gobot.settings.trading import RateLimiterSettings

SCHEDULES = int(os.environ.get("GOBOT_LIMITER_SCHEDULES", "150"))
many = hypothesis_settings(
    max_examples=SCHEDULES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)


@dataclass(frozen=True)
class Call:
    """One caller's plan: when it comes, what it asks, how long the way takes, when it loses patience."""

    pause: float  # after the call before it
    priority: int
    weight: int
    orders: int
    out: float
    back: float
    outcome: str
    gives_up: float | None


seconds = st.integers(0, 5_000).map(lambda ms: ms / 1000)
calls = st.builds(
    Call,
    pause=st.one_of(st.just(0.0), st.just(0.0), seconds, st.integers(0, 60).map(float)),
    priority=st.sampled_from([0, 1, 1, 2, 2, 2, 3, 3, 3]),
    weight=st.one_of(st.integers(0, 3), st.integers(0, 20)),
    orders=st.sampled_from([0, 0, 1, 2]),
    out=seconds,
    back=seconds,
    outcome=st.sampled_from(["success", "success", "refused", "no answer"]),
    gives_up=st.one_of(st.none(), st.none(), st.none(), st.integers(0, 90_000).map(lambda ms: ms / 1000)),
)
rules = st.builds(
    RateLimiterSettings,
    requests_per_minute=st.integers(20, 60),
    requests_per_hour=st.integers(15, 100),
    orders_per_10_seconds=st.integers(2, 6),
    orders_per_minute=st.integers(4, 20),
    critical_reserve=st.sampled_from([0.0, 0.1, 0.25]),
    share=st.sampled_from([1.0, 1.0, 0.5]),
    patience=st.sampled_from([5.0, 20.0, 60.0]),
    endpoint_failures=st.just(1000),
)


def law_of(settings):
    limits = [
        ("weight", 60, settings.requests_per_minute),
        ("requests", 3600, settings.requests_per_hour),
        ("orders/10s", 10, settings.orders_per_10_seconds),
        ("orders/1m", 60, settings.orders_per_minute),
    ]
    shared = [(name, length, max(1, int(ceiling * settings.share))) for name, length, ceiling in limits]
    return Law(shared, settings.critical_reserve, settings.patience)


def fits(call, law):
    costs = costs_of(call)
    standing = min(call.priority, 1)
    return all(costs[name] <= law.ceiling(ceiling, standing) for name, _, ceiling in law.limits)


def costs_of(call):
    return {"weight": call.weight, "requests": 1, "orders/10s": call.orders, "orders/1m": call.orders}


class Watched(RateLimiter):
    """Notes whom it lets through in the moment it does; every request has an endpoint of its own."""

    def __init__(self, settings, clock, log):
        super().__init__(settings, clock)
        self.log, self.asked = log, {}

    def _let_through(self, priority, endpoint, cost, now, *, since):
        self.log.note("sent", now, self.asked[endpoint])
        return super()._let_through(priority, endpoint, cost, now, since=since)


async def play(clock, settings, schedule):
    """Let every call happen as planned and return the log."""
    log = Log()
    limiter = Watched(settings, clock, log)

    async def caller(name, call):
        asked = limiter.asked[name] = Asked(call.priority, costs_of(call), clock.monotonic())
        log.note("entered", asked.entered, asked)
        try:
            async with asyncio.timeout(call.gives_up):
                permit = await limiter.acquire(Priority(call.priority), name, call.weight, orders=call.orders)
        except TimeoutError:
            asked.left = clock.monotonic()
            log.note("left", asked.left, asked)
            return
        asked.sent = permit.sent
        asked.arrived = permit.sent + call.out
        asked.ended = asked.arrived + call.back
        await asyncio.sleep(asked.ended - clock.monotonic())
        if call.outcome == "success":
            limiter.success(permit)
        else:
            limiter.failure(permit, 400 if call.outcome == "refused" else None)

    async with asyncio.TaskGroup() as group:
        for number, call in enumerate(schedule):
            await asyncio.sleep(call.pause)
            group.create_task(caller(f"x{number}", call))
    assert sum(limiter.snapshot().waiting.values()) == 0
    assert limiter.snapshot().in_flight == 0
    return log


@many
@given(settings=rules, schedule=st.lists(calls, min_size=1, max_size=60), wall_ms=st.integers(0, 10**13))
def test_the_law_holds_for_any_schedule(settings, schedule, wall_ms):
    law = law_of(settings)
    schedule = [call for call in schedule if fits(call, law)]
    law.check(run(lambda clock: play(clock, settings, schedule), wall_ms=wall_ms))
