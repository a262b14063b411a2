"""What is listed: Binance's names for gobot's symbols, and the trading rules as filters."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from gobot.core import ZERO, Market, plain
from gobot.sandbox.errors import ApiError

PERCENT_UP, PERCENT_DOWN = Decimal("1.05"), Decimal("0.95")
MAX_ORDERS, MAX_ALGO_ORDERS = 200, 10
ORDER_TYPES = ["LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"]
TIMES_IN_FORCE = ["GTC", "IOC", "FOK", "GTX", "GTD"]
_LONG_AGO_MS, _NEVER_MS = 1_569_398_400_000, 4_133_404_800_000
_MIN_NOTIONAL = Decimal(5)
_MOST_LOTS = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One perpetual contract; ``id`` is Binance's name for ``market.symbol``.

    ``status`` is TRADING, or what Binance says when it is not: PENDING_TRADING, SETTLING, CLOSE.
    """

    id: str
    base: str
    quote: str
    market: Market
    status: str = "TRADING"

    @property
    def max_quantity(self) -> Decimal:
        """The most that one limit order may ask for; a market order a tenth of it."""
        return self.market.quantity_step * _MOST_LOTS

    @property
    def filters(self) -> list[dict[str, Any]]:
        """The trading rules in Binance's form."""
        market, most = self.market, self.max_quantity
        return [
            {
                "filterType": "PRICE_FILTER",
                "minPrice": plain(market.price_step),
                "maxPrice": plain(market.price_step * 10**9),
                "tickSize": plain(market.price_step),
            },
            {"filterType": "LOT_SIZE", **_lots(market, most)},
            {"filterType": "MARKET_LOT_SIZE", **_lots(market, most / 10)},
            {"filterType": "MAX_NUM_ORDERS", "limit": MAX_ORDERS},
            {"filterType": "MAX_NUM_ALGO_ORDERS", "limit": MAX_ALGO_ORDERS},
            {"filterType": "MIN_NOTIONAL", "notional": plain(market.min_notional)},
            {
                "filterType": "PERCENT_PRICE",
                "multiplierUp": f"{PERCENT_UP:.4f}",
                "multiplierDown": f"{PERCENT_DOWN:.4f}",
                "multiplierDecimal": "4",
            },
        ]

    @property
    def document(self) -> dict[str, Any]:
        """Its entry in exchangeInfo."""
        return {
            "symbol": self.id,
            "pair": self.id,
            "contractType": "PERPETUAL",
            "deliveryDate": _NEVER_MS,
            "onboardDate": _LONG_AGO_MS,
            "status": self.status,
            "maintMarginPercent": "2.5000",
            "requiredMarginPercent": "5.0000",
            "baseAsset": self.base,
            "quoteAsset": self.quote,
            "marginAsset": self.quote,
            "pricePrecision": decimals(self.market.price_step),
            "quantityPrecision": decimals(self.market.quantity_step),
            "baseAssetPrecision": 8,
            "quotePrecision": 8,
            "underlyingType": "COIN",
            "underlyingSubType": [],
            "settlePlan": 0,
            "triggerProtect": "0.0500",
            "liquidationFee": "0.012500",
            "marketTakeBound": "0.05",
            "filters": self.filters,
            "orderTypes": ORDER_TYPES,
            "timeInForce": TIMES_IN_FORCE,
        }


class Listings:
    """Everything that is listed; statuses change while the server runs."""

    def __init__(self, listings: Iterable[Listing]) -> None:
        self._by_id = {listing.id: listing for listing in listings}
        self._by_symbol = {listing.market.symbol: listing.id for listing in self._by_id.values()}

    def __iter__(self) -> Any:
        return iter(self._by_id.values())

    def __getitem__(self, symbol_id: str) -> Listing:
        """By Binance's name.  Raises `ApiError` (-1121)."""
        try:
            return self._by_id[symbol_id]
        except KeyError:
            raise ApiError(-1121) from None

    def of(self, symbol: str) -> Listing:
        """By gobot's name of the symbol."""
        return self._by_id[self._by_symbol[symbol]]

    def set_status(self, symbol_id: str, status: str) -> None:
        """From now on the symbol has this status."""
        self._by_id[symbol_id] = replace(self[symbol_id], status=status)


def list_markets(
    markets: Mapping[str, Market], prices: Mapping[str, Decimal], *, taker: Decimal, maker: Decimal
) -> Listings:
    """A listing for every market, with the rules that a bare recording lacks made up from its price."""
    return Listings(_listing(market, prices[symbol], taker, maker) for symbol, market in markets.items())


def _listing(market: Market, price: Decimal, taker: Decimal, maker: Decimal) -> Listing:
    pair = market.symbol.partition(":")[0]
    base, _, quote = pair.partition("/")
    if not quote:
        base, quote = pair.removesuffix("USDT"), "USDT"
    size = math.floor(math.log10(price)) if price > 0 else 0
    quantity_step = market.quantity_step or Decimal(1).scaleb(-size - 1)
    ruled = replace(
        market,
        price_step=market.price_step or Decimal(1).scaleb(size - 5),
        quantity_step=quantity_step,
        min_quantity=market.min_quantity or quantity_step,
        min_notional=market.min_notional or _MIN_NOTIONAL,
        taker_fee=taker,
        maker_fee=maker,
    )
    return Listing(id=f"{base}{quote}", base=base, quote=quote, market=ruled)


def _lots(market: Market, most: Decimal) -> dict[str, str]:
    return {"minQty": plain(market.min_quantity), "maxQty": plain(most), "stepSize": plain(market.quantity_step)}


def decimals(step: Decimal) -> int:
    """Decimal places of a step."""
    exponent = step.normalize().as_tuple().exponent
    return max(0, -exponent) if step > ZERO and isinstance(exponent, int) else 8
