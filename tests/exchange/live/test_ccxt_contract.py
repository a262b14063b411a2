"""The error contract of the port: what proves a refusal, what leaves it open, and that nothing is sent twice."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import ccxt
import pytest
from live_world import BTC, living, market, stop

from gobot.core import OrderStatus, OutcomeUnknown, Refusal, Side, VenueRefused, VenueUnavailable
from gobot.exchange.ccxt_writing import NOT_SENT
from gobot.sandbox.faults import Fault

PLACE, CANCEL = "POST /fapi/v1/order", "DELETE /fapi/v1/algoOrder"
OPEN = [
    {"kind": "unknown"},
    {"kind": "reset"},
    {"kind": "truncated"},
    {"kind": "html"},
    {"kind": "empty"},
    *({"kind": "error", "status": status, "code": code} for status, code in ((503, -1001), (500, -1000), (503, -1008))),
    *({"kind": "error", "status": 400, "code": code} for code in (-1000, -1001, -1006, -1007)),
]

TIMEOUT = asyncio.timeout


def named(fault: dict) -> str:
    return "-".join(str(value) for value in fault.values())


@pytest.mark.parametrize("executed", ["yes", "no"])
@pytest.mark.parametrize("fault", OPEN, ids=named)
async def test_what_proves_nothing_leaves_the_outcome_open(world, sandbox, fault, executed):
    sandbox.faults.add([Fault(endpoint=PLACE, calls=(1,), executed=executed, **fault)])
    with pytest.raises(OutcomeUnknown):
        await world.exchange.create(market(Side.BUY, "0.1"))
    assert world.served("order") == ["order"], "nothing is sent again"
    report = await world.exchange.order(BTC, "gb-entry")
    assert (report is not None) is (executed == "yes")


async def test_an_answer_that_does_not_come_leaves_it_open(world, sandbox):
    world.client.timeout = 200
    sandbox.faults.add([Fault(endpoint=PLACE, kind="slow", calls=(1,), seconds=1.0)])
    with pytest.raises(OutcomeUnknown):
        await world.exchange.create(market(Side.BUY, "0.1"))
    assert world.served("order") == ["order"], "nothing is sent again"


@pytest.mark.parametrize("executed", ["yes", "no"])
@pytest.mark.parametrize("fault", [{"kind": "reset"}, {"kind": "unknown"}, {"kind": "html"}], ids=named)
async def test_a_cancel_without_an_answer_is_open_too(world, sandbox, fault, executed):
    await world.exchange.create(market(Side.BUY, "0.1"))
    await world.exchange.create(stop(world.public.known_markets[BTC].round_price(await world.price() * Decimal("0.9"))))
    sandbox.faults.add([Fault(endpoint=CANCEL, calls=(1,), executed=executed, **fault)])
    with pytest.raises(OutcomeUnknown):
        await world.exchange.cancel(BTC, "gb-stop")
    report = await world.exchange.order(BTC, "gb-stop")
    assert report.status is (OrderStatus.CANCELED if executed == "yes" else OrderStatus.OPEN)


@pytest.mark.parametrize("kind", ["limit", "ban"])
async def test_who_is_turned_away_at_the_door_was_not_served(world, sandbox, kind):
    sandbox.faults.add([Fault(endpoint=PLACE, kind=kind, calls=(1,), seconds=30.0)])
    with pytest.raises(VenueRefused) as refused:
        await world.exchange.create(market(Side.BUY, "0.1"))
    assert refused.value.code in ("-1003", "-1015", "429", "418")
    with pytest.raises(VenueRefused, match="nothing was sent") as unsent:
        await world.exchange.create(market(Side.BUY, "0.1", client_id="gb-second"))
    assert unsent.value.code == NOT_SENT
    await world.after(31)
    assert await world.exchange.order(BTC, "gb-entry") is None


async def test_an_order_that_cannot_leave_is_refused(world):
    world.client.rest = "http://127.0.0.1:9"
    with pytest.raises(VenueRefused, match="nothing was sent to binanceusdm") as refused:
        await world.exchange.create(market(Side.BUY, "0.1"))
    assert refused.value.code == NOT_SENT


async def test_an_order_of_nonsense_is_refused_before_it_is_sent(world):
    with pytest.raises(VenueRefused, match="nothing was sent"):
        await world.exchange.create(market(Side.BUY, "0.1", symbol="NOPE/USDT:USDT"))


READS = {
    "account": lambda exchange: exchange.balance(),
    "positionRisk": lambda exchange: exchange.positions(),
    "openOrders": lambda exchange: exchange.open_orders(),
    "openAlgoOrders": lambda exchange: exchange.open_orders(),
    "order": lambda exchange: exchange.order(BTC, "gb-entry"),
    "algoOrder": lambda exchange: exchange.order(BTC, "gb-nobody"),
    "userTrades": lambda exchange: exchange.fills(since_ms=0),
    "income": lambda exchange: exchange.funding(since_ms=0),
}


@pytest.mark.parametrize("fault", OPEN, ids=named)
@pytest.mark.parametrize("what", READS)
async def test_a_question_that_is_not_answered_never_means_that_there_is_nothing(world, sandbox, what, fault):
    await world.exchange.create(market(Side.BUY, "0.1"))
    await world.exchange.positions()
    sandbox.faults.add([Fault(endpoint=f"GET /fapi/*/{what}", every=1, **fault)])
    with pytest.raises(VenueUnavailable):
        await READS[what](world.exchange)
    sandbox.faults.clear()
    await READS[what](world.exchange)


async def test_an_order_that_is_not_shown_yet_is_asked_for_again(world, sandbox):
    sandbox.faults.add([Fault(endpoint=PLACE, kind="hidden", calls=(1,), seconds=5.0)])
    await world.exchange.create(market(Side.BUY, "0.1"))
    assert await world.exchange.order(BTC, "gb-entry") is None
    assert world.exchange.settle_after_ms > 5_000
    await world.after(world.exchange.settle_after_ms / 1000)
    assert (await world.exchange.order(BTC, "gb-entry")).status is OrderStatus.FILLED


async def test_a_clock_that_is_wrong_is_read_again(world, sandbox):
    sandbox.faults.add([Fault(endpoint="GET /fapi/v1/ping", kind="skew", calls=(1,), seconds=-20.0)])
    await world.client.fapiPublicGetPing()
    assert await world.exchange.positions() == [], "a question is asked again by the right time"
    assert -21_000 < world.exchange.clock_ahead_ms < -19_000
    sandbox.faults.add([Fault(endpoint="GET /fapi/v1/ping", kind="skew", calls=(1,), seconds=60.0)])
    await world.client.fapiPublicGetPing()
    with pytest.raises(VenueRefused) as refused:
        await world.exchange.create(market(Side.BUY, "0.1"))
    assert refused.value.code == "-1021"
    assert (await world.exchange.create(market(Side.BUY, "0.1"))).status is OrderStatus.FILLED


async def test_an_order_whose_turn_does_not_come_is_not_sent(world, sandbox, monkeypatch):
    """Its signature is as old as its decision: what is signed must be on its way within seconds."""
    sandbox.faults.add([Fault(endpoint="GET /fapi/v1/ping", kind="limit", calls=(1,), seconds=2.0)])
    with pytest.raises(ccxt.DDoSProtection):
        await world.client.fapiPublicGetPing()
    assert world.limiter.silent_for() > 0
    monkeypatch.setattr(world.clock, "sleep", lambda _: asyncio.Event().wait())
    monkeypatch.setattr("gobot.exchange.ccxt_client.asyncio.timeout", lambda _: TIMEOUT(0.05))
    with pytest.raises(VenueRefused, match="no turn came") as refused:
        await world.exchange.create(market(Side.BUY, "0.1"))
    assert refused.value.code == NOT_SENT
    assert world.served("order") == []


async def test_protection_goes_first(world):
    await world.exchange.create(market(Side.BUY, "0.1"))
    await world.exchange.create(stop(world.public.known_markets[BTC].round_price(await world.price() * Decimal("0.9"))))
    await world.exchange.cancel(BTC, "gb-stop")
    await world.exchange.create(market(Side.SELL, "0.1", reduce_only=True, client_id="gb-close"))
    by_call = [(one.endpoint, one.priority.name) for one in world.limiter.snapshot().recent if "rder" in one.endpoint]
    assert ("POST /fapi/v1/order", "HIGH") in by_call
    assert ("POST /fapi/v1/algoOrder", "CRITICAL") in by_call
    assert ("DELETE /fapi/v1/algoOrder", "CRITICAL") in by_call
    assert ("POST /fapi/v1/order", "CRITICAL") in by_call


async def test_a_name_that_is_in_use_is_a_duplicate(world, sandbox, clock):
    trigger = world.public.known_markets[BTC].round_price(await world.price() * Decimal("0.9"))
    await world.exchange.create(market(Side.BUY, "0.1"))
    await world.exchange.create(stop(trigger))
    async with living(sandbox, clock) as other:
        with pytest.raises(VenueRefused) as refused:
            await other.exchange.create(stop(trigger))
    assert refused.value.cause in (Refusal.DUPLICATE, Refusal.ANOTHER_RESTS)
