"""The life of the process: signals in, jobs running, the service manager told, one named reason at the end."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from typing import Any, Protocol

from loguru import logger

from gobot.core import StateError
from gobot.daemon.exits import ExitReason
from gobot.daemon.operator import Operator
from gobot.daemon.orchestrator import Orchestrator
from gobot.daemon.schedule import Driver, Job
from gobot.daemon.service import ServiceNotifier

# A step may take this long to finish after a stop was asked for; the service manager waits a little longer.
_PATIENCE = 8.0
_LAG_PERIOD = 0.5
# With no job making headway for this long the watchdog is starved on purpose: a restart beats a silent hang.
_STUCK_AFTER = 600.0
_STATUS_PERIOD = 10.0


class Door(Protocol):
    """A way in or out that lives as long as the daemon: socket, Telegram, panel."""

    async def open(self) -> None:
        """Begin; raises `GobotError` when the daemon should not run without it."""

    async def close(self) -> None:
        """End."""


async def live(
    orchestrator: Orchestrator,
    operator: Operator,
    driver: Driver,
    jobs: Sequence[Job],
    doors: Sequence[Door],
    service: ServiceNotifier,
) -> ExitReason:
    """Run until there is a reason to end, and return it.  The last word is saved and doors are closed in any case."""
    _on_signals(orchestrator, operator, service)
    opened: list[Door] = []
    background: list[asyncio.Task[None]] = []
    try:
        for door in doors:
            await door.open()
            opened.append(door)
        background = [
            asyncio.create_task(_measure_lag(operator)),
            asyncio.create_task(_feed(service, orchestrator, operator)),
        ]
        # Whoever waits for a venue is not stuck: the service manager must not lose patience.
        await orchestrator.start(waiting=service.ready)
        service.ready()
        background.append(asyncio.create_task(_follow(orchestrator)))
        await _run_until(orchestrator.stopping, driver.run(jobs, orchestrator.stopping))
    except Exception as error:
        orchestrator.end(ExitReason.ERROR, f"{error}")
        raise
    finally:
        service.stopping()
        for task in background:
            task.cancel()
        # A look that was hinted at may be under way; what it leaves open is settled by the next start.
        await asyncio.gather(*background, return_exceptions=True)
        reason = orchestrator.finish()
        for door in reversed(opened):
            await door.close()
    return reason


async def _run_until(stop: asyncio.Event, running: Coroutine[Any, Any, None]) -> None:
    """Await ``running``; once ``stop`` is set it has `_PATIENCE` seconds to finish the step at hand."""
    work = asyncio.ensure_future(running)
    stopped = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({work, stopped}, return_when=asyncio.FIRST_COMPLETED)
        done, _ = await asyncio.wait({work}, timeout=_PATIENCE)
        if not done:
            logger.error("the step at hand did not finish in time and is cut off", seconds=_PATIENCE)
            work.cancel()
            with suppress(asyncio.CancelledError):
                await work
            return
        work.result()
    finally:
        stopped.cancel()


def _on_signals(orchestrator: Orchestrator, operator: Operator, service: ServiceNotifier) -> None:
    loop = asyncio.get_running_loop()

    def end(name: str) -> None:
        logger.info("asked to stop", signal=name)
        operator.request_stop(f"{ExitReason.SIGNAL}: {name}")

    def reload() -> None:
        service.reloading()
        orchestrator.take_up_settings()
        service.ready()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end, number.name)
    loop.add_signal_handler(signal.SIGHUP, reload)


async def _follow(orchestrator: Orchestrator) -> None:
    """Take the venue's hints; a state that cannot be kept ends the run as it does in a job."""
    try:
        await orchestrator.follow_hints()
    except StateError as error:
        orchestrator.end(ExitReason.ERROR, str(error))


async def _measure_lag(operator: Operator) -> None:
    """How late the event loop is: what a step that blocks costs everyone else."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + _LAG_PERIOD
        await asyncio.sleep(_LAG_PERIOD)
        operator.note_lag(1000 * (loop.time() - due))


async def _feed(service: ServiceNotifier, orchestrator: Orchestrator, operator: Operator) -> None:
    """Tell the service manager that the loop is alive, as long as jobs make headway, and what it is doing."""
    while True:
        silence = orchestrator.seconds_at_one_step()
        if silence < _STUCK_AFTER:
            service.watchdog()
        else:
            logger.critical("no step for too long: the watchdog is no longer fed", seconds=round(silence))
        service.status(operator.status_line())
        await asyncio.sleep(service.watchdog_interval or _STATUS_PERIOD)
