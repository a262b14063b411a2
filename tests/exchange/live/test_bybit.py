"""The same port before another venue: only its quirks know Bybit."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from random import Random

import pytest
from bybit_server import KEY, SECRET, BybitServer
from live_world import BTC, ETH, market, stop

from gobot.core import (
    ConfigError,
    Direction,
    ManualClock,
    OrderStatus,
    OrderType,
    OutcomeUnknown,
    Refusal,
    Side,
    VenueRefused,
)
from gobot.exchange.ccxt_client import Keys, make_client
from gobot.exchange.ccxt_exchange import CcxtExchange
from gobot.exchange.ccxt_public import CcxtPublic
from gobot.exchange.limiter import RateLimiter
from gobot.exchange.quirks import quirks_of
from gobot.exchange.terms import terms_of
from gobot.execution.self_test import self_test
from gobot.settings.trading import RateLimiterSettings

START = 1_767_225_600_000


@pytest.fixture
async def server(clock: ManualClock) -> AsyncIterator[BybitServer]:
    async with BybitServer(clock) as running:
        yield running


def connected(server: BybitServer, clock: ManualClock, **options) -> CcxtExchange:
    limiter = RateLimiter(RateLimiterSettings(), clock, tariff=terms_of("bybit").tariff)
    client = make_client("bybit", limiter, terms_of("bybit"), rest=server.url, keys=Keys(api_key=KEY, secret=SECRET))
    client.timeout = 5_000
    client.timeout_on_exit = 0
    public = CcxtPublic(client, clock, Random(1))
    return CcxtExchange(public, client, quirks_of("bybit"), clock, symbols=(BTC, ETH), leverage=3, **options)


@pytest.fixture
async def bybit(server: BybitServer, clock: ManualClock) -> AsyncIterator[CcxtExchange]:
    exchange = connected(server, clock)
    assert await exchange.start() == {}
    yield exchange
    await exchange.close()


async def test_start_sets_and_verifies(bybit, server):
    assert server.margin_mode == "ISOLATED_MARGIN"
    assert set(server.leverage.values()) == {"3"}
    assert await bybit.start() == {}
    assert server.requests["position/set-leverage"] == 2


async def test_a_key_that_may_withdraw(server, clock):
    server.withdraw = True
    exchange = connected(server, clock)
    with pytest.raises(ConfigError, match="may withdraw"):
        await exchange.start()
    await exchange.close()


async def test_from_an_order_to_its_stop(bybit, server, clock):
    report = await bybit.create(market(Side.BUY, "0.1"))
    assert (report.status, report.filled, report.average) == (OrderStatus.FILLED, Decimal("0.1"), Decimal(50_000))
    armed = await bybit.create(stop(Decimal(49_000)))
    assert (armed.status, armed.type, armed.trigger, armed.closes_position, armed.quantity) == (
        OrderStatus.OPEN,
        OrderType.STOP,
        Decimal(49_000),
        True,
        0,
    )
    assert [order.client_id for order in await bybit.open_orders()] == ["gb-stop"]
    (position,) = await bybit.positions()
    assert (position.direction, position.quantity, position.leverage) == (Direction.LONG, Decimal("0.1"), 3)
    balance = await bybit.balance()
    assert balance.wallet == 10_000 - Decimal("0.1") * 50_000 * Decimal("0.00055")
    clock.move_to(clock.now_ms() + 60_000)
    server.move("BTCUSDT", 48_900)
    fills = await bybit.fills(since_ms=clock.now_ms() - 3_600_000)
    assert [(fill.client_id, fill.price, fill.side) for fill in fills] == [
        ("gb-entry", Decimal(50_000), Side.BUY),
        ("gb-stop", Decimal(48_900), Side.SELL),
    ]
    report = await bybit.order(BTC, "gb-stop")
    assert (report.status, report.filled) == (OrderStatus.FILLED, Decimal("0.1"))
    assert await bybit.positions() == []


async def test_a_target_is_told_from_a_stop(bybit):
    await bybit.create(market(Side.SELL, "1", symbol=ETH))
    above = stop(Decimal(2_100), symbol=ETH, side=Side.BUY)
    below = type(above)(
        client_id="gb-target",
        symbol=ETH,
        side=Side.BUY,
        type=OrderType.TAKE_PROFIT,
        trigger=Decimal(1_900),
        closes_position=True,
    )
    await bybit.create(above)
    await bybit.create(below)
    assert {order.client_id: order.type for order in await bybit.open_orders()} == {
        "gb-stop": OrderType.STOP,
        "gb-target": OrderType.TAKE_PROFIT,
    }


async def test_cancelling(bybit):
    await bybit.create(market(Side.BUY, "0.1"))
    await bybit.create(stop(Decimal(49_000)))
    assert (await bybit.cancel(BTC, "gb-stop")).status is OrderStatus.CANCELED
    assert (await bybit.cancel(BTC, "gb-entry")).status is OrderStatus.FILLED
    with pytest.raises(VenueRefused) as refused:
        await bybit.cancel(BTC, "gb-nobody")
    assert refused.value.cause is Refusal.UNKNOWN_ORDER


@pytest.mark.parametrize(
    ("request_", "code", "cause"),
    [
        (market(Side.SELL, "0.1", reduce_only=True), "110017", Refusal.NOTHING_TO_CLOSE),
        (stop(Decimal(51_000)), "110093", Refusal.PASSED),
    ],
)
async def test_refusals(bybit, request_, code, cause):
    with pytest.raises(VenueRefused) as refused:
        await bybit.create(request_)
    assert (refused.value.code, refused.value.cause) == (code, cause)


@pytest.mark.parametrize(("fault", "there"), [("lost", True), ("never", False), ("10000", False), ("10016", False)])
async def test_what_proves_nothing_leaves_the_outcome_open(bybit, server, fault, there):
    server.fail("order/create", fault)
    with pytest.raises(OutcomeUnknown):
        await bybit.create(market(Side.BUY, "0.1"))
    assert server.requests["order/create"] == 1
    assert (await bybit.order(BTC, "gb-entry") is not None) is there


async def test_an_order_that_is_received_and_not_shown_is_open(bybit, server):
    server.fail("order/realtime", *["10016"] * 3)
    with pytest.raises(OutcomeUnknown, match="was received"):
        await bybit.create(market(Side.BUY, "0.1"))


async def test_a_clock_that_is_wrong_is_read_again(bybit, server, clock):
    server.clock = ManualClock(clock.now_ms() + 30_000)
    with pytest.raises(VenueRefused) as refused:
        await bybit.create(market(Side.BUY, "0.1"))
    assert refused.value.code == "10002"
    assert (await bybit.create(market(Side.BUY, "0.1"))).status is OrderStatus.FILLED


async def test_protection_is_proved(bybit, server, clock):
    await self_test(bybit, clock, BTC)
    assert [order["orderStatus"] for order in server.orders.values()] == ["Deactivated"]
