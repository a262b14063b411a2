"""The orders around an open position: arming its stop, ending it at once, clearing away what guarded it."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from loguru import logger

from gobot.core import Clock
from gobot.core import Refusal as Cause
from gobot.execution.judge import NO_POSITION
from gobot.execution.outcomes import Outcome, Refused, outcome_of
from gobot.execution.planning import OwnPosition, origin_of, plan_again, plan_close, plan_sized_stop, plan_stop
from gobot.execution.sender import Sender
from gobot.ledger import Ledger, LedgerStatus, Leg, OrderRow, PlannedOrder


class Guardian:
    """Keeps one stop on the venue under every position of gobot's, and ends positions.

    Every method may be called again after the process was killed in the middle of it: the ledger knows how far it
    came, and the numbers of the attempts follow from the ledger.
    """

    def __init__(self, ledger: Ledger, clock: Clock, sender: Sender) -> None:
        self._ledger = ledger
        self._clock = clock
        self._sender = sender

    async def arm(self, position: OwnPosition, trigger: Decimal) -> list[Outcome]:
        """Put one more stop on the venue, then cancel the older ones.  Raises nothing that the venue does."""
        last = self._last(position, Leg.STOP)
        if last is not None and _was_passed(last):
            return [await self._end_at_once(position, last)]
        attempt = 1 if last is None else last.attempt + 1
        return await self._place(position, plan_stop(position, trigger, attempt=attempt))

    async def close(self, position: OwnPosition, reason: str, leg: Leg = Leg.CLOSE) -> list[Outcome]:
        """Close at the market because somebody wants it; a close that is under way is not sent twice."""
        last = self._last(position, leg)
        if last is not None and last.status.pending:
            outcomes = await self._resume(position, last)
            if not isinstance(outcomes[-1], Refused):
                return outcomes
        attempt = 1 if last is None else last.attempt + 1
        return await self._place(position, plan_close(position, leg=leg, attempt=attempt, reason=reason))

    async def carry_out(self, position: OwnPosition, row: OrderRow) -> list[Outcome]:
        """Send an intended stop, target or close of a position.

        A stop or target whose price has been passed already has done its work: the position is closed at the
        market in its place.
        """
        outcome = await self._sender.send(row)
        await self._relieve(outcome)
        if isinstance(outcome, Refused) and _was_passed(outcome.order):
            return [outcome, await self._end_at_once(position, outcome.order)]
        if isinstance(outcome, Refused) and _is_one_too_many(outcome.order):
            return [outcome, *await self._place(position, plan_sized_stop(position, outcome.order))]
        return [outcome]

    async def close_again(self, before: OrderRow, position: OwnPosition) -> list[Outcome]:
        """Close at the market once more, after ``before`` ended without having closed the position."""
        row = self._ledger.intend(plan_again(before, position.quantity), cycle=before.cycle, at_ms=self._clock.now_ms())
        return await self._resume(position, row)

    async def stand_down(self, entry: OrderRow) -> None:
        """There will be no position of this entry: drop what was not sent for it, cancel what rests."""
        for row in self._ledger.unsettled():
            if origin_of(row) != origin_of(entry) or row.leg is Leg.ENTRY:
                continue
            if row.status is LedgerStatus.INTENDED:
                self._sender.drop(row, NO_POSITION)
            elif row.status is LedgerStatus.OPEN:
                await self._sender.cancel(row)

    async def clear_away(self, outcomes: Iterable[Outcome]) -> None:
        """Cancel the guards of positions that orders have ended.

        Only where the fills are booked and say so: as long as something may be held, its stop stays.
        """
        ended = {outcome.order.symbol: outcome.order for outcome in outcomes if _has_closed(outcome)}
        if not ended:
            return
        flat = ended.keys() - {trade.symbol for trade in self._ledger.open_trades()}
        for guard in self._ledger.unsettled():
            if guard.symbol in flat and _is_guarding(guard) and guard.candle_ms <= ended[guard.symbol].candle_ms:
                await self._sender.cancel(guard)

    async def end_passed(self, position: OwnPosition, row: OrderRow) -> list[Outcome]:
        """Finish what a stop or target that came too late should have done; nothing for any other order."""
        return [await self._end_at_once(position, row)] if _was_passed(row) else []

    async def _end_at_once(self, position: OwnPosition, passed: OrderRow) -> Outcome:
        logger.critical("trigger passed, closing at the market", symbol=position.symbol, leg=str(passed.leg))
        reason = f"the price had passed the {passed.leg} before it could rest"
        planned = plan_close(position, leg=passed.leg, attempt=passed.attempt + 1, reason=reason)
        return (await self._place(position, planned))[-1]

    async def _place(self, position: OwnPosition, planned: PlannedOrder) -> list[Outcome]:
        row = self._ledger.intend(planned, cycle=position.cycle, at_ms=self._clock.now_ms())
        return await self._resume(position, row)

    async def _resume(self, position: OwnPosition, row: OrderRow) -> list[Outcome]:
        """Go on with an order from wherever it is."""
        if row.status is LedgerStatus.INTENDED:
            return await self.carry_out(position, row)
        if row.status is LedgerStatus.SENT:
            outcome = await self._sender.find(row, "it was sent before and not answered")
            await self._relieve(outcome)
            return [outcome]
        return [outcome_of(row)]

    async def _relieve(self, outcome: Outcome) -> None:
        """Cancel the stops that a new one, now resting, has taken over from."""
        new = outcome.order
        if new.leg is not Leg.STOP or not _is_guarding(new):
            return
        for old in self._ledger.unsettled():
            if old.leg is Leg.STOP and _is_guarding(old) and origin_of(old) == origin_of(new) and old.id != new.id:
                await self._sender.cancel(old)

    def _last(self, position: OwnPosition, leg: Leg) -> OrderRow | None:
        return self._ledger.last_attempt(position.bot, position.candle_ms, position.symbol, leg)


def _was_passed(row: OrderRow) -> bool:
    return row.status is LedgerStatus.REFUSED and row.cause is Cause.PASSED


def _is_one_too_many(row: OrderRow) -> bool:
    """Whether the venue holds one stop for a whole position, and there is one."""
    return row.status is LedgerStatus.REFUSED and row.cause is Cause.ANOTHER_RESTS and row.closes_position


def _is_guarding(row: OrderRow) -> bool:
    """Whether it rests on the venue and waits to close a position."""
    return row.type.conditional and row.request.protective and row.status is LedgerStatus.OPEN


def _has_closed(outcome: Outcome) -> bool:
    return outcome.order.reduce_only and outcome.order.status is LedgerStatus.FILLED
