"""Faults strike the calls that their rules name, and the request takes effect or not as they say."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp
import ccxt
import pytest
from sandbox_client import BTC, Trader

from gobot.core import ConfigError
from gobot.sandbox.faults import Fault, FaultPlan, parse_faults, read_faults

ORDER = "POST /fapi/v1/order"


def strike(trader: Trader, **rule: Any) -> None:
    """The next order meets this."""
    trader.sandbox.faults.add([Fault(**{"endpoint": ORDER, "calls": (1,), **rule})])


async def status_of(trader: Trader, client_id: str) -> str | None:
    try:
        return (await trader.client.fetch_order(None, BTC, {"origClientOrderId": client_id}))["status"]
    except ccxt.OrderNotFound:
        return None


@pytest.mark.parametrize("kind", ["error", "unknown", "reset", "html", "truncated", "empty"])
@pytest.mark.parametrize("executed", ["yes", "no", "late"])
async def test_an_order_whose_answer_is_lost_is_executed_or_not(trader: Trader, kind: str, executed: str) -> None:
    await trader.client.load_markets()
    strike(trader, kind=kind, executed=executed, seconds=2)
    try:
        order = await trader.buy(0.01, newClientOrderId="entry")
    except ccxt.BaseError:
        order = {"id": None}
    # What ccxt makes of half an answer has no number either, or half of one.
    assert order is None or order.get("id") is None or order["id"] != "1" or kind == "truncated"
    assert await status_of(trader, "entry") == ("closed" if executed == "yes" else None)
    trader.pass_time(2_000)
    assert await status_of(trader, "entry") == (None if executed == "no" else "closed")
    assert len(trader.sandbox.journal.entries) == (0 if executed == "no" else 1)


async def test_codes_and_statuses_of_lost_answers(trader: Trader) -> None:
    await trader.client.load_markets()
    strike(trader, kind="unknown")
    with pytest.raises(ccxt.RequestTimeout):
        await trader.buy(0.01)
    strike(trader, kind="error", status=502, code=-1000)
    with pytest.raises(ccxt.OperationFailed, match="-1000"):
        await trader.buy(0.01)


async def test_429_asks_for_silence_and_counts_who_speaks(trader: Trader) -> None:
    await trader.client.load_markets()
    strike(trader, kind="limit", seconds=7)
    for _ in range(2):
        with pytest.raises(ccxt.DDoSProtection, match="429"):
            await trader.buy(0.01)
    assert trader.client.last_response_headers["Retry-After"] == "7"
    assert trader.sandbox.limits.requests_after_429 == 1
    trader.pass_time(7_000)
    await trader.buy(0.01)


async def test_418_bans(trader: Trader) -> None:
    await trader.client.load_markets()
    strike(trader, kind="ban", seconds=120)
    for _ in range(2):
        with pytest.raises(ccxt.DDoSProtection, match="418"):
            await trader.buy(0.01)
    assert trader.sandbox.limits.requests_during_bans == 1
    trader.pass_time(120_000)
    await trader.buy(0.01)


async def test_a_limit_order_is_filled_in_parts(trader: Trader) -> None:
    strike(trader, kind="partial", fraction=0.3, seconds=5)
    price = round(trader.price() * 1.01, 1)
    params = {"newClientOrderId": "entry"}
    order = await trader.client.create_order(BTC, "limit", "buy", 0.01, price, params)
    assert (order["status"], order["filled"]) == ("open", 0.003)
    trader.pass_time(5_000)
    trader.pass_time(1_000)
    assert await status_of(trader, "entry") == "closed"
    trades = await trader.client.fetch_my_trades(BTC)
    assert [trade["amount"] for trade in trades] == [0.003, 0.007]


async def test_what_a_market_order_does_not_get_expires(trader: Trader) -> None:
    await trader.client.load_markets()
    strike(trader, kind="partial", fraction=0.3)
    order = await trader.buy(0.01, newClientOrderId="entry")
    assert (order["status"], order["filled"]) == ("expired", 0.003)
    assert await trader.position() == 0.003


async def test_an_order_is_shown_late(trader: Trader) -> None:
    await trader.client.load_markets()
    strike(trader, kind="hidden", seconds=3)
    await trader.client.create_order(
        BTC, "limit", "buy", 0.01, round(trader.price() * 0.98, 1), {"newClientOrderId": "entry"}
    )
    assert await status_of(trader, "entry") is None
    assert await trader.client.fetch_open_orders(BTC) == []
    trader.pass_time(3_000)
    assert await status_of(trader, "entry") == "open"


async def test_the_venues_clock_goes_wrong(trader: Trader) -> None:
    await trader.client.load_markets()
    trader.sandbox.faults.add([Fault(kind="skew", endpoint="GET /fapi/v1/time", calls=(1,), seconds=30)])
    assert await trader.client.fetch_time() == trader.sandbox.clock.now_ms() + 30_000
    with pytest.raises(ccxt.InvalidNonce):
        await trader.buy(0.01)


@pytest.mark.parametrize("seconds", [60, -60])
async def test_what_happens_bears_the_time_of_a_wrong_clock(trader: Trader, seconds: int) -> None:
    client, clock = trader.client, trader.sandbox.clock
    await trader.buy(0.01)
    trader.sandbox.faults.add([Fault(kind="skew", endpoint="GET /fapi/v1/ping", calls=(1,), seconds=seconds)])
    await client.fapiPublicGetPing()
    trader.pass_time(1_000)
    client.milliseconds = lambda: clock.now_ms() + 1000 * seconds
    asked_ms = await client.fetch_time()
    assert asked_ms == clock.now_ms() + 1000 * seconds
    strike(trader, kind="unknown", executed="late", seconds=2)
    with pytest.raises(ccxt.RequestTimeout):
        await trader.buy(0.01, newClientOrderId="late")
    trader.pass_time(2_000)
    assert await status_of(trader, "late") == "closed"
    trade = (await client.fetch_my_trades(BTC))[-1]
    assert trade["timestamp"] >= asked_ms
    # The position has had no stop for three seconds, whatever the venue's clock says.
    trader.sandbox.human.act("close", {"symbol": BTC})
    (naked,) = trader.sandbox.state()["naked"]
    assert naked["end_ms"] - naked["start_ms"] == 3_000


async def test_streams_break_and_can_be_opened_again(trader: Trader) -> None:
    hub = trader.sandbox.hub
    watching = asyncio.create_task(trader.client.watch_orders())
    await asyncio.wait_for(hub.joined.wait(), 10)
    strike(trader, kind="drop")
    await trader.buy(0.01, newClientOrderId="entry")
    with pytest.raises(ccxt.NetworkError):
        await asyncio.wait_for(watching, 10)
    hub.joined.clear()
    watching = asyncio.create_task(trader.client.watch_orders())
    await asyncio.wait_for(hub.joined.wait(), 10)
    await trader.sell(0.01, newClientOrderId="exit", reduceOnly=True)
    assert {one["clientOrderId"] for one in await asyncio.wait_for(watching, 10)} == {"exit"}


async def test_a_silent_stream_says_nothing_and_stays_open(trader: Trader) -> None:
    hub = trader.sandbox.hub
    watching = asyncio.create_task(trader.client.watch_orders())
    await asyncio.wait_for(hub.joined.wait(), 10)
    strike(trader, kind="silence", seconds=5)
    await trader.buy(0.01, newClientOrderId="unheard")
    trader.pass_time(5_000)
    await trader.sell(0.01, newClientOrderId="heard", reduceOnly=True)
    assert {one["clientOrderId"] for one in await asyncio.wait_for(watching, 10)} == {"heard"}


def test_strikes_depend_on_the_seed_and_their_own_calls_alone() -> None:
    rule = Fault(kind="reset", endpoint=ORDER, probability=0.3)

    def struck(seed: int, *, others: int) -> list[bool]:
        plan = FaultPlan(seed)
        plan.add([rule, Fault(kind="slow", endpoint="GET *", probability=0.5)])
        outcome = []
        for _ in range(60):
            for _ in range(others):
                plan.pick("GET /fapi/v1/time", 0)
            outcome.append(bool(plan.pick(ORDER, 0)))
        return outcome

    assert struck(1, others=0) == struck(1, others=3)
    assert struck(1, others=0) != struck(2, others=0)
    assert 8 <= sum(struck(1, others=0)) <= 28


def test_rules_count_calls() -> None:
    plan = FaultPlan()
    plan.add([Fault(kind="reset", endpoint="POST *", every=3, times=2)])
    assert [bool(plan.pick(ORDER, 0)) for _ in range(12)] == [False, False, True, False, False, True] + [False] * 6


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"kind": "meteor", "calls": 1}, "kind must be one of"),
        ({"kind": "reset"}, "say when it strikes"),
        ({"kind": "reset", "calls": 1, "executed": "perhaps"}, "executed must be"),
        ({"kind": "reset", "cals": 1}, "unknown key 'cals'"),
        ({"calls": 1}, "with kind"),
        ({"kind": "reset", "probability": 2}, "between 0 and 1"),
    ],
)
def test_a_wrong_rule_is_explained(row: Mapping[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=f"here, fault 1.*{words}"):
        parse_faults([row], "here")


def test_a_file_of_faults(tmp_path: Path) -> None:
    path = tmp_path / "faults.yaml"
    path.write_text(
        "seed: 3\nfaults:\n  - {kind: reset, endpoint: POST *, calls: [2, 5], executed: yes}\n"
        "  - {kind: limit, every: 100, seconds: 10}\n"
    )
    seed, (first, second) = read_faults(path)
    assert (seed, first.calls, first.executed, second.every) == (3, (2, 5), "yes", 100)
    path.write_text("fault: []")
    with pytest.raises(ConfigError, match="expected the keys faults"):
        read_faults(path)


async def test_faults_are_set_from_outside(trader: Trader) -> None:
    url = trader.sandbox.rest + "/sandbox/faults"
    async with aiohttp.ClientSession() as session:
        async with session.post(url, data="[{kind: empty, endpoint: 'GET /fapi/v1/ping', calls: 1}]") as answer:
            assert await answer.json() == {"added": 1}
        async with session.get(trader.sandbox.rest + "/fapi/v1/ping") as answer:
            assert await answer.read() == b""
        async with session.get(url) as answer:
            assert (await answer.json())["strikes"][0]["kind"] == "empty"
        async with session.post(url, data="[{kind: meteor}]") as answer:
            assert answer.status == 400
        async with session.delete(url) as answer:
            assert await answer.json() == {}
