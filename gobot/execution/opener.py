"""Opening a position: its stop first, then the entry, then its target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gobot.core import OrderType, Refusal
from gobot.execution.guardian import Guardian
from gobot.execution.judge import NO_POSITION
from gobot.execution.outcomes import Accepted, Outcome, outcome_of
from gobot.execution.planning import Origin, OwnPosition, origin_of, plan_sized_stop
from gobot.execution.quoting import Quoter, would_have_taken
from gobot.execution.sender import Sender
from gobot.ledger import Ledger, LedgerStatus, Leg, OrderRow

_NO_STOP = "its stop was not armed"
_POSITION_FIRST = "the venue takes a stop for the whole position only once there is one"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bracket:
    """The orders of one decision to open a position, as they are now."""

    stop: OrderRow
    entry: OrderRow
    target: OrderRow | None

    @property
    def is_new(self) -> bool:
        """Whether the entry has not been sent."""
        return self.entry.status is LedgerStatus.INTENDED

    def follows(self, entry: OrderRow) -> bool:
        """Whether ``entry`` is one of an earlier decision in the same symbol, and waits at its limit."""
        earlier = entry.symbol == self.entry.symbol and origin_of(entry) != origin_of(self.entry)
        return earlier and entry.status is LedgerStatus.OPEN


def brackets_of(rows: Sequence[OrderRow]) -> list[Bracket]:
    """The brackets among the orders of a cycle, in the order they were decided in."""
    legs: dict[Origin, dict[Leg, OrderRow]] = {}
    for row in rows:
        if row.attempt == 1:
            legs.setdefault(origin_of(row), {})[row.leg] = row
    return [
        Bracket(stop=found[Leg.STOP], entry=found[Leg.ENTRY], target=found.get(Leg.TARGET))
        for found in legs.values()
        if Leg.ENTRY in found
    ]


class Opener:
    """Carries out brackets from wherever they are: doing it again goes on, and never repeats a step."""

    def __init__(self, ledger: Ledger, sender: Sender, guardian: Guardian, quoter: Quoter) -> None:
        self._ledger = ledger
        self._sender = sender
        self._guardian = guardian
        self._quoter = quoter
        # Learned from the venue's first refusal.
        self._position_first = False

    async def open(self, bracket: Bracket) -> list[Outcome]:
        """Arm the stop, send the entry only under a resting stop, then the target.

        Where the venue takes no stop at all before there is a position, the stop follows the entry at once.
        """
        outcomes: list[Outcome] = []
        stop = await self._arm(bracket, outcomes)
        late = bracket.is_new and _came_too_early(stop)
        if bracket.is_new and not late and not stop.status.pending:
            return outcomes + await self.give_up(bracket.entry, _NO_STOP)
        if bracket.is_new and not late and stop.status is not LedgerStatus.OPEN:
            return outcomes
        entry = await self._send(bracket.entry, outcomes)
        if late and entry.stop is not None and (entry.status.pending or entry.filled):
            outcomes += await self._guardian.arm(OwnPosition.of_entry(entry), entry.stop)
        if entry.status in (LedgerStatus.SENT, LedgerStatus.DROPPED):
            return outcomes
        if would_have_taken(entry):
            outcomes.append(await self._quoter.again(entry))
            entry = outcomes[-1].order
        if not isinstance(outcome_of(entry), Accepted):
            return outcomes + await self.give_up(bracket.entry, NO_POSITION)
        return outcomes + await self._aim(bracket, entry)

    async def _arm(self, bracket: Bracket, outcomes: list[Outcome]) -> OrderRow:
        """The stop that the entry is to be made under, as it is now.

        One for the whole position needs a position on some venues; there one for the entry's quantity goes before.
        """
        entry = bracket.entry
        stop = self._ledger.last_attempt(entry.bot, entry.candle_ms, entry.symbol, Leg.STOP) or bracket.stop
        sent: list[Outcome] = []
        if self._position_first and bracket.is_new and stop.closes_position and stop.status is LedgerStatus.INTENDED:
            stop = self._sender.drop(stop, _POSITION_FIRST).order
        else:
            stop = await self._send(stop, sent)
        if bracket.is_new and stop.closes_position and _came_too_early(stop):
            self._position_first = True
            position, sent = OwnPosition.of_entry(entry), []
            planned = plan_sized_stop(position, stop)
            intended = self._ledger.intend(planned, cycle=entry.cycle, at_ms=stop.updated_ms)
            stop = await self._send(intended, sent)
        outcomes += sent
        return stop

    async def give_up(self, entry: OrderRow, reason: str) -> list[Outcome]:
        """The entry will not be made: drop what was not sent, cancel what rests.  Its outcome, if that is new."""
        outcomes: list[Outcome] = []
        if self._ledger.order(entry.client_id).status is LedgerStatus.INTENDED:
            outcomes.append(self._sender.drop(entry, reason))
        await self._guardian.stand_down(entry)
        return outcomes

    async def withdraw(self, reason: str, bracket: Bracket | None = None) -> list[Outcome]:
        """Give up every entry that has not filled; one whose outcome is unknown is left to be asked for.

        With ``bracket`` only those that it takes over from: older ones of its symbol that wait at their limit.
        """
        outcomes: list[Outcome] = []
        for row in self._ledger.unsettled():
            if row.leg is not Leg.ENTRY or (bracket is not None and not bracket.follows(row)):
                continue
            entry = await self._sender.cancel(row) if row.status is LedgerStatus.OPEN else row
            if entry.status is not row.status:
                outcomes.append(outcome_of(entry))
            is_over = entry.status is LedgerStatus.INTENDED or not (entry.status.pending or entry.filled)
            if is_over:
                outcomes += await self.give_up(entry, reason)
        return outcomes

    async def _send(self, row: OrderRow, outcomes: list[Outcome]) -> OrderRow:
        """Send an order if it has not been, note the outcome, and return it as it is now."""
        if row.status is not LedgerStatus.INTENDED:
            return row
        outcome = await self._sender.send(row)
        outcomes.append(outcome)
        return outcome.order

    async def _aim(self, bracket: Bracket, entry: OrderRow) -> list[Outcome]:
        """Send the target of an entry that was made; one that waits at its limit has nothing to aim at yet."""
        if bracket.target is None or (entry.type is OrderType.LIMIT and not entry.filled):
            return []
        position = OwnPosition.of_entry(entry)
        if bracket.target.status is LedgerStatus.INTENDED:
            return await self._guardian.carry_out(position, bracket.target)
        return await self._guardian.end_passed(position, bracket.target)


def _came_too_early(stop: OrderRow) -> bool:
    """Whether the venue refused a stop because there is no position yet, or would have."""
    refused = stop.status is LedgerStatus.REFUSED and stop.cause is Refusal.NOTHING_TO_CLOSE
    return refused or (stop.status is LedgerStatus.DROPPED and stop.note == _POSITION_FIRST)
