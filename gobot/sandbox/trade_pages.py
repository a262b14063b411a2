"""Orders of the book: place, ask, cancel."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from gobot.core import ZERO, OrderRequest, OrderType, Side
from gobot.exchange.refusals import crosses
from gobot.exchange.venue_order import VenueOrder
from gobot.sandbox.algos import CONDITIONAL_TYPES
from gobot.sandbox.brackets import largest_value
from gobot.sandbox.checks import (
    require_client_id,
    require_near,
    require_notional,
    require_price,
    require_quantity,
    require_tradable,
)
from gobot.sandbox.engine import Engine
from gobot.sandbox.errors import ApiError
from gobot.sandbox.journal import Journal
from gobot.sandbox.listings import MAX_ORDERS, TIMES_IN_FORCE, Listing
from gobot.sandbox.parameters import Parameters
from gobot.sandbox.records import Ticket, order_document

_DAY_MS = 86_400_000
SIDES = ("BUY", "SELL")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrder:
    """An order that has passed every check which needs no money."""

    listing: Listing
    request: OrderRequest
    ticket: Ticket
    reply: str


class TradePages:
    """Orders of one account."""

    def __init__(self, engine: Engine, journal: Journal, dual_side: Callable[[], bool]) -> None:
        self._engine = engine
        self._book = engine.book
        self._journal = journal
        self._dual_side = dual_side

    def place(self, parameters: Parameters) -> dict[str, Any]:
        """A new order."""
        order = self._checked(parameters)
        number = self._book.submit(order.request, order.ticket, self._engine.now_ms)
        self._journal.accepted("order", number, order.request.client_id, parameters, self._engine.now_ms)
        return order_document(order.ticket, self._book.orders[number], reply=order.reply)

    def test(self, parameters: Parameters) -> dict[str, Any]:
        """Check a new order without placing it."""
        self._checked(parameters)
        return {}

    def order(self, parameters: Parameters) -> dict[str, Any]:
        """One order.  Those that ended unfilled are forgotten after three days."""
        order = self._find(parameters, -2013)
        ticket = self._book.tickets[order.id]
        hidden = not self._book.shown(order.request.client_id, self._engine.now_ms)
        old = order.status.final and not order.filled and ticket.created_ms + 3 * _DAY_MS < self._engine.now_ms
        if hidden or old:
            raise ApiError(-2013)
        return order_document(ticket, order)

    def open_order(self, parameters: Parameters) -> dict[str, Any]:
        """One order, if it is open."""
        order = self._find(parameters, -2013)
        if order.status.final or not self._book.shown(order.request.client_id, self._engine.now_ms):
            raise ApiError(-2013)
        return order_document(self._book.tickets[order.id], order)

    def cancel(self, parameters: Parameters) -> dict[str, Any]:
        """Take one open order back."""
        order = self._find(parameters, -2011)
        if order.status.final:
            raise ApiError(-2011)
        parameters.require_all_read()
        canceled = self._book.cancel(order, self._engine.now_ms)
        return order_document(self._book.tickets[order.id], canceled, reply="RESULT")

    def cancel_all(self, parameters: Parameters) -> dict[str, Any]:
        """Take every open order of a symbol back; conditional ones stay."""
        listing = self._engine.listings[parameters.text("symbol")]
        parameters.require_all_read()
        for order in self._book.open_orders(listing.market.symbol):
            self._book.cancel(order, self._engine.now_ms)
        return {"code": 200, "msg": "The operation of cancel all open order is done."}

    def open_orders(self, parameters: Parameters) -> list[dict[str, Any]]:
        """Open orders of a symbol, or of all."""
        wanted, now = parameters.optional("symbol"), self._engine.now_ms
        symbol = self._engine.listings[wanted].market.symbol if wanted else None
        tickets = self._book.tickets
        orders = self._book.open_orders(symbol)
        return [order_document(tickets[o.id], o) for o in orders if self._book.shown(o.request.client_id, now)]

    def all_orders(self, parameters: Parameters) -> list[dict[str, Any]]:
        """Orders of a symbol, oldest first; at most seven days between start and end."""
        listing, now = self._engine.listings[parameters.text("symbol")], self._engine.now_ms
        since, until = time_window(parameters, now)
        first, limit = parameters.integer("orderId"), parameters.limit(500, 1000)
        rows = [
            order_document(ticket, self._book.orders[number])
            for number, ticket in sorted(self._book.tickets.items())
            if ticket.symbol_id == listing.id and self._book.shown(self._book.orders[number].request.client_id, now)
            and (number >= first if first is not None else since <= ticket.created_ms <= until)
        ]  # fmt: skip
        return rows[:limit] if first is not None or "startTime" in parameters else rows[-limit:]

    def _checked(self, parameters: Parameters) -> NewOrder:
        engine = self._engine
        listing = engine.listings[parameters.text("symbol")]
        parameters.ignore("newOrderRespType", "workingType", "priceProtect", "selfTradePreventionMode", "priceMatch")
        parameters.ignore("stopPrice", "closePosition", "activationPrice", "callbackRate", "goodTillDate")
        side = Side(parameters.choice("side", SIDES, -1117).lower())
        kind = parameters.choice("type", ("LIMIT", "MARKET", *CONDITIONAL_TYPES), -1116)
        if kind in CONDITIONAL_TYPES:
            raise ApiError(-4120)
        require_position_side(parameters, dual_side=self._dual_side())
        client_id = parameters.optional("newClientOrderId") or uuid.uuid4().hex[:22]
        require_client_id(client_id)
        require_tradable(listing)
        reduce_only = parameters.flag("reduceOnly")
        price, quantity = self._price_and_quantity(parameters, listing, kind, side)
        last = engine.price(listing.market.symbol)
        if not reduce_only:
            require_notional(listing, quantity, price or last)
        if len(self._book.open_orders(listing.market.symbol)) >= MAX_ORDERS:
            raise ApiError(-2025)
        self._require_within_tier(listing, side, quantity, reduce_only=reduce_only)
        in_force = parameters.choice("timeInForce", TIMES_IN_FORCE, -1115, "GTC")
        reply = parameters.choice("newOrderRespType", ("ACK", "RESULT"), -1130, "ACK")
        parameters.require_all_read()
        request = OrderRequest(
            client_id=client_id,
            symbol=listing.market.symbol,
            side=side,
            type=OrderType[kind],
            quantity=quantity,
            price=price,
            reduce_only=reduce_only,
            post_only=in_force == "GTX",
        )
        if in_force == "FOK" and not crosses(request, last):
            raise ApiError(-5021)
        ticket = Ticket(
            symbol_id=listing.id,
            type=kind,
            original_type=kind,
            time_in_force=in_force,
            created_ms=engine.now_ms,
            quantity=quantity,
            price=price or ZERO,
            reduce_only=reduce_only,
        )
        return NewOrder(listing=listing, request=request, ticket=ticket, reply=reply)

    def _require_within_tier(self, listing: Listing, side: Side, quantity: Decimal, *, reduce_only: bool) -> None:
        """The larger the position, the smaller the leverage that it may have (-2027)."""
        symbol = listing.market.symbol
        state = self._engine.venue.state
        held = state.holdings.get(symbol)
        grows = held is None or held.direction.entry_side is side
        if reduce_only or not grows:
            return
        value = (quantity + (held.quantity if held is not None else ZERO)) * self._engine.price(symbol)
        if value > largest_value(listing.market, state.leverage.get(symbol, 1)):
            raise ApiError(-2027)

    def _price_and_quantity(
        self, parameters: Parameters, listing: Listing, kind: str, side: Side
    ) -> tuple[Decimal | None, Decimal]:
        price, quantity = parameters.decimal("price"), parameters.decimal("quantity")
        if quantity is None:
            raise ApiError(-1102, "quantity")
        if kind == "MARKET":
            if price is not None:
                raise ApiError(-1106, "price")
            if "timeInForce" in parameters:
                raise ApiError(-1106, "timeInForce")
        else:
            if "timeInForce" not in parameters:
                raise ApiError(-1102, "timeInForce")
            if price is None:
                raise ApiError(-1102, "price")
            require_price(listing, price)
            require_near(side, price, self._engine.mark(listing.market.symbol))
        require_quantity(listing, quantity, market=kind == "MARKET")
        return price, quantity

    def _find(self, parameters: Parameters, missing: int) -> VenueOrder:
        """The order that is meant, by number or by client id, of which the newest counts."""
        listing = self._engine.listings[parameters.text("symbol")]
        number, client_id = parameters.integer("orderId"), parameters.optional("origClientOrderId")
        if number is None and client_id is None:
            raise ApiError(
                -1102, "origClientOrderId", text="Param '{0}' or 'orderId' must be sent, but both were empty/null!"
            )
        if number is not None:
            order = self._book.orders.get(number)
        else:
            order = self._engine.venue.state.find(listing.market.symbol, client_id or "")
        if order is None or order.request.symbol != listing.market.symbol:
            raise ApiError(missing)
        return order


def require_position_side(parameters: Parameters, *, dual_side: bool) -> None:
    """One-way mode knows the side BOTH only; orders in hedge mode are not taken."""
    side = parameters.text("positionSide", "BOTH")
    if side != "BOTH" or dual_side:
        raise ApiError(-4061)


def time_window(parameters: Parameters, now_ms: int) -> tuple[int, int]:
    """``startTime`` and ``endTime``: the last seven days where neither is sent, never more than seven days."""
    start, end = parameters.integer("startTime"), parameters.integer("endTime")
    week = 7 * _DAY_MS
    if start is not None and end is not None and end - start > week:
        raise ApiError(-4166, text="Search window is restricted to recent 7 days only.")
    if start is None:
        start = (now_ms if end is None else end) - week
    if end is None:
        end = min(now_ms, start + week)
    return start, end
