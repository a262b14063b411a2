"""Round trips of the real ccxt client: what is ordered is what happens, and everybody is told the same."""

from __future__ import annotations

import asyncio

import pytest
from sandbox_client import BTC, Trader


async def test_a_market_order_fills_at_the_price_and_is_booked(trader: Trader) -> None:
    bought = await trader.buy(0.01, newClientOrderId="entry")
    assert (bought["status"], bought["filled"], bought["clientOrderId"]) == ("closed", 0.01, "entry")
    assert bought["average"] is None  # answers to new orders do not tell it

    asked = await trader.client.fetch_order(None, BTC, {"origClientOrderId": "entry"})
    assert asked["average"] == pytest.approx(trader.price())
    assert await trader.position() == 0.01

    (trade,) = await trader.client.fetch_my_trades(BTC)
    assert (trade["order"], trade["amount"]) == (bought["id"], 0.01)
    assert trade["fee"]["cost"] == pytest.approx(0.01 * trader.price() * 0.0005)


async def test_a_stop_closes_the_position_when_its_price_is_touched(trader: Trader) -> None:
    await trader.buy(0.01, newClientOrderId="entry")
    await trader.stop(trader.price() * 0.999, "stop")
    for _ in range(48 * 60):
        trader.pass_time(60_000)
        if not trader.sandbox.engine.book.open_algos():
            break
    algo = await trader.client.fetch_order(None, BTC, {"clientAlgoId": "stop", "trigger": True})
    assert algo["info"]["algoStatus"] == "FINISHED"
    sent = await trader.client.fetch_order(algo["info"]["actualOrderId"], BTC)
    assert (sent["status"], sent["filled"], sent["info"]["origType"]) == ("closed", 0.01, "STOP_MARKET")
    assert sent["average"] == pytest.approx(algo["triggerPrice"])
    assert await trader.position() == 0


async def test_a_limit_order_rests_until_the_price_goes_through(trader: Trader) -> None:
    price = round(trader.price() * 0.998, 1)
    order = await trader.client.create_order(BTC, "limit", "buy", 0.01, price, {"newClientOrderId": "limit"})
    assert order["status"] == "open"
    assert [one["clientOrderId"] for one in await trader.client.fetch_open_orders(BTC)] == ["limit"]
    for _ in range(48 * 60):
        trader.pass_time(60_000)
        if not trader.sandbox.engine.book.open_orders():
            break
    filled = await trader.client.fetch_order(order["id"], BTC)
    assert (filled["status"], filled["average"]) == ("closed", price)
    (trade,) = await trader.client.fetch_my_trades(BTC)
    assert trade["takerOrMaker"] == "maker"
    assert trade["fee"]["cost"] == pytest.approx(0.01 * price * 0.0002)


async def test_cancelling_all_orders_leaves_conditional_ones(trader: Trader) -> None:
    await trader.buy(0.01)
    await trader.stop(trader.price() * 0.9)
    await trader.client.create_order(BTC, "limit", "buy", 0.01, round(trader.price() * 0.96, 1))
    await trader.client.cancel_all_orders(BTC)
    assert await trader.client.fetch_open_orders(BTC) == []
    assert len(await trader.client.fetch_open_orders(BTC, params={"trigger": True})) == 1
    await trader.client.cancel_all_orders(BTC, {"trigger": True})
    assert await trader.client.fetch_open_orders(BTC, params={"trigger": True}) == []


async def test_the_user_stream_tells_of_orders_fills_and_the_stop(trader: Trader) -> None:
    watching = asyncio.create_task(trader.client.watch_my_trades())
    await asyncio.wait_for(trader.sandbox.hub.joined.wait(), 10)
    await trader.buy(0.01, newClientOrderId="entry")
    (trade,) = await asyncio.wait_for(watching, 10)
    assert (trade["amount"], trade["price"]) == (0.01, trader.price())


async def test_candles_are_those_of_the_market_and_the_last_one_is_open(trader: Trader) -> None:
    rows = await trader.client.fetch_ohlcv(BTC, "15m", limit=3)
    assert len(rows) == 3
    opened, _, high, low, close, _ = rows[-1]
    assert opened <= trader.sandbox.clock.now_ms() < opened + 900_000
    assert low <= close <= high
    assert close == trader.price()
