"""The limiter against a venue with a clock of its own, slow ways there and back, and other people's requests.

GOBOT_LIMITER_SCHEDULES sets how many worlds are tried, one for five schedules.
"""

import asyncio
import os
import random
from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from virtual_time import run

from gobot.exchange.limiter import RateLimiter
from gobot.exchange.priority import Priority
from gobot.settings.trading import RateLimiterSettings

LIMIT = 60
MINUTE = 60.0
# What the limiter allows for the difference of clocks.
MARGIN = 1.0


class Venue:
    """Counts weight per minute of its own clock; answers 429 above the limit, 418 to who does not listen."""

    def __init__(self, clock, skew):
        self.clock, self.skew = clock, skew
        self.used = defaultdict(int)
        self.closed_until = 0.0
        self.silences = []  # (when we were told, until when)
        self.arrivals = []  # (venue's minute, sent, weight, count after it, answered)

    def minute(self):
        return int((self.clock.now_ms() / 1000 + self.skew) // MINUTE)

    def others(self, weight):
        self.used[self.minute()] += weight

    async def ask(self, weight, sent, out, back):
        await asyncio.sleep(out)
        minute = self.minute()
        self.used[minute] += weight
        arrival = [minute, sent, weight, self.used[minute], None]
        self.arrivals.append(arrival)
        headers = {"X-MBX-USED-WEIGHT-1M": str(self.used[minute])}
        if self.clock.monotonic() < self.closed_until:
            status, headers = 418, {"Retry-After": "120"}
        elif self.used[minute] > LIMIT:
            retry_after = MINUTE - (self.clock.now_ms() / 1000 + self.skew) % MINUTE
            self.closed_until = self.clock.monotonic() + retry_after
            status, headers["Retry-After"] = 429, f"{retry_after:.3f}"
        else:
            status = 200
        await asyncio.sleep(back)
        arrival[4] = self.clock.monotonic()
        if "Retry-After" in headers:
            self.silences.append((arrival[4], arrival[4] + float(headers["Retry-After"])))
        return status, headers


async def trade(clock, *, seed, skew, others, callers=4, requests=40, reserve=0.1):
    """Callers without pause at a venue where others take their part, too; returns the venue and the limiter."""
    chance = random.Random(seed)
    venue = Venue(clock, skew)
    limiter = RateLimiter(
        RateLimiterSettings(requests_per_minute=LIMIT, requests_per_hour=100_000, critical_reserve=reserve), clock
    )

    async def caller():
        for _ in range(requests):
            weight = chance.choice([1, 1, 2, 5, 10])
            priority = chance.choice(list(Priority))
            async with limiter.slot(priority, "GET /fapi/v1/klines", weight) as permit:
                out, back = chance.expovariate(4), chance.expovariate(4)
                status, headers = await venue.ask(weight, permit.sent, min(out, 20), min(back, 20))
                if status == 200:
                    limiter.success(permit, headers)
                else:
                    limiter.failure(permit, status, headers)
            await asyncio.sleep(chance.choice([0, 0, 0.1, 3]))

    async def somebody_else(done):
        while not done.is_set():
            venue.others(chance.randint(0, others))
            await asyncio.sleep(chance.uniform(1, 10))

    done = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(somebody_else(done))
        async with asyncio.TaskGroup() as ours:
            for _ in range(callers):
                ours.create_task(caller())
        done.set()
    return venue, limiter


worlds = {
    "seed": st.integers(0, 2**32),
    "skew": st.floats(-0.9, 0.9),
    "wall_ms": st.integers(0, 10**13),
}
some = hypothesis_settings(max_examples=int(os.environ.get("GOBOT_LIMITER_SCHEDULES", "150")) // 5 + 1, deadline=None)


@some
@given(**worlds | {"skew": st.floats(-1000, 1000)})
def test_alone_it_is_never_refused_whatever_the_venues_clock_shows(seed, skew, wall_ms):
    venue, _ = run(lambda clock: trade(clock, seed=seed, skew=skew, others=0), wall_ms=wall_ms)
    assert not venue.silences
    assert max(venue.used.values()) <= LIMIT


@some
@given(**worlds, others=st.integers(1, 6))
def test_what_the_venue_says_others_have_used_is_not_used_again(seed, skew, wall_ms, others):
    venue, _ = run(lambda clock: trade(clock, seed=seed, skew=skew, others=others), wall_ms=wall_ms)
    start = wall_ms / 1000 + skew
    for place, (minute, sent, _, _, _) in enumerate(venue.arrivals):
        began = minute * MINUTE - start + 2 * MARGIN
        known = [
            (count, earlier)
            for earlier, (when, departed, _, count, answered) in enumerate(venue.arrivals)
            if when == minute and departed >= began and answered is not None and answered <= sent
        ]
        if known:
            count, earlier = max(known)
            since = sum(weight for when, _, weight, _, _ in venue.arrivals[earlier + 1 : place + 1] if when == minute)
            assert count + since <= LIMIT


@some
@given(**worlds, others=st.integers(10, 40))
def test_nothing_is_sent_before_the_venue_wants_to_hear_from_us_again(seed, skew, wall_ms, others):
    venue, _ = run(lambda clock: trade(clock, seed=seed, skew=skew, others=others, requests=12), wall_ms=wall_ms)
    for answered, until in venue.silences:
        assert not [sent for _, sent, *_ in venue.arrivals if answered < sent < until - 0.001]


@pytest.mark.parametrize("seed", range(3))
def test_it_uses_what_it_may(seed):
    """Alone under constant demand, nine tenths of the part that is not reserved goes out."""

    async def story(clock):
        venue, _ = await trade(clock, seed=seed, skew=0.0, others=0, callers=30, requests=40)
        return venue, clock.monotonic()

    venue, seconds = run(story)
    assert sum(venue.used.values()) > 0.9 * 0.8 * LIMIT * (seconds - 2 * MINUTE) / MINUTE
