"""The limiter's law, line by line, in virtual time."""

import asyncio

import orjson
import pytest
from virtual_time import run

from gobot.core import ManualClock, VenueUnavailable
from gobot.exchange.limiter import RateLimiter, RequestTooHeavy
from gobot.exchange.limiter_permit import Permit
from gobot.exchange.limits import Cost, Limit, Measure
from gobot.exchange.limits_binance import BINANCE_FUTURES, announced_limits, klines_weight
from gobot.exchange.priority import Priority
from gobot.settings.trading import RateLimiterSettings

CRITICAL, HIGH, NORMAL, LOW = Priority
READ = "GET /fapi/v1/time"
ORDER = "POST /fapi/v1/order"


def limiter_of(clock, **changes):
    return RateLimiter(RateLimiterSettings(**{"requests_per_minute": 100} | changes), clock)


async def take(limiter, count, priority=NORMAL, endpoint=READ, weight=1):
    """Let ``count`` requests through and have them answered at once."""
    for _ in range(count):
        limiter.success(await limiter.acquire(priority, endpoint, weight))


class Arrivals:
    """Callers that wait side by side, and the order and times in which they get through."""

    def __init__(self, limiter, clock, group):
        self.limiter, self.clock, self.group = limiter, clock, group
        self.order = []

    def call(self, name, priority, weight=1, endpoint=READ):
        async def caller():
            permit = await self.limiter.acquire(priority, endpoint, weight)
            self.order.append((name, round(self.clock.monotonic(), 3)))
            self.limiter.success(permit)

        return self.group.create_task(caller())

    @property
    def names(self):
        return [name for name, _ in self.order]


def played(story, **settings):
    """Run ``story(limiter, clock, arrivals)`` until all its callers got through."""

    async def whole(clock):
        limiter = limiter_of(clock, **settings)
        async with asyncio.TaskGroup() as group:
            arrivals = Arrivals(limiter, clock, group)
            await story(limiter, clock, arrivals)
        return arrivals

    return run(whole)


# Windows and priorities


def test_a_full_burst_goes_out_at_once_and_the_next_when_it_has_left_the_window():
    async def story(limiter, clock, arrivals):
        await take(limiter, 90, HIGH)
        assert clock.monotonic() == 0
        arrivals.call("next", HIGH)

    assert played(story).order == [("next", 61.0)]  # the window, and one slice of it


def test_the_place_of_a_slow_answer_is_free_a_window_after_it():
    async def story(limiter, clock, arrivals):
        permit = await limiter.acquire(HIGH, READ, 90)
        arrivals.call("next", HIGH)
        await asyncio.sleep(7)
        limiter.success(permit)

    assert played(story).order == [("next", 68.0)]


def test_the_reserve_is_for_critical_alone():
    async def story(limiter, clock, arrivals):
        await take(limiter, 90, HIGH)
        arrivals.call("order", HIGH)
        for _ in range(10):
            arrivals.call("close", CRITICAL)
        await asyncio.sleep(0.5)
        assert arrivals.order == [("close", 0.0)] * 10
        arrivals.call("close 11", CRITICAL)

    assert played(story).names[10:] == ["close 11", "order"]


def test_a_download_leaves_room_for_account_and_orders():
    async def story(limiter, clock, arrivals):
        for number in range(200):
            arrivals.call("candles", LOW).add_done_callback(lambda _: None)
            if number == 150:
                arrivals.call("account", NORMAL, 5)
                arrivals.call("order", HIGH, 1, ORDER)
        await asyncio.sleep(1)
        assert [pair for pair in arrivals.order if pair[0] != "candles"] == [("account", 0.0), ("order", 0.0)]

    played(story)


def test_higher_priorities_go_first_and_equals_in_order_of_arrival():
    async def story(limiter, clock, arrivals):
        await take(limiter, 100, CRITICAL)
        for number in range(3):
            for priority in (LOW, NORMAL, HIGH, CRITICAL):
                arrivals.call(f"{priority.name}{number}", priority)
        await asyncio.sleep(1)

    assert played(story).names == [f"{priority.name}{number}" for priority in Priority for number in range(3)]


@pytest.mark.parametrize("light", [HIGH, NORMAL, LOW])
@pytest.mark.parametrize("heavy", [NORMAL, LOW])
def test_a_heavy_request_gets_through_any_load_of_light_ones(light, heavy):
    async def story(limiter, clock, arrivals):
        for _ in range(150):
            arrivals.call("light", light)
        await asyncio.sleep(0.1)
        asked = clock.monotonic()
        arrivals.call("heavy", heavy, 80)
        while "heavy" not in arrivals.names:
            arrivals.call("light", light)
            await asyncio.sleep(0.25)
        # Its turn comes after the patience of 60 s at the latest; then the window empties.
        assert dict(arrivals.order)["heavy"] - asked <= 60 + 62

    played(story)


def test_a_priority_passed_over_gets_one_turn_after_another():
    async def story(limiter, clock, arrivals):
        await take(limiter, 90, HIGH)
        for number in range(4):
            arrivals.call(f"low{number}", LOW)
        while clock.monotonic() < 700:
            arrivals.call("high", HIGH, 5)
            await asyncio.sleep(1)

    order = played(story, patience=100).order
    first = next(at for name, at in order if name == "high")
    lows = [at for name, at in order if name.startswith("low")]
    waits = [later - earlier for earlier, later in zip([first, *lows], lows, strict=False)]
    assert all(100 <= wait <= 162 for wait in waits)


def test_a_turn_comes_when_it_is_due():
    async def story(limiter, clock, arrivals):
        await take(limiter, 80, HIGH)
        arrivals.call("low", LOW)
        await asyncio.sleep(0.5)
        await take(limiter, 1, HIGH)
        arrivals.call("high", HIGH, 20)

    assert played(story, patience=20).order == [("low", 20.5), ("high", 61.0)]


def test_who_comes_after_one_that_gave_up_has_patience_of_its_own():
    async def story(limiter, clock, arrivals):
        await take(limiter, 80, HIGH)
        first = arrivals.call("first", LOW)
        await asyncio.sleep(0.5)
        await take(limiter, 1, HIGH)
        first.cancel()
        await asyncio.sleep(10)
        arrivals.call("low", LOW)
        arrivals.call("high", HIGH, 20)

    assert played(story, patience=20).names == ["high", "low"]


def test_a_request_too_heavy_for_its_own_part_waits_for_that_of_high():
    async def story(limiter, clock, arrivals):
        await take(limiter, 15, HIGH)
        arrivals.call("heavy", LOW, 80)  # LOW may fill 76, HIGH 90

    assert played(story).order == [("heavy", 61.0)]


def test_a_silence_does_not_make_priorities_impatient():
    async def story(limiter, clock, arrivals):
        refused = await limiter.acquire(HIGH, READ)
        await take(limiter, 80, HIGH)
        arrivals.call("candles", LOW)
        await asyncio.sleep(1)
        await take(limiter, 1, HIGH)  # passes the download
        limiter.failure(refused, 429, {"Retry-After": "500"})
        arrivals.call("order", HIGH)
        arrivals.call("stop", CRITICAL)

    assert played(story).names == ["stop", "order", "candles"]


def test_all_limits_hold_at_once():
    async def story(limiter, clock, arrivals):
        for number in range(11):
            arrivals.call(number, HIGH, 1, ORDER)

    order = played(story, orders_per_10_seconds=4, orders_per_minute=8, critical_reserve=0.0).order
    assert [at for _, at in order] == [0.0] * 4 + [10.167] * 4 + [61.0] * 3

    async def hourly(limiter, clock, arrivals):
        for number in range(7):
            arrivals.call(number, HIGH)

    order = played(hourly, requests_per_hour=5, critical_reserve=0.0).order
    assert [at for _, at in order] == [0.0] * 5 + [3660.0] * 2


def test_a_share_of_the_limits():
    async def story(limiter, clock, arrivals):
        for number in range(25):
            arrivals.call(number, CRITICAL)

    assert [at for _, at in played(story, share=0.2).order] == [0.0] * 20 + [61.0] * 5


# What requests cost


def test_unknown_endpoints_cost_the_worst_case():
    async def story(clock):
        limiter = limiter_of(clock)
        assert (await limiter.acquire(NORMAL, "GET /fapi/v9/surprise")).cost == Cost(50, orders=1)
        assert (await limiter.acquire(NORMAL, "GET /fapi/v9/surprise", 2)).cost == Cost(2, orders=1)
        assert (await limiter.acquire(NORMAL, ORDER)).cost == Cost(1, orders=1)
        assert (await limiter.acquire(NORMAL, "GET /fapi/v1/klines", klines_weight(100))).cost == Cost(2)
        with pytest.raises(ValueError, match="cannot cost less than nothing"):
            await limiter.acquire(NORMAL, READ, -1)

    run(story)
    assert max(cost.weight for cost in BINANCE_FUTURES.costs.values()) <= BINANCE_FUTURES.worst.weight


def test_weights_of_candle_requests():
    assert [klines_weight(limit) for limit in (1, 99, 100, 499, 500, 1000, 1001, 1500)] == [1, 1, 2, 2, 5, 5, 10, 10]


def test_what_can_never_pass_is_refused_at_once():
    async def story(clock):
        limiter = limiter_of(clock)
        with pytest.raises(RequestTooHeavy, match=r"costs 91 of weight/1m, .* raise trading.rate_limiter.share"):
            await limiter.acquire(HIGH, READ, 91)
        assert (await limiter.acquire(CRITICAL, READ, 91)).cost.weight == 91

    run(story)


# What the venue says


def test_the_venues_count_rules_until_its_minute_ends():
    async def story(clock):
        limiter = limiter_of(clock)
        await asyncio.sleep(60 - clock.now_ms() / 1000 % 60 + 10)  # ten seconds into a minute
        limiter.success(await limiter.acquire(HIGH, READ), {"x-mbx-used-weight-1m": "89"})
        assert limiter.snapshot().limits[0].used == 89
        await take(limiter, 1, HIGH)
        start = clock.monotonic()
        await take(limiter, 1, HIGH)
        assert clock.monotonic() - start == pytest.approx(51)  # the turn of the minute, and the margin
        assert limiter.snapshot().limits[0].used == 3

    run(story)


def test_a_lower_count_than_our_own_changes_nothing():
    async def story(clock):
        limiter = limiter_of(clock)
        await asyncio.sleep(20)
        await take(limiter, 50, HIGH)
        await asyncio.sleep(2)
        limiter.success(await limiter.acquire(HIGH, READ), {"X-MBX-USED-WEIGHT-1M": "3"})
        assert limiter.snapshot().limits[0].used == 51

    run(story)


@pytest.mark.parametrize("header", ["", "many", "-5", "1e9", "9" * 30])
def test_a_header_that_is_nonsense_does_no_lasting_harm(header):
    async def story(clock):
        limiter = limiter_of(clock)
        await asyncio.sleep(20)
        limiter.success(await limiter.acquire(HIGH, READ), {"X-MBX-USED-WEIGHT-1M": header})
        await take(limiter, 1, HIGH)
        assert clock.monotonic() < 20 + 62

    run(story)


def test_order_counts_are_followed_too():
    async def story(limiter, clock, arrivals):
        await asyncio.sleep(60 - clock.now_ms() / 1000 % 60 + 2)
        start = clock.monotonic()
        limiter.success(await limiter.acquire(HIGH, ORDER), {"X-MBX-ORDER-COUNT-10S": "270"})
        arrivals.call("read", NORMAL)
        await asyncio.sleep(0)
        arrivals.call("order", HIGH, 1, ORDER)
        arrivals.start = start

    arrivals = played(story)
    assert [(name, at - arrivals.start) for name, at in arrivals.order] == [("read", 0), ("order", pytest.approx(9))]


def test_limits_that_the_venue_announces_are_kept_where_they_are_tighter():
    announced = announced_limits(
        [
            {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 2400},
            {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 30},
            {"rateLimitType": "ORDERS", "interval": "DAY", "intervalNum": 1, "limit": 200},
            {"rateLimitType": "CONNECTIONS", "interval": "MINUTE", "intervalNum": 5, "limit": 300},
        ]
    )

    async def story(clock):
        limiter = limiter_of(clock)
        held = await limiter.acquire(HIGH, ORDER)
        limiter.adopt(announced)
        assert [(limit.name, limit.ceiling, limit.used) for limit in limiter.snapshot().limits] == [
            ("weight/1m", 100, 1),
            ("requests/1h", 100_000, 1),
            ("orders/10s", 30, 1),
            ("orders/1m", 1200, 1),
            ("orders/1d", 200, 1),
        ]
        limiter.success(held)
        assert limiter.snapshot().limits[4].used == 1

    run(story)


def test_who_waits_for_what_became_impossible_is_refused():
    async def story(clock):
        limiter = limiter_of(clock)
        await take(limiter, 90, HIGH)
        waiting = asyncio.create_task(limiter.acquire(HIGH, READ, 50))
        await asyncio.sleep(1)
        limiter.adopt([Limit(measure=Measure.WEIGHT, seconds=60, ceiling=40)])
        with pytest.raises(RequestTooHeavy):
            await waiting

    run(story)


# Waiting


def test_a_cancelled_waiter_frees_its_place():
    async def story(limiter, clock, arrivals):
        await take(limiter, 90, HIGH)
        heavy = arrivals.call("heavy", HIGH, 60)
        arrivals.call("critical", CRITICAL, 10)
        arrivals.call("light", HIGH, 1)
        await asyncio.sleep(61.1)
        assert arrivals.names == ["critical", "heavy", "light"]
        heavy = arrivals.call("heavy", HIGH, 80)
        arrivals.call("after it", HIGH, 20)
        await asyncio.sleep(1)
        heavy.cancel()
        await asyncio.sleep(0.0001)
        assert arrivals.order[3:] == [("after it", round(clock.monotonic(), 3))]

    played(story)


def test_a_waiter_cancelled_in_the_moment_it_is_let_through_takes_nothing():
    async def story(clock):
        limiter = limiter_of(clock)
        permit = await limiter.acquire(CRITICAL, READ, 100)
        waiting = asyncio.create_task(limiter.acquire(CRITICAL, READ, 1))
        await asyncio.sleep(1)
        limiter._withdraw(permit)
        limiter._dispatch()  # the waiter is let through …
        waiting.cancel()  # … but cancelled before it runs
        with pytest.raises(asyncio.CancelledError):
            await waiting
        seen = limiter.snapshot()
        assert (seen.in_flight, seen.requests, seen.limits[0].used) == (0, 0, 0)

    run(story)


def test_waiting_moves_a_manual_clock():
    clock = ManualClock(1_700_000_000_000)

    async def story():
        limiter = limiter_of(clock)
        await take(limiter, 200, HIGH)

    asyncio.run(story())
    assert clock.monotonic() == pytest.approx(2 * 61, abs=1.1)


def test_a_request_that_is_never_answered_is_given_up():
    async def story(limiter, clock, arrivals):
        lost = await limiter.acquire(HIGH, READ, 90)
        arrivals.call("next", HIGH)
        await asyncio.sleep(130)
        assert lost.settled
        assert limiter.snapshot().errors == {"no answer": 1}
        limiter.failure(lost, 429, {"Retry-After": "30"})  # late, and still heeded
        assert limiter.silent_for() == 30

    assert played(story).order == [("next", 121.0)]


def test_an_alarm_that_somebody_cancelled_is_set_again():
    async def story(limiter, clock, arrivals):
        await take(limiter, 90, HIGH)
        arrivals.call("first", HIGH)
        await asyncio.sleep(1)
        limiter._alarm.cancel()
        await asyncio.sleep(1)
        arrivals.call("second", HIGH)

    assert played(story).order == [("first", 61.0), ("second", 61.0)]


def test_there_is_an_end_to_the_queue(monkeypatch):
    monkeypatch.setattr("gobot.exchange.limiter._MOST_WAITING", 3)

    async def story(limiter, clock, arrivals):
        await take(limiter, 90, HIGH)
        for number in range(3):
            arrivals.call(number, HIGH)
        await asyncio.sleep(1)
        with pytest.raises(VenueUnavailable, match="3 requests are waiting already"):
            await limiter.acquire(HIGH, READ)

    played(story)


def test_closing_turns_everybody_away():
    async def story(clock):
        limiter = limiter_of(clock)
        await take(limiter, 90, HIGH)
        waiting = asyncio.create_task(limiter.acquire(HIGH, READ))
        await asyncio.sleep(1)
        limiter.close()
        with pytest.raises(VenueUnavailable, match="being closed"):
            await waiting

    run(story)


def test_a_clock_that_breaks_does_not_leave_anybody_waiting():
    class BrokenClock(ManualClock):
        async def sleep(self, seconds):
            raise OSError("no more time")

    async def story():
        limiter = limiter_of(BrokenClock())
        await take(limiter, 90, HIGH)
        with pytest.raises(OSError, match="no more time"):
            await limiter.acquire(HIGH, READ)

    asyncio.run(story())


# Slots


def test_a_slot_ends_what_it_began():
    async def story(clock):
        limiter = limiter_of(clock)
        async with limiter.slot(NORMAL, READ) as permit:
            assert isinstance(permit, Permit)
            assert limiter.snapshot().in_flight == 1
        with pytest.raises(OSError, match="reset"):
            async with limiter.slot(NORMAL, READ):
                raise OSError("connection reset")
        with pytest.raises(VenueUnavailable):
            async with limiter.slot(NORMAL, READ) as permit:
                limiter.failure(permit, 503)
                raise VenueUnavailable("busy")
        async with limiter.slot(NORMAL, READ) as permit:
            limiter.success(permit, {"X-MBX-USED-WEIGHT-1M": "4"})
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5), limiter.slot(NORMAL, READ):
                await asyncio.sleep(10)
        seen = limiter.snapshot()
        assert [served.outcome for served in seen.recent] == ["200", "no answer", "503", "200", "cancelled"]
        assert seen.errors == {"no answer": 1, "503": 1, "cancelled": 1}
        assert (seen.in_flight, seen.requests, seen.endpoints) == (0, 5, {READ: (5, 2)})

    run(story)


def test_what_is_remembered_is_bounded_and_can_be_written_as_json():
    async def story(clock):
        limiter = limiter_of(clock, requests_per_minute=1_000_000, orders_per_10_seconds=100_000, share=1.0)
        for number in range(2_000):
            limiter.failure(await limiter.acquire(CRITICAL, f"GET /{number}", 1), 400 + number)
        seen = limiter.snapshot()
        assert len(seen.recent) == 200
        assert len(seen.endpoints) <= 256
        assert len(seen.errors) <= 201
        last = orjson.loads(orjson.dumps(seen.document()))["recent"][-1]
        assert (last["endpoint"], last["priority"], last["outcome"]) == ("GET /1999", "critical", "other")
        assert all(len(window._slices) <= 61 for window in limiter._allowance.windows)

    run(story)
