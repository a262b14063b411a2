"""Inspection and the human from outside: what people do with curl."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest
from sandbox_client import BTC, Trader

from gobot.sandbox import Sandbox
from gobot.sandbox.faults import Fault


async def call(sandbox: Sandbox, method: str, page: str, document: Any = None) -> tuple[int, Any]:
    url = f"{sandbox.rest}/sandbox/{page}"
    async with aiohttp.ClientSession() as session, session.request(method, url, json=document) as answer:
        return answer.status, await answer.json()


async def test_the_state_tells_everything_or_what_is_asked_for(trader: Trader) -> None:
    sandbox = trader.sandbox
    await trader.buy(0.01, newClientOrderId="entry")
    status, state = await call(sandbox, "GET", "state")
    assert status == 200
    assert state["journal"][-1]["client_id"] == "entry"
    assert "signature" not in state["journal"][-1]["parameters"]
    assert state["positions"]["BTCUSDT"]["quantity"] == "0.01"
    assert state["requests"]["futures"]["POST /fapi/v1/order"] == 1
    assert state["totals"]["TRANSFER"] == "10000"
    _, part = await call(sandbox, "GET", "state?only=positions,naked")
    assert part.keys() == {"positions", "naked"}


async def test_the_human_acts_from_outside(trader: Trader) -> None:
    sandbox = trader.sandbox
    opening = {"action": "open", "symbol": BTC, "side": "sell", "quantity": "0.02"}
    status, done = await call(sandbox, "POST", "human", opening)
    assert (status, done["filled"]) == (200, "0.02")
    assert await trader.position() == -0.02
    await call(sandbox, "POST", "human", {"action": "close", "symbol": "BTCUSDT"})
    assert await trader.position() == 0
    await call(sandbox, "POST", "human", {"action": "leverage", "symbol": "BTCUSDT", "leverage": 3})
    assert sandbox.state()["leverage"]["BTCUSDT"] == 3


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"action": "dance"}, "action must be one of"),
        ({}, "action must be one of"),
        ({"action": "open", "symbol": "BTCUSDT"}, "'side'"),
        ({"action": "open", "symbol": "BTCUSDT", "side": "up", "quantity": 1}, "up"),
        ({"action": "close", "symbol": "NOPE"}, "Invalid symbol"),
        ({"action": "close", "symbol": "BTCUSDT"}, "ReduceOnly"),
        ({"action": "deposit", "amount": "much"}, "deposit"),
    ],
)
async def test_what_the_human_cannot_do_is_said(sandbox: Sandbox, document: Any, words: str) -> None:
    status, answer = await call(sandbox, "POST", "human", document)
    assert status == 400
    assert words in answer["msg"]


async def test_a_ban_can_be_lifted(trader: Trader) -> None:
    sandbox = trader.sandbox
    sandbox.faults.add([Fault(kind="ban", endpoint="GET /fapi/v1/ping", calls=(1,), seconds=600)])
    with pytest.raises(Exception, match="418"):
        await trader.client.fapiPublicGetPing()
    await call(sandbox, "POST", "lift")
    await trader.client.fapiPublicGetPing()


async def test_unknown_pages_name_the_known_ones(sandbox: Sandbox) -> None:
    status, answer = await call(sandbox, "GET", "secrets")
    assert status == 404
    assert "GET state" in answer["msg"]
