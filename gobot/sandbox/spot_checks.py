"""Whether the spot venue takes an order: filters and what depends on the price, with Binance's codes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from gobot.core import Side, plain
from gobot.sandbox.errors import ApiError
from gobot.sandbox.listings import Listing, decimals
from gobot.sandbox.spot_order import TRIGGERED_TYPES, SpotOrder

_CLIENT_ID = re.compile(r"[a-zA-Z0-9-_]{1,36}")
_UP, _DOWN = Decimal(5), Decimal("0.2")
_MOST_ORDERS, _MOST_TRIGGERED = 200, 5


def spot_filters(listing: Listing) -> list[dict[str, Any]]:
    """The trading rules in Binance's form."""
    rules, most = listing.market, listing.max_quantity
    step, least = plain(rules.quantity_step), plain(rules.min_quantity)
    return [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": plain(rules.price_step),
            "maxPrice": plain(rules.price_step * 10**9),
            "tickSize": plain(rules.price_step),
        },
        {"filterType": "LOT_SIZE", "minQty": least, "maxQty": plain(most), "stepSize": step},
        {"filterType": "MARKET_LOT_SIZE", "minQty": "0", "maxQty": plain(most / 10), "stepSize": "0"},
        {
            "filterType": "PERCENT_PRICE_BY_SIDE",
            "bidMultiplierUp": plain(_UP),
            "bidMultiplierDown": plain(_DOWN),
            "askMultiplierUp": plain(_UP),
            "askMultiplierDown": plain(_DOWN),
            "avgPriceMins": 5,
        },
        {
            "filterType": "NOTIONAL",
            "minNotional": plain(rules.min_notional),
            "applyMinToMarket": True,
            "maxNotional": "9000000",
            "applyMaxToMarket": False,
            "avgPriceMins": 5,
        },
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": _MOST_ORDERS},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": _MOST_TRIGGERED},
    ]


def require_filters(order: SpotOrder, listing: Listing, last: Decimal, waiting: Iterable[SpotOrder]) -> None:
    """Refuse an order that breaks a filter (-1013), or cannot be taken at this price (-2010)."""
    waiting = list(waiting)
    if listing.status != "TRADING":
        raise ApiError(-1013, text="Market is closed.")
    if not _CLIENT_ID.fullmatch(order.client_id):
        raise ApiError(-1100, "newClientOrderId", "^[a-zA-Z0-9-_]{1,36}$")
    if any(other.client_id == order.client_id for other in waiting):
        raise ApiError(-2010, text="Duplicate order sent.")
    _require_steps(order, listing)
    price = order.price or order.stop_price or last
    if order.quantity * price < listing.market.min_notional:
        raise _broken("NOTIONAL")
    if order.price and not _DOWN * last <= order.price <= _UP * last:
        raise _broken("PERCENT_PRICE_BY_SIDE")
    if len(waiting) >= _MOST_ORDERS:
        raise _broken("MAX_NUM_ORDERS")
    if order.type in TRIGGERED_TYPES and sum(o.type in TRIGGERED_TYPES for o in waiting) >= _MOST_TRIGGERED:
        raise _broken("MAX_NUM_ALGO_ORDERS")
    _require_place(order, last)


def _require_steps(order: SpotOrder, listing: Listing) -> None:
    rules = listing.market
    if decimals(order.quantity) > 8:
        raise ApiError(-1111, text="Parameter 'quantity' has too much precision.")
    if order.quantity <= 0:
        raise ApiError(-1013, text="Invalid quantity.")
    if not rules.min_quantity <= order.quantity <= listing.max_quantity:
        raise _broken("LOT_SIZE")
    if rules.round_quantity(order.quantity) != order.quantity:
        raise _broken("LOT_SIZE")
    if order.type == "MARKET" and order.quantity > listing.max_quantity / 10:
        raise _broken("MARKET_LOT_SIZE")
    for price in filter(None, (order.price, order.stop_price)):
        if price < 0 or rules.round_price(price) != price:
            raise _broken("PRICE_FILTER")


def _require_place(order: SpotOrder, last: Decimal) -> None:
    crosses = last < order.price if order.side is Side.BUY else last > order.price
    if order.type == "LIMIT_MAKER" and crosses:
        raise ApiError(-2010, text="Order would immediately match and take.")
    if order.type in TRIGGERED_TYPES and order.triggered_by(last):
        raise ApiError(-2010, text="Stop price would trigger immediately.")


def _broken(name: str) -> ApiError:
    return ApiError(-1013, text=f"Filter failure: {name}")
