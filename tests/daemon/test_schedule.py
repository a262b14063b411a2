"""Triggers are aligned, jobs run in order of time, and a missed run happens once."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loguru import logger

from gobot.core import DAY_MS, ManualClock, StateError, SystemClock
from gobot.daemon.schedule import DailyAt, Every, Job, RealTimeDriver, SimulatedDriver


@given(st.integers(0, 2**42), st.integers(1, 10**8), st.integers(0, 10**6))
def test_every_is_aligned_and_strictly_later(now: int, interval: int, offset: int) -> None:
    due = Every(interval, offset).next_after(now)
    assert now < due <= now + interval
    assert (due - offset) % interval == 0


def test_daily_at_is_utc() -> None:
    trigger = DailyAt.parse("00:05")
    assert trigger.next_after(0) == 5 * 60_000
    assert trigger.next_after(5 * 60_000) == DAY_MS + 5 * 60_000


def recorder(seen: list[tuple[str, int]], name: str):
    async def run(at_ms: int) -> None:
        seen.append((name, at_ms))

    return run


async def test_simulated_jobs_run_in_order_of_time_then_of_listing() -> None:
    clock, seen = ManualClock(0), []
    jobs = [
        Job("guard", Every(300_000), recorder(seen, "guard")),
        Job("cycle", Every(900_000), recorder(seen, "cycle")),
    ]
    driver = SimulatedDriver(clock, speed=0, end_ms=1_800_000, on_end=lambda: seen.append(("end", clock.now_ms())))
    await driver.run(jobs, asyncio.Event())
    assert seen == [
        ("guard", 300_000),
        ("guard", 600_000),
        ("guard", 900_000),
        ("cycle", 900_000),
        ("guard", 1_200_000),
        ("guard", 1_500_000),
        ("guard", 1_800_000),
        ("cycle", 1_800_000),
        ("end", 1_800_000),
    ]


async def test_a_job_that_outlasts_its_interval_runs_once_afterwards() -> None:
    clock, seen = ManualClock(0), []

    async def slow(at_ms: int) -> None:
        seen.append(at_ms)
        await clock.sleep(25)

    driver = SimulatedDriver(clock, speed=0, end_ms=60_000, on_end=lambda: None)
    await driver.run([Job("slow", Every(10_000), slow)], asyncio.Event())
    assert seen == [10_000, 40_000]


async def test_stop_ends_a_paced_wait_at_once() -> None:
    stop = asyncio.Event()
    driver = SimulatedDriver(ManualClock(0), speed=0.001, end_ms=None, on_end=lambda: None)
    running = asyncio.create_task(driver.run([Job("never", Every(DAY_MS), recorder([], "never"))], stop))
    await asyncio.sleep(0)
    stop.set()
    await asyncio.wait_for(running, 5)


@pytest.mark.parametrize("work_turns", [1, 50])
async def test_real_time_waits_for_the_job_at_work(work_turns: int) -> None:
    stop, started, finished = asyncio.Event(), asyncio.Event(), []

    async def run(at_ms: int) -> None:
        started.set()
        await stop.wait()
        for _ in range(work_turns):
            await asyncio.sleep(0)
        finished.append(at_ms)

    driver = RealTimeDriver(SystemClock())
    running = asyncio.create_task(driver.run([Job("job", Every(20), run)], stop))
    await asyncio.wait_for(started.wait(), 5)
    assert driver.next_due("job") > 0
    stop.set()
    await asyncio.wait_for(running, 5)
    assert len(finished) == 1


async def test_real_time_ends_with_the_error_of_a_job() -> None:
    async def run(at_ms: int) -> None:
        raise StateError("the disk is full")

    with pytest.raises(StateError, match="the disk is full"):
        await asyncio.wait_for(RealTimeDriver(SystemClock()).run([Job("job", Every(20), run)], asyncio.Event()), 5)


async def test_a_job_that_takes_many_turns_is_told_of_once_and_at_its_end() -> None:
    stop, lines = asyncio.Event(), []

    async def run(at_ms: int) -> None:
        if stop.is_set():
            return
        while driver.next_due("job") < at_ms + 200:  # noqa: ASYNC110 - nobody tells when the scheduler plans
            await asyncio.sleep(0.005)
        stop.set()

    driver = RealTimeDriver(SystemClock())
    sink = logger.add(lambda message: lines.append((message.record["message"], message.record["extra"])))
    try:
        await asyncio.wait_for(driver.run([Job("job", Every(20), run)], stop), 5)
    finally:
        logger.remove(sink)
    (first, about), (last, figures) = lines
    assert (first, about) == ("job takes longer than its interval, so one turn is left out", {"job": "job"})
    assert last == "job is done at last"
    assert figures["turns_left_out"] > 1


async def test_real_time_lets_go_of_its_jobs_without_a_word(caplog: pytest.LogCaptureFixture) -> None:
    stop = asyncio.Event()

    async def run(at_ms: int) -> None:
        stop.set()
        await asyncio.sleep(0.01)

    await asyncio.wait_for(RealTimeDriver(SystemClock()).run([Job("job", Every(20), run)], stop), 5)
    await asyncio.sleep(0)
    assert not caplog.records
