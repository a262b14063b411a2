"""Doing what was judged necessary, one action at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from loguru import logger

from gobot.core import ZERO, Clock, Position, VenueUnavailable, exact, plain
from gobot.execution.actions import Action, Adopt, Arm, Bury, Cancel, Close, Drop, Move, Retract, Send, WriteOff
from gobot.execution.bookkeeper import Bookkeeper
from gobot.execution.guardian import Guardian
from gobot.execution.outcomes import Outcome, Refused, outcome_of
from gobot.execution.planning import OwnPosition
from gobot.execution.quoting import Quoter
from gobot.execution.sender import Sender
from gobot.ledger import Ledger, OrderRow

if TYPE_CHECKING:
    from gobot.exchange import Exchange

_LOST = "the venue does not know it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """How a position of somebody else becomes gobot's.

    Its stop goes ``stop_percent`` away from the price at that moment; ``bot`` is whose it is from then on.
    """

    bot: str
    stop_percent: float


class Performer:
    """Carries out the actions of a judgement; each may be carried out again after a crash."""

    def __init__(
        self,
        exchange: Exchange,
        ledger: Ledger,
        clock: Clock,
        *,
        sender: Sender,
        guardian: Guardian,
        bookkeeper: Bookkeeper,
        quoter: Quoter,
        adoption: Adoption,
    ) -> None:
        self._exchange = exchange
        self._ledger = ledger
        self._clock = clock
        self._sender = sender
        self._guardian = guardian
        self._bookkeeper = bookkeeper
        self._quoter = quoter
        self._adoption = adoption

    async def perform(self, action: Action, positions: Mapping[str, Position]) -> list[Outcome]:
        """One action; what came of the orders it concerns.  ``positions`` are the venue's."""
        if isinstance(action, Arm | Close | Send):
            return await self._tend(action, _sized(action.position, positions))
        if isinstance(action, Move):
            return await self._move(action.entry)
        match action:
            case Retract(order=row):
                self._ledger.mark_unsent(row.client_id)
            case Bury(order=row):
                return [outcome_of(self._ledger.mark_dead(row.client_id, _LOST, self._clock.now_ms()))]
            case Drop(order=row, reason=reason):
                return [self._sender.drop(row, reason)]
            case Cancel(order=row):
                await self._sender.cancel(row)
            case Adopt(position=theirs):
                return await self._adopt(theirs)
            case WriteOff(trade=trade):
                self._bookkeeper.write_off(trade)
        return []

    async def _tend(self, action: Arm | Close | Send, position: OwnPosition) -> list[Outcome]:
        """Protect or end a position of gobot's own."""
        match action:
            case Arm(trigger=trigger):
                return await self._guardian.arm(position, trigger)
            case Send(order=row):
                return await self._guardian.carry_out(position, row)
        if action.before is None:
            return await self._guardian.close(position, action.reason)
        return await self._guardian.close_again(action.before, await self._closable(position))

    async def _move(self, entry: OrderRow) -> list[Outcome]:
        """Make an entry again at the present price; what was to protect it goes when there are no tries left."""
        outcomes = await self._quoter.move(entry)
        for outcome in outcomes:
            if isinstance(outcome, Refused):
                await self._guardian.stand_down(outcome.order)
        return outcomes

    async def _closable(self, position: OwnPosition) -> OwnPosition:
        """At least the venue's smallest order: one that only reduces is cut to what there is."""
        try:
            market = (await self._exchange.markets()).get(position.symbol)
        except VenueUnavailable:
            return position
        least = ZERO if market is None else market.min_quantity
        return replace(position, quantity=max(position.quantity, least))

    async def _adopt(self, theirs: Position) -> list[Outcome]:
        """Make somebody else's position gobot's own, under a stop at the distance of the settings from its price."""
        market = (await self._exchange.markets()).get(theirs.symbol)
        price = theirs.mark_price * (1 - theirs.direction.sign * exact(self._adoption.stop_percent) / 100)
        stop = price if market is None else market.round_price(price)
        trade = self._ledger.adopt(theirs, bot=self._adoption.bot, stop=stop, at_ms=self._clock.now_ms())
        logger.warning("position taken over", symbol=theirs.symbol, trade=trade.id, stop=plain(stop))
        return await self._guardian.arm(OwnPosition.of_trade(trade), stop)


def _sized(position: OwnPosition, positions: Mapping[str, Position]) -> OwnPosition:
    """The position as large as the venue says it is."""
    theirs = positions.get(position.symbol)
    return position if theirs is None else replace(position, quantity=theirs.quantity)
