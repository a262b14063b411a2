"""What a human does at the same account behind the bot's back, and what the venue and the market do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from itertools import count
from typing import Any

from gobot.core import OrderRequest, OrderType, Side, exact
from gobot.sandbox.book import Book
from gobot.sandbox.engine import Engine
from gobot.sandbox.errors import ApiError
from gobot.sandbox.listings import Listing
from gobot.sandbox.records import Ticket


class Human:
    """Actions by name; each takes a document and returns what it did.

    ``open`` {symbol, side, quantity} · ``close`` {symbol} · ``cancel`` {symbol?, clientId?, kind? (order or algo)} ·
    ``deposit`` and ``withdraw`` {amount} · ``delist`` {symbol, status?, settle?} · ``list`` {symbol} ·
    ``leverage`` {symbol, leverage} · ``move`` {symbol, factor}: the market goes there at once.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._book: Book = engine.book
        self._numbers = count(1)
        self.actions: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            "open": self.open,
            "close": self.close,
            "cancel": self.cancel,
            "deposit": self.deposit,
            "withdraw": self.withdraw,
            "delist": self.delist,
            "list": self.list,
            "leverage": self.leverage,
            "move": self.move,
        }

    def act(self, action: str, what: Mapping[str, Any]) -> dict[str, Any]:
        """Do something.  Raises `ApiError` when the venue refuses it or nobody knows what is meant."""
        if action not in self.actions:
            raise ApiError(-1130, text=f"action must be one of {', '.join(self.actions)}, not {action!r}")
        self._engine.advance()
        try:
            return self.actions[action](what)
        except (KeyError, ValueError, ArithmeticError) as error:
            raise ApiError(-1102, text=f"{action}: {error!r} is missing or wrong") from error

    def open(self, what: Mapping[str, Any]) -> dict[str, Any]:
        """Trade at market."""
        side = Side(str(what["side"]).lower())
        return self._trade(self._listing(what), side, exact(str(what["quantity"])), reduce_only=False)

    def close(self, what: Mapping[str, Any]) -> dict[str, Any]:
        """Close the position in a symbol at market."""
        listing = self._listing(what)
        holding = self._engine.venue.state.holdings.get(listing.market.symbol)
        if holding is None:
            raise ApiError(-2022)
        return self._trade(listing, holding.direction.exit_side, holding.quantity, reduce_only=True)

    def cancel(self, what: Mapping[str, Any]) -> dict[str, Any]:
        """Cancel orders of both kinds, or of one."""
        symbol = self._listing(what).market.symbol if "symbol" in what else None
        wanted, kind, now = what.get("clientId"), what.get("kind"), self._engine.now_ms
        canceled = []
        for algo in self._book.open_algos(symbol) if kind in (None, "algo") else []:
            if wanted in (None, algo.client_id):
                self._book.end_algo(algo, "CANCELED", now)
                canceled.append(algo.client_id)
        for order in self._book.open_orders(symbol) if kind in (None, "order") else []:
            if wanted in (None, order.request.client_id):
                self._book.cancel(order, now)
                canceled.append(order.request.client_id)
        return {"canceled": canceled}

    def deposit(self, what: Mapping[str, Any]) -> dict[str, Any]:
        """Put money into the wallet."""
        self._book.transfer(exact(str(what["amount"])), self._engine.now_ms)
        return {"wallet": str(self._engine.venue.state.wallet)}

    def withdraw(self, what: Mapping[str, Any]) -> dict[str, Any]:
        """Take money out of the wallet, no more than is free."""
        money = exact(str(what["amount"]))
        if money > self._engine.venue.available():
            raise ApiError(-2019)
        self._book.transfer(-money, self._engine.now_ms)
        return {"wallet": str(self._engine.venue.state.wallet)}

    def delist(self, what: Mapping[str, Any]) -> dict[str, Any]:
        """The venue stops trading a symbol: orders expire, and unless ``settle`` is false it closes the position."""
        listing, now = self._listing(what), self._engine.now_ms
        symbol = listing.market.symbol
        for algo in self._book.open_algos(symbol):
            self._book.end_algo(algo, "EXPIRED", now, "delisted")
        for order in self._book.open_orders(symbol):
            self._engine.venue.expire(symbol, order.request.client_id, now_ms=now, reason="delisted")
        self._book.note(now)
        holding = self._engine.venue.state.holdings.get(symbol)
        if holding is not None and what.get("settle", True):
            self._trade(listing, holding.direction.exit_side, holding.quantity, reduce_only=True, prefix="settlement")
        self._engine.frozen[symbol] = self._engine.price(symbol)
        self._engine.listings.set_status(listing.id, str(what.get("status", "SETTLING")))
        return {"symbol": listing.id, "status": self._engine.listings[listing.id].status}

    def list(self, what: Mapping[str, Any]) -> dict[str, Any]:
        """The venue trades a symbol again."""
        listing = self._listing(what)
        self._engine.frozen.pop(listing.market.symbol, None)
        self._engine.listings.set_status(listing.id, "TRADING")
        return {"symbol": listing.id, "status": "TRADING"}

    def leverage(self, what: Mapping[str, Any]) -> dict[str, Any]:
        """Change the leverage of a symbol."""
        listing, leverage = self._listing(what), int(what["leverage"])
        self._engine.venue.set_leverage(listing.market.symbol, leverage)
        self._book.tell_leverage(listing.id, leverage, self._engine.now_ms)
        return {"symbol": listing.id, "leverage": leverage}

    def move(self, what: Mapping[str, Any]) -> dict[str, Any]:
        """The market moves: everything costs ``factor`` times as much, a millisecond from now."""
        symbol = self._listing(what).market.symbol
        self._engine.prices.move(symbol, float(what["factor"]), self._engine.now_ms)
        return {"symbol": symbol, "from": str(self._engine.price(symbol))}

    def _listing(self, what: Mapping[str, Any]) -> Listing:
        """By Binance's name or by gobot's."""
        name = str(what["symbol"])
        return self._engine.listings.of(name) if "/" in name else self._engine.listings[name]

    def _trade(
        self, listing: Listing, side: Side, quantity: Decimal, *, reduce_only: bool, prefix: str = "web"
    ) -> dict[str, Any]:
        now = self._engine.now_ms
        request = OrderRequest(
            client_id=f"{prefix}_{next(self._numbers)}",
            symbol=listing.market.symbol,
            side=side,
            type=OrderType.MARKET,
            quantity=quantity,
            reduce_only=reduce_only,
        )
        ticket = Ticket(
            symbol_id=listing.id,
            type="MARKET",
            original_type="MARKET",
            time_in_force="GTC",
            created_ms=now,
            quantity=quantity,
            reduce_only=reduce_only,
        )
        number = self._book.submit(request, ticket, now)
        order = self._book.orders[number]
        return {"orderId": number, "clientOrderId": request.client_id, "filled": str(order.filled)}
