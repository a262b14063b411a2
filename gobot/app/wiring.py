"""From settings to a daemon: the one place that knows how every room is put together."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gobot.app.worlds import RunOptions, world_of
from gobot.core import Clock, SystemClock
from gobot.daemon.control import Control
from gobot.daemon.desk import RiskDesk
from gobot.daemon.events import Announcer
from gobot.daemon.house import House
from gobot.daemon.operator import Operator
from gobot.daemon.orchestrator import Orchestrator
from gobot.daemon.progress import PROGRESS_SCHEMA, Progress
from gobot.daemon.runtime import Door
from gobot.daemon.schedule import DailyAt, Driver, Every, Job
from gobot.daemon.service import ServiceNotifier
from gobot.daemon.socket import ControlServer
from gobot.exchange import Exchange
from gobot.exchange.limiter import RateLimiter
from gobot.execution import Execution
from gobot.ledger import Ledger
from gobot.memory import JsonFile
from gobot.risk import SCHEMA as RISK_SCHEMA
from gobot.settings import Loaded, SettingsWatch, TradingSettings
from gobot.strategy import Strategy, load_strategy


@dataclass(frozen=True, slots=True, kw_only=True)
class Daemon:
    """Everything that `gobot.daemon.runtime.live` needs, and what has to be closed afterwards."""

    orchestrator: Orchestrator
    operator: Operator
    driver: Driver
    jobs: tuple[Job, ...]
    doors: tuple[Door, ...]
    service: ServiceNotifier
    clock: Clock
    exchange: Exchange
    ledger: Ledger


def build_daemon(loaded: Loaded, options: RunOptions) -> Daemon:
    """Put a daemon together.  The state directory is locked by the caller.

    Raises `GobotError` in one sentence for whatever cannot be opened, read or found.
    """
    state = loaded.paths.state
    announcer = Announcer()
    ledger = Ledger.open(loaded.database_url)
    stored, progress_file = _stored_progress(state, ledger)
    world = world_of(loaded, options, stored)
    trading = loaded.settings.trading
    house = House(
        clock=world.clock,
        exchange=world.exchange,
        ledger=ledger,
        execution=Execution(
            world.exchange,
            ledger,
            world.clock,
            bot=trading.bot,
            leverage=trading.leverage,
            entry=trading.entry,
            external=trading.external,
            adopted_stop_percent=trading.stop_loss_percent,
        ),
        desk=RiskDesk(JsonFile(state / "risk.json", RISK_SCHEMA), world.clock, announcer),
        announcer=announcer,
        progress_file=progress_file,
        patterns_file=JsonFile(state / "patterns.json", 1),
        branch_file=JsonFile(state / "branch.json", 1),
        archive=loaded.paths.archive,
        symbols=world.symbols,
        watch=SettingsWatch(loaded),
        load_strategy=_strategy_loader(loaded.paths.strategies),
        limiter_status=lambda: _allowance(world.limiter),
        max_iterations=options.cycles,
        speed=world.speed,
        readiness=world.readiness,
        hints=world.hints,
    )
    orchestrator = Orchestrator(house, stored)
    driver = world.driver(orchestrator.data_ended)
    operator = Operator(orchestrator, lambda: driver.next_due("cycle"))
    return Daemon(
        orchestrator=orchestrator,
        operator=operator,
        driver=driver,
        jobs=_jobs(orchestrator, trading, world.guard_ms),
        doors=(*world.doors, *_doors(loaded, Control(operator), announcer, state)),
        service=ServiceNotifier.from_environment(os.environ, os.getpid()),
        clock=world.clock,
        exchange=world.exchange,
        ledger=ledger,
    )


def _stored_progress(state: Path, ledger: Ledger) -> tuple[Progress | None, JsonFile]:
    """The loop's last place, from its file or else from the ledger, and the file."""
    file = JsonFile(state / "progress.json", PROGRESS_SCHEMA)
    document = file.read()
    if document is None:
        return Progress.from_ledger(ledger), file
    return Progress.from_document(document.get("progress", {})), file


def _strategy_loader(directory: Path) -> Callable[[TradingSettings], Strategy]:
    def load(trading: TradingSettings) -> Strategy:
        return load_strategy(trading.strategy, trading.params, directory)

    return load


def _jobs(orchestrator: Orchestrator, trading: TradingSettings, guard_ms: int) -> tuple[Job, ...]:
    """The recurring work; at the same moment the guard goes before the cycle."""
    loop = trading.orchestrator
    return (
        Job("guard", Every(guard_ms), orchestrator.guard),
        Job("cycle", Every(loop.loop_interval * 1000, round(loop.close_delay * 1000)), orchestrator.cycle),
        Job("daily summary", DailyAt.parse(loop.daily_summary), orchestrator.daily_summary),
        # A minute later: the first cycle of the day is over, and the summary told.
        Job("hindsight", DailyAt.parse(loop.daily_summary).later(1), orchestrator.hindsight),
    )


def _doors(loaded: Loaded, control: Control, announcer: Announcer, state: Path) -> tuple[Door, ...]:
    doors: list[Door] = [ControlServer(control, state)]
    if loaded.settings.telegram.enabled:
        from gobot.telegram import TelegramBot

        # Quiet hours are those of people: the host's clock, in simulation too.
        bot = TelegramBot(loaded.settings.telegram, control, SystemClock())
        announcer.add(bot)
        doors.append(bot)
    return tuple(doors)


def _allowance(limiter: RateLimiter) -> dict[str, Any]:
    """The venue allowance in the few figures that a status shows."""
    now = limiter.snapshot()
    return {
        "used_share": max((limit.used / limit.ceiling for limit in now.limits if limit.ceiling), default=0.0),
        "limits": {limit.name: f"{limit.used}/{limit.ceiling}" for limit in now.limits},
        "requests": now.requests,
        "waiting": sum(now.waiting.values()),
        "silent_for": now.silent_for,
        "errors": dict(now.errors),
    }
