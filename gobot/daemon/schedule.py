"""One schedule, two drivers.

A `Job` says when it is due (a pure trigger) and what to do.  In real time APScheduler runs the jobs; in simulation
`SimulatedDriver` takes them from a queue and moves the clock.  The jobs are the same objects.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from loguru import logger

from gobot.core import DAY_MS, Clock, ManualClock

if TYPE_CHECKING:
    from apscheduler.schedulers.asyncio import AsyncIOScheduler


# APScheduler asks again about the firing it has just carried out.
_PLANS_KEPT = 4


class Trigger(Protocol):
    """When a job is due."""

    def next_after(self, ms: int) -> int:
        """The first due time strictly after ``ms``."""


@dataclass(frozen=True, slots=True)
class Every:
    """Each ``interval_ms``, aligned to the epoch (so to candle closes), ``offset_ms`` later."""

    interval_ms: int
    offset_ms: int = 0

    def next_after(self, ms: int) -> int:
        """The first aligned time strictly after ``ms``."""
        return ms + self.interval_ms - (ms - self.offset_ms) % self.interval_ms


@dataclass(frozen=True, slots=True)
class DailyAt:
    """Once a UTC day, ``minute_of_day`` minutes after midnight."""

    minute_of_day: int

    @classmethod
    def parse(cls, text: str) -> DailyAt:
        """``"00:05"`` → five past midnight UTC."""
        hours, minutes = text.split(":")
        return cls(int(hours) * 60 + int(minutes))

    def later(self, minutes: int) -> DailyAt:
        """So many minutes later each day."""
        return DailyAt((self.minute_of_day + minutes) % (24 * 60))

    def next_after(self, ms: int) -> int:
        """The first such time strictly after ``ms``."""
        return Every(DAY_MS, self.minute_of_day * 60_000).next_after(ms)


@dataclass(frozen=True, slots=True)
class Job:
    """A recurring piece of work; ``run`` is given the time it was due (ms UTC) and must not raise."""

    name: str
    trigger: Trigger
    run: Callable[[int], Awaitable[None]]


class Driver(Protocol):
    """Whoever runs the jobs until it is told to stop."""

    def next_due(self, name: str) -> int:
        """When the job of that name is due next (ms UTC); 0 when it is not planned."""

    def seconds_until(self, name: str) -> float:
        """How long a person has to wait for it, in real seconds."""

    async def run(self, jobs: Sequence[Job], stop: asyncio.Event) -> None:
        """Run the jobs when due; return soon after ``stop`` is set, with no job left half done."""


class RealTimeDriver:
    """APScheduler: a job never overlaps itself, and a run missed in sleep or a stall happens once, not many times.

    ``speed`` is how many seconds of the clock pass in a real one.
    """

    def __init__(self, clock: Clock, speed: float = 1.0) -> None:
        self._clock = clock
        self._speed = speed
        self._due: dict[str, int] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._overran: dict[str, int] = {}

    def next_due(self, name: str) -> int:
        """When the job of that name is due next."""
        return self._due.get(name, 0)

    def seconds_until(self, name: str) -> float:
        """How long it is until then."""
        return max(0.0, (self.next_due(name) - self._clock.now_ms()) / 1000 / self._speed)

    async def run(self, jobs: Sequence[Job], stop: asyncio.Event) -> None:
        """Run the jobs until ``stop`` is set, then wait for the ones at work.  Raises what a job raises."""
        from apscheduler.events import EVENT_JOB_MAX_INSTANCES
        from apscheduler.schedulers.asyncio import AsyncIOScheduler

        scheduler = AsyncIOScheduler(timezone=UTC)
        scheduler.add_listener(lambda event: self._skipped(event.job_id), EVENT_JOB_MAX_INSTANCES)
        failed = asyncio.get_running_loop().create_future()
        for job in jobs:
            self._add(scheduler, job, failed)
        stopped = asyncio.ensure_future(stop.wait())
        scheduler.start()
        try:
            await asyncio.wait({stopped, failed}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()
            at_work = tuple(self._running)
            scheduler.shutdown(wait=False)
            await asyncio.gather(*at_work)
        if failed.done():
            failed.result()

    def _add(self, scheduler: AsyncIOScheduler, job: Job, failed: asyncio.Future[None]) -> None:
        from apscheduler.triggers.base import BaseTrigger

        due, trigger, clock, speed = self._due, job.trigger, self._clock, self._speed
        # Moments by the scheduler's clock, each with the one that it stands for by the clock of the market.
        planned: dict[datetime | None, int] = {}

        class Aligned(BaseTrigger):  # type: ignore[misc]  # apscheduler 3 ships no types
            """`Trigger` in APScheduler's terms."""

            def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime:
                at_ms = clock.now_ms()
                due[job.name] = trigger.next_after(max(at_ms, planned.get(previous, 0)))
                fires = now + timedelta(milliseconds=(due[job.name] - at_ms) / speed)
                planned[fires] = due[job.name]
                if len(planned) > _PLANS_KEPT:
                    del planned[next(iter(planned))]
                return fires

        async def run_once() -> None:
            task = asyncio.ensure_future(_as_coroutine(job, self._clock.now_ms()))
            self._running.add(task)
            try:
                await asyncio.shield(task)
            except asyncio.CancelledError:
                # The scheduler lets go of its jobs when it is shut down; whoever did that waits for the work itself.
                return
            except Exception as error:  # noqa: BLE001 - `run` raises it, the scheduler would only log it
                if not failed.done():
                    failed.set_exception(error)
            finally:
                self._running.discard(task)
                self._in_time(job.name)

        scheduler.add_job(
            run_once, Aligned(), id=job.name, name=job.name, coalesce=True, max_instances=1, misfire_grace_time=None
        )

    def _skipped(self, name: str) -> None:
        """A job was due while it was still at work.  The first time is told, the others are counted."""
        self._overran[name] = self._overran.get(name, 0) + 1
        if self._overran[name] == 1:
            logger.warning("job takes longer than its interval, so one turn is left out", job=name)

    def _in_time(self, name: str) -> None:
        """A job has finished; if it took many turns, it is told how many."""
        if (turns := self._overran.pop(name, 0)) > 1:
            logger.warning("job is done at last", job=name, turns_left_out=turns)


async def _as_coroutine(job: Job, at_ms: int) -> None:
    await job.run(at_ms)


class SimulatedDriver:
    """The simulated clock's own queue.

    Time jumps from one due job to the next, at ``speed`` simulated seconds per real one (0: without waiting).
    What a job sees does not depend on the speed.  ``end_ms`` tells when the market's data end (None: never).
    """

    def __init__(self, clock: ManualClock, *, speed: float, end_ms: int | None, on_end: Callable[[], None]) -> None:
        self._clock = clock
        self._speed = speed
        self._end_ms = end_ms
        self._on_end = on_end
        self._due: dict[str, int] = {}
        # Where the clock is being moved to, and when (by the event loop's clock) it will be there.
        self._heading_for = 0
        self._arrival = 0.0

    def next_due(self, name: str) -> int:
        """When the job of that name is due next."""
        return self._due.get(name, 0)

    def seconds_until(self, name: str) -> float:
        """The rest of the wait at hand and, at this speed, of those after it."""
        due = self.next_due(name)
        if not due or not self._speed:
            return 0.0
        now = asyncio.get_running_loop().time()
        return max(0.0, self._arrival - now) + max(0, due - self._heading_for) / 1000 / self._speed

    async def run(self, jobs: Sequence[Job], stop: asyncio.Event) -> None:
        """Run the jobs in order of time; those due at the same moment in the order given."""
        start = self._clock.now_ms()
        self._due = {job.name: job.trigger.next_after(start) for job in jobs}
        while not stop.is_set():
            job = min(jobs, key=lambda candidate: self._due[candidate.name])
            at_ms = self._due[job.name]
            if self._end_ms is not None and at_ms > self._end_ms:
                logger.info("the market data end here", end_ms=self._end_ms)
                self._on_end()
                return
            await self._pace(at_ms, stop)
            if stop.is_set():
                return
            self._clock.move_to(at_ms)
            await job.run(at_ms)
            # Work may have moved the clock (waiting on the limiter); what was missed meanwhile runs once.
            self._due[job.name] = job.trigger.next_after(max(at_ms, self._clock.now_ms()))

    async def _pace(self, at_ms: int, stop: asyncio.Event) -> None:
        """Wait as long as the way to ``at_ms`` takes at this speed, or until ``stop``."""
        seconds = (at_ms - self._clock.now_ms()) / 1000 / self._speed if self._speed else 0.0
        self._heading_for = at_ms
        self._arrival = asyncio.get_running_loop().time() + seconds
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        try:
            await asyncio.wait_for(stop.wait(), seconds)
        except TimeoutError:
            return
