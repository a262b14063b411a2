"""Binance USDⓈ-M futures: what its endpoints cost and how it announces its limits.

Where the weight depends on the parameters, the table has the dearest form and a function here tells the exact one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gobot.exchange.limits import Cost, Limit, Measure, Tariff

_MEASURES = {"REQUEST_WEIGHT": Measure.WEIGHT, "RAW_REQUESTS": Measure.REQUESTS, "ORDERS": Measure.ORDERS}
_SECONDS = {"SECOND": 1, "MINUTE": 60, "HOUR": 3_600, "DAY": 86_400}

BINANCE_FUTURES = Tariff(
    # An endpoint nobody has looked up may be an order, or a report over every symbol.
    worst=Cost(50, orders=1),
    costs={
        "GET /fapi/v1/ping": Cost(1),
        "GET /fapi/v1/time": Cost(1),
        "GET /fapi/v1/exchangeInfo": Cost(1),
        "GET /fapi/v1/klines": Cost(10),
        "GET /fapi/v1/markPriceKlines": Cost(10),
        "GET /fapi/v1/fundingRate": Cost(1),
        "GET /fapi/v1/premiumIndex": Cost(10),
        "GET /fapi/v1/depth": Cost(20),
        "GET /fapi/v1/aggTrades": Cost(20),
        "GET /fapi/v1/ticker/24hr": Cost(40),
        "GET /fapi/v1/ticker/price": Cost(2),
        "GET /fapi/v1/ticker/bookTicker": Cost(5),
        "GET /fapi/v1/leverageBracket": Cost(1),
        "GET /fapi/v1/commissionRate": Cost(20),
        "GET /fapi/v1/income": Cost(30),
        "GET /fapi/v1/userTrades": Cost(5),
        "GET /fapi/v1/order": Cost(1),
        "GET /fapi/v1/openOrder": Cost(1),
        "GET /fapi/v1/openOrders": Cost(40),
        "GET /fapi/v1/allOrders": Cost(5),
        "GET /fapi/v1/algoOrder": Cost(1),
        "GET /fapi/v1/openAlgoOrders": Cost(40),
        "GET /fapi/v1/allAlgoOrders": Cost(5),
        "GET /fapi/v1/positionSide/dual": Cost(30),
        "GET /fapi/v1/symbolConfig": Cost(5),
        "GET /fapi/v2/account": Cost(5),
        "GET /fapi/v2/balance": Cost(5),
        "GET /fapi/v2/positionRisk": Cost(5),
        "GET /fapi/v3/account": Cost(5),
        "GET /fapi/v3/balance": Cost(5),
        "GET /fapi/v3/positionRisk": Cost(5),
        "POST /fapi/v1/order": Cost(1, orders=1),
        "POST /fapi/v1/batchOrders": Cost(5, orders=5),
        "POST /fapi/v1/algoOrder": Cost(1, orders=1),
        "POST /fapi/v1/leverage": Cost(1),
        "POST /fapi/v1/marginType": Cost(1),
        "POST /fapi/v1/positionSide/dual": Cost(1),
        "POST /fapi/v1/listenKey": Cost(1),
        "PUT /fapi/v1/order": Cost(1, orders=1),
        "PUT /fapi/v1/listenKey": Cost(1),
        "DELETE /fapi/v1/order": Cost(1),
        "DELETE /fapi/v1/allOpenOrders": Cost(1),
        "DELETE /fapi/v1/algoOrder": Cost(1),
        "DELETE /fapi/v1/algoOpenOrders": Cost(1),
        "DELETE /fapi/v1/listenKey": Cost(1),
        # Another API of the venue, with limits of its own.
        "GET /sapi/v1/account/apiRestrictions": Cost(1),
    },
)


def klines_weight(limit: int) -> int:
    """Weight of a request for ``limit`` candles."""
    return next((weight for most, weight in ((99, 1), (499, 2), (1_000, 5)) if limit <= most), 10)


def depth_weight(limit: int) -> int:
    """Weight of a request for ``limit`` levels of an order book."""
    return next((weight for most, weight in ((50, 2), (100, 5), (500, 10)) if limit <= most), 20)


_PER_SYMBOL = {
    "GET /fapi/v1/premiumIndex": 1,
    "GET /fapi/v1/ticker/24hr": 1,
    "GET /fapi/v1/ticker/price": 1,
    "GET /fapi/v1/ticker/bookTicker": 2,
    "GET /fapi/v1/openOrders": 1,
    "GET /fapi/v1/openAlgoOrders": 1,
}
_KLINES = ("GET /fapi/v1/klines", "GET /fapi/v1/markPriceKlines")
_KLINES_BY_DEFAULT = 500
_DEPTH_BY_DEFAULT = 500


def request_weight(endpoint: str, parameters: Mapping[str, str]) -> int | None:
    """Weight of a request with these parameters where they make it cheaper than in the table, else None."""
    if endpoint in _KLINES:
        return klines_weight(int(parameters.get("limit", _KLINES_BY_DEFAULT)))
    if endpoint == "GET /fapi/v1/depth":
        return depth_weight(int(parameters.get("limit", _DEPTH_BY_DEFAULT)))
    return _PER_SYMBOL.get(endpoint) if "symbol" in parameters else None


def announced_limits(rate_limits: Iterable[Mapping[str, Any]]) -> tuple[Limit, ...]:
    """The limits in ``rateLimits`` of exchangeInfo; kinds that are not ours to count are left out.

    Raises KeyError, TypeError or ValueError for entries that are not what Binance documents.
    """
    return tuple(
        Limit(
            measure=_MEASURES[entry["rateLimitType"]],
            seconds=_SECONDS[entry["interval"]] * int(entry["intervalNum"]),
            ceiling=int(entry["limit"]),
        )
        for entry in rate_limits
        if entry["rateLimitType"] in _MEASURES
    )
