"""Conditional orders: place, ask, cancel."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from gobot.core import ZERO, Side
from gobot.sandbox.algos import CONDITIONAL_TYPES, Algo
from gobot.sandbox.checks import (
    require_client_id,
    require_notional,
    require_price,
    require_quantity,
    require_tradable,
)
from gobot.sandbox.engine import Engine
from gobot.sandbox.errors import ApiError
from gobot.sandbox.journal import Journal
from gobot.sandbox.listings import MAX_ALGO_ORDERS, Listing
from gobot.sandbox.parameters import Parameters
from gobot.sandbox.trade_pages import SIDES, require_position_side, time_window

_TIMES_IN_FORCE = ("GTC", "GTE_GTC", "IOC", "FOK", "GTX")
_LEAST_CALLBACK, _MOST_CALLBACK = Decimal("0.1"), Decimal(10)


class AlgoPages:
    """Conditional orders of one account."""

    def __init__(self, engine: Engine, journal: Journal, dual_side: Callable[[], bool]) -> None:
        self._engine = engine
        self._book = engine.book
        self._journal = journal
        self._dual_side = dual_side

    def place(self, parameters: Parameters) -> dict[str, Any]:
        """A new conditional order."""
        algo = self._checked(parameters)
        parameters.require_all_read()
        added = self._book.add_algo(algo, self._engine.now_ms)
        self._journal.accepted("algo", added.id, added.client_id, parameters, self._engine.now_ms)
        return added.new_document()

    def order(self, parameters: Parameters) -> dict[str, Any]:
        """One conditional order."""
        algo = self._find(parameters, -2013)
        if not self._book.shown(algo.client_id, self._engine.now_ms):
            raise ApiError(-2013)
        return algo.query_document()

    def cancel(self, parameters: Parameters) -> dict[str, Any]:
        """Take a waiting order back."""
        algo = self._find(parameters, -2011)
        if not algo.is_open:
            raise ApiError(-2011)
        parameters.require_all_read()
        self._book.end_algo(algo, "CANCELED", self._engine.now_ms)
        return {"algoId": algo.id, "clientAlgoId": algo.client_id, "code": "200", "msg": "success"}

    def cancel_all(self, parameters: Parameters) -> dict[str, Any]:
        """Take every waiting order of a symbol back."""
        listing = self._engine.listings[parameters.text("symbol")]
        parameters.require_all_read()
        for algo in self._book.open_algos(listing.market.symbol):
            self._book.end_algo(algo, "CANCELED", self._engine.now_ms)
        return {"code": 200, "msg": "The operation of cancel all open order is done."}

    def open_orders(self, parameters: Parameters) -> list[dict[str, Any]]:
        """Waiting orders of a symbol, or of all."""
        parameters.ignore("algoType", "algoId")
        wanted = parameters.optional("symbol")
        symbol = self._engine.listings[wanted].market.symbol if wanted else None
        now = self._engine.now_ms
        return [a.list_document() for a in self._book.open_algos(symbol) if self._book.shown(a.client_id, now)]

    def all_orders(self, parameters: Parameters) -> list[dict[str, Any]]:
        """Orders of a symbol, oldest first."""
        parameters.ignore("page")
        listing = self._engine.listings[parameters.text("symbol")]
        since, until = time_window(parameters, self._engine.now_ms)
        first, limit = parameters.integer("algoId"), parameters.limit(500, 1000)
        rows = [
            algo.list_document()
            for algo in self._book.algos.values()
            if algo.symbol_id == listing.id
            and (algo.id >= first if first is not None else since <= algo.created_ms <= until)
        ]
        return rows[:limit] if first is not None or "startTime" in parameters else rows[-limit:]

    def _checked(self, parameters: Parameters) -> Algo:
        engine, now = self._engine, self._engine.now_ms
        parameters.choice("algoType", ("CONDITIONAL",), -1130)
        listing = engine.listings[parameters.text("symbol")]
        parameters.ignore("newOrderRespType", "priceProtect", "priceMatch", "selfTradePreventionMode", "goodTillDate")
        side = Side(parameters.choice("side", SIDES, -1117).lower())
        kind = parameters.choice("type", CONDITIONAL_TYPES, -1116)
        require_position_side(parameters, dual_side=self._dual_side())
        client_id = parameters.optional("clientAlgoId") or uuid.uuid4().hex[:22]
        require_client_id(client_id)
        require_tradable(listing)
        if any(algo.client_id == client_id for algo in self._book.open_algos()):
            raise ApiError(-4116)
        close_position, reduce_only = parameters.flag("closePosition"), parameters.flag("reduceOnly")
        price = self._price(parameters, listing, kind)
        algo = Algo(
            id=0,
            client_id=client_id,
            symbol=listing.market.symbol,
            symbol_id=listing.id,
            side=side,
            type=kind,
            time_in_force=parameters.choice(
                "timeInForce", _TIMES_IN_FORCE, -1115, "GTE_GTC" if close_position else "GTC"
            ),
            quantity=self._quantity(parameters, listing, kind, closing=close_position),
            price=price,
            trigger=self._trigger(parameters, listing, kind),
            activate=parameters.decimal("activatePrice"),
            callback=self._callback(parameters, kind),
            reduce_only=reduce_only,
            close_position=close_position,
            working_type=parameters.choice("workingType", ("CONTRACT_PRICE", "MARK_PRICE"), -1130, "CONTRACT_PRICE"),
            created_ms=now,
            updated_ms=now,
        )
        self._require_place(algo, listing)
        return algo.seen(engine.price(algo.symbol))

    def _price(self, parameters: Parameters, listing: Listing, kind: str) -> Decimal | None:
        price = parameters.decimal("price")
        if kind not in ("STOP", "TAKE_PROFIT"):
            return None
        if price is None:
            raise ApiError(-1102, "price")
        require_price(listing, price)
        return price

    def _quantity(self, parameters: Parameters, listing: Listing, kind: str, *, closing: bool) -> Decimal:
        quantity = parameters.decimal("quantity")
        if closing:
            if kind not in ("STOP_MARKET", "TAKE_PROFIT_MARKET"):
                raise ApiError(-4136, kind, "true")
            if quantity:
                raise ApiError(-4138)
            if "reduceOnly" in parameters:
                raise ApiError(-1106, "reduceonly")
            return ZERO
        if quantity is None:
            raise ApiError(-1102, "quantity")
        require_quantity(listing, quantity, market=kind not in ("STOP", "TAKE_PROFIT"))
        return quantity

    def _trigger(self, parameters: Parameters, listing: Listing, kind: str) -> Decimal | None:
        trigger = parameters.decimal("triggerPrice")
        if kind == "TRAILING_STOP_MARKET":
            return None
        if trigger is None:
            raise ApiError(-1102, "triggerprice")
        require_price(listing, trigger)
        return trigger

    def _callback(self, parameters: Parameters, kind: str) -> Decimal | None:
        callback = parameters.decimal("callbackRate")
        if kind != "TRAILING_STOP_MARKET":
            return None
        if callback is None:
            raise ApiError(-1102, "callbackrate")
        if not _LEAST_CALLBACK <= callback <= _MOST_CALLBACK:
            raise ApiError(-4137, text="Invalid callBack rate.")
        return callback

    def _require_place(self, algo: Algo, listing: Listing) -> None:
        """What depends on the price, the position and the other orders."""
        last, waiting = self._engine.price(algo.symbol), self._book.open_algos(algo.symbol)
        if algo.callback is None and algo.reached(last):
            raise ApiError(-2021)
        if algo.activate is not None:
            require_price(listing, algo.activate)
            if (algo.activate >= last) if algo.side is Side.BUY else (algo.activate <= last):
                raise ApiError(-2021)
        if not algo.close_position and not algo.reduce_only:
            require_notional(listing, algo.quantity, algo.price or algo.trigger or last)
        if len(waiting) >= MAX_ALGO_ORDERS:
            raise ApiError(-4045)
        if algo.close_position:
            self._require_closable(algo, waiting)

    def _require_closable(self, algo: Algo, waiting: list[Algo]) -> None:
        """One closing stop and one closing take-profit per side, and only where there is something to wait for."""
        if any(o.close_position and o.side is algo.side and o.is_stop == algo.is_stop for o in waiting):
            raise ApiError(-4130)
        holding = self._engine.venue.state.holdings.get(algo.symbol)
        if holding is None and not self._book.open_orders(algo.symbol):
            raise ApiError(-4509)

    def _find(self, parameters: Parameters, missing: int) -> Algo:
        parameters.ignore("symbol")
        number, client_id = parameters.integer("algoId"), parameters.optional("clientAlgoId")
        if number is None and client_id is None:
            raise ApiError(-1102, "algoId")
        if number is not None:
            algo = self._book.algos.get(number)
        else:
            newest_first = reversed(self._book.algos.values())
            algo = next((one for one in newest_first if one.client_id == client_id), None)
        if algo is None:
            raise ApiError(missing)
        return algo
