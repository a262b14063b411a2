"""Conditional orders, which Binance keeps apart from the book: they wait for a price and then send an order.

Since 2025-12-09 they live on ``/fapi/v1/algoOrder`` with numbers and client ids of their own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from gobot.core import ZERO, Side, plain
from gobot.sandbox.prices import Leg
from gobot.sandbox.records import word

CONDITIONAL_TYPES = ("STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET")
_HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Algo:
    """One conditional order.

    ``status`` is NEW, then CANCELED, EXPIRED, or TRIGGERED and at last FINISHED or REJECTED.  ``callback`` is a
    trailing stop's distance in percent, ``extreme`` the best price that it has seen since it runs (None: it waits for
    ``activate``), ``order_id`` the order that it sent.
    """

    id: int
    client_id: str
    symbol: str
    symbol_id: str
    side: Side
    type: str
    time_in_force: str
    quantity: Decimal
    created_ms: int
    updated_ms: int
    price: Decimal | None = None
    trigger: Decimal | None = None
    activate: Decimal | None = None
    callback: Decimal | None = None
    extreme: Decimal | None = None
    reduce_only: bool = False
    close_position: bool = False
    working_type: str = "CONTRACT_PRICE"
    status: str = "NEW"
    triggered_ms: int = 0
    order_id: int | None = None
    order_type: str = ""
    filled: Decimal = ZERO
    average: Decimal = ZERO
    reason: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it still waits."""
        return self.status == "NEW"

    @property
    def is_stop(self) -> bool:
        """Whether it limits a loss."""
        return self.type in ("STOP", "STOP_MARKET", "TRAILING_STOP_MARKET")

    @property
    def waits_above(self) -> bool:
        """Whether a rising price triggers it."""
        return self.is_stop == (self.side is Side.BUY)

    @property
    def level(self) -> Decimal | None:
        """The price that triggers it; None for a trailing stop that is not running yet."""
        if self.callback is None:
            return self.trigger
        if self.extreme is None:
            return None
        sign = 1 if self.side is Side.BUY else -1
        return self.extreme * (1 + sign * self.callback / _HUNDRED)

    def reached(self, price: Decimal) -> bool:
        """Whether ``price`` triggers it."""
        level = self.level
        if level is None:
            return False
        return price >= level if self.waits_above else price <= level

    def triggered_in(self, leg: Leg) -> Decimal | None:
        """The price at which it triggers while the price moves along ``leg``, or None."""
        if self.reached(leg.start):
            return leg.start
        if not self.reached(leg.end):
            return None
        return leg.end if leg.jump else self.level

    def seen(self, price: Decimal) -> Algo:
        """After the price has been there: a trailing stop follows it, or begins to run."""
        if self.callback is None:
            return self
        if self.extreme is None:
            return replace(self, extreme=price) if self._activated(price) else self
        better = min(self.extreme, price) if self.side is Side.BUY else max(self.extreme, price)
        return self if better == self.extreme else replace(self, extreme=better)

    def _activated(self, price: Decimal) -> bool:
        if self.activate is None:
            return True
        return price <= self.activate if self.side is Side.BUY else price >= self.activate

    def document(self) -> dict[str, Any]:
        """In Binance's form, as every endpoint shows it."""
        return {
            "algoId": self.id,
            "clientAlgoId": self.client_id,
            "algoType": "CONDITIONAL",
            "orderType": self.type,
            "symbol": self.symbol_id,
            "side": word(self.side),
            "positionSide": "BOTH",
            "timeInForce": self.time_in_force,
            "quantity": plain(self.quantity),
            "algoStatus": self.status,
            "triggerPrice": plain(self.trigger or ZERO),
            "price": plain(self.price or ZERO),
            "icebergQuantity": None,
            "selfTradePreventionMode": "EXPIRE_MAKER",
            "workingType": self.working_type,
            "priceMatch": "NONE",
            "closePosition": self.close_position,
            "priceProtect": False,
            "reduceOnly": self.reduce_only,
            "createTime": self.created_ms,
            "updateTime": self.updated_ms,
            "triggerTime": self.triggered_ms,
            "goodTillDate": 0,
        }

    def new_document(self) -> dict[str, Any]:
        """With what belongs to a trailing stop, which only the answer to a new one tells."""
        trailing = (self.activate, self.callback)
        activate, callback = ("" if value is None else plain(value) for value in trailing)
        return {**self.document(), "activatePrice": activate, "callbackRate": callback}

    def query_document(self) -> dict[str, Any]:
        """With the order that it sent, as a query for it shows."""
        return {**self._sent(), "actualType": self.order_type, "actualQty": plain(self.filled)}

    def list_document(self) -> dict[str, Any]:
        """With the order that it sent and with its linked orders, of which it has none, as lists show."""
        linked = {"tpTriggerPrice": "0.000", "tpPrice": "0.000", "slTriggerPrice": "0.000", "slPrice": "0.000"}
        return {**self._sent(), **linked}

    def _sent(self) -> dict[str, Any]:
        number = "" if self.order_id is None else str(self.order_id)
        return {**self.document(), "actualOrderId": number, "actualPrice": plain(self.average), "tpOrderType": ""}

    def event(self, at_ms: int) -> dict[str, Any]:
        """ALGO_UPDATE of the user stream."""
        body = {
            "caid": self.client_id,
            "aid": self.id,
            "at": "CONDITIONAL",
            "o": self.type,
            "s": self.symbol_id,
            "S": word(self.side),
            "ps": "BOTH",
            "f": self.time_in_force,
            "q": plain(self.quantity),
            "X": self.status,
            "ai": "" if self.order_id is None else str(self.order_id),
            "tp": plain(self.trigger or ZERO),
            "p": plain(self.price or ZERO),
            "V": "EXPIRE_MAKER",
            "wt": self.working_type,
            "pm": "NONE",
            "cp": self.close_position,
            "pP": False,
            "R": self.reduce_only,
            "tt": self.triggered_ms,
            "gtd": 0,
            "rm": self.reason,
        }
        if self.callback is not None:
            body["ia"] = self.extreme is not None
        if self.order_id is not None:
            body |= {"ap": plain(self.average), "aq": plain(self.filled), "act": self.order_type}
        return {"e": "ALGO_UPDATE", "T": at_ms, "E": at_ms, "o": body}
