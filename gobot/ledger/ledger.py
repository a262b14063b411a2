"""The ledger: gobot's own truth about its orders, fills, trades and cycles."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection, Select, func, select

from gobot.core import Fill, FundingPayment, OrderReport, Position, Refusal
from gobot.ledger import backtests, booking, cycles, runs
from gobot.ledger import orders as order_rows
from gobot.ledger.backtests import BacktestRow
from gobot.ledger.cycles import CycleRow, Decision
from gobot.ledger.database import Database
from gobot.ledger.orders import OrderRow, PlannedOrder
from gobot.ledger.runs import RunRow
from gobot.ledger.schema import fills, funding
from gobot.ledger.trades import ChangeKind, Trade, TradeChange
from gobot.ledger.words import CyclePhase, LedgerStatus, Leg

T = TypeVar("T")

OVERLAP_MS = 60_000
"""How far before the newest booked fill the venue is asked again: several fills share a millisecond."""

_NO_LIMIT = 2**31 - 1
_NEWEST_FILL = select(func.coalesce(func.max(fills.c.time_ms), 0))
_NEWEST_FUNDING = select(func.coalesce(func.max(funding.c.time_ms), 0))


class Ledger:
    """Every method is one transaction, committed to disk before it returns, and doing it twice changes nothing.

    The process may be killed between any two calls: what was written stays, and calling again goes on from there.
    Times are ms UTC, money is `Decimal` in quote currency.  Not for use by several threads.  Every method raises
    `StateError` when the database cannot be used.

        ledger = Ledger.open("sqlite:///state/gobot.db")
        ledger.decide(cycle, candle_ms, now_ms, orders, decisions)
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        # Answers to what is asked many times in one look at the account; every other call forgets them.
        self._known: dict[str, Any] = {}

    @classmethod
    def open(cls, url: str, *, read_only: bool = False) -> Ledger:
        """Open the ledger at an SQLAlchemy URL; made and migrated as needed, unless ``read_only``.

        Raises `StateError` when it cannot be used: unwritable, full, damaged, or written by a newer gobot.
        """
        return cls(Database(url, read_only=read_only))

    def __repr__(self) -> str:
        return f"Ledger({self._database!r})"

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        self._known.clear()
        with self._database.transaction() as connection:
            yield connection

    def _asked(self, name: str, answer: Callable[[Connection], T]) -> T:
        """What ``answer`` reads, or what it read before if nothing can have been written since.

        Only this process writes, so a reader beside it is the one who has to ask every time.
        """
        if name not in self._known or self._database.read_only:
            with self._database.transaction() as connection:
                self._known[name] = answer(connection)
        known: T = self._known[name]
        return known

    # Runs and cycles

    def start_run(self, *, mode: str, version: str, strategy: str, branch: str, at_ms: int) -> int:
        """Note that the daemon has started; returns the run's number.

        The first run is where the ledger begins: what happened on the account before is not asked for.
        """
        with self._transaction() as connection:
            return runs.start(connection, mode=mode, version=version, strategy=strategy, branch=branch, at_ms=at_ms)

    def end_run(self, run_id: int, reason: str, at_ms: int) -> None:
        """Note why the daemon ended; a run that was killed never gets an end."""
        with self._transaction() as connection:
            runs.end(connection, run_id, reason, at_ms)

    def runs(self, limit: int = 20) -> list[RunRow]:
        """The newest ``limit`` runs, oldest first."""
        with self._database.transaction() as connection:
            return runs.newest(connection, limit)

    def begin_cycle(self, cycle: int, candle_ms: int, at_ms: int) -> None:
        """Note that a cycle on the candle that opened at ``candle_ms`` has started."""
        with self._transaction() as connection:
            cycles.begin(connection, cycle, candle_ms, at_ms)

    def decide(
        self, cycle: int, candle_ms: int, at_ms: int, orders: Sequence[PlannedOrder], decisions: Sequence[Decision]
    ) -> None:
        """Commit what a cycle decided together with the orders that follow from it, to be sent in this order."""
        with self._transaction() as connection:
            cycles.begin(connection, cycle, candle_ms, at_ms)
            row = cycles.find(connection, cycle)
            if row is None or row.decided_ms is not None:
                return
            cycles.decide(connection, cycle, at_ms, decisions)
            order_rows.intend(connection, orders, cycle=cycle, at_ms=at_ms)

    def decided(self, cycle: int) -> bool:
        """Whether `decide` was called for this cycle."""
        with self._database.transaction() as connection:
            row = cycles.find(connection, cycle)
        return row is not None and row.decided_ms is not None

    def finish_cycle(self, cycle: int, *, at_ms: int, equity: Decimal | None) -> None:
        """Note that a cycle is over, and what the account was worth then (None if that could not be asked)."""
        with self._transaction() as connection:
            row = cycles.find(connection, cycle)
            if row is not None and row.finished_ms is None:
                cycles.finish(connection, cycle, at_ms, equity)

    def current_cycle(self) -> int | None:
        """The newest cycle if it was decided and is not over: the only one whose orders may still be sent."""
        return self._asked("current cycle", _current_cycle)

    def last_cycle(self) -> int:
        """The number of the newest cycle, 0 before the first."""
        return self._asked("last cycle", cycles.last)

    def cycle(self, cycle: int) -> CycleRow | None:
        """One cycle, None if it never began."""
        with self._database.transaction() as connection:
            return cycles.find(connection, cycle)

    def cycles(self, limit: int = 50) -> list[CycleRow]:
        """The newest ``limit`` cycles, oldest first."""
        with self._database.transaction() as connection:
            return cycles.newest(connection, limit)

    def equity_curve(self) -> list[tuple[int, Decimal]]:
        """Time and equity at the end of every cycle, oldest first."""
        with self._database.transaction() as connection:
            return cycles.equity_curve(connection)

    # Orders

    def intend(self, planned: PlannedOrder, *, cycle: int | None, at_ms: int) -> OrderRow:
        """Commit one order outside of a cycle's decision: a stop that is armed again, a position that is closed."""
        with self._transaction() as connection:
            order_rows.intend(connection, [planned], cycle=cycle, at_ms=at_ms)
            return order_rows.find(connection, planned.request.client_id)

    def order(self, client_id: str) -> OrderRow:
        """One order.  Raises `StateError` when the ledger does not have it."""
        with self._database.transaction() as connection:
            return order_rows.find(connection, client_id)

    def orders(self, limit: int = 50) -> list[OrderRow]:
        """The newest ``limit`` orders, oldest first."""
        with self._database.transaction() as connection:
            return order_rows.newest(connection, limit)

    def named(self, client_ids: Collection[str]) -> dict[str, OrderRow]:
        """Those of the orders that the ledger has, by client id."""
        with self._database.transaction() as connection:
            return order_rows.named(connection, client_ids)

    def cycle_orders(self, cycle: int) -> list[OrderRow]:
        """The orders of one cycle, in the order they were decided in."""
        with self._database.transaction() as connection:
            return order_rows.of_cycle(connection, cycle)

    def unsettled(self) -> list[OrderRow]:
        """Orders that are intended, sent or open, and ended ones whose fills are not all booked; oldest first."""
        return list(self._asked("unsettled", order_rows.unsettled))

    def last_attempt(self, bot: str, candle_ms: int, symbol: str, leg: Leg) -> OrderRow | None:
        """The newest order of one leg of one decision, None before the first: the next takes the next number."""
        with self._database.transaction() as connection:
            return order_rows.last_attempt(connection, bot, candle_ms, symbol, leg)

    def last_closing(self, trade: Trade) -> OrderRow | None:
        """The newest order that was to end an open trade at once, None if nobody wanted that."""
        with self._transaction() as connection:
            return order_rows.last_closing(connection, trade)

    def stops_taken(self, trade: Trade) -> int:
        """How many stops of a trade were cancelled on the venue by somebody else."""
        with self._transaction() as connection:
            return order_rows.stops_taken(connection, trade.symbol, trade.candle_ms or 0)

    def mark_sent(self, client_id: str, at_ms: int) -> OrderRow:
        """Commit that an intended order is about to be sent: from here on its outcome is unknown until asked for."""
        return self._advance(client_id, LedgerStatus.SENT, LedgerStatus.INTENDED, sent_ms=at_ms)

    def mark_unsent(self, client_id: str) -> OrderRow:
        """Take a sent order back to intended: the venue proved that it never arrived, and it is still wanted."""
        return self._advance(client_id, LedgerStatus.INTENDED, LedgerStatus.SENT, sent_ms=None)

    def record(self, report: OrderReport) -> OrderRow:
        """Take over the venue's word on an order."""
        with self._transaction() as connection:
            return order_rows.record(connection, report)

    def refuse(self, client_id: str, code: str, reason: str, at_ms: int, cause: Refusal = Refusal.OTHER) -> OrderRow:
        """The venue proved that it did not take a sent order; ``code`` is its own, ``cause`` what it means."""
        words = {"code": code, "cause": cause, "note": reason, "updated_ms": at_ms}
        return self._advance(client_id, LedgerStatus.REFUSED, LedgerStatus.SENT, **words)

    def mark_withdrawn(self, client_id: str, at_ms: int) -> OrderRow:
        """Commit that gobot is about to cancel an order; the first time counts."""
        with self._transaction() as connection:
            return order_rows.withdraw(connection, client_id, at_ms)

    def mark_dead(self, client_id: str, reason: str, at_ms: int) -> OrderRow:
        """The venue was asked after its settling time and does not know the order: dead, unless it has fills."""
        with self._transaction() as connection:
            return order_rows.bury(connection, client_id, reason, at_ms)

    def drop(self, client_id: str, reason: str, at_ms: int) -> OrderRow:
        """An intended order will never be sent."""
        return self._advance(client_id, LedgerStatus.DROPPED, LedgerStatus.INTENDED, note=reason, updated_ms=at_ms)

    def _advance(self, client_id: str, status: LedgerStatus, after: LedgerStatus, **values: Any) -> OrderRow:
        with self._transaction() as connection:
            return order_rows.advance(connection, client_id, status, after={after}, **values)

    # Fills, funding and trades

    def book(self, batch: Sequence[Fill]) -> list[TradeChange]:
        """Book fills in the order given, each exactly once; returns the trades they opened and closed.

        Fills of client ids that the ledger does not know are booked as well: they happened.
        """
        if not batch:
            return []
        with self._transaction() as connection:
            return booking.book(connection, batch)

    def book_funding(self, payments: Sequence[FundingPayment]) -> int:
        """Book funding on the trades that were held at the time, each exactly once; returns how many were new."""
        if not payments:
            return 0
        with self._transaction() as connection:
            return booking.book_funding(connection, payments)

    def write_off(self, trade_id: int, at_ms: int) -> TradeChange:
        """End a trade whose position is gone although no fill ever explained it; its exit reason is "external"."""
        with self._transaction() as connection:
            return TradeChange(kind=ChangeKind.CLOSED, trade=booking.write_off(connection, trade_id, at_ms))

    def adopt(self, position: Position, *, bot: str, stop: Decimal, at_ms: int) -> Trade:
        """Make a position that gobot did not open ``bot``'s own trade, protected at ``stop``."""
        with self._transaction() as connection:
            return booking.adopt(connection, position, bot=bot, stop=stop, at_ms=at_ms)

    def open_trades(self) -> list[Trade]:
        """What is held, in the order of opening."""
        return list(self._asked("open trades", booking.open_trades))

    def closed_trades(self, limit: int | None = None, since_id: int = 0, after_closing: int = 0) -> list[Trade]:
        """The newest ``limit`` closed trades in the order of closing.

        ``after_closing`` is the ``closing`` number of the last trade already seen: with it no trade is missed or
        seen twice, whereas trades that are numbered after ``since_id`` may close before older ones.
        """
        with self._database.transaction() as connection:
            return booking.closed_trades(
                connection, since_id=since_id, after_closing=after_closing, limit=limit or _NO_LIMIT
            )

    def fills_watermark(self) -> int:
        """From when on (ms) the venue is asked for fills: a little before the newest one that is booked."""
        return self._asked("fills watermark", partial(_watermark, newest=_NEWEST_FILL))

    def funding_watermark(self) -> int:
        """From when on (ms) the venue is asked for funding."""
        return self._asked("funding watermark", partial(_watermark, newest=_NEWEST_FUNDING))

    # Backtests

    def keep_backtest(self, row: BacktestRow) -> int:
        """Keep a backtest among the newest `gobot.ledger.backtests.KEEP_BACKTESTS`; returns its number."""
        with self._transaction() as connection:
            return backtests.keep(connection, row)

    def backtest(self, number: int) -> BacktestRow | None:
        """One backtest, None if it is not kept."""
        with self._transaction() as connection:
            return backtests.find(connection, number)

    def backtests(self, limit: int = 20) -> list[BacktestRow]:
        """The newest ``limit`` backtests, oldest first."""
        with self._transaction() as connection:
            return backtests.newest(connection, limit)


def _current_cycle(connection: Connection) -> int | None:
    row = cycles.find(connection, cycles.last(connection))
    return row.cycle if row is not None and row.phase is CyclePhase.DECIDED else None


def _watermark(connection: Connection, newest: Select[int]) -> int:
    """A little before the newest row, or before the ledger began: the venue's clock may differ from ours."""
    known = max(int(connection.execute(newest).scalar_one()), runs.first_start(connection))
    return max(known - OVERLAP_MS, 0)
