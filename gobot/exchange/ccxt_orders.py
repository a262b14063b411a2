"""Orders at a venue through ccxt: placed once, asked for by client id in every book, cancelled wherever they are."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from gobot.core import (
    OrderReport,
    OrderRequest,
    OrderStatus,
    OrderType,
    OutcomeUnknown,
    Refusal,
    VenueRefused,
    VenueUnavailable,
)
from gobot.exchange.ccxt_client import last_call, priority
from gobot.exchange.ccxt_trades import Ask, OwnTrades
from gobot.exchange.ccxt_words import number, order_report, with_child
from gobot.exchange.priority import Priority
from gobot.exchange.quirks import Quirks

# With more the list of all symbols costs no more than theirs.
_MANY_SYMBOLS = 30
_MOST_ORDERS = 20_000


class CcxtOrders:
    """The orders of one account at the venue ``name``.

    ``ask`` makes a reading call, ``write`` one that changes something (see `gobot.exchange.ccxt_writing`); ``trades``
    is told where something stirs, and which venue's id belongs to which client id.
    """

    def __init__(
        self,
        name: str,
        client: Any,
        quirks: Quirks,
        trades: OwnTrades,
        *,
        ask: Ask[Any],
        write: Ask[Any],
        now_ms: Callable[[], int],
    ) -> None:
        self._name = name
        self._client = client
        self._quirks = quirks
        self._trades = trades
        self._ask = ask
        self._write = write
        self._now_ms = now_ms
        # What was seen last, by client id: symbol and filled quantity.
        self._resting: dict[str, tuple[str, Decimal]] = {}
        self._listed_ms = 0
        self._books: OrderedDict[str, int] = OrderedDict()

    def symbols_with_orders(self) -> set[str]:
        """The symbols in which something rested at the last look."""
        return {symbol for symbol, _ in self._resting.values()}

    async def resting(self, held: Collection[str]) -> Sequence[OrderReport]:
        """Every resting order, conditional ones included; ``held`` are the symbols with a position.

        Where the list of all symbols is dear it is asked for once a minute, and in between those of the symbols in
        which something rests or has stirred: what others place elsewhere shows within that minute.
        """
        now = self._now_ms()
        symbols = self.symbols_with_orders() | self._trades.stirred() | set(held)
        whole = now - self._listed_ms >= self._quirks.whole_list_every_ms or len(symbols) > _MANY_SYMBOLS
        asked = [(symbol, book) for symbol in ([None] if whole else sorted(symbols)) for book in self._quirks.books]
        reports = [report for part in await asyncio.gather(*map(self._live_orders, asked)) for report in part]
        if whole:
            self._listed_ms = now
        resting = {report.client_id: (report.symbol, report.filled) for report in reports}
        for client_id in resting.keys() | self._resting.keys():
            if resting.get(client_id) != (before := self._resting.get(client_id)):
                self._trades.stir((before or resting[client_id])[0])
        self._resting = resting
        return reports

    async def order(self, symbol: str, client_id: str) -> OrderReport | None:
        """One order by client id, None when every book of the venue says that it does not have it."""
        for book in self._books_for(client_id):

            async def told(book: Mapping[str, Any] = book) -> OrderReport | None:
                return await self._find(symbol, client_id, book)

            report: OrderReport | None = await self._ask(told)
            if report is not None:
                if report.filled or report.status.final:
                    self._trades.stir(symbol)
                return report
        return None

    async def create(self, request: OrderRequest) -> OrderReport:
        """Send one order.  Raises `VenueRefused` or `OutcomeUnknown`."""
        conditional = request.type.conditional
        self._remember(request.client_id, self._quirks.conditional_book if conditional else 0)

        async def place() -> OrderReport | None:
            order = await self._client.create_order(*self._arguments(request))
            if order["clientOrderId"] != request.client_id or not order["id"]:
                raise ValueError(f"an answer about {order['clientOrderId']}")
            self._trades.name(str(order["id"]), request.client_id)
            return None if order["status"] is None else self._report(order)

        try:
            with priority(Priority.CRITICAL if request.protective else Priority.HIGH):
                report: OrderReport | None = await self._write(place)
                return report or await self._acknowledged(request)
        finally:
            self._trades.stir(request.symbol)

    async def _acknowledged(self, request: OrderRequest) -> OrderReport:
        """The word of a venue that first says no more than that it has received an order."""
        try:
            report = await self.order(request.symbol, request.client_id)
        except VenueUnavailable as error:
            raise OutcomeUnknown(f"{request.client_id} was received, and no more is known of it: {error}") from error
        if report is None:
            raise OutcomeUnknown(f"{request.client_id} was received, and {self._name} does not show it yet")
        return report

    async def cancel(self, symbol: str, client_id: str) -> OrderReport:
        """Cancel one order; one that is final already is reported as it is.

        Raises `VenueRefused` or `OutcomeUnknown`.
        """
        with priority(Priority.CRITICAL):
            refused = await self._cancel_in_books(symbol, client_id)
            try:
                report = await self.order(symbol, client_id)
            except VenueUnavailable as error:
                if refused is not None:
                    raise refused from error
                raise OutcomeUnknown(f"{client_id} is cancelled, but not how much of it had filled: {error}") from error
        if report is None:
            raise refused or OutcomeUnknown(f"{client_id} was cancelled, and {self._name} does not know it any more")
        if refused is not None and not report.status.final:
            raise OutcomeUnknown(f"{client_id} rests, although {self._name} does not find it to cancel: {refused}")
        return report if report.status.final else replace(report, status=OrderStatus.CANCELED)

    async def _live_orders(self, where: tuple[str | None, Mapping[str, Any]]) -> list[OrderReport]:
        symbol, book = where

        async def told() -> list[OrderReport]:
            return [self._report(order) for order in await self._quirks.live_orders(self._client, symbol, book)]

        reports: list[OrderReport] = await self._ask(told)
        return reports

    async def _cancel_in_books(self, symbol: str, client_id: str) -> VenueRefused | None:
        """Cancel an order wherever it is; the venue's word that it is nowhere, None when it was cancelled."""
        refused: VenueRefused | None = None
        for book in self._books_for(client_id):

            async def withdraw(book: Mapping[str, Any] = book) -> Any:
                return await self._quirks.withdraw(self._client, symbol, client_id, book)

            try:
                await self._write(withdraw)
            except VenueRefused as error:
                if error.cause is not Refusal.UNKNOWN_ORDER:
                    raise
                refused = error
            else:
                return None
        return refused

    async def _find(self, symbol: str, client_id: str, book: Mapping[str, Any]) -> OrderReport | None:
        import ccxt

        try:
            order = await self._quirks.find(self._client, symbol, client_id, book)
        except ccxt.OrderNotFound:
            if (call := last_call()) is None or call.status >= 500:
                raise
            return None
        report = self._report(order)
        if child := self._quirks.child(order):
            self._trades.name(child, report.client_id)
            report = with_child(report, self._report(await self._client.fetch_order(child, symbol), named=False))
        return report

    def _report(self, order: Mapping[str, Any], *, named: bool = True) -> OrderReport:
        size = number(self._client.market(order["symbol"]).get("contractSize")) or Decimal(1)
        report = order_report(order, size, self._quirks)
        if named:
            conditional = report.type.conditional
            self._remember(report.client_id, self._quirks.conditional_book if conditional else 0)
            self._trades.name(report.venue_id, report.client_id)
        return report

    def _arguments(self, request: OrderRequest) -> tuple[Any, ...]:
        """What ccxt's ``create_order`` is called with."""
        size = number(self._client.market(request.symbol).get("contractSize")) or Decimal(1)
        parameters: dict[str, Any] = {"clientOrderId": request.client_id}
        if request.reduce_only and not request.closes_position:
            parameters["reduceOnly"] = True
        if request.post_only:
            parameters["postOnly"] = True
        match request.type:
            case OrderType.STOP:
                parameters["stopLossPrice"] = float(request.trigger or 0)
            case OrderType.TAKE_PROFIT:
                parameters["takeProfitPrice"] = float(request.trigger or 0)
            case OrderType.TRAILING:
                parameters["trailingPercent"] = float((request.callback or 0) * 100)
                if request.trigger is not None:
                    parameters["trailingTriggerPrice"] = float(request.trigger)
        return (
            request.symbol,
            "limit" if request.type is OrderType.LIMIT else "market",
            request.side.value,
            float(request.quantity / size),
            None if request.price is None else float(request.price),
            {**parameters, **self._quirks.order_parameters(request)},
        )

    def _books_for(self, client_id: str) -> Sequence[Mapping[str, Any]]:
        """Where to look for an order: the likely book first."""
        likely = self._books.get(client_id, 0)
        books = self._quirks.books
        return [books[likely], *(book for place, book in enumerate(books) if place != likely)]

    def _remember(self, client_id: str, book: int) -> None:
        self._books[client_id] = book
        self._books.move_to_end(client_id)
        if len(self._books) > _MOST_ORDERS:
            self._books.popitem(last=False)
