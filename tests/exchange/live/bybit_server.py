"""A server on loopback that speaks as much of Bybit's v5 API as one account with linear perpetuals needs.

Orders fill at once at the price of the moment; conditional ones when `move` takes the price through their trigger.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections import Counter
from decimal import Decimal
from typing import Any, Self
from urllib.parse import parse_qsl

from aiohttp import web

from gobot.core import Clock

KEY, SECRET = "bybit-key", "bybit-secret"
FEE = Decimal("0.00055")
MINUTE = 60_000
COINS = {"BTCUSDT": Decimal(50_000), "ETHUSDT": Decimal(2_000)}


class Refusal(Exception):
    def __init__(self, code: int, text: str = "No.") -> None:
        super().__init__(text)
        self.code = code


class BybitServer:
    """`prices` hold until they are moved; `fail` lets the next requests for a path end otherwise."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.prices = dict(COINS)
        self.wallet = Decimal(10_000)
        self.held: dict[str, tuple[Decimal, Decimal]] = {}
        self.leverage = dict.fromkeys(COINS, "10")
        self.margin_mode = "REGULAR_MARGIN"
        self.withdraw = False
        self.orders: dict[str, dict[str, Any]] = {}
        self.executions: list[dict[str, Any]] = []
        self.requests: Counter[str] = Counter()
        self.faults: dict[str, list[str]] = {}
        self.port = 0
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/v5/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def fail(self, path: str, *faults: str) -> None:
        """A fault is "lost" (done, and nobody hears of it), "never" (not done, no answer) or a retCode."""
        self.faults.setdefault(path, []).extend(faults)

    def move(self, symbol: str, price: Decimal | int) -> None:
        self.prices[symbol] = Decimal(price)
        for order in list(self.orders.values()):
            if order["symbol"] == symbol and order["orderStatus"] == "Untriggered" and self._passed(order):
                self._fill(order)

    # Requests

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        path, body = request.match_info["path"], await request.text()
        self.requests[path] += 1
        told = dict(parse_qsl(request.query_string)) if request.method == "GET" else json.loads(body or "{}")
        fault = self.faults[path].pop(0) if self.faults.get(path) else ""
        if fault == "never":
            return self._hang_up(request)
        if path == "private":
            # There are no streams here.
            return web.Response(status=404)
        try:
            self._refuse(fault)
            if not path.startswith("market/"):
                self._require_signed(request, request.query_string if request.method == "GET" else body)
            result, code, text = self._answer(path, told), 0, "OK"
        except Refusal as error:
            result, code, text = {}, error.code, str(error)
        if fault == "lost":
            return self._hang_up(request)
        return web.json_response({"retCode": code, "retMsg": text, "result": result, "time": self.clock.now_ms()})

    def _refuse(self, fault: str) -> None:
        if fault.isdigit():
            raise Refusal(int(fault))

    def _hang_up(self, request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    def _require_signed(self, request: web.Request, payload: str) -> None:
        headers = request.headers
        stamp, window = headers["X-BAPI-TIMESTAMP"], headers["X-BAPI-RECV-WINDOW"]
        signed = hmac.new(SECRET.encode(), f"{stamp}{KEY}{window}{payload}".encode(), hashlib.sha256).hexdigest()
        if headers["X-BAPI-API-KEY"] != KEY or headers["X-BAPI-SIGN"] != signed:
            raise Refusal(10003, "API key is invalid.")
        if not self.clock.now_ms() - int(window) <= int(stamp) < self.clock.now_ms() + 1000:
            raise Refusal(10002, "invalid request, please check your server timestamp or recv_window param.")

    def _answer(self, path: str, told: dict[str, Any]) -> Any:
        pages = {
            "market/time": lambda: {
                "timeSecond": str(self.clock.now_ms() // 1000),
                "timeNano": f"{self.clock.now_ms()}000000",
            },
            "market/instruments-info": self._instruments,
            "market/tickers": lambda: self._tickers(told.get("symbol")),
            "market/orderbook": lambda: self._book(told["symbol"]),
            "market/kline": lambda: self._klines(told),
            "user/query-api": self._key,
            "account/info": lambda: {"marginMode": self.margin_mode, "unifiedMarginStatus": 6},
            "account/set-margin-mode": lambda: self._set_margin_mode(told),
            "account/wallet-balance": self._balance,
            "position/list": lambda: {"category": "linear", "list": self._positions(told.get("symbol"))},
            "position/set-leverage": lambda: self._set_leverage(told),
            "order/create": lambda: self._create(told),
            "order/cancel": lambda: self._cancel(told),
            "order/realtime": lambda: self._orders(told, history=False),
            "order/history": lambda: self._orders(told, history=True),
            "execution/list": lambda: self._executions(told),
        }
        if path not in pages:
            raise Refusal(10001, f"nobody answers to {path}")
        return pages[path]()

    # The market

    def _instruments(self) -> dict[str, Any]:
        rows = [
            {
                "symbol": symbol,
                "contractType": "LinearPerpetual",
                "status": "Trading",
                "baseCoin": symbol.removesuffix("USDT"),
                "quoteCoin": "USDT",
                "settleCoin": "USDT",
                "launchTime": "1585526400000",
                "deliveryTime": "0",
                "priceScale": "2",
                "fundingInterval": 480,
                "leverageFilter": {"minLeverage": "1", "maxLeverage": "100.00", "leverageStep": "0.01"},
                "priceFilter": {"minPrice": "0.10", "maxPrice": "199999.80", "tickSize": "0.10"},
                "lotSizeFilter": {
                    "maxOrderQty": "1190",
                    "minOrderQty": "0.001",
                    "qtyStep": "0.001",
                    "minNotionalValue": "5",
                },
            }
            for symbol in COINS
        ]
        return {"category": "linear", "list": rows, "nextPageCursor": ""}

    def _tickers(self, symbol: str | None) -> dict[str, Any]:
        now = self.clock.now_ms()
        rows = [
            {
                "symbol": name,
                "lastPrice": str(price),
                "markPrice": str(price),
                "indexPrice": str(price),
                "bid1Price": str(price - Decimal("0.1")),
                "ask1Price": str(price + Decimal("0.1")),
                "turnover24h": "1000000",
                "volume24h": "100",
                "openInterest": "100",
                "openInterestValue": "5000000",
                "fundingRate": "0.0001",
                "nextFundingTime": str(now - now % 28_800_000 + 28_800_000),
            }
            for name, price in self.prices.items()
            if symbol in (None, name)
        ]
        return {"category": "linear", "list": rows}

    def _book(self, symbol: str) -> dict[str, Any]:
        price = self.prices[symbol]
        sides = {
            side: [[str(price + Decimal(sign * step) / 10), "100"] for step in range(1, 21)]
            for side, sign in (("b", -1), ("a", 1))
        }
        return {"s": symbol, **sides, "ts": self.clock.now_ms(), "u": 1, "seq": 1}

    def _klines(self, told: dict[str, Any]) -> dict[str, Any]:
        length = int(told["interval"]) * MINUTE
        start, now, price = int(told["start"]), self.clock.now_ms(), str(self.prices[told["symbol"]])
        opens = range(-(-start // length) * length, now + 1, length)[: int(told.get("limit", 200))]
        return {"list": [[str(at), price, price, price, price, "10", "1000"] for at in reversed(opens)]}

    # The account

    def _key(self) -> dict[str, Any]:
        wallet = ["AccountTransfer", *(["Withdraw"] if self.withdraw else [])]
        permissions = {"ContractTrade": ["Order", "Position"], "Wallet": wallet}
        return {"readOnly": 0, "unified": 0, "uta": 1, "permissions": permissions}

    def _set_margin_mode(self, told: dict[str, Any]) -> dict[str, Any]:
        self.margin_mode = told["setMarginMode"]
        return {"reasons": []}

    def _set_leverage(self, told: dict[str, Any]) -> dict[str, Any]:
        if self.leverage[told["symbol"]] == told["buyLeverage"]:
            raise Refusal(110043, "leverage not modified")
        self.leverage[told["symbol"]] = told["buyLeverage"]
        return {}

    def _balance(self) -> dict[str, Any]:
        profit = sum(((self.prices[s] - entry) * q for s, (q, entry) in self.held.items()), Decimal(0))
        coin = {"coin": "USDT", "walletBalance": str(self.wallet), "equity": str(self.wallet + profit)}
        return {"list": [{"accountType": "UNIFIED", "totalAvailableBalance": str(self.wallet), "coin": [coin]}]}

    def _positions(self, symbol: str | None) -> list[dict[str, Any]]:
        rows = []
        for name in COINS:
            quantity, entry = self.held.get(name, (Decimal(0), Decimal(0)))
            if symbol == name or (symbol is None and quantity):
                rows.append(
                    {
                        "positionIdx": 0,
                        "symbol": name,
                        "side": "Buy" if quantity > 0 else "Sell" if quantity < 0 else "",
                        "size": str(abs(quantity)),
                        "avgPrice": str(entry),
                        "markPrice": str(self.prices[name]),
                        "leverage": self.leverage[name],
                        "positionValue": str(abs(quantity) * entry),
                        "liqPrice": "",
                        "unrealisedPnl": str((self.prices[name] - entry) * quantity),
                        "updatedTime": str(self.clock.now_ms()),
                        "tradeMode": 0,
                    }
                )
        return rows

    # Orders

    def _create(self, told: dict[str, Any]) -> dict[str, Any]:
        symbol, link = told["symbol"], told["orderLinkId"]
        if any(o["orderLinkId"] == link for o in self.orders.values()):
            raise Refusal(110072, "OrderLinkedID is duplicate")
        held = self.held.get(symbol, (Decimal(0), Decimal(0)))[0]
        reduces = told.get("reduceOnly") is True
        if reduces and "triggerPrice" not in told and not held:
            raise Refusal(110017, "current position is zero, cannot fix reduce-only order qty")
        now = str(self.clock.now_ms())
        order = {
            "orderId": f"id-{len(self.orders) + 1}",
            "orderLinkId": link,
            "symbol": symbol,
            "side": told["side"],
            "orderType": told["orderType"],
            "price": told.get("price", "0"),
            "qty": told["qty"],
            "cumExecQty": "0",
            "cumExecValue": "0",
            "leavesQty": told["qty"],
            "avgPrice": "",
            "orderStatus": "New",
            "stopOrderType": "Stop" if "triggerPrice" in told else "",
            "triggerPrice": told.get("triggerPrice", ""),
            "triggerDirection": told.get("triggerDirection", 0),
            "reduceOnly": reduces,
            "closeOnTrigger": told.get("closeOnTrigger", False),
            "timeInForce": told.get("timeInForce", "IOC"),
            "tpslMode": "",
            "createdTime": now,
            "updatedTime": now,
        }
        if order["triggerPrice"]:
            order["orderStatus"] = "Untriggered"
            if self._passed(order):
                raise Refusal(110093, "expect Falling, but trigger_price >= current")
        self.orders[order["orderId"]] = order
        if order["orderType"] == "Market" and not order["triggerPrice"]:
            self._fill(order)
        return {"orderId": order["orderId"], "orderLinkId": link}

    def _cancel(self, told: dict[str, Any]) -> dict[str, Any]:
        for order in self.orders.values():
            if told.get("orderLinkId") == order["orderLinkId"] and order["orderStatus"] in ("New", "Untriggered"):
                order["orderStatus"] = "Deactivated" if order["triggerPrice"] else "Cancelled"
                order["updatedTime"] = str(self.clock.now_ms())
                return {"orderId": order["orderId"], "orderLinkId": order["orderLinkId"]}
        raise Refusal(110001, "order not exists or too late to cancel")

    def _orders(self, told: dict[str, Any], *, history: bool) -> dict[str, Any]:
        """The list in real time has the open ones, and by name also those that ended a moment ago."""
        link, symbol, rows = told.get("orderLinkId"), told.get("symbol"), []
        for order in self.orders.values():
            live = order["orderStatus"] in ("New", "Untriggered", "PartiallyFilled")
            if symbol not in (None, order["symbol"]) or link not in (None, order["orderLinkId"]):
                continue
            if history is not live:
                rows.append(order)
        return {"category": "linear", "list": rows, "nextPageCursor": ""}

    def _executions(self, told: dict[str, Any]) -> dict[str, Any]:
        start, end = int(told.get("startTime", 0)), int(told.get("endTime", 1 << 60))
        if end - start > 7 * 86_400_000:
            raise Refusal(10001, "the time range must be within 7 days")
        rows = [
            one
            for one in self.executions
            if start <= int(one["execTime"]) <= end
            and told.get("execType") in (None, one["execType"])
            and told.get("symbol") in (None, one["symbol"])
        ]
        return {"category": "linear", "list": rows[::-1][: int(told.get("limit", 50))], "nextPageCursor": ""}

    def _passed(self, order: dict[str, Any]) -> bool:
        price, trigger = self.prices[order["symbol"]], Decimal(order["triggerPrice"])
        return price >= trigger if int(order["triggerDirection"]) == 1 else price <= trigger

    def _fill(self, order: dict[str, Any]) -> None:
        symbol, price = order["symbol"], self.prices[order["symbol"]]
        held, entry = self.held.get(symbol, (Decimal(0), Decimal(0)))
        quantity = Decimal(order["qty"])
        if order["reduceOnly"]:
            quantity = abs(held) if order["closeOnTrigger"] else min(quantity, abs(held))
        if not quantity:
            order["orderStatus"] = "Cancelled"
            return
        signed = quantity if order["side"] == "Buy" else -quantity
        fee, now = quantity * price * FEE, str(self.clock.now_ms())
        if held * signed < 0:
            self.wallet += (price - entry) * min(quantity, abs(held)) * (1 if held > 0 else -1)
            after = held + signed
            self.held[symbol] = (after, entry if after * held > 0 else price)
        else:
            self.held[symbol] = (held + signed, (entry * abs(held) + price * quantity) / (abs(held) + quantity))
        if not self.held[symbol][0]:
            del self.held[symbol]
        self.wallet -= fee
        order |= {
            "orderStatus": "Filled",
            "cumExecQty": str(quantity),
            "cumExecValue": str(quantity * price),
            "leavesQty": "0",
            "avgPrice": str(price),
            "updatedTime": now,
        }
        self.executions.append(
            {
                "execId": f"exec-{len(self.executions) + 1}",
                "orderId": order["orderId"],
                "orderLinkId": order["orderLinkId"],
                "symbol": symbol,
                "side": order["side"],
                "orderType": order["orderType"],
                "execType": "Trade",
                "execPrice": str(price),
                "execQty": str(quantity),
                "execValue": str(quantity * price),
                "execFee": str(fee),
                "feeRate": str(FEE),
                "isMaker": False,
                "execTime": now,
                "category": "linear",
            }
        )
