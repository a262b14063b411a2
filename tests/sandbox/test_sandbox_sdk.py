"""The sandbox's answers have the shapes that Binance's own SDK expects.

The SDK lives in an environment of its own, which ``.ci/binance-sdk`` makes.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from sandbox_client import BTC, Trader, ask

from gobot.sandbox import Sandbox

ROOT = Path(__file__).parents[2]
SDK_PYTHON = ROOT / ".venv-binance-sdk" / "bin" / "python"
FUTURES = "binance_sdk_derivatives_trading_usds_futures.rest_api.models"
SPOT = "binance_sdk_spot.rest_api.models"
STREAMS = "binance_sdk_derivatives_trading_usds_futures.websocket_streams.models"

MISSING = (
    # Of trailing stops only, which the order endpoints do not take.
    "activatePrice is missing", "priceRate is missing", "AP is missing", "cr is missing", "ia is missing",
    # Of fills only, of changed orders, of triggered orders, of funding, of hedge mode's asset mode.
    "N is missing", "n is missing", "M is missing", "act is missing", "ap is missing", "aq is missing",
    "a: S is missing", "ai is missing",
    # Of coin-margined contracts, and of accounts with a coefficient of their own.
    "pair is missing", "baseQty is missing", "marginAsset is missing", "cumBase is missing", "notionalCoef is missing",
    # Each filter has its own fields.
    "limit is missing", "maxPrice is missing", "maxQty is missing", "minPrice is missing", "minQty is missing",
    "multiplierDecimal is missing", "multiplierDown is missing", "multiplierUp is missing", "notional is missing",
    "stepSize is missing", "tickSize is missing",
)  # fmt: skip
"""Fields that not every answer has, in Binance's documents as here."""

SPOT_MISSING = tuple(
    f"{name} is missing"
    for name in (
        "preventedMatchId", "preventedQuantity", "strategyId", "strategyType", "trailingDelta", "trailingTime",
        "usedSor", "workingFloor", "pegPriceType", "pegOffsetType", "pegOffsetValue", "peggedPrice", "expiryReason",
        "icebergQty", "stopPrice",
    )
)  # fmt: skip
"""What Binance adds for kinds of orders that the sandbox does not take."""

pytestmark = [
    pytest.mark.sdk,
    pytest.mark.skipif(not SDK_PYTHON.exists(), reason="Binance's SDK is not installed: run .ci/binance-sdk"),
]


def misfits(documents: list[tuple[str, str, Any]]) -> list[str]:
    done = subprocess.run(
        [SDK_PYTHON, Path(__file__).with_name("sdk_shapes.py")],
        input=json.dumps(documents),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [line for line in done.stdout.splitlines() if not line.endswith(tuple(MISSING))]


async def test_rest_answers_fit_the_models_of_the_sdk(trader: Trader) -> None:
    await trader.buy(0.01, newClientOrderId="entry")
    await trader.stop(trader.price() * 0.9, "stop")
    price = round(trader.price() * 0.98, 1)
    bitcoin, ether = {"symbol": "BTCUSDT"}, {"symbol": "ETHUSDT"}
    order = {**bitcoin, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01", "price": price}
    trail = {**bitcoin, "algoType": "CONDITIONAL", "side": "SELL", "type": "TRAILING_STOP_MARKET", "quantity": "0.01"}
    limit, stop = {**bitcoin, "origClientOrderId": "limit"}, {"clientAlgoId": "stop"}
    v1, v2, v3 = "/fapi/v1/", "/fapi/v2/", "/fapi/v3/"
    asked = [
        ("NewOrderResponse", f"POST {v1}order", {**order, "newClientOrderId": "limit"}),
        ("QueryOrderResponse", f"GET {v1}order", limit),
        ("QueryCurrentOpenOrderResponse", f"GET {v1}openOrder", limit),
        ("CurrentAllOpenOrdersResponseInner", f"GET {v1}openOrders", bitcoin),
        ("AllOrdersResponseInner", f"GET {v1}allOrders", bitcoin),
        ("CancelOrderResponse", f"DELETE {v1}order", limit),
        ("CancelAllOpenOrdersResponse", f"DELETE {v1}allOpenOrders", bitcoin),
        ("NewAlgoOrderResponse", f"POST {v1}algoOrder", {**trail, "reduceOnly": "true", "callbackRate": "5"}),
        ("QueryAlgoOrderResponse", f"GET {v1}algoOrder", stop),
        ("CurrentAllAlgoOpenOrdersResponseInner", f"GET {v1}openAlgoOrders", {}),
        ("QueryAllAlgoOrdersResponseInner", f"GET {v1}allAlgoOrders", bitcoin),
        ("CancelAlgoOrderResponse", f"DELETE {v1}algoOrder", stop),
        ("CancelAllAlgoOpenOrdersResponse", f"DELETE {v1}algoOpenOrders", bitcoin),
        ("FuturesAccountBalanceV2ResponseInner", f"GET {v2}balance", {}),
        ("FuturesAccountBalanceV2ResponseInner", f"GET {v3}balance", {}),
        ("AccountInformationV2Response", f"GET {v2}account", {}),
        ("AccountInformationV3Response", f"GET {v3}account", {}),
        ("PositionInformationV2ResponseInner", f"GET {v2}positionRisk", {}),
        ("PositionInformationV3ResponseInner", f"GET {v3}positionRisk", {}),
        ("AccountTradeListResponseInner", f"GET {v1}userTrades", bitcoin),
        ("GetIncomeHistoryResponseInner", f"GET {v1}income", {}),
        ("ChangeInitialLeverageResponse", f"POST {v1}leverage", {**ether, "leverage": 3}),
        ("ChangeMarginTypeResponse", f"POST {v1}marginType", {**ether, "marginType": "ISOLATED"}),
        ("GetCurrentPositionModeResponse", f"GET {v1}positionSide/dual", {}),
        ("GetCurrentMultiAssetsModeResponse", f"GET {v1}multiAssetsMargin", {}),
        ("FuturesAccountConfigurationResponse", f"GET {v1}accountConfig", {}),
        ("SymbolConfigurationResponseInner", f"GET {v1}symbolConfig", {}),
        ("NotionalAndLeverageBracketsResponse1Inner", f"GET {v1}leverageBracket", {}),
        ("UserCommissionRateResponse", f"GET {v1}commissionRate", bitcoin),
        ("StartUserDataStreamResponse", f"POST {v1}listenKey", {}),
        ("CheckServerTimeResponse", f"GET {v1}time", None),
        ("ExchangeInformationResponse", f"GET {v1}exchangeInfo", None),
        ("Ticker24hrPriceChangeStatisticsResponse1", f"GET {v1}ticker/24hr", bitcoin),
        ("SymbolPriceTickerV2Response1", f"GET {v2}ticker/price", bitcoin),
        ("SymbolOrderBookTickerResponse1", f"GET {v1}ticker/bookTicker", bitcoin),
        ("OrderBookResponse", f"GET {v1}depth", bitcoin),
        ("MarkPriceResponse1", f"GET {v1}premiumIndex", bitcoin),
        ("GetFundingRateHistoryResponseInner", f"GET {v1}fundingRate", bitcoin),
        ("RecentTradesListResponseInner", f"GET {v1}trades", bitcoin),
        ("CompressedAggregateTradesListResponseInner", f"GET {v1}aggTrades", bitcoin),
    ]
    documents = []
    for model, call, parameters in asked:
        status, document, _ = await ask(trader.sandbox, call, parameters or {})
        assert status == 200, (call, document)
        documents.append((FUTURES, model, document))
    assert "\n".join(misfits(documents)) == ""


async def test_spot_answers_fit_the_models_of_the_sdk(sandbox: Sandbox) -> None:
    bitcoin, v3 = {"symbol": "BTCUSDT"}, "/api/v3/"
    price = round(float(sandbox.engine.price(BTC)) * 0.98, 1)
    order = {**bitcoin, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01", "price": price}
    asked = [
        ("NewOrderResponse", f"POST {v3}order", {**bitcoin, "side": "BUY", "type": "MARKET", "quantity": "0.01"}),
        ("NewOrderResponse", f"POST {v3}order", {**order, "newClientOrderId": "limit"}),
        ("GetOrderResponse", f"GET {v3}order", {**bitcoin, "origClientOrderId": "limit"}),
        ("GetOpenOrdersResponseInner", f"GET {v3}openOrders", {}),
        ("DeleteOrderResponse", f"DELETE {v3}order", {**bitcoin, "origClientOrderId": "limit"}),
        ("AllOrdersResponseInner", f"GET {v3}allOrders", bitcoin),
        ("MyTradesResponseInner", f"GET {v3}myTrades", bitcoin),
        ("GetAccountResponse", f"GET {v3}account", {}),
        ("AccountCommissionResponse", f"GET {v3}account/commission", bitcoin),
    ]
    documents = []
    for model, call, parameters in asked:
        status, document, _ = await ask(sandbox, call, parameters)
        assert status == 200, (call, document)
        documents.append((SPOT, model, document))
    assert "\n".join(one for one in misfits(documents) if not one.endswith(SPOT_MISSING)) == ""


async def test_events_fit_the_models_of_the_sdk(trader: Trader, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[dict[str, Any]] = []
    monkeypatch.setattr(trader.sandbox.hub, "tell_user", told.append)
    await trader.buy(0.01, newClientOrderId="entry")
    await trader.stop(trader.price() * 0.99, "stop")
    trader.sandbox.human.act("move", {"symbol": BTC, "factor": 0.95})
    trader.pass_time(1_000)
    trader.sandbox.human.act("open", {"symbol": BTC, "side": "BUY", "quantity": "0.5"})
    level = trader.sandbox.engine.venue.state.holdings[BTC].liquidation_level
    trader.sandbox.human.act("move", {"symbol": BTC, "factor": level / trader.price() * 1.001})
    trader.pass_time(1_000)
    trader.sandbox.human.act("deposit", {"amount": 5})
    trader.sandbox.human.act("leverage", {"symbol": BTC, "leverage": 7})
    trader.sandbox.listen_keys.create(None)  # type: ignore[arg-type]
    trader.sandbox.listen_keys.expire()
    names = {
        "ORDER_TRADE_UPDATE": "OrderTradeUpdate",
        "ALGO_UPDATE": "AlgoUpdate",
        "ACCOUNT_UPDATE": "AccountUpdate",
        "ACCOUNT_CONFIG_UPDATE": "AccountConfigUpdate",
        "MARGIN_CALL": "MarginCall",
        "listenKeyExpired": "ListenKeyExpired",
    }
    assert {event["e"] for event in told} == set(names)
    documents = [(STREAMS, names[event["e"]], {k: v for k, v in event.items() if k != "e"}) for event in told]
    assert "\n".join(misfits(documents)) == ""
