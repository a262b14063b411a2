"""The spot venue: coins for coins, with the real client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import ccxt
import pytest
from sandbox_client import Trader, ask, connected

from gobot.sandbox import Sandbox
from gobot.sandbox.faults import Fault

PAIR = "BTC/USDT"
ORDER = "POST /api/v3/order"


@pytest.fixture
async def trader(sandbox: Sandbox) -> AsyncIterator[Trader]:
    async with connected(sandbox, "binance", options={"fetchMarkets": {"types": ["spot"]}}) as client:
        yield Trader(sandbox, client)


async def test_coins_are_bought_and_sold(trader: Trader) -> None:
    price = trader.price()
    bought = await trader.buy(0.01, PAIR, newClientOrderId="entry")
    assert (bought["status"], bought["filled"], bought["average"]) == ("closed", 0.01, price)
    assert bought["fees"][0] == {"currency": "BTC", "cost": pytest.approx(0.00001)}
    balance = await trader.client.fetch_balance()
    assert balance["BTC"]["free"] == pytest.approx(0.00999)
    assert balance["USDT"]["free"] == pytest.approx(10_000 - 0.01 * price)

    sold = await trader.sell(0.00999, PAIR)
    assert sold["fees"][0]["currency"] == "USDT"
    trades = await trader.client.fetch_my_trades(PAIR)
    assert [trade["side"] for trade in trades] == ["buy", "sell"]
    balance = await trader.client.fetch_balance()
    assert balance["USDT"]["total"] == pytest.approx(10_000 - 0.00001 * price - 0.00999 * price * 0.001)


async def test_a_limit_order_locks_what_it_needs(trader: Trader) -> None:
    price = round(trader.price() * 0.99, 1)
    order = await trader.client.create_order(PAIR, "limit", "buy", 0.05, price, {"newClientOrderId": "limit"})
    balance = await trader.client.fetch_balance()
    assert balance["USDT"]["used"] == pytest.approx(0.05 * price)
    with pytest.raises(ccxt.InsufficientFunds):
        await trader.buy(0.1, PAIR)
    trader.sandbox.human.act("move", {"symbol": "BTCUSDT", "factor": 0.98})
    trader.pass_time(1_000)
    filled = await trader.client.fetch_order(order["id"], PAIR)
    assert (filled["status"], filled["average"]) == ("closed", price)
    assert (await trader.client.fetch_balance())["USDT"]["used"] == 0


async def test_a_stop_sells_when_the_price_falls(trader: Trader) -> None:
    await trader.buy(0.01, PAIR)
    trigger = round(trader.price() * 0.98, 1)
    params = {"stopLossPrice": trigger, "newClientOrderId": "stop"}
    await trader.client.create_order(PAIR, "market", "sell", 0.00999, None, params)
    (waiting,) = await trader.client.fetch_open_orders(PAIR)
    assert (waiting["clientOrderId"], waiting["triggerPrice"]) == ("stop", trigger)
    trader.sandbox.human.act("move", {"symbol": "BTCUSDT", "factor": 0.95})
    trader.pass_time(1_000)
    sold = await trader.client.fetch_order(None, PAIR, {"origClientOrderId": "stop"})
    assert (sold["status"], sold["average"]) == ("closed", trigger)


async def test_a_stop_limit_order_waits_and_then_rests(trader: Trader) -> None:
    await trader.buy(0.01, PAIR)
    trigger, price = round(trader.price() * 0.98, 1), round(trader.price() * 1.02, 1)
    params = {"stopLossPrice": trigger, "newClientOrderId": "stop"}
    await trader.client.create_order(PAIR, "limit", "sell", 0.00999, price, params)
    trader.sandbox.human.act("move", {"symbol": "BTCUSDT", "factor": 0.95})
    trader.pass_time(1_000)
    (resting,) = await trader.client.fetch_open_orders(PAIR)
    assert resting["info"]["isWorking"] in (True, "True", "true")
    trader.sandbox.human.act("move", {"symbol": "BTCUSDT", "factor": 1.1})
    trader.pass_time(1_000)
    assert (await trader.client.fetch_order(None, PAIR, {"origClientOrderId": "stop"}))["average"] == price


async def test_cancelling(trader: Trader) -> None:
    price = round(trader.price() * 0.9, 1)
    await trader.client.create_order(PAIR, "limit", "buy", 0.01, price, {"newClientOrderId": "limit"})
    await trader.client.cancel_order(None, PAIR, {"origClientOrderId": "limit"})
    with pytest.raises(ccxt.OrderNotFound):
        await trader.client.cancel_order(None, PAIR, {"origClientOrderId": "limit"})
    with pytest.raises(ccxt.ExchangeError, match="-2011"):
        await trader.client.cancel_all_orders(PAIR)


async def test_the_user_stream_comes_over_the_request_socket(trader: Trader) -> None:
    client = trader.client
    await client.load_markets()
    watching = asyncio.create_task(client.watch_orders())
    await asyncio.wait_for(trader.sandbox.hub.joined.wait(), 10)
    await trader.buy(0.01, PAIR, newClientOrderId="entry")
    orders = await asyncio.wait_for(watching, 10)
    assert {one["clientOrderId"] for one in orders} == {"entry"}


async def test_parts_are_filled_and_the_rest_follows(trader: Trader) -> None:
    await trader.client.load_markets()
    trader.sandbox.faults.add([Fault(kind="partial", endpoint=ORDER, calls=(1,), fraction=0.4, seconds=5)])
    price = round(trader.price() * 1.01, 1)
    order = await trader.client.create_order(PAIR, "limit", "buy", 0.01, price, {"newClientOrderId": "entry"})
    assert (order["status"], order["filled"]) == ("open", 0.004)
    trader.pass_time(5_000)
    trader.pass_time(1_000)
    assert (await trader.client.fetch_order(order["id"], PAIR))["filled"] == 0.01


def limit(price: float, **changes: Any) -> dict[str, Any]:
    values = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "quantity": "0.01", "price": f"{price:.1f}"}
    return {**values, "timeInForce": "GTC", **changes}


@pytest.mark.parametrize(
    ("changes", "factor", "code", "words"),
    [
        ({"symbol": "NOPEUSDT"}, 1, -1121, "Invalid symbol"),
        ({"quantity": "0.000001"}, 1, -1013, "LOT_SIZE"),
        ({"quantity": "0.0000000001"}, 1, -1111, "too much precision"),
        ({"quantity": "0.00001"}, 1, -1013, "NOTIONAL"),
        ({"price": "90000.05"}, 1, -1013, "PRICE_FILTER"),
        ({}, 6, -1013, "PERCENT_PRICE_BY_SIDE"),
        ({"side": "SELL"}, 1, -2010, "insufficient balance"),
        ({"quantity": "1"}, 1, -2010, "insufficient balance"),
        ({"type": "LIMIT_MAKER", "timeInForce": ""}, 1.01, -2010, "immediately match"),
        ({"type": "STOP_LOSS_LIMIT", "stopPrice": "1"}, 0.9, -2010, "trigger immediately"),
        ({"newClientOrderId": "a b"}, 1, -1100, "newClientOrderId"),
        ({"type": "MARKET", "timeInForce": ""}, 1, -1106, "price"),
        ({"timeInForce": ""}, 1, -1102, "timeInForce"),
        ({"reduceOnly": "true"}, 1, -1104, "Not all sent parameters"),
    ],
)
async def test_wrong_orders_are_refused(
    sandbox: Sandbox, changes: dict[str, Any], factor: float, code: int, words: str
) -> None:
    price = float(sandbox.engine.price("BTC/USDT:USDT")) * factor
    status, document, _ = await ask(sandbox, ORDER, {**limit(price), **changes})
    assert (status, document["code"]) == (400, code)
    assert words in document["msg"]


async def test_the_two_venues_count_apart(sandbox: Sandbox) -> None:
    _, _, headers = await ask(sandbox, "GET /api/v3/account", {})
    assert headers["X-MBX-USED-WEIGHT-1M"] == "20"
    _, _, headers = await ask(sandbox, "GET /fapi/v1/time", {})
    assert headers["X-MBX-USED-WEIGHT-1M"] == "1"
