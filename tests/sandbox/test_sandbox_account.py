"""Money: every cent is explained, whatever was ordered, whatever the market did."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sandbox_books import START, a_venue, check_books
from sandbox_client import BTC, Trader, connected

from gobot.core import ManualClock
from gobot.sandbox import Sandbox
from gobot.sandbox.errors import ApiError
from gobot.sandbox.parameters import Parameters

HOUR = 3_600_000


async def test_funding_is_settled_at_its_stamps(trader: Trader) -> None:
    await trader.buy(0.1)
    before = trader.sandbox.engine.venue.state.wallet
    trader.pass_time(8 * HOUR)
    (payment,) = await trader.client.fetch_funding_history(BTC)
    rate = float((await trader.client.fetch_funding_rate_history(BTC))[-1]["fundingRate"])
    price = float(trader.sandbox.engine.price(BTC, START + 8 * HOUR))
    assert payment["amount"] == pytest.approx(-rate * 0.1 * price, rel=1e-6)
    assert float(trader.sandbox.engine.venue.state.wallet - before) == pytest.approx(payment["amount"])
    assert payment["timestamp"] == START + 8 * HOUR


async def test_a_position_without_margin_left_is_liquidated(trader: Trader) -> None:
    await trader.client.set_margin_mode("isolated", BTC)
    await trader.client.set_leverage(20, BTC)
    await trader.buy(0.5)
    await trader.stop(trader.price() * 0.5)
    (position,) = await trader.client.fetch_positions([BTC])
    margin = trader.sandbox.engine.venue.state.holdings[BTC].margin
    trader.sandbox.human.act("move", {"symbol": BTC, "factor": 0.9})
    trader.pass_time(1_000)
    assert await trader.position() == 0
    order = (await trader.client.fetch_orders(BTC))[-1]
    assert order["clientOrderId"].startswith("autoclose-")
    assert order["average"] == pytest.approx(position["liquidationPrice"], rel=1e-3)
    lost = 10_000 - trader.sandbox.engine.venue.state.wallet
    assert margin * Decimal("0.8") < lost <= margin + Decimal(50)
    # The closing stop died with the position.
    assert await trader.client.fetch_open_orders(BTC, params={"trigger": True}) == []


async def test_a_trailing_stop_follows_and_triggers(trader: Trader) -> None:
    await trader.buy(0.01)
    params = {"trailingPercent": 2, "reduceOnly": True, "clientAlgoId": "trail"}
    await trader.client.create_order(BTC, "market", "sell", 0.01, None, params)
    top = trader.price() * 1.1
    trader.sandbox.human.act("move", {"symbol": BTC, "factor": 1.1})
    trader.pass_time(1)
    assert await trader.position() == 0.01
    trader.sandbox.human.act("move", {"symbol": BTC, "factor": 0.97})
    trader.pass_time(1)
    assert await trader.position() == 0
    *_, trade = await trader.client.fetch_my_trades(BTC)
    assert trade["price"] == pytest.approx(top * 0.98, rel=1e-4)


async def test_a_reducing_stop_outlives_its_position_and_is_rejected_when_triggered(trader: Trader) -> None:
    await trader.buy(0.01)
    params = {"stopLossPrice": trader.price() * 0.98, "reduceOnly": True, "clientAlgoId": "stop"}
    await trader.client.create_order(BTC, "market", "sell", 0.01, None, params)
    await trader.sell(0.01, reduceOnly=True)
    assert len(await trader.client.fetch_open_orders(BTC, params={"trigger": True})) == 1
    trader.sandbox.human.act("move", {"symbol": BTC, "factor": 0.95})
    trader.pass_time(1_000)
    (algo,) = trader.sandbox.state()["algos"]
    assert (algo["algoStatus"], algo["actualOrderId"]) == ("REJECTED", "")
    assert await trader.position() == 0


async def test_a_stop_limit_order_sends_a_limit_order(trader: Trader) -> None:
    trigger, price = round(trader.price() * 1.01, 1), round(trader.price() * 1.02, 1)
    params = {"stopLossPrice": trigger, "clientAlgoId": "breakout"}
    await trader.client.create_order(BTC, "limit", "buy", 0.01, price, params)
    trader.sandbox.human.act("move", {"symbol": BTC, "factor": 1.015})
    trader.pass_time(1_000)
    order = await trader.client.fetch_order(None, BTC, {"origClientOrderId": "breakout"})
    assert (order["status"], order["filled"]) == ("closed", 0.01)
    assert order["average"] == pytest.approx(trigger, rel=1e-4)


async def test_a_large_limit_order_is_filled_in_parts(clock: ManualClock) -> None:
    async with Sandbox(symbols=1, clock=clock, largest_fill=Decimal(300)) as sandbox, connected(sandbox) as client:
        trader = Trader(sandbox, client)
        price = round(trader.price() * 1.01, 1)
        order = await client.create_order(BTC, "limit", "buy", 0.01, price, {"newClientOrderId": "entry"})
        assert (order["status"], order["filled"]) == ("open", pytest.approx(300 / price, abs=1e-4))
        for _ in range(5):
            trader.pass_time(2_000)
        assert (await client.fetch_order(order["id"], BTC))["status"] == "closed"
        assert len(await client.fetch_my_trades(BTC)) == 4


async def test_naked_time_is_measured(trader: Trader) -> None:
    await trader.buy(0.01)
    trader.pass_time(1_500)
    await trader.stop(trader.price() * 0.9)
    trader.pass_time(10_000)
    trader.sandbox.human.act("cancel", {"symbol": BTC})
    trader.pass_time(700)
    await trader.sell(0.01, reduceOnly=True)
    lengths = [one["end_ms"] - one["start_ms"] for one in trader.sandbox.state()["naked"]]
    assert lengths == [1_500, 700]


async def test_the_human_trades_on_the_same_account(trader: Trader) -> None:
    act = trader.sandbox.human.act
    act("open", {"symbol": "BTCUSDT", "side": "BUY", "quantity": "0.02"})
    assert await trader.position() == 0.02
    act("close", {"symbol": "BTCUSDT"})
    assert await trader.position() == 0
    act("withdraw", {"amount": 4000})
    assert (await trader.client.fetch_balance())["USDT"]["total"] == pytest.approx(6000, abs=5)
    with pytest.raises(ApiError):
        act("withdraw", {"amount": 1e6})
    with pytest.raises(ApiError, match="action must be one of"):
        act("panic", {})


actions = st.tuples(
    st.sampled_from(["market", "limit", "cancel", "wait", "reduce", "move"]),
    st.sampled_from(["BUY", "SELL"]),
    st.integers(1, 40),
)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 5), steps=st.lists(actions, max_size=40))
def test_every_cent_is_explained(seed: int, steps: list[tuple[str, str, int]]) -> None:
    sandbox, pages, clock = a_venue(seed)
    engine = sandbox.engine
    for kind, side, size in steps:
        common: dict[str, Any] = {"symbol": "BTCUSDT", "side": side, "quantity": f"{size / 1000:.3f}"}
        engine.advance()
        try:
            if kind in ("market", "reduce"):
                reduce = {"reduceOnly": "true"} if kind == "reduce" else {}
                pages.place(Parameters({**common, "type": "MARKET", **reduce}))
            elif kind == "limit":
                offset = Decimal(1 + (size - 20) / 1000)
                price = engine.listings["BTCUSDT"].market.round_price(engine.price(BTC) * offset)
                pages.place(Parameters({**common, "type": "LIMIT", "timeInForce": "GTC", "price": str(price)}))
            elif kind == "cancel":
                pages.cancel_all(Parameters({"symbol": "BTCUSDT"}))
            elif kind == "move":
                engine.prices.move(BTC, 1 + (size - 20) / 400, engine.now_ms)
        except ApiError:
            pass
        clock.move_to(clock.now_ms() + 7_000 * size)
    engine.advance()
    check_books(sandbox)
