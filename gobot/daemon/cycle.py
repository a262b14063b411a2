"""One cycle: scan → idea → adjust → validate → report, each phase begun with a checkpoint on disk."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from loguru import logger

from gobot.core import Action, Direction, Timeframe, UsageError
from gobot.daemon import report
from gobot.daemon.adjust import Plan, adjust
from gobot.daemon.guard import Guard
from gobot.daemon.house import House
from gobot.daemon.idea import Thought, form_ideas
from gobot.daemon.learning import TRADES_STUDIED, read_patterns, study
from gobot.daemon.logbook import Logbook
from gobot.daemon.picture import Picture
from gobot.daemon.progress import IDLE
from gobot.daemon.scan import MarketView, read_books, scan
from gobot.daemon.tuning import Tuning
from gobot.daemon.upkeep import upkeep
from gobot.daemon.validate import entering, risk_view, validate
from gobot.execution import Quotes
from gobot.memory import Pattern
from gobot.risk import Approved, Finding, ProbeStarted, Verdict, candles_seen, explain

# Closed trades that risk looks at for cooldowns and the day's result.
_RECENT_TRADES = 200


class Cycle:
    """Runs the cycle that the logbook names, and knows what was learned so far.

    ``turn`` is held while the venue is changed.
    """

    def __init__(
        self, house: House, tuning: Tuning, logbook: Logbook, picture: Picture, guard: Guard, turn: asyncio.Lock
    ) -> None:
        self._house = house
        self._tuning = tuning
        self._logbook = logbook
        self._picture = picture
        self._guard = guard
        self._turn = turn
        self._studied = 0
        self.patterns: list[Pattern] = []

    def load_patterns(self) -> None:
        """Take up what earlier runs have learned."""
        self.patterns = read_patterns(self._house.patterns_file)

    async def run(self) -> None:
        """The phases of the cycle in the logbook, from the start or from its committed decisions."""
        house, progress = self._house, self._logbook.progress
        cycle, at_ms = progress.cycle, progress.cycle_ms
        verdicts: Sequence[Verdict] = ()
        trades = house.ledger.decided(cycle)
        if not trades:
            verdicts = await self._decide(cycle, at_ms)
            trades = any(isinstance(verdict, Approved) for verdict in verdicts)
        async with self._turn:
            executed = await house.execution.execute(cycle)
            events = report.outcome_events(house.ledger.cycle_orders(cycle), at_ms=at_ms, cycle=cycle)
            house.desk.fold(self._tuning.risk, events, cycle=cycle)
        report.tell_changes(house.announcer, executed.changes, (), at_ms)
        report.tell_outcomes(house.announcer, executed.outcomes, at_ms=at_ms)
        self._logbook.checkpoint(phase="report")
        if trades:
            await self._guard.look(self._tuning.risk, at_ms)
        self._report(cycle, at_ms, verdicts)
        self._logbook.checkpoint(phase=IDLE)

    async def _decide(self, cycle: int, at_ms: int) -> Sequence[Verdict]:
        """Scan, idea, adjust and validate, up to the commit of what was decided."""
        house, tuning = self._house, self._tuning
        view = await self._scan(at_ms)
        self._logbook.checkpoint(phase="idea")
        thoughts = await form_ideas(view, tuning.strategy, tuning.branch.name)
        if await self._upkeep(view, thoughts, at_ms):
            view = await self._scan(at_ms)
        self._logbook.checkpoint(phase="adjust")
        plan = adjust([thought.idea for thought in thoughts], self.patterns, branch=tuning.branch.name, at_ms=at_ms)
        self._logbook.checkpoint(phase="validate")
        books = await read_books(house.exchange, entering(plan))
        verdicts = validate(
            plan,
            thoughts,
            view,
            house.ledger.closed_trades(limit=_RECENT_TRADES),
            tuning.risk,
            house.desk.state,
            steady_ms=house.desk.steady_ms,
            paused=self._logbook.progress.paused,
            books=books,
        )
        self._commit(cycle, at_ms, view, thoughts, verdicts)
        return verdicts

    async def _upkeep(self, view: MarketView, thoughts: Sequence[Thought], at_ms: int) -> bool:
        """Move stops and end what has lasted long enough; whether that changed what is held."""
        house = self._house
        leaving = {thought.idea.symbol for thought in thoughts if _leaves(thought, view)}
        async with self._turn:
            trades = house.ledger.open_trades()
            done = await upkeep(house.execution, view, trades, self._tuning.trading, leaving=leaving)
        for executed in done:
            report.tell_changes(house.announcer, executed.changes, (), at_ms)
            report.tell_outcomes(house.announcer, executed.outcomes, at_ms=at_ms)
        return any(executed.changes for executed in done)

    async def explain(self, symbol: str, direction: Direction, size: Decimal | None) -> list[Finding]:
        """What every check says now about an entry at the market, of ``size`` USDT where one is given.

        Raises `UsageError` for a symbol that is not traded, `VenueUnavailable` when the venue cannot be asked.
        """
        house, tuning = self._house, self._tuning
        if symbol not in house.symbols:
            raise UsageError(f"{symbol} is not traded here: `gobot config show` lists trading.symbols")
        held = [position.symbol for position in self._picture.positions if position.symbol != symbol]
        view = await self._scan(house.clock.now_ms(), [symbol, *held])
        thoughts = await form_ideas(view, tuning.strategy, tuning.branch.name)
        own = next((thought.idea for thought in thoughts if thought.idea.symbol == symbol), None)
        if own is None:
            raise UsageError(f"there are no candles of {symbol} to judge by: {view.unreadable.get(symbol, 'too few')}")
        idea = replace(own, action=Action(direction.value), stop=None, target=None)
        risk = tuning.risk if size is None else tuning.risk.with_size(size)
        plan = Plan(branch=tuning.branch.name, ideas=(idea,))
        books = await read_books(house.exchange, [symbol])
        closed = house.ledger.closed_trades(limit=_RECENT_TRADES)
        seen = risk_view(plan, thoughts, view, closed, risk, steady_ms=house.desk.steady_ms, books=books)
        return explain(idea, seen, house.desk.state, risk.settings)

    async def _scan(self, at_ms: int, symbols: Sequence[str] | None = None) -> MarketView:
        trading = self._tuning.trading
        timeframe = Timeframe.parse(trading.timeframe)
        reconciliation = await self._guard.look(self._tuning.risk, at_ms)
        return await scan(
            self._house.exchange,
            self._house.clock,
            reconciliation,
            at_ms=at_ms,
            symbols=self._house.symbols if symbols is None else symbols,
            timeframe=timeframe,
            history=self._tuning.strategy.warmup_on(timeframe) + candles_seen(trading),
        )

    def _commit(
        self, cycle: int, at_ms: int, view: MarketView, thoughts: Sequence[Thought], verdicts: Sequence[Verdict]
    ) -> None:
        """Write the decisions and the orders that follow from them to the ledger, in one transaction."""
        house = self._house
        approved = [verdict for verdict in verdicts if isinstance(verdict, Approved)]
        probes = [ProbeStarted(at_ms=at_ms, symbol=v.idea.symbol, cycle=cycle) for v in approved if v.probe]
        house.desk.fold(self._tuning.risk, probes)
        decisions = report.decisions_of([thought.idea for thought in thoughts], verdicts)
        quotes = Quotes(tickers=view.tickers, markets=view.markets)
        orders = house.execution.plan(approved, view.candle_ms, quotes)
        house.ledger.decide(cycle, view.candle_ms, at_ms, orders, decisions)
        self._picture.remember(decisions)
        report.log_decisions(decisions, cycle)
        report.tell_verdicts(house.announcer, verdicts, at_ms=at_ms)

    def _report(self, cycle: int, at_ms: int, verdicts: Sequence[Verdict]) -> None:
        """Write down what happened, learn from it, and tell."""
        house, monitor = self._house, self._tuning.trading.performance_monitor
        equity = self._picture.balance.equity
        house.ledger.finish_cycle(cycle, at_ms=at_ms, equity=equity)
        if monitor.pattern_discovery and self._picture.closed_trades != self._studied:
            self._studied = self._picture.closed_trades
            trades = house.ledger.closed_trades(limit=TRADES_STUDIED)
            self.patterns = study(house.patterns_file, self.patterns, trades, monitor, at_ms=at_ms)
        house.announcer.publish(report.cycle_event(cycle, verdicts, at_ms=at_ms, equity=equity))
        logger.info("cycle done", cycle=cycle, equity=f"{equity:.2f}", closed=self._picture.closed_trades)


def _leaves(thought: Thought, view: MarketView) -> bool:
    """Whether an idea closes what is open in its symbol."""
    position, idea = view.positions.get(thought.idea.symbol), thought.idea
    if position is None or idea.action is Action.HOLD:
        return False
    return idea.direction is not position.direction
