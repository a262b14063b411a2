"""The spot venue's pages: its rules, orders, and the account."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

from gobot.core import ZERO, Side
from gobot.sandbox.engine import Engine
from gobot.sandbox.errors import ApiError
from gobot.sandbox.journal import Journal
from gobot.sandbox.limits import Ceilings
from gobot.sandbox.listings import Listing
from gobot.sandbox.market_pages import MarketPages
from gobot.sandbox.parameters import Parameters
from gobot.sandbox.records import amount
from gobot.sandbox.spot_book import SpotBook
from gobot.sandbox.spot_checks import require_filters, spot_filters
from gobot.sandbox.spot_order import SPOT_TYPES, TRIGGERED_TYPES, SpotOrder

_DAY_MS = 86_400_000
_REPLIES = ("ACK", "RESULT", "FULL")


class SpotPages:
    """What one spot account may ask and do."""

    def __init__(self, engine: Engine, book: SpotBook, journal: Journal, market: MarketPages, limits: Ceilings) -> None:
        self._engine = engine
        self._book = book
        self._journal = journal
        self._market = market
        self._limits = limits

    # Rules and quotes

    def exchange_info(self, parameters: Parameters) -> dict[str, Any]:
        """Limits and trading rules."""
        parameters.ignore("permissions", "symbols", "showPermissionSets", "symbolStatus")
        wanted = parameters.optional("symbol")
        listings = [self._book.listings[wanted]] if wanted else list(self._book.listings)
        return {
            "timezone": "UTC",
            "serverTime": self._engine.shown_ms,
            "rateLimits": self._limits.spot_document,
            "exchangeFilters": [],
            "symbols": [_symbol(listing) for listing in listings],
        }

    def last_price(self, parameters: Parameters) -> Any:
        """ticker/price, which tells no time."""
        return _without(self._market.last_price(parameters), "time")

    def book_ticker(self, parameters: Parameters) -> Any:
        """Best bid and ask, which tell no time."""
        return _without(self._market.book_ticker(parameters), "time")

    def depth(self, parameters: Parameters) -> Any:
        """The order book, which tells no time."""
        return _without(self._market.depth(parameters), "E", "T")

    # Orders

    def place(self, parameters: Parameters) -> dict[str, Any]:
        """A new order."""
        order, reply = self._checked(parameters)
        placed, fills = self._book.place(order)
        self._journal.accepted("spot", placed.id, placed.client_id, parameters, self._engine.now_ms)
        return placed.reply(reply, fills)

    def test(self, parameters: Parameters) -> dict[str, Any]:
        """Check a new order without placing it."""
        self._checked(parameters)
        return {}

    def order(self, parameters: Parameters) -> dict[str, Any]:
        """One order."""
        order = self._find(parameters, -2013)
        if not self._engine.book.shown(order.client_id, self._engine.now_ms):
            raise ApiError(-2013)
        return order.document()

    def cancel(self, parameters: Parameters) -> dict[str, Any]:
        """Take one open order back."""
        parameters.ignore("cancelRestrictions")
        order = self._find(parameters, -2011)
        if not order.is_open:
            raise ApiError(-2011)
        client_id = parameters.optional("newClientOrderId") or uuid.uuid4().hex[:22]
        parameters.require_all_read()
        return self._book.cancel(order).canceled_reply(client_id)

    def cancel_all(self, parameters: Parameters) -> list[dict[str, Any]]:
        """Take every open order of a symbol back; an error where there is none."""
        listing = self._book.listings[parameters.text("symbol")]
        orders = self._book.open_orders(listing.id)
        if not orders:
            raise ApiError(-2011)
        parameters.require_all_read()
        return [self._book.cancel(order).canceled_reply(uuid.uuid4().hex[:22]) for order in orders]

    def open_orders(self, parameters: Parameters) -> list[dict[str, Any]]:
        """Open orders of a symbol, or of all."""
        wanted, now = parameters.optional("symbol"), self._engine.now_ms
        symbol_id = self._book.listings[wanted].id if wanted else None
        shown = self._engine.book.shown
        return [one.document() for one in self._book.open_orders(symbol_id) if shown(one.client_id, now)]

    def all_orders(self, parameters: Parameters) -> list[dict[str, Any]]:
        """Orders of a symbol, oldest first; at most a day between start and end."""
        listing = self._book.listings[parameters.text("symbol")]
        since, until = _window(parameters, self._engine.now_ms)
        first, limit = parameters.integer("orderId"), parameters.limit(500, 1000)
        rows = [
            order.document()
            for order in self._book.orders.values()
            if order.symbol_id == listing.id and order.id >= (first or 0) and since <= order.created_ms <= until
        ]
        return rows[:limit] if first is not None or "startTime" in parameters else rows[-limit:]

    def trades(self, parameters: Parameters) -> list[dict[str, Any]]:
        """Own trades of a symbol, oldest first; at most a day between start and end."""
        listing = self._book.listings[parameters.text("symbol")]
        since, until = _window(parameters, self._engine.now_ms)
        first, order_id = parameters.integer("fromId"), parameters.integer("orderId")
        limit = parameters.limit(500, 1000)
        rows = [
            fill.document
            for fill in self._book.fills
            if fill.symbol_id == listing.id
            and order_id in (None, fill.order_id)
            and fill.id >= (first or 0)
            and since <= fill.at_ms <= until
        ]
        return rows[:limit] if first is not None or "startTime" in parameters else rows[-limit:]

    # The account

    def account(self, parameters: Parameters) -> dict[str, Any]:
        """Coins, free and locked."""
        empty = not parameters.flag("omitZeroBalances")
        coins = sorted({*self._book.coins, *(listing.base for listing in self._book.listings)})
        balances = [
            {"asset": coin, "free": amount(self._book.free(coin)), "locked": amount(self._book.locked(coin))}
            for coin in coins
            if empty or self._book.coins.get(coin)
        ]
        rate = next(iter(self._book.listings)).market
        return {
            "makerCommission": int(rate.maker_fee * 10_000),
            "takerCommission": int(rate.taker_fee * 10_000),
            "buyerCommission": 0,
            "sellerCommission": 0,
            "commissionRates": _rates(rate.maker_fee, rate.taker_fee),
            "canTrade": True,
            "canWithdraw": True,
            "canDeposit": True,
            "brokered": False,
            "requireSelfTradePrevention": False,
            "preventSor": False,
            "updateTime": self._engine.now_ms,
            "accountType": "SPOT",
            "balances": balances,
            "permissions": ["SPOT"],
            "uid": 354_937_868,
        }

    def commission(self, parameters: Parameters) -> dict[str, Any]:
        """Fees of a symbol."""
        listing = self._book.listings[parameters.text("symbol")]
        none = _rates(ZERO, ZERO)
        return {
            "symbol": listing.id,
            "standardCommission": _rates(listing.market.maker_fee, listing.market.taker_fee),
            "specialCommission": none,
            "taxCommission": none,
            "discount": {
                "enabledForAccount": False,
                "enabledForSymbol": False,
                "discountAsset": "BNB",
                "discount": "0.75000000",
            },
        }

    def _checked(self, parameters: Parameters) -> tuple[SpotOrder, str]:
        listing = self._book.listings[parameters.text("symbol")]
        parameters.ignore("selfTradePreventionMode", "strategyId", "strategyType", "icebergQty", "trailingDelta")
        side = Side(parameters.choice("side", ("BUY", "SELL"), -1117).lower())
        kind = parameters.choice("type", SPOT_TYPES, -1116)
        client_id = parameters.optional("newClientOrderId") or uuid.uuid4().hex[:22]
        in_force = self._time_in_force(parameters, kind)
        price, stop_price = parameters.decimal("price"), parameters.decimal("stopPrice")
        _require_exactly("price", price, wanted=kind.endswith("LIMIT") or kind == "LIMIT_MAKER")
        _require_exactly("stopPrice", stop_price, wanted=kind in TRIGGERED_TYPES)
        last = self._engine.price(listing.market.symbol)
        quantity, quote_quantity = _quantity(parameters, listing, kind, last)
        default = "FULL" if kind in ("MARKET", "LIMIT") else "ACK"
        reply = parameters.choice("newOrderRespType", _REPLIES, -1130, default)
        parameters.require_all_read()
        now = self._engine.now_ms
        order = SpotOrder(
            id=0,
            client_id=client_id,
            symbol=listing.market.symbol,
            symbol_id=listing.id,
            side=side,
            type=kind,
            time_in_force=in_force,
            quantity=quantity,
            price=price or ZERO,
            stop_price=stop_price or ZERO,
            quote_quantity=quote_quantity,
            working=kind not in TRIGGERED_TYPES,
            created_ms=now,
            updated_ms=now,
        )
        require_filters(order, listing, last, self._book.open_orders(listing.id))
        return order, reply

    def _time_in_force(self, parameters: Parameters, kind: str) -> str:
        if kind in ("LIMIT", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"):
            return parameters.choice("timeInForce", ("GTC", "IOC", "FOK"), -1115)
        if "timeInForce" in parameters:
            raise ApiError(-1106, "timeInForce")
        return "GTC"

    def _find(self, parameters: Parameters, missing: int) -> SpotOrder:
        listing = self._book.listings[parameters.text("symbol")]
        number, client_id = parameters.integer("orderId"), parameters.optional("origClientOrderId")
        if number is None and client_id is None:
            text = "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!"
            raise ApiError(-1102, text=text)
        order = self._book.orders.get(number) if number is not None else self._book.find(listing.id, client_id or "")
        if order is None or order.symbol_id != listing.id:
            raise ApiError(missing)
        return order


def _quantity(parameters: Parameters, listing: Listing, kind: str, last: Decimal) -> tuple[Decimal, Decimal]:
    """In base coins, and as it was asked for in quote coins."""
    quantity, quote = parameters.decimal("quantity"), parameters.decimal("quoteOrderQty")
    if quantity is None and (quote is None or kind != "MARKET"):
        raise ApiError(-1102, "quantity")
    if quantity is not None and quote is not None:
        raise ApiError(-1128)
    if quantity is None:
        return listing.market.round_quantity((quote or ZERO) / last), quote or ZERO
    return quantity, ZERO


def _require_exactly(name: str, value: Decimal | None, *, wanted: bool) -> None:
    if wanted and value is None:
        raise ApiError(-1102, name)
    if not wanted and value is not None:
        raise ApiError(-1106, name)


def _window(parameters: Parameters, now_ms: int) -> tuple[int, int]:
    """``startTime`` and ``endTime``, a day at most; everything where neither is sent."""
    start, end = parameters.integer("startTime"), parameters.integer("endTime")
    if start is not None and end is not None and end - start > _DAY_MS:
        raise ApiError(-1127, 24)
    if start is None:
        return 0 if end is None else end - _DAY_MS, now_ms if end is None else end
    return start, start + _DAY_MS if end is None else end


def _rates(maker: Decimal, taker: Decimal) -> dict[str, str]:
    return {"maker": f"{maker:.8f}", "taker": f"{taker:.8f}", "buyer": "0.00000000", "seller": "0.00000000"}


def _without(document: Any, *names: str) -> Any:
    if isinstance(document, list):
        return [_without(one, *names) for one in document]
    return {name: value for name, value in document.items() if name not in names}


def _symbol(listing: Listing) -> dict[str, Any]:
    """Its entry in exchangeInfo."""
    return {
        "symbol": listing.id,
        "status": "TRADING" if listing.status == "TRADING" else "BREAK",
        "baseAsset": listing.base,
        "baseAssetPrecision": 8,
        "quoteAsset": listing.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": list(SPOT_TYPES),
        "icebergAllowed": False,
        "ocoAllowed": False,
        "otoAllowed": False,
        "opoAllowed": False,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": False,
        "cancelReplaceAllowed": False,
        "amendAllowed": False,
        "pegInstructionsAllowed": False,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": spot_filters(listing),
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
        "allowedSelfTradePreventionModes": ["EXPIRE_MAKER"],
    }
