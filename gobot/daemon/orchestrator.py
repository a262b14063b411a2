"""The orchestrator: cycle after cycle, guarded in between, resumable at every line.

A cycle that a crash cut short is taken up at the next start: if its decisions were committed to the ledger they are
carried out, otherwise it is thought through again from the start.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from loguru import logger

from gobot import __version__
from gobot.core import DAY_MS, DataError, Direction, StrategyError, VenueUnavailable, utc_day
from gobot.daemon import report
from gobot.daemon.attempts import CYCLE, Attempts
from gobot.daemon.cycle import Cycle
from gobot.daemon.desk import LATCHED
from gobot.daemon.events import (
    DaemonStarted,
    DaemonStopped,
    Recovered,
    StateDamaged,
    TradingPaused,
    TradingResumed,
)
from gobot.daemon.exits import Exit, ExitReason, PauseUntil, exit_decision
from gobot.daemon.guard import Guard
from gobot.daemon.hindsight import look_back
from gobot.daemon.house import House
from gobot.daemon.learning import TRADES_STUDIED, enter_branch
from gobot.daemon.logbook import Logbook
from gobot.daemon.pace import Pace
from gobot.daemon.performance import performance_of
from gobot.daemon.picture import Picture, snapshot_of
from gobot.daemon.progress import Progress
from gobot.daemon.readiness import PROTECTION_UNPROVED, Protection, prepare_account, reach_venue
from gobot.daemon.recovery import recovery_report
from gobot.daemon.snapshot import Snapshot
from gobot.daemon.tuning import Tuning
from gobot.execution import Executed
from gobot.risk import Finding

# Between two looks that were hinted at.
_BREATH_S = 0.5
# Cycles of a branch that are archived with their decisions, the newest ones.
_CYCLES_ARCHIVED = 1000


class Orchestrator:
    """The loop and its memory.

    `start`, then the jobs `cycle`, `guard` and `daily_summary` as a driver finds them due, then `finish`.  A job
    never raises for what can happen in operation: it notes the error, tells, and the next one tries again.  Only
    when state cannot be kept does it end the run.  ``stopping`` is set when the run should end.
    """

    def __init__(self, house: House, stored: Progress | None) -> None:
        self.house = house
        self.tuning = Tuning(house)
        branch = self.tuning.branch.name
        self.picture = Picture()
        self.logbook = Logbook(
            house.progress_file,
            house.clock,
            stored or Progress(mode=self.tuning.trading.mode, branch=branch),
            describe=lambda: self.snapshot().document(),
        )
        self.stopping = asyncio.Event()
        # The venue is changed by one at a time: a cycle's orders, the guard, or the operator.
        turn = asyncio.Lock()
        self._guard = Guard(house, self.picture, turn)
        self._protection = Protection(house)
        self._cycle = Cycle(house, self.tuning, self.logbook, self.picture, self._guard, turn)
        self._ledger_run = 0
        self._attempts = Attempts(house, self.tuning, self.logbook)
        loop = self.tuning.trading.orchestrator
        self._pace = Pace(house.clock, house.hints, every=loop.guard_interval, relaxed=loop.relaxed_guard_interval)

    # The life of a run

    async def start(self, waiting: Callable[[], None] = lambda: None) -> None:
        """Take up where the last run ended: ledger and venue made equal, an unfinished cycle finished.

        A venue that is down is waited for; ``waiting`` is called then.  Raises `StateError` when the state belongs to
        another mode, `ConfigError` when the account is not one to trade with.
        """
        house, mode = self.house, self.tuning.trading.mode
        resumed = self.logbook.begin_session(mode=mode, limit=self._limit)
        house.desk.load(expected=house.ledger.last_cycle() > 0)
        self._cycle.load_patterns()
        branch = self.tuning.branch.name
        self._ledger_run = house.ledger.start_run(
            mode=mode, version=__version__, strategy=self.tuning.strategy.name, branch=branch, at_ms=self._now()
        )
        self._enter_branch()
        self._tell_damage()
        if not await reach_venue(house, self._first_look, self.stopping, waiting):
            return
        await self._prove_protection()
        logger.info("started", mode=mode, branch=branch, symbols=len(house.symbols), resumed=resumed or "no")
        house.announcer.publish(
            DaemonStarted(
                at_ms=self._now(),
                mode=mode,
                branch=branch,
                cycle=self.logbook.progress.cycle,
                equity=self.picture.balance.equity,
                symbols=len(house.symbols),
                resumed=resumed,
            )
        )
        if self.logbook.progress.in_cycle:
            await self._attempt_cycle(self._run_cycle())

    async def _first_look(self) -> None:
        await prepare_account(self.house)
        found = await self._guard.look(self.tuning.risk, self._now())
        self.picture.recovery = recovery_report(found)
        for line in self.picture.recovery:
            logger.warning("recovered", what=line)
        if self.picture.recovery:
            self.house.announcer.publish(Recovered(at_ms=self._now(), lines=self.picture.recovery))

    async def _prove_protection(self) -> None:
        """No entries before the venue has shown that it holds a stop; a pause for that reason ends with the proof."""
        problem = await self._protection.problem()
        paused = self.logbook.progress.paused
        if problem and not paused:
            self.pause(problem)
        elif not problem and paused.startswith(PROTECTION_UNPROVED):
            self.resume("the protection test has passed")

    def _tell_damage(self) -> None:
        """Say which files of the state directory were damaged and what is used instead."""
        house = self.house
        for file in (house.progress_file, house.desk.file, house.patterns_file, house.branch_file):
            if file.damage is not None:
                logger.critical("a state file was damaged", what=file.damage.sentence)
                house.announcer.publish(StateDamaged(at_ms=self._now(), message=file.damage.sentence))

    def data_ended(self) -> None:
        """The simulated market has no more candles: the session is over."""
        self.end(ExitReason.DATA_ENDED, "The market data are used up.")

    def end(self, reason: ExitReason, sentence: str) -> None:
        """Let the run end after the step at hand."""
        self.logbook.end(reason, sentence)
        self.stopping.set()

    def finish(self) -> ExitReason:
        """Save the last word; returns why the run ended."""
        progress = self.logbook.progress
        reason = ExitReason(progress.exit_reason or ExitReason.ERROR)
        if self._ledger_run:
            self.house.ledger.end_run(self._ledger_run, f"{reason}: {progress.exit_sentence}", self._now())
        logger.info(
            "ended", reason=reason.value, why=progress.exit_sentence, cycle=progress.cycle, phase=progress.phase
        )
        self.house.announcer.publish(
            DaemonStopped(
                at_ms=self._now(),
                reason=f"{reason}: {progress.exit_sentence}",
                cycle=progress.cycle,
                equity=self.picture.balance.equity,
                open_positions=len(self.picture.positions),
            )
        )
        return reason

    # The jobs

    async def cycle(self, at_ms: int) -> None:
        """One turn of the loop."""
        await self._attempt_cycle(self._begin_cycle(at_ms))

    async def guard(self, at_ms: int) -> None:
        """Look at what is open, if a look is due: fills booked, protection present, equity against the limits."""
        if self._pace.is_due():
            await self.look(at_ms)

    async def follow_hints(self) -> None:
        """Look whenever the venue hints that something has happened; until cancelled."""
        while not self.stopping.is_set():
            await self.house.hints.wait()
            await self.look(self._now())
            # What comes in bursts is one look.
            await self.house.clock.sleep(_BREATH_S)

    async def look(self, at_ms: int) -> None:
        """Look at what is open now."""
        await self._attempts.make("guard", self._guard.look(self.tuning.risk, at_ms))
        self._pace.note(answered=not self._attempts.ails("guard"), calm=self._guard.is_calm)
        latched = self.house.desk.label == LATCHED
        if latched and self.tuning.trading.orchestrator.on_target == "exit" and not self.picture.positions:
            self.end(ExitReason.EMERGENCY_STOP, self.house.desk.reason)

    async def daily_summary(self, at_ms: int) -> None:
        """Tell how the UTC day that just ended went, once."""
        day = utc_day(at_ms - DAY_MS)
        if day == self.logbook.progress.last_summary_day:
            return
        trades = self.house.ledger.closed_trades(limit=TRADES_STUDIED)
        drawdown = self.house.desk.state.drawdown_pct or 0.0
        summary = report.summary_of(day, trades, equity=self.picture.balance.equity, drawdown_pct=drawdown, at_ms=at_ms)
        self.house.announcer.publish(summary)
        self.logbook.checkpoint(last_summary_day=day)

    async def hindsight(self, at_ms: int) -> None:
        """Tell how the UTC day that just ended compares with the backtest of it."""
        if self.tuning.trading.orchestrator.hindsight:
            await self._attempts.make("hindsight", self._look_back(at_ms))

    async def _look_back(self, at_ms: int) -> None:
        try:
            told = await look_back(self.house, self.tuning, at_ms)
        except (VenueUnavailable, StrategyError, DataError) as error:
            # Nothing depends on it, and tomorrow there is another day.
            logger.warning("the day could not be looked back on", error=str(error))
            self.logbook.checkpoint(hindsight=f"{utc_day(at_ms - DAY_MS)}: {error}")
            return
        self.house.announcer.publish(told)
        self.logbook.checkpoint(hindsight=f"{told.day}: {told.sentence}")

    async def _attempt_cycle(self, work: Coroutine[Any, Any, None]) -> None:
        """Make a cycle; one that failed counts among the iterations too."""
        if not await self._attempts.make(CYCLE, work):
            self._end_if_due(self._now())

    # One cycle

    async def _begin_cycle(self, at_ms: int) -> None:
        """Take up what changed since the last cycle and begin the next one, unless the loop is slowed down."""
        self.take_up_settings()
        self._end_pause(at_ms)
        await self._prove_protection()
        progress = self.logbook.progress
        if at_ms < progress.retry_after_ms:
            return
        self.logbook.checkpoint(
            cycle=progress.cycle + 1, iteration=progress.iteration + 1, phase="scan", cycle_ms=at_ms
        )
        await self._run_cycle()

    async def _run_cycle(self) -> None:
        await self._cycle.run()
        self._end_if_due(self.logbook.progress.cycle_ms)

    # Ending, pausing, changing

    def _end_if_due(self, at_ms: int) -> None:
        """Act on used-up iterations and on the day's target or limit."""
        progress = self.logbook.progress
        decision = exit_decision(
            now_ms=at_ms,
            iteration=progress.iteration,
            day_pnl=float(self.picture.day_pnl(self.house.desk.state.day_start_equity)),
            settings=self.tuning.trading.orchestrator,
            limit=self._limit,
        )
        if isinstance(decision, Exit):
            self.end(decision.reason, decision.sentence)
        elif isinstance(decision, PauseUntil) and not progress.paused:
            self.pause(decision.sentence.rstrip("."), until_ms=decision.until_ms)

    def pause(self, reason: str, *, until_ms: int = 0) -> None:
        """Stop entries until ``until_ms``, or until resumed."""
        logger.warning("paused", reason=reason, until_ms=until_ms)
        self.logbook.checkpoint(paused=reason, paused_until_ms=until_ms)
        self.house.announcer.publish(TradingPaused(at_ms=self._now(), reason=reason, until_ms=until_ms))

    def resume(self, reason: str) -> None:
        """Allow entries again."""
        logger.info("resumed", reason=reason)
        self.logbook.checkpoint(paused="", paused_until_ms=0)
        self.house.announcer.publish(TradingResumed(at_ms=self._now(), reason=reason))

    def _end_pause(self, at_ms: int) -> None:
        if 0 < self.logbook.progress.paused_until_ms <= at_ms:
            self.resume("a new UTC day")

    async def close(self, symbol: str | None, reason: str) -> Executed:
        """Close the position in ``symbol`` at market, or all of them."""
        return await self._guard.close(self.tuning.risk, self._now(), symbol, reason)

    async def explain(self, symbol: str, direction: Direction, size: Decimal | None) -> list[Finding]:
        """What every check says now about an entry."""
        return await self._cycle.explain(symbol, direction, size)

    def take_up_settings(self) -> None:
        """Take up an edit of the settings file, if there is one; a wrong edit is told and changes nothing."""
        before = self.tuning.branch
        self.tuning.refresh(self._now())
        if self.tuning.branch != before:
            self._enter_branch()

    def _enter_branch(self) -> None:
        """Make the branch of the settings the present one, archiving the one before it."""
        house, branch = self.house, self.tuning.branch
        archive = house.archive if self.tuning.trading.performance_monitor.archive_on_strategy_change else None
        change = enter_branch(house.branch_file, archive, branch, self._closing_documents, at_ms=self._now())
        if change is not None:
            logger.info("branch entered", branch=branch.name, change=change)
            self.logbook.checkpoint(branch=branch.name)

    def _closing_documents(self, since_ms: int) -> dict[str, Any]:
        """What is archived of the branch that ends now and began at ``since_ms``."""
        ledger = self.house.ledger
        trades = [trade for trade in ledger.closed_trades() if trade.entry_ms >= since_ms]
        cycles = [asdict(row) for row in ledger.cycles(limit=_CYCLES_ARCHIVED) if row.started_ms >= since_ms]
        return {
            "progress": self.logbook.progress.document(),
            "config": self.tuning.document(),
            "metrics": performance_of(trades, [mark for mark in ledger.equity_curve() if mark[0] >= since_ms]),
            "patterns": [pattern.document() for pattern in self._cycle.patterns],
            "trades": [trade.document() for trade in trades],
            "cycles": cycles,
        }

    # What the runtime asks

    @property
    def _limit(self) -> int:
        """Cycles of this session; 0 for no limit."""
        given = self.house.max_iterations
        return self.tuning.trading.orchestrator.max_iterations if given is None else given

    def snapshot(self, *, next_cycle_ms: int = 0, loop_lag_ms: float = 0.0) -> Snapshot:
        """The present state; the driver knows when the next cycle is due."""
        return snapshot_of(
            self.house,
            self.tuning,
            self.logbook.progress,
            self.picture,
            next_cycle_ms=next_cycle_ms,
            loop_lag_ms=loop_lag_ms,
        )

    def _now(self) -> int:
        return self.house.clock.now_ms()

    def seconds_at_one_step(self) -> float:
        """How long ago a job last began: grows without end only when one hangs or none is started."""
        return self._attempts.seconds_at_one_step()
