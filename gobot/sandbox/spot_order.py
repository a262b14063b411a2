"""An order of the spot venue, and how Binance writes it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from gobot.core import ZERO, Side
from gobot.sandbox.records import amount, word

TRIGGERED_TYPES = ("STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT")
SPOT_TYPES = ("LIMIT", "LIMIT_MAKER", "MARKET", *TRIGGERED_TYPES)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpotFill:
    """One execution; ``fee`` in ``fee_asset``, which is what was received."""

    id: int
    order_id: int
    symbol_id: str
    side: Side
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_asset: str
    at_ms: int
    maker: bool

    @property
    def document(self) -> dict[str, Any]:
        """Its entry in myTrades."""
        return {
            "symbol": self.symbol_id,
            "id": self.id,
            "orderId": self.order_id,
            "orderListId": -1,
            "price": amount(self.price),
            "qty": amount(self.quantity),
            "quoteQty": amount(self.price * self.quantity),
            "commission": amount(self.fee),
            "commissionAsset": self.fee_asset,
            "time": self.at_ms,
            "isBuyer": self.side is Side.BUY,
            "isMaker": self.maker,
            "isBestMatch": True,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SpotOrder:
    """One order.  ``working`` is false while it waits for ``stop_price``; ``turnover`` is what was paid or received."""

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
    price: Decimal = ZERO
    stop_price: Decimal = ZERO
    quote_quantity: Decimal = ZERO
    filled: Decimal = ZERO
    turnover: Decimal = ZERO
    status: str = "NEW"
    working: bool = True

    @property
    def is_open(self) -> bool:
        """Whether it can still trade."""
        return self.status in ("NEW", "PARTIALLY_FILLED")

    @property
    def remaining(self) -> Decimal:
        """What has not been filled."""
        return self.quantity - self.filled

    @property
    def waits_above(self) -> bool:
        """Whether a rising price triggers it."""
        return self.type.startswith("STOP_LOSS") == (self.side is Side.BUY)

    def triggered_by(self, price: Decimal) -> bool:
        """Whether ``price`` triggers it."""
        return price >= self.stop_price if self.waits_above else price <= self.stop_price

    def document(self) -> dict[str, Any]:
        """As queries show it."""
        document = {
            **self._common(),
            "stopPrice": amount(self.stop_price),
            "icebergQty": amount(ZERO),
            "time": self.created_ms,
            "updateTime": self.updated_ms,
            "isWorking": self.working,
            "origQuoteOrderQty": amount(self.quote_quantity),
        }
        return document | ({"workingTime": self.created_ms} if self.working else {})

    def reply(self, kind: str, fills: list[SpotFill]) -> dict[str, Any]:
        """The answer to a new order: ACK, RESULT or FULL."""
        if kind == "ACK":
            names = ("symbol", "orderId", "orderListId", "clientOrderId")
            return {name: self._common()[name] for name in names} | {"transactTime": self.created_ms}
        document = {
            **self._common(),
            "transactTime": self.created_ms,
            "origQuoteOrderQty": amount(self.quote_quantity),
            "workingTime": self.created_ms if self.working else -1,
        }
        if kind == "FULL":
            names = ("price", "qty", "commission", "commissionAsset")
            document["fills"] = [
                {**{name: fill.document[name] for name in names}, "tradeId": fill.id} for fill in fills
            ]
        return document

    def canceled_reply(self, client_id: str) -> dict[str, Any]:
        """The answer to a cancellation, which has a client id of its own."""
        return {
            **self._common(),
            "origClientOrderId": self.client_id,
            "clientOrderId": client_id,
            "transactTime": self.updated_ms,
            "origQuoteOrderQty": amount(self.quote_quantity),
        }

    def _common(self) -> dict[str, Any]:
        return {
            "symbol": self.symbol_id,
            "orderId": self.id,
            "orderListId": -1,
            "clientOrderId": self.client_id,
            "price": amount(self.price),
            "origQty": amount(self.quantity),
            "executedQty": amount(self.filled),
            "cummulativeQuoteQty": amount(self.turnover),
            "status": self.status,
            "timeInForce": self.time_in_force,
            "type": self.type,
            "side": word(self.side),
            "selfTradePreventionMode": "EXPIRE_MAKER",
        }

    def event(self, kind: str, at_ms: int, fill: SpotFill | None) -> dict[str, Any]:
        """ExecutionReport of the user stream."""
        return {
            "e": "executionReport",
            "E": at_ms,
            "s": self.symbol_id,
            "c": self.client_id,
            "S": word(self.side),
            "o": self.type,
            "f": self.time_in_force,
            "q": amount(self.quantity),
            "p": amount(self.price),
            "P": amount(self.stop_price),
            "F": amount(ZERO),
            "g": -1,
            "C": "",
            "x": kind,
            "X": self.status,
            "r": "NONE",
            "i": self.id,
            "l": amount(fill.quantity if fill else ZERO),
            "z": amount(self.filled),
            "L": amount(fill.price if fill else ZERO),
            "n": amount(fill.fee) if fill else "0",
            "N": fill.fee_asset if fill else None,
            "T": at_ms,
            "t": fill.id if fill else -1,
            "I": self.id * 2,
            "w": self.working and self.is_open,
            "m": fill.maker if fill else False,
            "M": False,
            "O": self.created_ms,
            "Z": amount(self.turnover),
            "Y": amount(fill.price * fill.quantity if fill else ZERO),
            "Q": amount(self.quote_quantity),
            "W": self.created_ms,
            "V": "EXPIRE_MAKER",
        }
