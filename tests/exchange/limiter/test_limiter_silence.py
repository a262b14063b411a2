"""429, 418 and endpoints that fail: when to be quiet, for how long, and how to start again."""

import asyncio

import pytest
from virtual_time import run

from gobot.core import StateError, VenueUnavailable
from gobot.exchange.limiter import RateLimiter
from gobot.exchange.limiter_endpoints import EndpointUnavailable
from gobot.exchange.limiter_journal import IncidentKind
from gobot.exchange.limiter_silence import retry_after_of
from gobot.exchange.priority import Priority
from gobot.memory import JsonFile
from gobot.settings.trading import RateLimiterSettings

CRITICAL, HIGH, NORMAL, LOW = Priority
READ = "GET /fapi/v1/time"
WALL = 1_732_974_300_000


class Store:
    """A limits file in memory."""

    def __init__(self, document=None):
        self.document = document

    def read(self):
        return self.document

    def write(self, document):
        self.document = dict(document)


class FullDisk(Store):
    def write(self, document):
        raise StateError("cannot write limits.json: no space left on device")


def limiter_of(clock, store=None, notify=None, **changes):
    return RateLimiter(RateLimiterSettings(**changes), clock, store=store, notify=notify)


async def refused(limiter, status=429, headers=None, priority=HIGH):
    limiter.failure(await limiter.acquire(priority, READ), status, headers)


async def waited(limiter, clock, priority=HIGH):
    """Seconds until a request gets through; it succeeds."""
    start = clock.monotonic()
    permit = await limiter.acquire(priority, READ)
    limiter.success(permit)
    return round(clock.monotonic() - start, 3)


# 429


@pytest.mark.parametrize("priority", list(Priority))
def test_nobody_passes_before_retry_after(priority):
    async def story(clock):
        limiter = limiter_of(clock)
        await refused(limiter, 429, {"Retry-After": "17"})
        assert limiter.silent_for() == 17
        assert await waited(limiter, clock, priority) == 17

    run(story)


def test_refusals_in_a_row_pause_longer_and_longer_and_successes_take_it_back_step_by_step():
    async def story(clock):
        limiter = limiter_of(clock, backoff_multiplier=3.0)
        pauses = []
        for _ in range(8):
            await refused(limiter)
            pauses.append(limiter.silent_for())
            await asyncio.sleep(limiter.silent_for())
        assert pauses == [1, 3, 9, 27, 81, 243, 300, 300]
        assert limiter.snapshot().strikes == 7
        # The first goes at once, then one by one, each pause shorter than the one before.
        assert [await waited(limiter, clock) for _ in range(9)] == [0, 243, 81, 27, 9, 3, 1, 0, 0]

    run(story)


def test_retry_after_counts_even_when_the_pause_would_be_shorter_and_the_pause_when_it_would_be_longer():
    async def story(clock):
        limiter = limiter_of(clock)
        for _ in range(4):
            await refused(limiter, 429, {"retry-after": "5"})
        assert limiter.silent_for() == 8

    run(story)


def test_answers_to_what_was_on_its_way_are_one_strike_and_no_recovery():
    incidents = []

    async def story(clock):
        limiter = limiter_of(clock, notify=incidents.append)
        permits = [await limiter.acquire(HIGH, READ) for _ in range(10)]
        for permit in permits[:8]:
            limiter.failure(permit, 429, {"Retry-After": "3"})
        limiter.success(permits[8])
        await asyncio.sleep(1)
        limiter.failure(permits[9], 429, {"Retry-After": "10"})
        assert (limiter.snapshot().strikes, limiter.silent_for()) == (1, 10)

    run(story)
    assert [incident.sentence for incident in incidents] == [
        "The venue answered 429: nothing is sent for 3 s.",
        "The venue answered 429: nothing is sent for 10 s.",
    ]


def test_while_recovering_critical_requests_do_not_keep_the_distance():
    async def story(clock):
        limiter = limiter_of(clock)
        for _ in range(4):
            await refused(limiter)
            await asyncio.sleep(limiter.silent_for())
        waiting = await limiter.acquire(LOW, READ)
        assert await waited(limiter, clock, CRITICAL) == 0
        assert await waited(limiter, clock, HIGH) == 4
        limiter.success(waiting)

    run(story)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("12", 12),
        (" 1.5 ", 1.5),
        ("-3", 0),
        ("", None),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("Sat, 30 Nov 2024 13:46:30 GMT", 90),
        ("Sat, 30 Nov 2024 13:00:00 GMT", 0),
    ],
)
def test_retry_after_in_seconds_or_as_a_date(header, seconds):
    assert retry_after_of({"RETRY-AFTER": header}, WALL) == seconds
    assert retry_after_of(None, WALL) is None
    assert retry_after_of({"Retry-After": header}, WALL, told=4.0) == 4.0


# 418


def test_a_ban_holds_across_a_restart():
    store = Store()

    async def first(clock):
        await refused(limiter_of(clock, store), 418, {"Retry-After": "3600"})

    async def second(clock):
        limiter = limiter_of(clock, store)
        assert limiter.silent_for() == 2600
        assert await waited(limiter, clock, CRITICAL) == 2600

    run(first, wall_ms=WALL)
    run(second, wall_ms=WALL + 1_000_000)


def test_a_ban_is_kept_in_a_real_file(tmp_path):
    file = JsonFile(tmp_path / "limits.json", schema=1)

    async def first(clock):
        await refused(limiter_of(clock, file), 418, {"Retry-After": "60"})

    async def second(clock):
        assert limiter_of(clock, JsonFile(tmp_path / "limits.json", schema=1)).silent_for() == 60

    run(first, wall_ms=WALL)
    run(second, wall_ms=WALL)


def test_a_clock_that_was_set_back_cannot_make_a_ban_longer():
    store = Store()

    async def first(clock):
        await refused(limiter_of(clock, store), 418, {"Retry-After": "600"})

    async def second(clock):
        assert limiter_of(clock, store).silent_for() == 600

    run(first, wall_ms=WALL)
    run(second, wall_ms=WALL - 10**10)


def test_a_ban_without_an_end_lasts_as_the_shortest_one_and_longer_the_next_time():
    async def story(clock):
        limiter = limiter_of(clock)
        bans = []
        for _ in range(3):
            await refused(limiter, 418)
            bans.append(limiter.silent_for())
            await asyncio.sleep(bans[-1])
        assert bans == [120, 240, 480]

    run(story)


def test_a_ban_without_sense_ends_some_day():
    async def story(clock):
        limiter = limiter_of(clock)
        await refused(limiter, 418, {"Retry-After": "1e300"})
        assert limiter.silent_for() == 7 * 86_400

    run(story)


def test_a_success_of_a_request_sent_before_does_not_end_a_ban():
    async def story(clock):
        limiter = limiter_of(clock)
        earlier = await limiter.acquire(HIGH, READ)
        await refused(limiter, 418, {"Retry-After": "600"})
        limiter.success(earlier)
        assert limiter.silent_for() == 600

    run(story)


def test_recovery_is_kept_too():
    store = Store()

    async def story(clock):
        limiter = limiter_of(clock, store)
        await refused(limiter)
        assert store.document["strikes"] == 1
        await asyncio.sleep(1)
        await waited(limiter, clock)
        assert store.document == {"status": 429, "since_ms": None, "until_ms": None, "strikes": 0}

    run(story)


@pytest.mark.parametrize(
    "document",
    [{}, {"until_ms": "tomorrow"}, {"since_ms": 1, "until_ms": None}, {"since_ms": None, "until_ms": 5, "strikes": 1}],
)
def test_a_memory_that_is_not_understood_silences_for_the_shortest_ban(document):
    async def story(clock):
        assert limiter_of(clock, Store(document)).silent_for() == 120

    run(story)


def test_a_disk_that_fails_does_not_hide_how_the_request_ended():
    incidents = []

    async def story(clock):
        limiter = limiter_of(clock, FullDisk(), incidents.append)
        with pytest.raises(VenueUnavailable, match="banned"):
            async with limiter.slot(HIGH, READ) as permit:
                limiter.failure(permit, 418, retry_after=300)
                raise VenueUnavailable("banned")
        assert limiter.silent_for() == 300

    run(story)
    assert [incident.kind for incident in incidents] == [IncidentKind.SILENCED, IncidentKind.NOT_SAVED]
    assert incidents[0].sentence == "The venue answered 418: nothing is sent for 300 s."
    assert "no space left" in incidents[1].sentence


# Endpoints


async def fails(limiter, endpoint=READ, status=503, times=1, priority=HIGH):
    for _ in range(times):
        limiter.failure(await limiter.acquire(priority, endpoint), status)


def test_an_endpoint_that_keeps_failing_is_left_alone_and_then_tried_once():
    incidents = []

    async def story(clock):
        limiter = limiter_of(clock, notify=incidents.append)
        await fails(limiter, times=5)
        with pytest.raises(EndpointUnavailable, match=r"after 5 failures in a row, for another 30\.0 s"):
            await limiter.acquire(HIGH, READ)
        await asyncio.sleep(30)
        tried = await limiter.acquire(HIGH, READ)
        with pytest.raises(EndpointUnavailable, match="another request is just trying it"):
            await limiter.acquire(HIGH, READ)
        limiter.failure(tried, None)
        assert limiter.snapshot().resting == {READ: 60}
        await asyncio.sleep(60)
        assert await waited(limiter, clock) == 0
        assert limiter.snapshot().resting == {}
        await fails(limiter, times=4)
        assert await waited(limiter, clock) == 0

    run(story)
    assert [incident.kind for incident in incidents] == [IncidentKind.ENDPOINT] * 2


def test_other_endpoints_and_critical_requests_are_not_held_back():
    async def story(clock):
        limiter = limiter_of(clock)
        await fails(limiter, "POST /fapi/v1/order", times=5)
        assert await waited(limiter, clock) == 0
        limiter.success(await limiter.acquire(CRITICAL, "POST /fapi/v1/order"))
        assert limiter.snapshot().resting == {}

    run(story)


def test_an_answer_that_refuses_is_no_failure_of_the_endpoint():
    async def story(clock):
        limiter = limiter_of(clock)
        for status in (400, 401, 404, 429):
            await fails(limiter, times=4)
            await fails(limiter, status=status)
            if status != 429:
                assert limiter.snapshot().resting == {}

    run(story)


def test_failures_of_what_was_on_its_way_do_not_lengthen_the_rest():
    async def story(clock):
        limiter = limiter_of(clock)
        for permit in [await limiter.acquire(HIGH, READ) for _ in range(20)]:
            limiter.failure(permit)
        assert limiter.snapshot().resting == {READ: 30}

    run(story)


def test_a_try_that_was_cancelled_leaves_the_try_to_the_next():
    async def story(clock):
        limiter = limiter_of(clock)
        await fails(limiter, times=5)
        await asyncio.sleep(30)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1), limiter.slot(HIGH, READ):
                await asyncio.sleep(5)
        assert await waited(limiter, clock) == 0

    run(story)


def test_who_waits_for_an_endpoint_that_begins_to_rest_is_told():
    async def story(clock):
        limiter = limiter_of(clock, requests_per_minute=10)
        permits = [await limiter.acquire(HIGH, READ) for _ in range(9)]
        waiting = asyncio.create_task(limiter.acquire(HIGH, READ))
        await asyncio.sleep(1)
        for permit in permits:
            limiter.failure(permit)
        with pytest.raises(EndpointUnavailable):
            await waiting
        assert clock.monotonic() == 1

    run(story)


def test_the_rest_has_a_longest():
    async def story(clock):
        limiter = limiter_of(clock, endpoint_failures=1, backoff_multiplier=10.0)
        rests = []
        for _ in range(4):
            await fails(limiter)
            rests.append(limiter.snapshot().resting[READ])
            await asyncio.sleep(rests[-1])
        assert rests == [30, 300, 600, 600]

    run(story)
