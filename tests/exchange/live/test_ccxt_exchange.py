"""An account at the venue, seen and changed through the port."""

from __future__ import annotations

from decimal import Decimal

import pytest
from live_world import BTC, ETH, living, market, stop

from gobot.core import (
    ConfigError,
    Direction,
    OrderRequest,
    OrderStatus,
    OrderType,
    Refusal,
    Side,
    VenueRefused,
)


async def test_start_sets_and_verifies_how_the_account_trades(world):
    margins = await world.exchange.account.margins([BTC, ETH])
    assert {symbol: (one.isolated, one.leverage) for symbol, one in margins.items()} == {BTC: (True, 3), ETH: (True, 3)}
    assert "dual" in world.served()
    assert "apiRestrictions" in world.served()
    before = len(world.served("leverage", "marginType"))
    await world.exchange.set_leverage(BTC, 3)
    assert await world.exchange.start() == {}
    assert len(world.served("leverage", "marginType")) == before, "what is right already is not set again"


async def test_an_order_its_fill_and_its_position(world):
    before = await world.exchange.balance()
    report = await world.exchange.create(market(Side.BUY, "0.1"))
    assert (report.status, report.filled, report.client_id) == (OrderStatus.FILLED, Decimal("0.1"), "gb-entry")
    assert report.type is OrderType.MARKET
    (fill,) = await world.exchange.fills(since_ms=world.clock.now_ms() - 60_000)
    assert (fill.client_id, fill.quantity, fill.price) == (
        "gb-entry",
        Decimal("0.1"),
        (await world.exchange.order(BTC, "gb-entry")).average,
    )
    assert fill.fee == pytest.approx(fill.price * fill.quantity * Decimal("0.0005"), abs=Decimal("1e-7"))
    (position,) = await world.exchange.positions()
    assert (position.symbol, position.direction, position.quantity, position.leverage) == (
        BTC,
        Direction.LONG,
        Decimal("0.1"),
        3,
    )
    after = await world.exchange.balance()
    assert after.wallet == before.wallet - fill.fee
    assert after.equity == after.wallet + position.unrealized
    assert after.available < before.available


async def test_conditional_orders_are_kept_apart_and_found_all_the_same(world):
    await world.exchange.create(market(Side.BUY, "0.1"))
    trigger = world.public.known_markets[BTC].round_price(await world.price() * Decimal("0.9"))
    armed = await world.exchange.create(stop(trigger))
    assert (armed.status, armed.type, armed.trigger, armed.closes_position) == (
        OrderStatus.OPEN,
        OrderType.STOP,
        trigger,
        True,
    )
    limit = OrderRequest(
        client_id="gb-limit",
        symbol=BTC,
        side=Side.BUY,
        type=OrderType.LIMIT,
        quantity=Decimal("0.1"),
        price=world.public.known_markets[BTC].round_price(await world.price() * Decimal("0.97")),
    )
    assert (await world.exchange.create(limit)).status is OrderStatus.OPEN
    assert {order.client_id for order in await world.exchange.open_orders()} == {"gb-stop", "gb-limit"}
    for name in ("gb-stop", "gb-limit"):
        assert (await world.exchange.cancel(BTC, name)).status is OrderStatus.CANCELED
    assert await world.exchange.open_orders() == []


async def test_both_books_are_asked_by_a_process_that_knows_nothing(world, sandbox, clock):
    await world.exchange.create(market(Side.BUY, "0.1"))
    trigger = world.public.known_markets[BTC].round_price(await world.price() * Decimal("0.9"))
    await world.exchange.create(stop(trigger))
    async with living(sandbox, clock) as other:
        found = await other.exchange.order(BTC, "gb-stop")
        assert found is not None
        assert found.status is OrderStatus.OPEN
        assert (await other.exchange.order(BTC, "gb-entry")).filled == Decimal("0.1")
        assert await other.exchange.order(BTC, "gb-nobody") is None
        assert (await other.exchange.cancel(BTC, "gb-stop")).status is OrderStatus.CANCELED


@pytest.mark.parametrize("restarted", [False, True])
async def test_the_fills_of_a_stop_carry_its_own_name(world, sandbox, clock, restarted):
    await world.exchange.create(market(Side.BUY, "0.1"))
    price = await world.price()
    await world.exchange.create(stop(world.public.known_markets[BTC].round_price(price * Decimal("0.9995"))))
    for _ in range(5_000):
        await world.after(60)
        if not await world.exchange.positions():
            break
    async with living(sandbox, clock) as other:
        exchange = other.exchange if restarted else world.exchange
        fills = await exchange.fills(since_ms=clock.now_ms() - 86_400_000)
        assert [fill.client_id for fill in fills] == ["gb-entry", "gb-stop"]
        report = await exchange.order(BTC, "gb-stop")
        assert (report.status, report.filled) == (OrderStatus.FILLED, Decimal("0.1"))
        assert report.average == fills[1].price
        assert report.type is OrderType.STOP


async def test_an_order_that_is_final_is_reported_as_it_is(world):
    await world.exchange.create(market(Side.BUY, "0.1"))
    assert (await world.exchange.cancel(BTC, "gb-entry")).status is OrderStatus.FILLED
    with pytest.raises(VenueRefused) as refused:
        await world.exchange.cancel(BTC, "gb-nobody")
    assert refused.value.cause is Refusal.UNKNOWN_ORDER


@pytest.mark.parametrize(
    ("request_", "code", "cause"),
    [
        (market(Side.SELL, "0.1", reduce_only=True), "-2022", Refusal.NOTHING_TO_CLOSE),
        (market(Side.BUY, "1000000"), "-4005", Refusal.OTHER),
        (market(Side.BUY, "10"), "-2019", Refusal.OTHER),
    ],
)
async def test_a_refusal_has_the_venues_code_and_what_it_means(world, request_, code, cause):
    with pytest.raises(VenueRefused) as refused:
        await world.exchange.create(request_)
    assert (refused.value.code, refused.value.cause) == (code, cause)


async def test_a_key_that_may_withdraw_is_refused_unless_it_is_allowed(sandbox, clock):
    sandbox.settings.may_withdraw = True
    async with living(sandbox, clock, start=False) as one:
        with pytest.raises(ConfigError, match="may withdraw money"):
            await one.exchange.start()
    async with living(sandbox, clock, allow_withdrawal_key=True) as other:
        assert await other.exchange.positions() == []


async def test_a_key_that_nobody_knows_is_a_wrong_setting(sandbox, clock):
    async with living(sandbox, clock, start=False, secret="wrong") as one:
        with pytest.raises(ConfigError, match="check GOBOT_EXCHANGE__API_KEY and GOBOT_EXCHANGE__SECRET"):
            await one.exchange.start()


async def test_a_symbol_that_is_not_listed_takes_no_entries_and_hides_nothing(sandbox, clock):
    async with living(sandbox, clock, start=False, symbols=("NOPE/USDT:USDT", BTC)) as world:
        problems = await world.exchange.start()
        assert list(problems) == ["NOPE/USDT:USDT"]
        assert "take it out of trading.symbols" in problems["NOPE/USDT:USDT"]
        await world.exchange.create(market(Side.BUY, "0.1"))
        found = [await world.exchange.fills(since_ms=clock.now_ms() - 60_000) for _ in range(4)]
        assert all(len(fills) == 1 for fills in found)
