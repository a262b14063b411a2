"""A whole daemon in this process, on the simulated market, with its jobs run by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gobot.app.wiring import Daemon, RunOptions, build_daemon
from gobot.daemon.events import Event
from gobot.settings import Override, load_settings

QUICK = {
    "sim.symbols": "4",
    "trading.initial_capital_usd": "10000",
    "trading.max_position_usd": "2000",
    "trading.params.fast": "3",
    "trading.params.slow": "9",
    "trading.validation.enabled": "off",
    "trading.orchestrator.max_iterations": "0",
}


class Driven:
    """A daemon whose time is moved by the test."""

    def __init__(self, daemon: Daemon) -> None:
        self.daemon = daemon
        self.loop = daemon.orchestrator
        self.house = daemon.orchestrator.house
        self.events: list[Event] = []
        self.house.announcer.add(self)

    def publish(self, event: Event) -> None:
        self.events.append(event)

    def told(self, kind: type[Event]) -> list[Event]:
        """The events of one kind so far."""
        return [event for event in self.events if isinstance(event, kind)]

    async def cycles(self, count: int) -> None:
        """Guard and cycle ``count`` candles in a row."""
        for _ in range(count):
            for job in self.daemon.jobs[:2]:
                at_ms = job.trigger.next_after(self.house.clock.now_ms())
                self.house.clock.move_to(at_ms)
                await job.run(at_ms)

    async def until_open(self) -> None:
        """Run until a position is open."""
        for _ in range(200):
            await self.cycles(1)
            if self.loop.picture.positions:
                return
        raise AssertionError("nothing was opened")


@pytest.fixture
def make_daemon(tmp_path: Path) -> Iterator:
    made: list[Daemon] = []

    def make(**settings: str) -> Driven:
        values = {**QUICK, **{key.replace("__", "."): value for key, value in settings.items()}}
        overrides = [Override(key, value, "test") for key, value in values.items()]
        daemon = build_daemon(load_settings(tmp_path, overrides=overrides, environment={}), RunOptions(speed=0.0))
        made.append(daemon)
        return Driven(daemon)

    yield make
    for daemon in made:
        daemon.ledger.close()
