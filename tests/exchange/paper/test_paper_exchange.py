"""The account on paper before a real market: what fills, when, and at what price."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest
from binance_server import HOUR, START
from paper_world import BTC, ETH, guard, market, until, world

from gobot.core import (
    Direction,
    OrderRequest,
    OrderStatus,
    OrderType,
    Side,
    StateError,
    Timeframe,
    VenueRefused,
    VenueUnavailable,
)

STOP, TARGET = OrderType.STOP, OrderType.TAKE_PROFIT
DAY = 24 * HOUR


@pytest.fixture
def store(tmp_path):
    return tmp_path / "paper.db"


async def opened(w, *, stop: float = 98.0, target: float = 104.0):
    """A long position of 1 BTC with stop and target, as the daemon opens one."""
    await w.paper.create(guard(STOP, stop))
    entry = await w.paper.create(market(Side.BUY, "1"))
    await w.paper.create(guard(TARGET, target))
    return entry


async def outcome(w) -> tuple[str, str, str]:
    """How stop and target ended, and at what price the position did."""
    stop, target = [await w.paper.order(BTC, name) for name in (STOP.value, TARGET.value)]
    fills = await w.paper.fills(since_ms=0)
    return str(stop.status), str(target.status), f"{fills[-1].price:.2f}"


async def test_market_orders_trade_at_bid_and_ask(server, store):
    async with world(server, store) as w:
        bought = await w.paper.create(market(Side.BUY, "1"))
        sold = await w.paper.create(market(Side.SELL, "1", client_id="exit", reduce_only=True))
        assert (bought.average, sold.average) == (Decimal("100.05"), Decimal("99.95"))
        fees = [fill.fee for fill in await w.paper.fills(since_ms=0)]
        assert fees == [Decimal("100.05") * Decimal("0.0005"), Decimal("99.95") * Decimal("0.0005")]
        balance = await w.paper.balance()
        assert balance.equity == balance.wallet == Decimal(1000) - Decimal("0.1") - sum(fees)


async def test_slippage_and_fees_of_the_settings(server, store):
    async with world(server, store, slippage=0.01, fee=0.0, maker_fee=0.001) as w:
        bought = await w.paper.create(market(Side.BUY, "1"))
        assert bought.average == Decimal("101.0505")
        assert (await w.paper.fills(since_ms=0))[0].fee == 0
        assert (await w.paper.markets())[BTC].maker_fee == Decimal("0.001")


async def test_an_order_fills_at_the_price_when_it_arrives(server, store):
    async with world(server, store, latency=2.0) as w:
        server.clock = w.clock.now_ms
        server.trade("BTC", w.clock.now_ms() + 1_000, 110.0)
        sent_ms = w.clock.now_ms()
        bought = await w.paper.create(market(Side.BUY, "1"))
        assert bought.average == Decimal("110.05")
        assert bought.updated_ms == sent_ms + 2_000


async def test_a_cancellation_on_its_way_comes_too_late(server, store):
    async with world(server, store, latency=2.0) as w:
        server.clock = w.clock.now_ms
        await opened(w)
        server.trade("BTC", w.clock.now_ms() + 1_000, 97.0, 100.0)
        assert (await w.paper.cancel(BTC, "stop")).status is OrderStatus.FILLED


async def test_a_stop_fills_at_its_level_between_two_looks(server, store):
    async with world(server, store) as w:
        await opened(w)
        server.trade("BTC", w.server.now_ms + 2_000, 97.0, 100.0)
        w.after(10)
        assert await w.paper.positions() == []
        assert await outcome(w) == ("filled", "expired", "98.00")


async def test_a_target_fills_although_the_price_has_come_back(server, store):
    async with world(server, store) as w:
        await opened(w)
        server.trade("BTC", w.server.now_ms + 70_000, 105.0, 100.0)
        w.after(300)
        assert await outcome(w) == ("expired", "filled", "104.00")
        assert (await w.paper.fills(since_ms=0))[-1].time_ms == START + 180_000


async def test_whichever_came_first_counts(server, store):
    async with world(server, store) as w:
        await opened(w)
        server.trade("BTC", w.server.now_ms + 5_000, 105.0, 100.0)
        server.trade("BTC", w.server.now_ms + 75_000, 97.0)
        w.after(3600)
        assert (await outcome(w))[1:] == ("filled", "104.00")


async def test_what_was_traded_before_an_order_does_not_fill_it(server, store):
    server.trade("BTC", server.now_ms + 1_000, 90.0, 110.0, 100.0)
    async with world(server, store) as w:
        w.after(10)
        await opened(w)
        w.after(10)
        assert len(await w.paper.positions()) == 1
        w.after(300)
        assert len(await w.paper.open_orders()) == 2


async def test_a_second_order_in_the_same_minute_does_not_see_the_past_of_the_first(server, store):
    async with world(server, store) as w:
        await opened(w, stop=90.0)
        server.trade("BTC", w.server.now_ms + 5_000, 97.0, 100.0)
        w.after(20)
        await w.paper.create(guard(STOP, 98.0, client_id="tighter"))
        w.after(30)
        assert len(await w.paper.open_orders()) == 3
        server.trade("BTC", w.server.now_ms + 1_000, 97.5)
        w.after(60)
        assert (await w.paper.order(BTC, "tighter")).average == Decimal(98)


async def test_a_gap_fills_beyond_the_level(server, store):
    async with world(server, store) as w:
        await opened(w)
        server.trade("BTC", START + 3 * 60_000, 95.0)
        w.after(600)
        assert await outcome(w) == ("filled", "expired", "95.00")


async def test_a_limit_order_fills_when_the_price_goes_through(server, store):
    async with world(server, store) as w:
        limit = OrderRequest(
            client_id="limit", symbol=BTC, side=Side.BUY, type=OrderType.LIMIT, quantity=Decimal(1), price=Decimal(99)
        )
        await w.paper.create(limit)
        server.trade("BTC", w.server.now_ms + 1_000, 99.0)
        w.after(5)
        assert (await w.paper.order(BTC, "limit")).status is OrderStatus.OPEN
        server.trade("BTC", w.server.now_ms + 1_000, 98.9)
        w.after(5)
        (fill,) = await w.paper.fills(since_ms=0)
        assert (fill.price, fill.maker, fill.fee) == (Decimal(99), True, Decimal(99) * Decimal("0.0002"))


async def test_shorts_are_the_mirror_image(server, store):
    async with world(server, store) as w:
        await w.paper.create(guard(STOP, 102.0, side=Side.BUY))
        await w.paper.create(market(Side.SELL, "1"))
        (position,) = await w.paper.positions()
        assert (position.direction, position.entry_price) == (Direction.SHORT, Decimal("99.95"))
        server.trade("BTC", w.server.now_ms + 3_000, 103.0, 100.0)
        w.after(10)
        assert (await w.paper.fills(since_ms=0))[-1].price == Decimal(102)


async def test_positions_are_valued_at_the_last_price(server, store):
    async with world(server, store, fee=0.0) as w:
        await opened(w)
        server.trade("BTC", w.server.now_ms + 1_000, 101.0)
        w.after(5)
        (position,) = await w.paper.positions()
        assert position.mark_price == Decimal(101)
        assert (await w.paper.balance()).equity == Decimal(1000) + Decimal("0.95")


async def test_the_account_outlives_the_process(server, store):
    async with world(server, store) as w:
        await opened(w)
        before = [await w.paper.balance(), await w.paper.positions(), await w.paper.open_orders()]
        before += [await w.paper.fills(since_ms=0)]
    async with world(server, store) as w:
        after = [await w.paper.balance(), await w.paper.positions(), await w.paper.open_orders()]
        assert [*after, await w.paper.fills(since_ms=0)] == before
        assert (await w.paper.create(market(Side.SELL, "1", client_id="x", reduce_only=True))).venue_id == "4"


async def test_days_without_the_daemon_are_caught_up(server, store):
    async with world(server, store) as w:
        await opened(w)
        hit = START + DAY + 7 * 60_000 + 30_000
        server.trade("BTC", hit, 97.0, 100.0)
        server.trade("BTC", hit + 2 * HOUR, 105.0)
    server.now_ms = START + 3 * DAY
    async with world(server, store) as w:
        assert await outcome(w) == ("filled", "expired", "98.00")
        assert (await w.paper.fills(since_ms=0))[-1].time_ms == START + DAY + 8 * 60_000


async def test_the_store_belongs_to_one_venue(server, store):
    async with world(server, store):
        pass
    async with world(server) as w:
        from gobot.exchange.paper import PaperExchange

        w.client.id = "bybit"
        with pytest.raises(StateError, match="belongs to another market"):
            PaperExchange(w.public, store, w.clock, start_equity=Decimal(1))


# Funding


async def test_funding_is_settled_once_at_its_time(server, store):
    async with world(server, store, fee=0.0) as w:
        w.at(START + 8 * HOUR - 30_000)
        await opened(w)
        await w.paper.balance()
        for _ in range(12):
            w.after(5)
            await w.paper.balance()
        (payment,) = await w.paper.funding(since_ms=0)
        assert (payment.time_ms, payment.rate) == (START + 8 * HOUR, Decimal("0.0001"))
        assert payment.amount == Decimal("-0.01")
        assert (await w.paper.balance()).wallet == Decimal("999.99")
        assert await w.paper.funding(since_ms=START + 8 * HOUR + 1) == []


async def test_a_position_opened_after_the_settlement_pays_nothing(server, store):
    async with world(server, store) as w:
        w.at(START + 8 * HOUR - 2_000)
        await w.paper.balance()
        w.at(START + 8 * HOUR + 1_000)
        await opened(w)
        for _ in range(3):
            w.after(5)
            await w.paper.balance()
        assert await w.paper.funding(since_ms=0) == []


async def test_settlements_that_passed_without_the_daemon_are_caught_up_in_order(server, store):
    async with world(server, store) as w:
        await opened(w)
        server.trade("BTC", START + 17 * HOUR, 97.0)
    server.now_ms = START + 2 * DAY
    async with world(server, store) as w:
        times = [payment.time_ms for payment in await w.paper.funding(since_ms=0)]
        assert times == [START + 8 * HOUR, START + 16 * HOUR]
    async with world(server, store) as w:
        assert len(await w.paper.funding(since_ms=0)) == 2


async def test_a_funding_rate_that_cannot_be_read_keeps_no_stop_from_filling(server, store):
    async with world(server, store) as w:
        server.fail("premiumIndex", *["500"] * 30)
        await opened(w)
        server.trade("BTC", w.server.now_ms + 2_000, 97.0)
        w.after(10)
        assert await w.paper.positions() == []


# When the venue does not answer


async def test_an_account_that_cannot_be_read_is_not_flat(server, store):
    async with world(server, store) as w:
        await opened(w)
        w.after(10)
        server.fail("klines", *["500"] * 3)
        with pytest.raises(VenueUnavailable):
            await w.paper.positions()
        assert len(await w.paper.positions()) == 1


async def test_without_prices_nothing_is_sent(server, store):
    async with world(server, store) as w:
        await w.paper.balance()
        for what in ("klines", "ticker/bookTicker"):
            server.fail(what, *["html"] * 3)
            with pytest.raises(VenueRefused, match=r"Nothing was sent: binanceusdm does not answer") as refusal:
                await w.paper.create(market(Side.BUY, "1"))
            assert refusal.value.code == "-1001"
        assert await w.paper.order(BTC, "entry") is None
        assert await w.paper.fills(since_ms=0) == []


async def test_a_cancel_that_cannot_be_judged_changes_nothing(server, store):
    async with world(server, store) as w:
        await opened(w)
        w.after(10)
        server.fail("klines", *["500"] * 3)
        with pytest.raises(VenueRefused, match="Nothing was cancelled"):
            await w.paper.cancel(BTC, STOP.value)
        assert (await w.paper.cancel(BTC, STOP.value)).status is OrderStatus.CANCELED


async def test_an_order_that_filled_before_the_cancel_came_is_reported_as_filled(server, store):
    async with world(server, store) as w:
        await opened(w)
        server.trade("BTC", w.server.now_ms + 1_000, 97.0, 100.0)
        w.after(5)
        assert (await w.paper.cancel(BTC, STOP.value)).status is OrderStatus.FILLED


async def test_a_symbol_that_cannot_be_read_keeps_no_other_from_filling(server, store):
    async with world(server, store) as w:
        await opened(w)
        await w.paper.create(market(Side.BUY, "1", symbol=ETH, client_id="other"))
        server.trade("BTC", w.server.now_ms + 1_000, 97.0)
        w.after(5)
        real = server.answer
        server.answer = lambda what, query: None if query.get("symbol") == "ETHUSDT" else real(what, query)
        with pytest.raises(VenueUnavailable):
            await w.paper.positions()
        server.answer = real
        assert [position.symbol for position in await w.paper.positions()] == [ETH]
        assert (await w.paper.fills(since_ms=0))[-1].price == Decimal(98)


async def test_refusals_carry_the_venues_codes(server, store):
    async with world(server, store) as w:
        for request, code in (
            (market(Side.BUY, "1", symbol="NOPE/USDT:USDT"), "-1121"),
            (market(Side.BUY, "0.0001"), "-1111"),
            (market(Side.BUY, "0.01"), "-4164"),
            (market(Side.BUY, "100"), "-2019"),
            (guard(STOP, 101.0), "-2021"),
        ):
            with pytest.raises(VenueRefused) as refusal:
                await w.paper.create(request)
            assert refusal.value.code == code
        with pytest.raises(VenueRefused, match="Leverage 500"):
            await w.paper.set_leverage(BTC, 500)


async def test_what_is_not_traded_cannot_be_bought(server, store):
    server.status["BTC"] = "SETTLING"
    async with world(server, store) as w:
        with pytest.raises(VenueRefused) as refusal:
            await w.paper.create(market(Side.BUY, "1"))
        assert refusal.value.code == "-4140"


# What it costs


async def test_an_idle_account_asks_the_venue_nothing(server, store):
    async with world(server, store) as w:
        await w.paper.balance()
        asked = len(server.requests)
        for _ in range(5):
            w.after(5)
            await w.paper.open_orders()
            await w.paper.positions()
        assert len(server.requests) == asked


async def test_one_reconciliation_is_one_look(server, store):
    async with world(server, store) as w:
        await opened(w)
        w.after(5)
        await w.paper.balance()
        w.after(5)
        server.requests.clear()
        await w.paper.open_orders()
        await w.paper.fills(since_ms=0)
        await w.paper.funding(since_ms=0)
        await w.paper.positions()
        await w.paper.balance()
        assert server.counts == {"klines": 1}


async def test_orders_and_looks_go_before_scans(server, store):
    async with world(server, store) as w:
        await opened(w)
        w.after(5)
        await w.paper.positions()
        await w.paper.candles(BTC, Timeframe.parse("1m"), limit=3)
        asked = [priority.name for what, _, priority in w.served if what == "klines"]
        assert asked == ["CRITICAL", "HIGH", "CRITICAL", "HIGH", "NORMAL"]


async def test_looks_of_many_at_once_are_one(server, store):
    async with world(server, store) as w:
        await opened(w)
        w.after(5)
        server.requests.clear()
        await asyncio.gather(*(w.paper.positions() for _ in range(5)), *(w.paper.balance() for _ in range(5)))
        assert server.counts["klines"] == 1


async def test_whoever_is_cancelled_in_the_middle_of_a_look_loses_nothing(server, store):
    async with world(server, store) as w:
        await opened(w)
        server.trade("BTC", w.server.now_ms + 1_000, 97.0, 100.0)
        w.after(5)
        server.requests.clear()
        server.fail("klines", "slow")
        looking = asyncio.create_task(w.paper.positions())
        await until(lambda: server.counts["klines"])
        looking.cancel()
        await asyncio.wait([looking])
        assert await w.paper.positions() == []
        assert (await outcome(w))[0] == "filled"
