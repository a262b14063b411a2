"""The table of endpoints: what answers, who may ask, and what it costs.

Weights are those of Binance's documents; orders cost no weight but count against the order limits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from gobot.sandbox.account_pages import AccountPages
from gobot.sandbox.algo_pages import AlgoPages
from gobot.sandbox.listen_keys import ListenKeys
from gobot.sandbox.market_pages import MarketPages
from gobot.sandbox.parameters import Parameters
from gobot.sandbox.setting_pages import SettingPages
from gobot.sandbox.trade_pages import TradePages

Page = Callable[[Parameters], Any]
Weight = Callable[[Parameters], int]


class Access(Enum):
    """Who may ask."""

    PUBLIC = "public"
    KEY = "key"
    SIGNED = "signed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """``weight`` is for the IP, ``orders`` for the account's order limits; ``writes``: it may change something."""

    page: Page
    access: Access
    weight: Weight
    orders: int = 0
    writes: bool = False
    strict: bool = True


def flat(weight: int) -> Weight:
    """Always the same."""
    return lambda _: weight


def per_symbol(one: int, every: int) -> Weight:
    """For one symbol, and for all of them."""
    return lambda parameters: one if "symbol" in parameters else every


def by_limit(steps: tuple[tuple[int, int], ...], most: int, default: int) -> Weight:
    """By the parameter ``limit``: pairs of (up to, weight), and beyond them ``most``."""

    def weight(parameters: Parameters) -> int:
        limit = parameters.integer("limit") or default
        return next((cost for below, cost in steps if limit <= below), most)

    return weight


_KLINES = by_limit(((99, 1), (499, 2), (1000, 5)), 10, 500)
_DEPTH = by_limit(((50, 2), (100, 5), (500, 10)), 20, 500)


def futures_endpoints(
    market: MarketPages,
    account: AccountPages,
    setting: SettingPages,
    trade: TradePages,
    algo: AlgoPages,
    keys: ListenKeys,
) -> dict[str, Endpoint]:
    """Everything under /fapi."""

    def public(page: Page, weight: Weight) -> Endpoint:
        return Endpoint(page=page, access=Access.PUBLIC, weight=weight)

    def read(page: Page, weight: Weight) -> Endpoint:
        return Endpoint(page=page, access=Access.SIGNED, weight=weight)

    def write(page: Page, weight: int = 1, orders: int = 0) -> Endpoint:
        return Endpoint(page=page, access=Access.SIGNED, weight=flat(weight), orders=orders, writes=True)

    def stream(page: Page) -> Endpoint:
        return Endpoint(page=page, access=Access.KEY, weight=flat(1), writes=True, strict=False)

    return {
        "GET /fapi/v1/ping": public(market.ping, flat(1)),
        "GET /fapi/v1/time": public(market.time, flat(1)),
        "GET /fapi/v1/exchangeInfo": public(market.exchange_info, flat(1)),
        "GET /fapi/v1/klines": public(market.klines, _KLINES),
        "GET /fapi/v1/markPriceKlines": public(market.klines, _KLINES),
        "GET /fapi/v1/ticker/24hr": public(market.day, per_symbol(1, 40)),
        "GET /fapi/v1/ticker/price": public(market.last_price, per_symbol(1, 2)),
        "GET /fapi/v2/ticker/price": public(market.last_price, per_symbol(1, 2)),
        "GET /fapi/v1/ticker/bookTicker": public(market.book_ticker, per_symbol(2, 5)),
        "GET /fapi/v1/depth": public(market.depth, _DEPTH),
        "GET /fapi/v1/trades": public(market.trades, flat(5)),
        "GET /fapi/v1/aggTrades": public(market.aggregate_trades, flat(20)),
        "GET /fapi/v1/premiumIndex": public(market.premium_index, per_symbol(1, 10)),
        "GET /fapi/v1/fundingRate": public(market.funding_rate, flat(1)),
        "GET /fapi/v1/fundingInfo": public(market.funding_info, flat(1)),
        "GET /fapi/v2/balance": read(account.balance, flat(5)),
        "GET /fapi/v3/balance": read(account.balance, flat(5)),
        "GET /fapi/v2/account": read(account.account_v2, flat(5)),
        "GET /fapi/v3/account": read(account.account_v3, flat(5)),
        "GET /fapi/v2/positionRisk": read(account.positions_v2, flat(5)),
        "GET /fapi/v3/positionRisk": read(account.positions_v3, flat(5)),
        "GET /fapi/v1/userTrades": read(account.trades, flat(5)),
        "GET /fapi/v1/income": read(account.income, flat(30)),
        "POST /fapi/v1/leverage": write(setting.set_leverage),
        "POST /fapi/v1/marginType": write(setting.set_margin_type),
        "GET /fapi/v1/positionSide/dual": read(setting.position_mode, flat(30)),
        "POST /fapi/v1/positionSide/dual": write(setting.set_position_mode),
        "GET /fapi/v1/multiAssetsMargin": read(setting.multi_assets_mode, flat(30)),
        "GET /fapi/v1/accountConfig": read(setting.configuration, flat(5)),
        "GET /fapi/v1/symbolConfig": read(setting.symbol_configuration, flat(5)),
        "GET /fapi/v1/leverageBracket": read(setting.leverage_brackets, flat(1)),
        "GET /fapi/v1/commissionRate": read(setting.commission_rate, flat(20)),
        "POST /fapi/v1/order": write(trade.place, 0, orders=1),
        "POST /fapi/v1/order/test": write(trade.test),
        "GET /fapi/v1/order": read(trade.order, flat(1)),
        "DELETE /fapi/v1/order": write(trade.cancel),
        "GET /fapi/v1/openOrder": read(trade.open_order, flat(1)),
        "GET /fapi/v1/openOrders": read(trade.open_orders, per_symbol(1, 40)),
        "GET /fapi/v1/allOrders": read(trade.all_orders, flat(5)),
        "DELETE /fapi/v1/allOpenOrders": write(trade.cancel_all),
        "POST /fapi/v1/algoOrder": write(algo.place, 0, orders=1),
        "GET /fapi/v1/algoOrder": read(algo.order, flat(1)),
        "DELETE /fapi/v1/algoOrder": write(algo.cancel),
        "GET /fapi/v1/openAlgoOrders": read(algo.open_orders, per_symbol(1, 40)),
        "GET /fapi/v1/allAlgoOrders": read(algo.all_orders, flat(5)),
        "DELETE /fapi/v1/algoOpenOrders": write(algo.cancel_all),
        "POST /fapi/v1/listenKey": stream(keys.create),
        "PUT /fapi/v1/listenKey": stream(keys.renew),
        "DELETE /fapi/v1/listenKey": stream(keys.close),
    }
