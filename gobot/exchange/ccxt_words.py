"""What ccxt tells of an account, in our words.  Pure; raises KeyError, TypeError or ValueError for nonsense.

ccxt hands numbers on as floats.  A venue writes them with at most fifteen digits, so the shortest decimal that reads
back as the same float is what the venue has written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from gobot.core import (
    ZERO,
    Direction,
    Fill,
    FundingPayment,
    OrderReport,
    OrderStatus,
    Position,
    Side,
)
from gobot.exchange.quirks import Order, Quirks

_STATUSES = {
    "open": OrderStatus.OPEN,
    "canceling": OrderStatus.OPEN,
    "closed": OrderStatus.FILLED,
    "canceled": OrderStatus.CANCELED,
    "expired": OrderStatus.EXPIRED,
    "rejected": OrderStatus.REJECTED,
}


def number(value: float | str | None) -> Decimal:
    """What the venue has written; 0 where it has written nothing."""
    return ZERO if value is None else Decimal(str(value))


def order_report(order: Order, size: Decimal, quirks: Quirks) -> OrderReport:
    """The venue's word on an order; ``size`` is how much of the base one contract is."""
    status = _STATUSES[order["status"]]
    filled = number(order["filled"]) * size
    average = number(order["average"])
    if not order["id"] or not order["clientOrderId"]:
        raise ValueError("an order without an id")
    if quirks.child(order):
        # What became of it stands in the order that it has turned into.
        status, filled, average = OrderStatus.OPEN, ZERO, ZERO
    elif status is OrderStatus.FILLED and quirks.order_type(order).conditional and not filled:
        status = OrderStatus.OPEN
    return OrderReport(
        client_id=str(order["clientOrderId"]),
        venue_id=str(order["id"]),
        symbol=str(order["symbol"]),
        side=Side(order["side"]),
        type=quirks.order_type(order),
        status=status,
        quantity=ZERO if quirks.closes_position(order) else number(order["amount"]) * size,
        filled=filled,
        average=average if filled and average else None,
        price=number(order["price"]) or None,
        trigger=number(order["triggerPrice"]) or None,
        reduce_only=bool(order["reduceOnly"]),
        closes_position=quirks.closes_position(order),
        updated_ms=int(order["lastUpdateTimestamp"] or order["timestamp"] or 0),
    )


def with_child(parent: OrderReport, child: OrderReport) -> OrderReport:
    """A conditional order after it has turned into an ordinary one: still ours by name, with the other's fate."""
    return replace(
        parent,
        status=child.status,
        filled=child.filled,
        average=child.average,
        updated_ms=max(parent.updated_ms, child.updated_ms),
    )


def position_of(told: Mapping[str, Any], leverage: int) -> Position | None:
    """An open position, None for one of no size; ``leverage`` is what was set, for venues that do not tell."""
    size = number(told["contractSize"]) or Decimal(1)
    quantity = number(told["contracts"]) * size
    if not quantity:
        return None
    return Position(
        symbol=str(told["symbol"]),
        direction=Direction(told["side"]),
        quantity=quantity,
        entry_price=number(told["entryPrice"]),
        mark_price=number(told["markPrice"]),
        leverage=int(told["leverage"] or leverage),
        liquidation_price=number(told["liquidationPrice"]) or None,
    )


def fill_of(trade: Mapping[str, Any], client_id: str, size: Decimal, fee: Decimal) -> Fill:
    """One execution; ``fee`` is in the quote currency already."""
    return Fill(
        fill_id=str(trade["id"]),
        client_id=client_id,
        symbol=str(trade["symbol"]),
        side=Side(trade["side"]),
        price=number(trade["price"]),
        quantity=number(trade["amount"]) * size,
        fee=fee,
        time_ms=int(trade["timestamp"]),
        maker=trade["takerOrMaker"] == "maker",
    )


def payment_of(told: Mapping[str, Any]) -> FundingPayment:
    """Funding that was booked; its rate is 0, for venues state the amount alone."""
    return FundingPayment(
        payment_id=str(told["id"]),
        symbol=str(told["symbol"]),
        amount=number(told["amount"]),
        rate=number(told.get("rate")),
        time_ms=int(told["timestamp"]),
    )
