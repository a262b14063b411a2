"""Requests over a WebSocket: the same pages as over REST, and the spot account's user stream."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

import orjson

from gobot.sandbox.endpoints import Access, Endpoint
from gobot.sandbox.engine import Engine
from gobot.sandbox.errors import ApiError
from gobot.sandbox.limits import LimitKeeper
from gobot.sandbox.parameters import Parameters
from gobot.sandbox.security import require_in_time

SPOT_METHODS = {
    "ping": "GET /api/v3/ping",
    "time": "GET /api/v3/time",
    "exchangeInfo": "GET /api/v3/exchangeInfo",
    "klines": "GET /api/v3/klines",
    "depth": "GET /api/v3/depth",
    "ticker.price": "GET /api/v3/ticker/price",
    "ticker.book": "GET /api/v3/ticker/bookTicker",
    "ticker.24hr": "GET /api/v3/ticker/24hr",
    "account.status": "GET /api/v3/account",
    "order.place": "POST /api/v3/order",
    "order.status": "GET /api/v3/order",
    "order.cancel": "DELETE /api/v3/order",
    "openOrders.status": "GET /api/v3/openOrders",
    "openOrders.cancelAll": "DELETE /api/v3/openOrders",
    "allOrders": "GET /api/v3/allOrders",
    "myTrades": "GET /api/v3/myTrades",
}
FUTURES_METHODS = {
    "depth": "GET /fapi/v1/depth",
    "ticker.price": "GET /fapi/v1/ticker/price",
    "ticker.book": "GET /fapi/v1/ticker/bookTicker",
    "order.place": "POST /fapi/v1/order",
    "order.status": "GET /fapi/v1/order",
    "order.cancel": "DELETE /fapi/v1/order",
    "algoOrder.place": "POST /fapi/v1/algoOrder",
    "algoOrder.cancel": "DELETE /fapi/v1/algoOrder",
    "v2/account.balance": "GET /fapi/v2/balance",
    "v2/account.status": "GET /fapi/v3/account",
    "v2/account.position": "GET /fapi/v3/positionRisk",
    "account.balance": "GET /fapi/v2/balance",
    "account.status": "GET /fapi/v2/account",
    "account.position": "GET /fapi/v2/positionRisk",
}
SUBSCRIBE, UNSUBSCRIBE = "userDataStream.subscribe.signature", "userDataStream.unsubscribe"


class WsApi:
    """Answers requests that come as messages; ``methods`` are names of ``endpoints``."""

    def __init__(
        self,
        engine: Engine,
        endpoints: Mapping[str, Endpoint],
        methods: Mapping[str, str],
        limits: LimitKeeper,
        *,
        key: str,
        secret: str,
        speed: float,
    ) -> None:
        self._engine = engine
        self._endpoints = endpoints
        self._methods = methods
        self._limits = limits
        self._key, self._secret, self._speed = key, secret, speed

    def answer(self, text: str) -> tuple[dict[str, Any], str]:
        """The answer to a message, and the method if it changes what the connection hears."""
        number: Any = None
        method = ""
        try:
            message = orjson.loads(text)
            number, method = message.get("id"), str(message.get("method"))
            result = self._result(method, message.get("params") or {})
        except (orjson.JSONDecodeError, AttributeError):
            return {"id": None, "status": 400, "error": {"code": -1135, "msg": "Invalid JSON Request"}}, ""
        except ApiError as error:
            return {"id": number, "status": error.status, "error": error.document}, ""
        changes = method if method in (SUBSCRIBE, UNSUBSCRIBE) else ""
        return {"id": number, "status": 200, "result": result, "rateLimits": []}, changes

    def _result(self, method: str, values: Mapping[str, Any]) -> Any:
        self._limits.require_not_banned()
        parameters = Parameters({name: _text(value) for name, value in values.items()})
        if method in (SUBSCRIBE, UNSUBSCRIBE):
            self._limits.charge(2)
            if method == SUBSCRIBE:
                self._require_signed(values, parameters)
            return {"subscriptionId": 0} if method == SUBSCRIBE else {}
        endpoint = self._endpoints.get(self._methods.get(method, ""))
        if endpoint is None:
            raise ApiError(-1130, text=f"Unknown method '{method}'.")
        self._limits.charge(endpoint.weight(parameters))
        if endpoint.access is not Access.PUBLIC:
            self._require_signed(values, parameters)
        if endpoint.orders:
            self._limits.charge_orders(endpoint.orders)
        parameters.ignore("apiKey", "returnRateLimits")
        return endpoint.page(parameters)

    def _require_signed(self, values: Mapping[str, Any], parameters: Parameters) -> None:
        """Key and signature, which here is over the parameters in alphabetical order."""
        if not hmac.compare_digest(parameters.text("apiKey"), self._key):
            raise ApiError(-2015)
        payload = "&".join(f"{name}={_text(values[name])}" for name in sorted(values) if name != "signature")
        expected = hmac.new(self._secret.encode(), payload.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(parameters.text("signature"), expected):
            raise ApiError(-1022)
        require_in_time(parameters, now_ms=self._engine.shown_ms, speed=self._speed)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
