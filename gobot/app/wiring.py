"""From settings to a daemon: the one place that knows how every room is put together."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from gobot.app.markets import simulated_feed
from gobot.core import Clock, ManualClock, SystemClock, Timeframe, UsageError
from gobot.daemon.control import Control
from gobot.daemon.desk import RiskDesk
from gobot.daemon.events import Announcer
from gobot.daemon.house import House
from gobot.daemon.operator import Operator
from gobot.daemon.orchestrator import Orchestrator
from gobot.daemon.progress import PROGRESS_SCHEMA, Progress
from gobot.daemon.runtime import Door
from gobot.daemon.schedule import DailyAt, Driver, Every, Job, RealTimeDriver, SimulatedDriver
from gobot.daemon.service import ServiceNotifier
from gobot.daemon.socket import ControlServer
from gobot.exchange import Exchange
from gobot.exchange.limiter import RateLimiter
from gobot.exchange.sim import SimExchange
from gobot.execution import Execution
from gobot.ledger import Ledger
from gobot.memory import JsonFile
from gobot.risk import SCHEMA as RISK_SCHEMA
from gobot.settings import Loaded, SettingsWatch, TradingSettings
from gobot.strategy import Strategy, load_strategy


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What the command line adds to the settings.

    ``data`` are candle files for the simulated market, ``cycles`` the length of this session (None: the settings'),
    ``speed`` simulated seconds per real second (0: without waiting; None: the settings').
    """

    data: tuple[Path, ...] = ()
    cycles: int | None = None
    speed: float | None = None


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _World:
    """A market to trade on: its clock, its exchange, and who drives time."""

    clock: Clock
    exchange: Exchange
    symbols: tuple[str, ...]
    limiter: RateLimiter
    driver: Callable[[Callable[[], None]], Driver]
    guard_ms: int
    speed: float


def build_daemon(loaded: Loaded, options: RunOptions) -> Daemon:
    """Put a daemon together.  The state directory is locked by the caller.

    Raises `GobotError` in one sentence for whatever cannot be opened, read or found.
    """
    state = loaded.paths.state
    announcer = Announcer()
    ledger = Ledger.open(loaded.database_url)
    stored, progress_file = _stored_progress(state, ledger)
    world = _world(loaded, options, stored)
    trading = loaded.settings.trading
    house = House(
        clock=world.clock,
        exchange=world.exchange,
        ledger=ledger,
        execution=Execution(world.exchange, ledger, world.clock, bot=trading.bot, leverage=trading.leverage),
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
    )
    orchestrator = Orchestrator(house, stored)
    driver = world.driver(orchestrator.data_ended)
    operator = Operator(orchestrator, lambda: driver.next_due("cycle"))
    return Daemon(
        orchestrator=orchestrator,
        operator=operator,
        driver=driver,
        jobs=_jobs(orchestrator, trading, world.guard_ms),
        doors=_doors(loaded, Control(operator), announcer, state),
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


def require_runnable(loaded: Loaded) -> None:
    """Raise `UsageError` for a mode that this version does not have."""
    mode = loaded.settings.trading.mode
    if mode not in ("sim", "paper"):
        raise UsageError(f"trading.mode {mode} is not available in this version; set trading.mode: sim or paper")


def _world(loaded: Loaded, options: RunOptions, stored: Progress | None) -> _World:
    require_runnable(loaded)
    return _paper(loaded) if loaded.settings.trading.mode == "paper" else _simulated(loaded, options, stored)


def _simulated(loaded: Loaded, options: RunOptions, stored: Progress | None) -> _World:
    """A venue in this process on a clock that the driver moves; after a restart both go on where they were."""
    sim, trading, state = loaded.settings.sim, loaded.settings.trading, loaded.paths.state
    feed = simulated_feed(loaded, options.data)
    # The first candle must have closed before there is anything to decide on.
    clock = ManualClock(feed.start_ms + Timeframe.parse(trading.timeframe).ms)
    limiter = RateLimiter(trading.rate_limiter, clock, store=JsonFile(state / "limits.json", 1))
    exchange = SimExchange(
        feed,
        clock,
        state / "sim.db",
        start_equity=sim.start_equity or trading.initial_capital_usd,
        fee=sim.fee,
        maker_fee=sim.maker_fee,
        slippage=sim.slippage,
        limiter=limiter,
    )
    clock.move_to(max(exchange.venue_time, stored.now_ms if stored else 0))
    speed = sim.speed if options.speed is None else options.speed
    return _World(
        clock=clock,
        exchange=exchange,
        symbols=tuple(feed.markets),
        limiter=limiter,
        driver=lambda on_end: SimulatedDriver(clock, speed=speed, end_ms=feed.end_ms, on_end=on_end),
        # Between two candles of the simulated market nothing changes, so there is nothing to guard against.
        guard_ms=max(feed.step.ms, round(trading.orchestrator.guard_interval * 1000)),
        speed=speed,
    )


def _paper(loaded: Loaded) -> _World:
    """The venue's prices in real time, and an account on paper."""
    from gobot.exchange.ccxt_client import make_client
    from gobot.exchange.ccxt_public import CcxtPublic
    from gobot.exchange.paper import PaperExchange
    from gobot.exchange.terms import terms_of

    paper, trading, state = loaded.settings.paper, loaded.settings.trading, loaded.paths.state
    venue, clock = loaded.settings.exchange, SystemClock()
    terms = terms_of(venue.name)
    limiter = RateLimiter(trading.rate_limiter, clock, tariff=terms.tariff, store=JsonFile(state / "limits.json", 1))
    client = make_client(venue.name, limiter, terms, rest=venue.url_override.rest)
    exchange = PaperExchange(
        CcxtPublic(client, clock, Random()),  # noqa: S311 - it spreads retries, and guards nothing
        state / "paper.db",
        clock,
        start_equity=paper.start_equity or trading.initial_capital_usd,
        fee=paper.fee,
        maker_fee=paper.maker_fee,
        slippage=paper.slippage,
        latency=paper.latency,
    )
    return _World(
        clock=clock,
        exchange=exchange,
        symbols=tuple(trading.symbols),
        limiter=limiter,
        driver=lambda _: RealTimeDriver(clock),
        guard_ms=round(trading.orchestrator.guard_interval * 1000),
        speed=1.0,
    )


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
