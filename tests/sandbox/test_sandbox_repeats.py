"""The same clock, seed and calls give the same venue; what was slow to answer has happened meanwhile."""

from __future__ import annotations

import asyncio
from typing import Any

import ccxt
from sandbox_client import BTC, Trader, connected

from gobot.core import ManualClock
from gobot.sandbox import Sandbox
from gobot.sandbox.faults import Fault

START = 1_767_225_630_000


async def a_session(steps: list[int]) -> dict[str, Any]:
    """Two hours of trading whose time passes in the given steps, over and over."""
    faults = [Fault(kind="unknown", endpoint="POST *", probability=0.2, executed="late", seconds=3)]
    async with Sandbox(symbols=2, seed=5, clock=ManualClock(START), faults=faults) as sandbox:
        async with connected(sandbox) as client:
            trader = Trader(sandbox, client)
            for number in range(12):
                price = round(trader.price() * (0.999 if number % 2 else 1.001), 1)
                side = "buy" if number % 2 else "sell"
                params = {"newClientOrderId": f"order{number}"}
                try:
                    await client.create_order(BTC, "limit", side, 0.01, price, params)
                except ccxt.RequestTimeout as error:
                    assert "-1007" in str(error)
                passed = 0
                while passed < 600_000:
                    step = steps[number % len(steps)]
                    trader.pass_time(step)
                    passed += step
        state = sandbox.state()
    return {name: state[name] for name in ("orders", "trades", "income", "positions", "wallet", "naked")}


async def test_the_same_session_gives_the_same_venue() -> None:
    assert await a_session([600_000]) == await a_session([600_000])


async def test_how_often_one_looks_changes_neither_trades_nor_prices() -> None:
    rare, often = await a_session([600_000]), await a_session([20_000])
    names = ("clientOrderId", "price", "qty", "commission")
    assert [[one[name] for name in names] for one in rare["trades"]] == [
        [one[name] for name in names] for one in often["trades"]
    ]
    assert rare["trades"]


async def test_the_stream_tells_of_a_fill_before_the_slow_answer_comes(trader: Trader) -> None:
    await trader.client.load_markets()
    watching = asyncio.create_task(trader.client.watch_orders())
    await asyncio.wait_for(trader.sandbox.hub.joined.wait(), 10)
    trader.sandbox.faults.add([Fault(kind="slow", endpoint="POST /fapi/v1/order", calls=(1,), seconds=60)])
    buying = asyncio.create_task(trader.buy(0.01, newClientOrderId="entry"))
    (first, *_) = await asyncio.wait_for(watching, 10)
    assert first["clientOrderId"] == "entry"
    assert not buying.done()
    buying.cancel()
    assert await trader.position() == 0.01
