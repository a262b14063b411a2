"""The table of the spot venue's endpoints, and of those of /sapi, which share its limits."""

from __future__ import annotations

from gobot.sandbox.endpoints import Access, Endpoint, Page, Weight, by_limit, flat, per_symbol
from gobot.sandbox.market_pages import MarketPages
from gobot.sandbox.setting_pages import SettingPages
from gobot.sandbox.spot_pages import SpotPages

_DEPTH = by_limit(((100, 5), (500, 25), (1000, 50)), 250, 100)


def spot_endpoints(market: MarketPages, spot: SpotPages, setting: SettingPages) -> dict[str, Endpoint]:
    """Everything under /api and /sapi."""

    def public(page: Page, weight: Weight) -> Endpoint:
        return Endpoint(page=page, access=Access.PUBLIC, weight=weight)

    def read(page: Page, weight: Weight) -> Endpoint:
        return Endpoint(page=page, access=Access.SIGNED, weight=weight)

    def write(page: Page, weight: int = 1, orders: int = 0) -> Endpoint:
        return Endpoint(page=page, access=Access.SIGNED, weight=flat(weight), orders=orders, writes=True)

    return {
        "GET /api/v3/ping": public(market.ping, flat(1)),
        "GET /api/v3/time": public(market.time, flat(1)),
        "GET /api/v3/exchangeInfo": public(spot.exchange_info, flat(20)),
        "GET /api/v3/klines": public(market.klines, flat(2)),
        "GET /api/v3/ticker/24hr": public(market.day, per_symbol(2, 80)),
        "GET /api/v3/ticker/price": public(spot.last_price, per_symbol(2, 4)),
        "GET /api/v3/ticker/bookTicker": public(spot.book_ticker, per_symbol(2, 4)),
        "GET /api/v3/depth": public(spot.depth, _DEPTH),
        "GET /api/v3/trades": public(market.trades, flat(25)),
        "GET /api/v3/aggTrades": public(market.aggregate_trades, flat(4)),
        "GET /api/v3/account": read(spot.account, flat(20)),
        "GET /api/v3/account/commission": read(spot.commission, flat(20)),
        "POST /api/v3/order": write(spot.place, 1, orders=1),
        "POST /api/v3/order/test": write(spot.test),
        "GET /api/v3/order": read(spot.order, flat(4)),
        "DELETE /api/v3/order": write(spot.cancel),
        "GET /api/v3/openOrders": read(spot.open_orders, per_symbol(6, 80)),
        "DELETE /api/v3/openOrders": write(spot.cancel_all),
        "GET /api/v3/allOrders": read(spot.all_orders, flat(20)),
        "GET /api/v3/myTrades": read(spot.trades, flat(20)),
        "GET /sapi/v1/account/apiRestrictions": read(setting.restrictions, flat(1)),
        "GET /sapi/v1/capital/config/getall": read(setting.coins, flat(10)),
        "GET /sapi/v1/margin/allPairs": read(setting.margin_pairs, flat(1)),
        "GET /sapi/v1/margin/isolated/allPairs": read(setting.margin_pairs, flat(10)),
    }
