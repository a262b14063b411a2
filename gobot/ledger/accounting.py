"""What a fill does to a trade: pure arithmetic, exact to the last digit.

Sums of price × quantity are exact.  Only two things need a division, the cost of a part that is sold and the fee
share of a fill that crosses zero; both are rounded once and the rest is what remains, so nothing is ever lost:
the profits of all trades, minus the cost of what is still held, are the cash that the fills moved.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal, localcontext

from gobot.core import Direction, Fill, Side
from gobot.ledger.orders import OrderRow
from gobot.ledger.trades import EXACT, Trade
from gobot.ledger.words import EXTERNAL, Leg

TAKEN_OVER = "taken over"
"""Why gobot holds a position that somebody else opened."""
_SHARE = Decimal("1e-16")
# How venues name the orders they place themselves when they take a position away.
_LIQUIDATION_MARKS = ("autoclose", "liquidation")


def applied(trade: Trade | None, fill: Fill, order: OrderRow | None, *, next_id: int, next_closing: int) -> list[Trade]:
    """The trades that ``fill`` changes, as they are afterwards: one, or two when it crosses zero.

    ``trade`` is the open trade of the symbol and ``order`` the fill's own order, None where there is none.
    """
    with localcontext(EXACT):
        if trade is None:
            return [_opened(fill, order, next_id, fill.quantity, fill.fee)]
        if order is None and trade.reason == TAKEN_OVER and fill.time_ms < trade.entry_ms:
            # Reported late: the position that was taken over as it stood holds it already.
            return [replace(trade, fees=trade.fees + fill.fee)]
        if fill.side is trade.direction.entry_side:
            return [_increased(trade, fill)]
        if fill.quantity <= trade.open_quantity:
            return [_reduced(trade, fill, order, fill.quantity, fill.fee, next_closing)]
        fee = _share(fill.fee, trade.open_quantity, fill.quantity)
        closed = _reduced(trade, fill, order, trade.open_quantity, fee, next_closing)
        return [closed, _opened(fill, order, next_id, fill.quantity - trade.open_quantity, fill.fee - fee)]


def with_funding(trade: Trade, amount: Decimal) -> Trade:
    """``trade`` after a funding payment of ``amount`` (negative when paid)."""
    with localcontext(EXACT):
        return replace(trade, funding=trade.funding + amount)


def _opened(fill: Fill, order: OrderRow | None, trade_id: int, quantity: Decimal, fee: Decimal) -> Trade:
    value = fill.price * quantity
    trade = Trade(
        id=trade_id,
        bot=EXTERNAL,
        symbol=fill.symbol,
        direction=Direction.LONG if fill.side is Side.BUY else Direction.SHORT,
        quantity=quantity,
        open_quantity=quantity,
        entry_value=value,
        cost=value,
        fees=fee,
        entry_ms=fill.time_ms,
    )
    if order is None or order.leg is not Leg.ENTRY:
        return trade
    return replace(
        trade,
        bot=order.bot,
        candle_ms=order.candle_ms,
        cycle=order.cycle,
        strategy=order.strategy,
        branch=order.branch,
        regime=order.regime,
        confidence=order.confidence,
        probe=order.probe,
        reason=order.reason,
        stop=order.stop,
        target=order.target,
    )


def _increased(trade: Trade, fill: Fill) -> Trade:
    value = fill.price * fill.quantity
    return replace(
        trade,
        quantity=trade.quantity + fill.quantity,
        open_quantity=trade.open_quantity + fill.quantity,
        entry_value=trade.entry_value + value,
        cost=trade.cost + value,
        fees=trade.fees + fill.fee,
    )


def _reduced(
    trade: Trade, fill: Fill, order: OrderRow | None, quantity: Decimal, fee: Decimal, next_closing: int
) -> Trade:
    value = fill.price * quantity
    cost = _share(trade.cost, quantity, trade.open_quantity)
    after = replace(
        trade,
        open_quantity=trade.open_quantity - quantity,
        exit_value=trade.exit_value + value,
        cost=trade.cost - cost,
        realized=trade.realized + (value - cost) * trade.direction.sign,
        fees=trade.fees + fee,
        exit_ms=fill.time_ms,
    )
    if after.open_quantity:
        return after
    return replace(after, exit_reason=_exit_reason(fill, order), closing=next_closing)


def _exit_reason(fill: Fill, order: OrderRow | None) -> str:
    if order is not None:
        return order.leg.exit_reason
    by_venue = any(mark in fill.client_id for mark in _LIQUIDATION_MARKS)
    return "liquidation" if by_venue else EXTERNAL


def _share(amount: Decimal, part: Decimal, whole: Decimal) -> Decimal:
    """``part`` of ``whole`` of ``amount``; all of it is exactly all of it."""
    return amount if part == whole else (amount * part / whole).quantize(_SHARE)
