"""The account's orders, conditional orders, trades and income, and what the user stream says of each change.

The money and the fills are those of gobot's simulated venue; the book keeps what Binance remembers beside them and
turns every change into events.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from itertools import count
from typing import Any

from gobot.core import ZERO, OrderRequest, OrderStatus, OrderType, VenueRefused, plain
from gobot.exchange.holding import Holding, traded
from gobot.exchange.venue import Venue
from gobot.exchange.venue_order import VenueOrder
from gobot.exchange.venue_state import KEPT, Changes
from gobot.sandbox.algos import Algo
from gobot.sandbox.brackets import maintenance
from gobot.sandbox.errors import ApiError
from gobot.sandbox.listings import Listings
from gobot.sandbox.protection import ProtectionWatch
from gobot.sandbox.records import Income, Ticket, Trade, amount, order_event

Listener = Callable[[dict[str, Any]], None]

# The share of a position's margin that must be kept, at which the venue warns.
_CALLED_AT = Decimal("0.5")
# Refusals of the simulated venue that Binance has a fixed text for.
_OWN_TEXTS = (-1111, -1121, -2019, -2022, -4003, -4014, -4116, -5022)


class Book:
    """Everything that one futures account has on the venue.

    ``listener`` is told every event of the user stream; ``price_of`` says where a symbol stands at a moment;
    ``true_time`` is a moment of the venue by everybody else's clock.
    """

    def __init__(
        self,
        venue: Venue,
        listings: Listings,
        price_of: Callable[[str, int], Decimal],
        true_time: Callable[[int], int],
        listener: Listener,
    ) -> None:
        self.venue = venue
        self.listings = listings
        self.orders: dict[int, VenueOrder] = {}
        self.tickets: dict[int, Ticket] = {}
        self.algos: dict[int, Algo] = {}
        self.trades: deque[Trade] = deque(maxlen=KEPT)
        self.incomes: deque[Income] = deque(maxlen=2 * KEPT)
        self.protection = ProtectionWatch()
        self.margin_types: dict[str, str] = {}
        self.hidden: dict[str, int] = {}
        self._called: set[str] = set()
        self._price_of = price_of
        self._true_time = true_time
        self._listener = listener
        self._algo_numbers = count(1_000_001)
        self._income_numbers = count(1)
        self._holdings: dict[str, Holding] = {}

    def submit(self, request: OrderRequest, ticket: Ticket, now_ms: int) -> int:
        """Send an order to the venue and return its number.  Raises `ApiError` when the venue refuses it."""
        number = self.venue.state.next_order()
        self.tickets[number] = ticket
        try:
            self.venue.place(request, last=self._price_of(request.symbol, now_ms), now_ms=now_ms)
        except VenueRefused as error:
            del self.tickets[number]
            raise ApiError(int(error.code), text=None if int(error.code) in _OWN_TEXTS else str(error)) from error
        if ticket.time_in_force in ("IOC", "FOK"):
            self.venue.expire(request.symbol, request.client_id, now_ms=now_ms, reason="immediate or cancel")
        self.note(now_ms)
        return number

    def cancel(self, order: VenueOrder, now_ms: int) -> VenueOrder:
        """Take an open order back."""
        self.venue.cancel(order.request.symbol, order.request.client_id, now_ms=now_ms)
        self.note(now_ms)
        return self.orders[order.id]

    def hide(self, client_id: str, now_ms: int, length_ms: int) -> None:
        """Keep an order of that client id from queries for a while."""
        if len(self.hidden) >= KEPT:
            self.hidden.clear()
        self.hidden[client_id] = self._true_time(now_ms) + length_ms

    def shown(self, client_id: str, now_ms: int) -> bool:
        """Whether queries find an order of that client id: a fault can keep it from them for a while."""
        return self.hidden.get(client_id, 0) <= self._true_time(now_ms)

    def open_orders(self, symbol: str | None = None) -> list[VenueOrder]:
        """Resting orders, oldest first."""
        return self.venue.state.open_orders(symbol)

    def open_algos(self, symbol: str | None = None) -> list[Algo]:
        """Waiting conditional orders, oldest first."""
        return [algo for algo in self.algos.values() if algo.is_open and symbol in (None, algo.symbol)]

    def add_algo(self, algo: Algo, now_ms: int) -> Algo:
        """Take a conditional order; it gets its number here."""
        added = replace(algo, id=next(self._algo_numbers))
        self._put_algo(added, now_ms)
        self._watch_protection(now_ms)
        return added

    def end_algo(self, algo: Algo, status: str, now_ms: int, reason: str = "") -> Algo:
        """A conditional order that will never trigger."""
        ended = replace(algo, status=status, updated_ms=now_ms, reason=reason)
        self._put_algo(ended, now_ms)
        self._watch_protection(now_ms)
        return ended

    def see(self, symbol: str, price: Decimal) -> None:
        """Trailing stops follow the price."""
        for algo in self.open_algos(symbol):
            if (moved := algo.seen(price)) is not algo:
                self.algos[algo.id] = moved

    def fire(self, algo: Algo, price: Decimal, now_ms: int) -> None:
        """A conditional order has been triggered at ``price``: it sends its order."""
        kind = OrderType.MARKET if algo.price is None else OrderType.LIMIT
        triggered = replace(
            algo, status="TRIGGERED", triggered_ms=now_ms, updated_ms=now_ms, order_type=kind.value.upper()
        )
        self.algos[algo.id] = triggered
        number = self.venue.state.next_order()
        request = OrderRequest(
            client_id=algo.client_id,
            symbol=algo.symbol,
            side=algo.side,
            type=kind,
            quantity=algo.quantity,
            price=algo.price,
            reduce_only=algo.reduce_only,
            closes_position=algo.close_position,
        )
        self.tickets[number] = Ticket(
            symbol_id=algo.symbol_id,
            type=kind.value.upper(),
            original_type=algo.type,
            time_in_force=algo.time_in_force,
            created_ms=now_ms,
            quantity=algo.quantity,
            price=algo.price or ZERO,
            stop_price=algo.trigger or ZERO,
            close_position=algo.close_position,
            reduce_only=algo.reduce_only or algo.close_position,
        )
        try:
            self.venue.place(request, last=price, now_ms=now_ms)
        except VenueRefused as error:
            del self.tickets[number]
            reason = "Reduce Only reject" if error.code == "-2022" else str(error)
            self.end_algo(triggered, "REJECTED", now_ms, reason)
            return
        self._put_algo(replace(triggered, order_id=number), now_ms)
        self.note(now_ms)

    def book_income(self, kind: str, money: Decimal, now_ms: int, symbol_id: str = "", trade_id: str = "") -> None:
        """Note a change of the wallet that has been made."""
        if money:
            number = next(self._income_numbers)
            self.incomes.append(
                Income(id=number, kind=kind, amount=money, at_ms=now_ms, symbol_id=symbol_id, trade_id=trade_id)
            )

    def transfer(self, money: Decimal, now_ms: int) -> None:
        """Put money into the wallet or take it out."""
        self.venue.state.wallet += money
        self.book_income("TRANSFER", money, now_ms)
        self._listener(self._account_event("DEPOSIT" if money > 0 else "WITHDRAW", [], money, now_ms))

    def call_margin(self, symbol: str, mark: Decimal, now_ms: int) -> None:
        """Warn once when a position has used up most of the margin that it must keep (MARGIN_CALL)."""
        holding = self.venue.state.holdings.get(symbol)
        needed = ZERO if holding is None else maintenance(symbol, holding.quantity * mark)
        if holding is None or needed < _CALLED_AT * (holding.margin + holding.profit(mark, holding.quantity)):
            self._called.discard(symbol)
            return
        if symbol not in self._called:
            self._called.add(symbol)
            position = self._position_event(symbol, now_ms)
            call = {name: position[name] for name in ("s", "ps", "pa", "iw", "up")}
            called = {**call, "mt": position["mt"].upper(), "mp": plain(mark), "mm": amount(needed)}
            self._listener({"e": "MARGIN_CALL", "E": now_ms, "cw": amount(self.venue.available()), "p": [called]})

    def tell_leverage(self, symbol_id: str, leverage: int, now_ms: int) -> None:
        """ACCOUNT_CONFIG_UPDATE of the user stream."""
        change = {"s": symbol_id, "l": leverage}
        self._listener({"e": "ACCOUNT_CONFIG_UPDATE", "E": now_ms, "T": now_ms, "ac": change})

    def note(self, now_ms: int) -> None:
        """Turn what the venue did since the last time into records and events."""
        changes = self.venue.state.take_changes()
        before = self._holdings
        self._holdings = dict(self.venue.state.holdings)
        trades = self._note_trades(changes, before)
        self._note_orders(changes, trades, now_ms)
        self._note_payments(changes, now_ms)
        for symbol in changes.holdings:
            self._expire_closing_algos(symbol, before.get(symbol), now_ms)
        self._watch_protection(now_ms)

    def _note_trades(self, changes: Changes, before: dict[str, Holding]) -> list[Trade]:
        trades, holdings = [], dict(before)
        for fill in changes.fills:
            order = self.venue.state.find(fill.symbol, fill.client_id)
            holding, realised = traded(
                holdings.get(fill.symbol), fill.symbol, fill.side, fill.quantity, fill.price, leverage=1
            )
            holdings.pop(fill.symbol, None)
            if holding is not None:
                holdings[fill.symbol] = holding
            symbol_id = self.listings.of(fill.symbol).id
            trade = Trade(
                id=int(fill.fill_id),
                order_id=order.id if order else 0,
                client_id=fill.client_id,
                symbol_id=symbol_id,
                side=fill.side,
                price=fill.price,
                quantity=fill.quantity,
                realised=realised,
                fee=fill.fee,
                at_ms=fill.time_ms,
                maker=fill.maker,
            )
            trades.append(trade)
            self.trades.append(trade)
            self.book_income("REALIZED_PNL", realised, fill.time_ms, symbol_id, fill.fill_id)
            self.book_income("COMMISSION", -fill.fee, fill.time_ms, symbol_id, fill.fill_id)
        return trades

    def _note_orders(self, changes: Changes, trades: list[Trade], now_ms: int) -> None:
        for number, order in sorted(changes.orders.items()):
            if order is None:
                self.orders.pop(number, None)
                self.tickets.pop(number, None)
                continue
            ticket = self.tickets.get(number) or self._liquidation_ticket(order, now_ms)
            self._tell_order(ticket, order, [trade for trade in trades if trade.order_id == number], now_ms)
            self.orders[number] = order
            self._follow_algo(order, now_ms)

    def _tell_order(self, ticket: Ticket, order: VenueOrder, trades: list[Trade], now_ms: int) -> None:
        known = self.orders.get(order.id)
        if known is None:
            fresh = replace(order, status=OrderStatus.OPEN, filled=ZERO, average=None)
            self._listener(order_event(ticket, fresh, kind="NEW", at_ms=now_ms, trade=None))
        done = known.filled if known else ZERO
        for trade in trades:
            done += trade.quantity
            part = replace(order, filled=done)
            if trade is not trades[-1] or order.status is not OrderStatus.FILLED:
                part = replace(part, status=OrderStatus.OPEN)
            self._listener(self._account_event("ORDER", [order.request.symbol], ZERO, now_ms))
            kind = "CALCULATED" if ticket.type == "LIQUIDATION" else "TRADE"
            self._listener(order_event(ticket, part, kind=kind, at_ms=trade.at_ms, trade=trade))
        if order.status in (OrderStatus.CANCELED, OrderStatus.EXPIRED):
            self._listener(order_event(ticket, order, kind=order.status.upper(), at_ms=now_ms, trade=None))

    def _liquidation_ticket(self, order: VenueOrder, now_ms: int) -> Ticket:
        ticket = Ticket(
            symbol_id=self.listings.of(order.request.symbol).id,
            type="LIQUIDATION",
            original_type="LIQUIDATION",
            time_in_force="IOC",
            created_ms=now_ms,
            quantity=order.request.quantity,
            reduce_only=True,
        )
        self.tickets[order.id] = ticket
        return ticket

    def _follow_algo(self, order: VenueOrder, now_ms: int) -> None:
        """A conditional order is finished when the order that it sent is."""
        algo = next((one for one in self.algos.values() if one.order_id == order.id), None)
        if algo is None or algo.status != "TRIGGERED":
            return
        self._put_algo(
            replace(
                algo,
                status="FINISHED" if order.status.final else "TRIGGERED",
                filled=order.filled,
                average=order.average or ZERO,
                updated_ms=now_ms,
            ),
            now_ms,
        )

    def _note_payments(self, changes: Changes, now_ms: int) -> None:
        for payment in changes.payments:
            self.book_income("FUNDING_FEE", payment.amount, payment.time_ms, self.listings.of(payment.symbol).id)
            self._listener(self._account_event("FUNDING_FEE", [payment.symbol], payment.amount, now_ms))

    def _expire_closing_algos(self, symbol: str, closed: Holding | None, now_ms: int) -> None:
        """Orders that close the position are good until it is closed (GTE)."""
        left = self.venue.state.holdings.get(symbol)
        if closed is None or (left is not None and left.direction is closed.direction):
            return
        for algo in self.open_algos(symbol):
            if algo.close_position and algo.side is closed.direction.exit_side:
                self.end_algo(algo, "EXPIRED", now_ms, "position closed")

    def _put_algo(self, algo: Algo, now_ms: int) -> None:
        self.algos[algo.id] = algo
        while len(self.algos) > KEPT:
            oldest = next((number for number, one in self.algos.items() if not one.is_open), None)
            if oldest is None:
                break
            del self.algos[oldest]
        self._listener(algo.event(now_ms))

    def _watch_protection(self, now_ms: int) -> None:
        self.protection.look(self.venue.state.holdings, self.open_algos(), self._true_time(now_ms))

    def _account_event(self, reason: str, symbols: list[str], change: Decimal, now_ms: int) -> dict[str, Any]:
        """ACCOUNT_UPDATE of the user stream."""
        wallet = self.venue.state.wallet
        margins = sum((holding.margin for holding in self.venue.state.holdings.values()), ZERO)
        balance = {"a": "USDT", "wb": amount(wallet), "cw": amount(wallet - margins), "bc": amount(change)}
        positions = [self._position_event(symbol, now_ms) for symbol in symbols]
        body = {"m": reason, "B": [balance], "P": positions}
        if reason == "FUNDING_FEE":
            body["S"] = positions[0]["s"]
        return {"e": "ACCOUNT_UPDATE", "E": now_ms, "T": now_ms, "a": body}

    def _position_event(self, symbol: str, now_ms: int) -> dict[str, Any]:
        listing, holding = self.listings.of(symbol), self.venue.state.holdings.get(symbol)
        quantity = entry = profit = margin = ZERO
        if holding is not None:
            quantity, entry, margin = holding.quantity * holding.direction.sign, holding.entry_price, holding.margin
            profit = holding.profit(self._price_of(symbol, now_ms), holding.quantity)
        return {
            "s": listing.id,
            "pa": plain(quantity),
            "ep": plain(entry),
            "bep": plain(entry),
            "cr": "0",
            "up": amount(profit),
            "mt": "isolated" if self.margin_types.get(symbol) == "ISOLATED" else "cross",
            "iw": amount(margin),
            "ps": "BOTH",
        }
