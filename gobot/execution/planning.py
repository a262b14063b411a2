"""From a decision to the orders that carry it out.  Pure: the same decision always gives the same orders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from gobot.core import ZERO, Direction, OrderRequest, OrderType, Side, client_order_id
from gobot.ledger import Leg, OrderRow, PlannedOrder, Trade

if TYPE_CHECKING:
    from gobot.risk import Approved


Origin = tuple[str, int]
"""Symbol and candle (ms) of a decision: what its orders and its trade have in common."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnPosition:
    """A position that gobot opened: which decision it came from, how large it is and the stop that protects it."""

    bot: str
    cycle: int | None
    candle_ms: int
    symbol: str
    direction: Direction
    quantity: Decimal
    stop: Decimal | None
    strategy: str
    branch: str

    @classmethod
    def of_trade(cls, trade: Trade) -> OwnPosition:
        """Of an open trade of gobot's own."""
        return cls(
            bot=trade.bot,
            cycle=trade.cycle,
            candle_ms=trade.candle_ms or 0,
            symbol=trade.symbol,
            direction=trade.direction,
            quantity=trade.open_quantity,
            stop=trade.stop,
            strategy=trade.strategy,
            branch=trade.branch,
        )

    @classmethod
    def of_entry(cls, entry: OrderRow) -> OwnPosition:
        """Of an entry that has filled, whether or not its fills are booked yet."""
        return cls(
            bot=entry.bot,
            cycle=entry.cycle,
            candle_ms=entry.candle_ms,
            symbol=entry.symbol,
            direction=Direction.LONG if entry.side is Side.BUY else Direction.SHORT,
            quantity=entry.filled or entry.quantity,
            stop=entry.stop,
            strategy=entry.strategy,
            branch=entry.branch,
        )

    @property
    def origin(self) -> Origin:
        """The decision it came from."""
        return self.symbol, self.candle_ms


def origin_of(row: OrderRow) -> Origin:
    """The decision an order came from."""
    return row.symbol, row.candle_ms


def is_stale(row: OrderRow, now_ms: int) -> bool:
    """Whether a newer candle has closed since an order was decided.

    A decision is taken when its candle has closed, so the time from the candle's open to the decision is at least
    one candle; after as much time again another has closed.
    """
    return now_ms - row.decided_ms >= row.decided_ms - row.candle_ms


def plan(approved: Sequence[Approved], *, bot: str, candle_ms: int) -> list[PlannedOrder]:
    """The orders for what risk approved, in the order of sending: what is closed first, then each new bracket.

    A bracket is a stop that waits for the position, the entry, and a target if there is one.
    """
    closing = [_exit(each, bot, candle_ms) for each in approved if each.kind == "close"]
    opening = [order for each in approved if each.kind == "open" for order in _bracket(each, bot, candle_ms)]
    return closing + opening


def plan_stop(position: OwnPosition, trigger: Decimal, *, attempt: int) -> PlannedOrder:
    """One more stop for a position, at ``trigger``."""
    request = _guard(_identity(position, Leg.STOP, attempt), position.symbol, position.direction, Leg.STOP, trigger)
    return _of_position(position, request, Leg.STOP, attempt, "protection")


def plan_sized_stop(position: OwnPosition, refused: OrderRow) -> PlannedOrder:
    """A stop for the quantity that is open, where the venue refused one more for the whole position.

    It takes over until that one is gone, so there is no moment without a stop.
    """
    attempt = refused.attempt + 1
    request = replace(
        refused.request,
        client_id=_identity(position, Leg.STOP, attempt),
        quantity=position.quantity,
        reduce_only=True,
        closes_position=False,
    )
    return _of_position(position, request, Leg.STOP, attempt, "protection")


def plan_close(position: OwnPosition, *, leg: Leg, attempt: int, reason: str) -> PlannedOrder:
    """Close a position at the market.  ``leg`` says on whose behalf: its stop's, its target's or an operator's."""
    request = OrderRequest(
        client_id=_identity(position, leg, attempt),
        symbol=position.symbol,
        side=position.direction.exit_side,
        type=OrderType.MARKET,
        quantity=position.quantity,
        reduce_only=True,
    )
    return _of_position(position, request, leg, attempt, reason)


def plan_again(before: OrderRow, quantity: Decimal) -> PlannedOrder:
    """The next try of an exit that came to nothing, for ``quantity`` of what is still open."""
    attempt = before.attempt + 1
    client_id = client_order_id(before.bot, before.candle_ms, before.symbol, before.leg, attempt)
    return PlannedOrder(
        request=replace(before.request, client_id=client_id, quantity=quantity),
        bot=before.bot,
        candle_ms=before.candle_ms,
        leg=before.leg,
        attempt=attempt,
        strategy=before.strategy,
        branch=before.branch,
        confidence=before.confidence,
        reason=before.reason,
    )


def _identity(position: OwnPosition, leg: Leg, attempt: int) -> str:
    return client_order_id(position.bot, position.candle_ms, position.symbol, leg, attempt)


def _of_position(position: OwnPosition, request: OrderRequest, leg: Leg, attempt: int, reason: str) -> PlannedOrder:
    return PlannedOrder(
        request=request,
        bot=position.bot,
        candle_ms=position.candle_ms,
        leg=leg,
        attempt=attempt,
        strategy=position.strategy,
        branch=position.branch,
        reason=reason,
    )


def _exit(approved: Approved, bot: str, candle_ms: int) -> PlannedOrder:
    request = OrderRequest(
        client_id=client_order_id(bot, candle_ms, approved.idea.symbol, Leg.EXIT),
        symbol=approved.idea.symbol,
        side=approved.direction.exit_side,
        type=OrderType.MARKET,
        quantity=approved.quantity,
        reduce_only=True,
    )
    return _of_idea(approved, request, bot, candle_ms, Leg.EXIT)


_SENDING_ORDER = (Leg.STOP, Leg.ENTRY, Leg.TARGET)


def _bracket(approved: Approved, bot: str, candle_ms: int) -> list[PlannedOrder]:
    symbol, direction = approved.idea.symbol, approved.direction
    entry = OrderRequest(
        client_id=client_order_id(bot, candle_ms, symbol, Leg.ENTRY),
        symbol=symbol,
        side=direction.entry_side,
        type=OrderType.MARKET,
        quantity=approved.quantity,
    )
    orders = [replace(_of_idea(approved, entry, bot, candle_ms, Leg.ENTRY), stop=approved.stop, target=approved.target)]
    for leg, trigger in ((Leg.STOP, approved.stop), (Leg.TARGET, approved.target)):
        if trigger is not None:
            request = _guard(client_order_id(bot, candle_ms, symbol, leg), symbol, direction, leg, trigger)
            orders.append(_of_idea(approved, request, bot, candle_ms, leg))
    return sorted(orders, key=lambda order: _SENDING_ORDER.index(order.leg))


def _of_idea(approved: Approved, request: OrderRequest, bot: str, candle_ms: int, leg: Leg) -> PlannedOrder:
    idea = approved.idea
    return PlannedOrder(
        request=request,
        bot=bot,
        candle_ms=candle_ms,
        leg=leg,
        strategy=idea.strategy,
        branch=idea.branch,
        confidence=idea.confidence,
        reason=idea.reason,
        probe=approved.probe,
    )


def _guard(client_id: str, symbol: str, direction: Direction, leg: Leg, trigger: Decimal) -> OrderRequest:
    """An order that rests on the venue and closes whatever is open when its price is reached."""
    return OrderRequest(
        client_id=client_id,
        symbol=symbol,
        side=direction.exit_side,
        type=OrderType.STOP if leg is Leg.STOP else OrderType.TAKE_PROFIT,
        quantity=ZERO,
        trigger=trigger,
        closes_position=True,
    )
