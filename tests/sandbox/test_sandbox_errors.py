"""Every refusal with Binance's code and status, as the client's own calls get it."""

from __future__ import annotations

from typing import Any

import ccxt
import pytest
from sandbox_client import BTC, Trader, ask

from gobot.sandbox import Sandbox

ORDER = "POST /fapi/v1/order"
ALGO = "POST /fapi/v1/algoOrder"


def limit(price: float, **changes: Any) -> dict[str, Any]:
    values = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "quantity": "0.01", "price": round(price, 1)}
    return {**values, "timeInForce": "GTC", **changes}


def market(**changes: Any) -> dict[str, Any]:
    return {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.01", **changes}


def stop(price: float, **changes: Any) -> dict[str, Any]:
    values = {"algoType": "CONDITIONAL", "symbol": "BTCUSDT", "side": "SELL", "type": "STOP_MARKET"}
    return {**values, "triggerPrice": round(price, 1), "quantity": "0.01", "reduceOnly": "true", **changes}


REFUSALS = {
    "unknown symbol": (ORDER, market(symbol="NOPEUSDT"), -1121),
    "no quantity": (ORDER, market(quantity=""), -1102),
    "no side": (ORDER, market(side=""), -1102),
    "wrong side": (ORDER, market(side="UP"), -1117),
    "wrong type": (ORDER, market(type="ICEBERG"), -1116),
    "unknown parameter": (ORDER, market(colour="red"), -1104),
    "market order with a price": (ORDER, market(price="1"), -1106),
    "too many decimals": (ORDER, market(quantity="0.0100001"), -1111),
    "nothing": (ORDER, market(quantity="0"), -4003),
    "too much": (ORDER, market(quantity="99999"), -4005),
    "hedge side in one-way mode": (ORDER, market(positionSide="LONG"), -4061),
    "long client id": (ORDER, market(newClientOrderId="x" * 37), -4015),
    "strange client id": (ORDER, market(newClientOrderId="a b"), -1100),
    "nothing to reduce": (ORDER, market(reduceOnly="true"), -2022),
    "too small": (ORDER, market(quantity="0.00001"), -4164),
    "more than the account can pay": (ORDER, market(quantity="9"), -2019),
    "conditional order on the old endpoint": (ORDER, market(type="STOP_MARKET", stopPrice="1"), -4120),
    "unknown order to cancel": ("DELETE /fapi/v1/order", {"symbol": "BTCUSDT", "orderId": 99}, -2011),
    "unknown order to ask for": ("GET /fapi/v1/order", {"symbol": "BTCUSDT", "origClientOrderId": "no"}, -2013),
    "neither number nor id": ("GET /fapi/v1/order", {"symbol": "BTCUSDT"}, -1102),
    "unknown algo to cancel": ("DELETE /fapi/v1/algoOrder", {"algoId": 99}, -2011),
    "unknown algo to ask for": ("GET /fapi/v1/algoOrder", {"clientAlgoId": "no"}, -2013),
    "leverage beyond the tiers": ("POST /fapi/v1/leverage", {"symbol": "BTCUSDT", "leverage": 126}, -4028),
    "margin type as it is": ("POST /fapi/v1/marginType", {"symbol": "BTCUSDT", "marginType": "CROSSED"}, -4046),
    "position mode as it is": ("POST /fapi/v1/positionSide/dual", {"dualSidePosition": "false"}, -4059),
    "unknown interval": ("GET /fapi/v1/klines", {"symbol": "BTCUSDT", "interval": "7m"}, -1120),
    "no listen key": ("PUT /fapi/v1/listenKey", {}, -1125),
    "trades of more than a week": (
        "GET /fapi/v1/userTrades",
        {"symbol": "BTCUSDT", "startTime": 1_767_000_000_000, "endTime": 1_768_000_000_000},
        -4166,
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
async def test_a_wrong_request_is_refused_with_its_code(sandbox: Sandbox, case: str) -> None:
    call, parameters, code = REFUSALS[case]
    status, document, _ = await ask(sandbox, call, parameters)
    assert (status, document["code"]) == (400, code)
    assert document["msg"]
    assert not sandbox.journal.entries


@pytest.mark.parametrize(
    ("changes", "factor", "code"),
    [
        ({"price": "0"}, 1.0, -4001),
        ({"price": "1000.05"}, 1.0, -1111),
        ({}, 1.06, -4016),
        ({"side": "SELL"}, 0.94, -4024),
        ({"timeInForce": "GTX"}, 1.01, -5022),
        ({"timeInForce": "FOK"}, 0.99, -5021),
        ({"timeInForce": "SOON"}, 0.99, -1115),
        ({"timeInForce": ""}, 0.99, -1102),
        ({"quantity": "0.00001"}, 0.99, -4164),
    ],
)
async def test_a_limit_order_must_pass_the_filters(
    sandbox: Sandbox, changes: dict[str, Any], factor: float, code: int
) -> None:
    price = float(sandbox.engine.price(BTC)) * factor
    status, document, _ = await ask(sandbox, ORDER, {**limit(price), **changes})
    assert (status, document["code"]) == (400, code)


@pytest.mark.parametrize(
    ("changes", "factor", "code"),
    [
        ({}, 1.01, -2021),
        ({"side": "BUY"}, 0.99, -2021),
        ({"type": "TAKE_PROFIT_MARKET"}, 0.99, -2021),
        ({"triggerPrice": ""}, 0.99, -1102),
        ({"quantity": ""}, 0.99, -1102),
        ({"closePosition": "true", "quantity": "0.01"}, 0.99, -4138),
        ({"closePosition": "true", "quantity": ""}, 0.99, -1106),
        ({"closePosition": "true", "quantity": "", "reduceOnly": ""}, 0.99, -4509),
        ({"type": "TRAILING_STOP_MARKET"}, 0.99, -1102),
        ({"type": "TRAILING_STOP_MARKET", "callbackRate": "11"}, 0.99, -4137),
        ({"type": "STOP"}, 0.99, -1102),
        ({"algoType": "VP"}, 0.99, -1130),
    ],
)
async def test_a_conditional_order_must_be_able_to_wait(
    sandbox: Sandbox, changes: dict[str, Any], factor: float, code: int
) -> None:
    price = float(sandbox.engine.price(BTC)) * factor
    status, document, _ = await ask(sandbox, ALGO, {**stop(price), **changes})
    assert (status, document["code"]) == (400, code)


async def test_client_ids_are_unique_among_open_orders_only(trader: Trader) -> None:
    price = round(trader.price() * 0.98, 1)
    await trader.client.create_order(BTC, "limit", "buy", 0.01, price, {"newClientOrderId": "same"})
    status, document, _ = await ask(trader.sandbox, ORDER, limit(price, newClientOrderId="same"))
    assert (status, document["code"]) == (400, -4116)
    await trader.client.cancel_all_orders(BTC)
    await trader.client.create_order(BTC, "limit", "buy", 0.01, price, {"newClientOrderId": "same"})
    assert trader.sandbox.journal.repeated == ["same"]

    await trader.buy(0.01)
    await trader.stop(trader.price() * 0.95, "stop")
    status, document, _ = await ask(trader.sandbox, ALGO, stop(trader.price() * 0.95, clientAlgoId="stop"))
    assert (status, document["code"]) == (400, -4116)


async def test_one_closing_stop_per_side(trader: Trader) -> None:
    await trader.buy(0.01)
    await trader.stop(trader.price() * 0.95, "first")
    closing = stop(trader.price() * 0.96, closePosition="true", quantity="", reduceOnly="")
    status, document, _ = await ask(trader.sandbox, ALGO, closing)
    assert (status, document["code"]) == (400, -4130)


async def test_ten_conditional_orders_and_no_more(trader: Trader) -> None:
    await trader.buy(0.01)
    for number in range(10):
        await ask(trader.sandbox, ALGO, stop(trader.price() * 0.9, clientAlgoId=f"stop{number}"))
    _, document, _ = await ask(trader.sandbox, ALGO, stop(trader.price() * 0.9))
    assert document["code"] == -4045


async def test_two_hundred_open_orders_and_no_more(trader: Trader) -> None:
    price = trader.price() * 0.96
    for number in range(200):
        trader.pass_time(100)
        await ask(trader.sandbox, ORDER, limit(price, quantity="0.0005", newClientOrderId=f"limit{number}"))
    _, document, _ = await ask(trader.sandbox, ORDER, limit(price, quantity="0.0005"))
    assert document["code"] == -2025


async def test_a_large_position_may_not_have_the_highest_leverage(trader: Trader) -> None:
    await ask(trader.sandbox, "POST /fapi/v1/leverage", {"symbol": "BTCUSDT", "leverage": 125})
    assert (await ask(trader.sandbox, ORDER, market(quantity="0.5")))[0] == 200
    _, document, _ = await ask(trader.sandbox, ORDER, market(quantity="0.5"))
    assert document["code"] == -2027
    assert (await ask(trader.sandbox, ORDER, market(side="SELL", quantity="0.6")))[0] == 200


async def test_leverage_and_margin_type_are_bound_by_what_is_open(trader: Trader) -> None:
    await trader.buy(0.01)
    for call, parameters, code in (
        ("POST /fapi/v1/leverage", {"symbol": "BTCUSDT", "leverage": 2}, -4161),
        ("POST /fapi/v1/marginType", {"symbol": "BTCUSDT", "marginType": "ISOLATED"}, -4048),
        ("POST /fapi/v1/positionSide/dual", {"dualSidePosition": "true"}, -4068),
    ):
        _, document, _ = await ask(trader.sandbox, call, parameters)
        assert document["code"] == code
    await trader.client.create_order(BTC, "limit", "buy", 0.01, round(trader.price() * 0.98, 1))
    _, document, _ = await ask(
        trader.sandbox, "POST /fapi/v1/marginType", {"symbol": "BTCUSDT", "marginType": "ISOLATED"}
    )
    assert document["code"] == -4047


async def test_a_refused_request_has_changed_nothing(trader: Trader) -> None:
    await trader.buy(0.01)
    await trader.stop(trader.price() * 0.9, "stop")
    price = round(trader.price() * 0.98, 1)
    await trader.client.create_order(BTC, "limit", "buy", 0.01, price, {"newClientOrderId": "limit"})
    before = trader.sandbox.state()
    one = {"symbol": "BTCUSDT", "colour": "red"}
    for call, parameters in (
        ("DELETE /fapi/v1/order", {**one, "origClientOrderId": "limit"}),
        ("DELETE /fapi/v1/allOpenOrders", one),
        ("DELETE /fapi/v1/algoOrder", {"clientAlgoId": "stop", "colour": "red"}),
        ("DELETE /fapi/v1/algoOpenOrders", one),
        ("POST /fapi/v1/leverage", {**one, "leverage": 50}),
        ("POST /fapi/v1/marginType", {"symbol": "ETHUSDT", "marginType": "ISOLATED", "colour": "red"}),
        ("POST /fapi/v1/algoOrder", {**stop(price), "colour": "red"}),
        (ORDER, {**limit(price), "colour": "red"}),
    ):
        status, document, _ = await ask(trader.sandbox, call, parameters)
        assert (status, document["code"]) == (400, -1104), call
    after = trader.sandbox.state()
    names = ("orders", "algos", "leverage", "positions", "journal")
    assert {name: after[name] for name in names} == {name: before[name] for name in names}


async def test_keys_signatures_and_timestamps_are_checked(sandbox: Sandbox) -> None:
    call = "GET /fapi/v3/balance"
    assert (await ask(sandbox, call, {}))[0] == 200
    now = sandbox.clock.now_ms()
    for parameters, options, status, code in (
        ({}, {"key": ""}, 401, -2014),
        ({}, {"key": "0" * 64}, 401, -2015),
        ({}, {"sign": False}, 400, -1102),
        ({"signature": "00"}, {"sign": False}, 400, -1022),
        ({"timestamp": now - 5_001}, {}, 400, -1021),
        ({"timestamp": now - 10_001, "recvWindow": 10_000}, {}, 400, -1021),
        ({"timestamp": now + 1_000}, {}, 400, -1021),
        ({"recvWindow": 60_001}, {}, 400, -1131),
    ):
        answer = await ask(sandbox, call, parameters, **options)
        assert (answer[0], answer[1]["code"]) == (status, code)
    assert (await ask(sandbox, call, {"timestamp": now - 9_000, "recvWindow": 10_000}))[0] == 200


async def test_a_delisted_symbol_takes_no_orders_but_can_be_cancelled(trader: Trader) -> None:
    await trader.buy(0.01)
    await trader.client.create_order(BTC, "limit", "buy", 0.01, round(trader.price() * 0.98, 1))
    trader.sandbox.human.act("delist", {"symbol": "BTCUSDT"})
    with pytest.raises(ccxt.ExchangeError, match="-4108"):
        await trader.buy(0.01)
    assert await trader.position() == 0
    assert await trader.client.fetch_open_orders(BTC) == []
    markets = await trader.client.fetch_markets()
    assert next(one for one in markets if one["id"] == "BTCUSDT")["active"] is False


async def test_an_unknown_page_is_no_page(sandbox: Sandbox) -> None:
    status, document, _ = await ask(sandbox, "GET /fapi/v1/fortune", {})
    assert (status, document["code"]) == (404, -5000)
