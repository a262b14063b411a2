"""Whether an order may be placed at all: statuses, filters and client ids, refused with Binance's codes."""

from __future__ import annotations

import re
from decimal import Decimal

from gobot.core import Side, plain
from gobot.sandbox.errors import ApiError
from gobot.sandbox.listings import PERCENT_DOWN, PERCENT_UP, Listing, decimals

_CLIENT_ID = re.compile(r"[.A-Z:/a-z0-9_-]+")
_LONGEST_ID = 36


def require_client_id(client_id: str) -> None:
    """At most 36 letters, digits and ``. : / _ -``."""
    if len(client_id) > _LONGEST_ID:
        raise ApiError(-4015)
    if not _CLIENT_ID.fullmatch(client_id):
        raise ApiError(-1100, "newClientOrderId", "^[\\.A-Z\\:/a-z0-9_-]{1,36}$")


def require_tradable(listing: Listing) -> None:
    """Only symbols that are TRADING take orders; cancelling is always possible."""
    if listing.status != "TRADING":
        raise ApiError(-4108)


def require_quantity(listing: Listing, quantity: Decimal, *, market: bool) -> None:
    """LOT_SIZE and MARKET_LOT_SIZE."""
    rules = listing.market
    if quantity <= 0:
        raise ApiError(-4003)
    if decimals(quantity) > decimals(rules.quantity_step):
        raise ApiError(-1111)
    if quantity < rules.min_quantity:
        raise ApiError(-4004)
    if quantity > (listing.max_quantity / 10 if market else listing.max_quantity):
        raise ApiError(-4005)
    if rules.round_quantity(quantity) != quantity:
        raise ApiError(-4023)


def require_price(listing: Listing, price: Decimal) -> None:
    """PRICE_FILTER."""
    step = listing.market.price_step
    if price <= 0:
        raise ApiError(-4001)
    if decimals(price) > decimals(step):
        raise ApiError(-1111)
    if price < step:
        raise ApiError(-4013)
    if price > step * 10**9:
        raise ApiError(-4002)
    if listing.market.round_price(price) != price:
        raise ApiError(-4014)


def require_near(side: Side, price: Decimal, mark: Decimal) -> None:
    """PERCENT_PRICE: buying not far above the mark price, selling not far below."""
    if side is Side.BUY and price > mark * PERCENT_UP:
        raise ApiError(-4016, text=f"Limit price can't be higher than {plain(mark * PERCENT_UP)}.")
    if side is Side.SELL and price < mark * PERCENT_DOWN:
        raise ApiError(-4024, text=f"Limit price can't be lower than {plain(mark * PERCENT_DOWN)}.")


def require_notional(listing: Listing, quantity: Decimal, price: Decimal) -> None:
    """MIN_NOTIONAL, which orders that only reduce need not meet."""
    if quantity * price < listing.market.min_notional:
        raise ApiError(-4164, plain(listing.market.min_notional))
