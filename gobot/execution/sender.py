"""One order to the venue: every step committed before the next, no step taken twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loguru import logger

from gobot.core import Clock, OrderReport, OutcomeUnknown, Refusal, VenueRefused, VenueUnavailable, plain
from gobot.execution.outcomes import Accepted, Outcome, Refused, Unknown, outcome_of
from gobot.execution.patience import Patience
from gobot.ledger import Ledger, OrderRow

if TYPE_CHECKING:
    from gobot.exchange import Exchange


class Sender:
    """Sends, asks for and cancels single orders, and keeps the ledger in step.

    A writing call is made once.  What it did is taken from the venue's answer, or else asked for by client id.
    """

    def __init__(self, exchange: Exchange, ledger: Ledger, clock: Clock) -> None:
        self._exchange = exchange
        self._ledger = ledger
        self._clock = clock
        self._patience = Patience(clock)

    async def send(self, row: OrderRow) -> Outcome:
        """Send an intended order."""
        self._ledger.mark_sent(row.client_id, self._clock.now_ms())
        try:
            report = await self._exchange.create(row.request)
        except VenueRefused as error:
            if error.cause is Refusal.DUPLICATE:
                # The order that is being sent, from an earlier try.
                return await self.find(row, str(error))
            return self._refused(row, error)
        except OutcomeUnknown as error:
            return await self.find(row, str(error))
        finally:
            # Also when the wait for the answer was cut off.
            self._patience.note(row.client_id)
        return self._recorded(report)

    async def cancel(self, row: OrderRow) -> OrderRow:
        """Cancel a resting order; if the venue does not confirm that, it stays open until it is asked for."""
        row = self._ledger.mark_withdrawn(row.client_id, self._clock.now_ms())
        try:
            report = await self._exchange.cancel(row.symbol, row.client_id)
        except (VenueRefused, OutcomeUnknown) as error:
            logger.warning("cancelling not confirmed", **_who(row), error=str(error))
            return row
        row = self._ledger.record(report)
        logger.info("order taken back", **_who(row), status=str(row.status))
        return row

    def drop(self, row: OrderRow, reason: str) -> Refused:
        """Give up an intended order that was never sent."""
        row = self._ledger.drop(row.client_id, reason, self._clock.now_ms())
        logger.info("order dropped", **_who(row), reason=reason)
        return Refused(order=row)

    async def find(self, row: OrderRow, reason: str) -> Outcome:
        """The outcome of a sent order without an answer (``reason`` says why): asked for, never sent again."""
        try:
            report = await self._exchange.order(row.symbol, row.client_id)
        except VenueUnavailable as error:
            reason, report = f"{reason}; {error}", None
        if report is not None:
            return self._recorded(report)
        logger.warning("order unknown", **_who(row), reason=reason)
        return Unknown(order=self._ledger.order(row.client_id), reason=reason)

    def is_absent(self, row: OrderRow) -> bool:
        """Whether an order that the venue does not know will never appear there."""
        return self._patience.is_over(row.client_id, self._exchange.settle_after_ms)

    def _refused(self, row: OrderRow, error: VenueRefused) -> Refused:
        row = self._ledger.refuse(row.client_id, error.code, str(error), self._clock.now_ms(), error.cause)
        logger.warning("order refused", **_who(row), code=row.code, reason=row.note)
        return Refused(order=row)

    def _recorded(self, report: OrderReport) -> Accepted | Refused:
        row = self._ledger.record(report)
        price = None if row.average is None else plain(row.average)
        logger.info("order taken", **_who(row), status=str(row.status), filled=plain(row.filled), price=price)
        return outcome_of(row)


def _who(row: OrderRow) -> dict[str, str]:
    return {"symbol": row.symbol, "leg": str(row.leg), "client_id": row.client_id}
