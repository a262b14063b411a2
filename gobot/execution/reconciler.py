"""Making ledger and venue agree: one path for start-up, recovery, scan and guard."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from loguru import logger

from gobot.core import Clock, OrderReport, Position
from gobot.execution.bookkeeper import LATE_MS, Bookkeeper
from gobot.execution.differences import Difference, Reconciliation
from gobot.execution.guardian import Guardian
from gobot.execution.judge import Facts, Judgement, judge, unequal_symbols
from gobot.execution.outcomes import Accepted, Outcome, outcome_of
from gobot.execution.performer import Performer
from gobot.execution.quoting import Quoter
from gobot.execution.sender import Sender
from gobot.ledger import Ledger, LedgerStatus, Leg, OrderRow
from gobot.settings.trading import ExternalSettings

if TYPE_CHECKING:
    from gobot.exchange import Exchange


_OWN_MARK = "gb-"


class Reconciler:
    """Asks the venue for everything, books it, compares, and does what `judge` says.

    Four questions when nothing happened: open orders, fills, funding, positions.  Single orders are asked for only
    where the list of open orders leaves them unexplained.
    """

    def __init__(
        self,
        exchange: Exchange,
        ledger: Ledger,
        clock: Clock,
        *,
        sender: Sender,
        guardian: Guardian,
        bookkeeper: Bookkeeper,
        performer: Performer,
        quoter: Quoter,
        external: ExternalSettings,
    ) -> None:
        self._exchange = exchange
        self._ledger = ledger
        self._clock = clock
        self._sender = sender
        self._guardian = guardian
        self._bookkeeper = bookkeeper
        self._performer = performer
        self._quoter = quoter
        self._external = external
        self._told: frozenset[Difference] = frozenset()

    async def reconcile(self) -> Reconciliation:
        """One look.  Raises `VenueUnavailable` when a question was not answered; what was learned before is kept."""
        resting = await self._exchange.open_orders()
        outcomes, absent = await self._settle(resting)
        await self._bookkeeper.book()
        positions = await self._positions()
        trades = self._ledger.open_trades()
        own = [trade for trade in trades if not trade.is_external]
        closing = {trade.symbol: self._ledger.last_closing(trade) for trade in own}
        facts = Facts(
            now_ms=self._clock.now_ms(),
            positions=positions,
            trades=trades,
            orders=self._ledger.unsettled(),
            absent=absent,
            strangers=self._strangers(resting),
            cycle=self._ledger.current_cycle(),
            closing={symbol: row for symbol, row in closing.items() if row is not None},
            taken={trade.symbol: self._ledger.stops_taken(trade) for trade in own},
            ended=self._bookkeeper.ended,
            overdue=[row.client_id for row in self._ledger.unsettled() if self._quoter.is_overdue(row)],
            external=self._external,
        )
        judgement = judge(facts)
        performed: list[Outcome] = []
        for action in judgement.actions:
            performed += await self._performer.perform(action, positions)
        _quarantine_naked(judgement, performed)
        if any(outcome.order.status is LedgerStatus.FILLED for outcome in performed):
            await self._bookkeeper.book()
            await self._guardian.clear_away(performed)
        self._tell(judgement.differences)
        return Reconciliation(
            changes=self._bookkeeper.news(),
            outcomes=(*outcomes, *performed),
            differences=tuple(judgement.differences),
            waiting=tuple(row for row in self._ledger.unsettled() if _waits(row)),
            unknown=tuple(row for row in self._ledger.unsettled() if row.status is LedgerStatus.SENT),
            quarantined=judgement.quarantined,
            positions=positions,
        )

    async def _settle(self, resting: Sequence[OrderReport]) -> tuple[list[Outcome], set[str]]:
        """Take over the venue's word on every order in question.

        Returns the outcomes of those that were unknown, and the client ids of which the venue proved that it does
        not have them: it was asked, and its settling time is over.
        """
        reports = {report.client_id: report for report in resting}
        outcomes: list[Outcome] = []
        absent: set[str] = set()
        for row in self._ledger.unsettled():
            if row.status is LedgerStatus.INTENDED or row.status.ended:
                continue
            report = reports.get(row.client_id) or await self._exchange.order(row.symbol, row.client_id)
            if report is None:
                if self._sender.is_absent(row):
                    absent.add(row.client_id)
            elif not _says_nothing_new(row, report):
                after = self._ledger.record(report)
                if row.status is LedgerStatus.SENT:
                    outcomes.append(outcome_of(after))
        return outcomes, absent

    async def _positions(self) -> dict[str, Position]:
        """The venue's positions; fills are asked for once more, further back, before a disagreement is believed."""
        positions = {position.symbol: position for position in await self._exchange.positions()}
        trades = self._ledger.open_trades()
        unequal = unequal_symbols(positions, trades)
        if not unequal:
            return positions
        opened = [trade.entry_ms for trade in trades if trade.symbol in unequal]
        sent = [row.sent_ms for row in self._ledger.unsettled() if row.symbol in unequal and row.sent_ms is not None]
        await self._bookkeeper.book(since_ms=max(min([*opened, *sent, self._clock.now_ms()]) - LATE_MS, 0))
        return {position.symbol: position for position in await self._exchange.positions()}

    def _strangers(self, resting: Sequence[OrderReport]) -> list[OrderReport]:
        """Open orders with gobot's mark that the ledger does not have; those it had given up are taken back."""
        marked = {report.client_id: report for report in resting if report.client_id.startswith(_OWN_MARK)}
        unexplained = marked.keys() - {row.client_id for row in self._ledger.unsettled()}
        if not unexplained:
            return []
        known = self._ledger.named(unexplained)
        for client_id in sorted(known):
            self._ledger.record(marked[client_id])
        return [marked[client_id] for client_id in sorted(unexplained - known.keys())]

    def _tell(self, differences: Collection[Difference]) -> None:
        """Log what is new: a difference that stays is not told at every look."""
        for difference in differences:
            if difference not in self._told:
                logger.warning(
                    "ledger and venue differ",
                    symbol=difference.symbol,
                    kind=str(difference.kind),
                    sentence=difference.sentence,
                )
        self._told = frozenset(differences)


def _waits(row: OrderRow) -> bool:
    return row.leg is Leg.ENTRY and row.status is LedgerStatus.OPEN


def _says_nothing_new(row: OrderRow, report: OrderReport) -> bool:
    return row.status is LedgerStatus.OPEN and not report.status.final and report.filled == row.filled


def _quarantine_naked(judgement: Judgement, performed: Sequence[Outcome]) -> None:
    """A position whose stop was refused, and that was not closed in its place, takes no company."""
    naked: dict[str, str] = {}
    for outcome in performed:
        if outcome.order.leg is not Leg.STOP:
            continue
        if isinstance(outcome, Accepted):
            naked.pop(outcome.order.symbol, None)
        elif outcome.order.status is LedgerStatus.REFUSED:
            naked[outcome.order.symbol] = outcome.sentence
    for symbol, sentence in naked.items():
        judgement.quarantined.setdefault(symbol, sentence)
