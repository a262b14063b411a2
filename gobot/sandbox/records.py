"""What Binance remembers beside the venue's own memory, and how it writes orders, trades and income."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from gobot.core import ZERO, OrderStatus, Side, plain
from gobot.exchange.venue_order import VenueOrder

_STATUS = {
    OrderStatus.OPEN: "NEW",
    OrderStatus.FILLED: "FILLED",
    OrderStatus.CANCELED: "CANCELED",
    OrderStatus.EXPIRED: "EXPIRED",
    OrderStatus.REJECTED: "REJECTED",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """The part of an order that is Binance's own way of speaking; ``quantity`` as it was asked for."""

    symbol_id: str
    type: str
    original_type: str
    time_in_force: str
    created_ms: int
    quantity: Decimal
    price: Decimal = ZERO
    stop_price: Decimal = ZERO
    close_position: bool = False
    reduce_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """One execution; money in USDT, ``realised`` before fees."""

    id: int
    order_id: int
    client_id: str
    symbol_id: str
    side: Side
    price: Decimal
    quantity: Decimal
    realised: Decimal
    fee: Decimal
    at_ms: int
    maker: bool

    @property
    def document(self) -> dict[str, Any]:
        """Its entry in userTrades."""
        return {
            "symbol": self.symbol_id,
            "id": self.id,
            "orderId": self.order_id,
            "side": word(self.side),
            "price": plain(self.price),
            "qty": plain(self.quantity),
            "realizedPnl": amount(self.realised),
            "quoteQty": amount(self.price * self.quantity),
            "commission": amount(self.fee),
            "commissionAsset": "USDT",
            "time": self.at_ms,
            "positionSide": "BOTH",
            "buyer": self.side is Side.BUY,
            "maker": self.maker,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Income:
    """One change of the wallet, USDT."""

    id: int
    kind: str
    amount: Decimal
    at_ms: int
    symbol_id: str = ""
    trade_id: str = ""
    info: str = ""

    @property
    def document(self) -> dict[str, Any]:
        """Its entry in income."""
        return {
            "symbol": self.symbol_id,
            "incomeType": self.kind,
            "income": amount(self.amount),
            "asset": "USDT",
            "time": self.at_ms,
            "info": self.info or self.kind,
            "tranId": self.id,
            "tradeId": self.trade_id,
        }


def status_of(order: VenueOrder) -> str:
    """Binance's word for where an order is."""
    if order.status is OrderStatus.OPEN and order.filled:
        return "PARTIALLY_FILLED"
    return _STATUS[order.status]


def word(side: Side) -> str:
    """``BUY`` or ``SELL``."""
    return side.value.upper()


def amount(money: Decimal) -> str:
    """Money with eight places."""
    return f"{money:.8f}"


def order_document(ticket: Ticket, order: VenueOrder, *, reply: str = "") -> dict[str, Any]:
    """An order in Binance's form.

    ``reply`` is ACK or RESULT for the answer to a new order, which lacks the average price, or empty for a query.  An
    ACK does not know of fills either.
    """
    acknowledged = reply == "ACK"
    filled = ZERO if acknowledged else order.filled
    document = {
        "orderId": order.id,
        "symbol": ticket.symbol_id,
        "status": "NEW" if acknowledged else status_of(order),
        "clientOrderId": order.request.client_id,
        "price": plain(ticket.price),
        "origQty": plain(ticket.quantity),
        "executedQty": plain(filled),
        "timeInForce": ticket.time_in_force,
        "type": ticket.type,
        "reduceOnly": ticket.reduce_only,
        "closePosition": ticket.close_position,
        "side": word(order.request.side),
        "positionSide": "BOTH",
        "stopPrice": plain(ticket.stop_price),
        "workingType": "CONTRACT_PRICE",
        "priceProtect": False,
        "origType": ticket.original_type,
        "priceMatch": "NONE",
        "selfTradePreventionMode": "EXPIRE_MAKER",
        "goodTillDate": 0,
        "updateTime": order.updated_ms,
    }
    if reply:
        return {**document, "cumQty": plain(filled)}
    average = order.average or ZERO
    return {
        **document,
        "avgPrice": plain(average),
        "cumQuote": amount(average * filled),
        "time": ticket.created_ms,
    }


def order_event(ticket: Ticket, order: VenueOrder, *, kind: str, at_ms: int, trade: Trade | None) -> dict[str, Any]:
    """ORDER_TRADE_UPDATE: what the user stream says of one step in an order's life."""
    average = order.average or ZERO
    body: dict[str, Any] = {
        "s": ticket.symbol_id,
        "c": order.request.client_id,
        "S": word(order.request.side),
        "o": ticket.type,
        "f": ticket.time_in_force,
        "q": plain(ticket.quantity),
        "p": plain(ticket.price),
        "ap": plain(average),
        "sp": plain(ticket.stop_price),
        "x": kind,
        "X": status_of(order) if kind != "NEW" else "NEW",
        "i": order.id,
        "l": plain(trade.quantity) if trade else "0",
        "z": plain(order.filled),
        "L": plain(trade.price) if trade else "0",
        "T": at_ms,
        "t": trade.id if trade else 0,
        "b": "0",
        "a": "0",
        "m": trade.maker if trade else False,
        "R": ticket.reduce_only,
        "wt": "CONTRACT_PRICE",
        "ot": ticket.original_type,
        "ps": "BOTH",
        "cp": ticket.close_position,
        "rp": amount(trade.realised) if trade else "0",
        "pP": False,
        "si": 0,
        "ss": 0,
        "V": "EXPIRE_MAKER",
        "pm": "NONE",
        "gtd": 0,
        "er": "0",
    }
    if trade:
        body |= {"N": "USDT", "n": amount(trade.fee)}
    return {"e": "ORDER_TRADE_UPDATE", "E": at_ms, "T": at_ms, "o": body}
