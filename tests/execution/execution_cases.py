"""A small daemon for tests: it decides by script, and everything else is the real thing."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from scripted_venue import ScriptedVenue
from sqlalchemy import select

from gobot.core import Action, Direction, Idea, ManualClock
from gobot.execution import Executed, Execution, Reconciliation
from gobot.ledger import Ledger, Leg, OrderRow
from gobot.ledger.schema import metadata
from gobot.risk import Approved
from gobot.risk.verdict import approve_close, approve_open

BTC = "BTC/USDT:USDT"
ETH = "ETH/USDT:USDT"
SOL = "SOL/USDT:USDT"
TF_MS = 900_000
FIRST = 1_735_689_600_000


def idea(symbol: str, action: Action, candle_ms: int) -> Idea:
    return Idea(
        symbol=symbol,
        action=action,
        confidence=0.75,
        candle_ms=candle_ms,
        price=100.0,
        strategy="sma_cross",
        branch="sma_cross-1",
        reason="fast above slow",
    )


def long(symbol: str = BTC, *, stop="95", target: str | None = "110", candle_ms: int = FIRST) -> Approved:
    return approve_open(
        idea(symbol, Action.LONG, candle_ms),
        Direction.LONG,
        quantity=Decimal("0.5"),
        stop=Decimal(stop),
        target=None if target is None else Decimal(target),
        probe=False,
    )


def short(symbol: str = BTC, *, stop="105", target="90", candle_ms: int = FIRST) -> Approved:
    return approve_open(
        idea(symbol, Action.SHORT, candle_ms),
        Direction.SHORT,
        quantity=Decimal("0.5"),
        stop=Decimal(stop),
        target=Decimal(target),
        probe=False,
    )


def leave(symbol: str = BTC, direction: Direction = Direction.LONG, *, candle_ms: int = FIRST) -> Approved:
    return approve_close(idea(symbol, Action.EXIT, candle_ms), direction, Decimal("0.5"))


@dataclass
class House:
    """Venue, ledger and execution, as they are wired in the daemon."""

    venue: ScriptedVenue
    ledger: Ledger
    execution: Execution
    clock: ManualClock

    @classmethod
    def build(cls, path: Path, **script) -> House:
        clock = ManualClock(FIRST + TF_MS)
        venue = ScriptedVenue(clock, {symbol: Decimal(100) for symbol in (BTC, ETH, SOL)}, **script)
        return cls.on(venue, path)

    @classmethod
    def on(cls, venue: ScriptedVenue, path: Path) -> House:
        ledger = Ledger.open(f"sqlite:///{path}/gobot.db")
        return cls(venue, ledger, Execution(venue, ledger, venue.clock, bot="main", leverage=3), venue.clock)

    def reborn(self) -> House:
        """The daemon after it was killed: the same venue, the same file, nothing else."""
        path = Path(self.ledger._database.place).parent
        self.ledger.close()
        return House.on(self.venue, path)

    async def trade(self, *approved: Approved, cycle: int = 1, finish: bool = True) -> Executed:
        """One cycle that decides this."""
        candle_ms = FIRST + (cycle - 1) * TF_MS
        self.clock.move_to(candle_ms + TF_MS)
        self.decide(*approved, cycle=cycle)
        executed = await self.execution.execute(cycle)
        if finish:
            self.ledger.finish_cycle(cycle, at_ms=self.clock.now_ms(), equity=Decimal(10_000))
        return executed

    def decide(self, *approved: Approved, cycle: int = 1) -> None:
        candle_ms = FIRST + (cycle - 1) * TF_MS
        orders = self.execution.plan(approved, candle_ms)
        self.ledger.decide(cycle, candle_ms, self.clock.now_ms(), orders, [])

    async def look(self, after_ms: int = 0) -> Reconciliation:
        """One reconciliation, ``after_ms`` later."""
        self.clock.move_to(self.clock.now_ms() + after_ms)
        return await self.execution.reconcile()

    def legs(self) -> dict[str, str]:
        """Status by leg and attempt of every order in the ledger."""
        return {f"{row.leg}{row.attempt if row.attempt > 1 else ''}": str(row.status) for row in self.ledger.orders()}

    def row(self, leg: Leg, attempt: int = 1, symbol: str = BTC) -> OrderRow:
        rows = self.ledger.orders(limit=10_000)
        return next(r for r in rows if (r.leg, r.attempt, r.symbol) == (leg, attempt, symbol))

    def dump(self) -> dict[str, list[tuple]]:
        return dump(self.ledger)


def dump(ledger: Ledger) -> dict[str, list[tuple]]:
    """Every row of every table but runs, of which a crash makes more."""
    with ledger._database.transaction() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
            for table in metadata.sorted_tables
            if table.name != "runs"
        }
