"""Own fills: nothing lost, nothing asked for in vain, every fill under its client id and its fee in quote currency."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pytest
from live_world import BTC, ETH, living, market

from gobot.core import Side, VenueUnavailable
from gobot.exchange.ccxt_trades import all_between

MINUTE = 60_000


class Rows:
    """A venue that gives ``page`` rows of a window at a time, from one end of it or the other."""

    def __init__(self, times: list[int], page: int, *, newest_first: bool) -> None:
        self.rows = [{"id": str(place), "timestamp": at} for place, at in enumerate(sorted(times))]
        self.page, self.newest_first, self.asked = page, newest_first, 0

    async def __call__(self, start: int, end: int):
        self.asked += 1
        found = [row for row in self.rows if start <= row["timestamp"] <= end]
        return found[-self.page :] if self.newest_first else found[: self.page]


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("times", [[], [5], [5] * 4, [0, 99, 100], list(range(100)), [7] * 4 + [8] * 4 + [50] * 3])
async def test_pages_lose_nothing_whatever_their_order(times, newest_first):
    rows = Rows(times, 5, newest_first=newest_first)
    found = await all_between(rows, 0, 100, page=5)
    assert Counter(row["id"] for row in found) == Counter(row["id"] for row in rows.rows)


async def test_more_in_one_millisecond_than_a_page_holds_is_not_passed_over():
    with pytest.raises(VenueUnavailable, match="one millisecond"):
        await all_between(Rows([7] * 5, 5, newest_first=False), 0, 100, page=5)


async def test_a_quiet_account_is_hardly_asked(world):
    await world.exchange.create(market(Side.BUY, "0.1"))
    await world.exchange.fills(since_ms=0)
    for _ in range(120):
        await world.after(5)
        await world.exchange.open_orders()
        await world.exchange.positions()
        await world.exchange.fills(since_ms=world.clock.now_ms() - 600_000)
        await world.exchange.funding(since_ms=world.clock.now_ms() - 600_000)
        await world.exchange.balance()
    used = next(limit for limit in world.limiter.snapshot().limits if limit.name == "weight/1m")
    assert used.used < 400


async def test_a_long_absence_is_caught_up_with_for_a_few_questions(world, sandbox, clock):
    await world.exchange.create(market(Side.BUY, "0.1"))
    await world.exchange.create(market(Side.SELL, "0.1", reduce_only=True, client_id="gb-close"))
    await world.after(20 * 86_400)
    async with living(sandbox, clock) as other:
        fills = await other.exchange.fills(since_ms=0)
        assert [(fill.client_id, fill.quantity) for fill in fills] == [
            ("gb-entry", Decimal("0.1")),
            ("gb-close", Decimal("0.1")),
        ]
        assert len(other.served("userTrades")) < 20
        assert await other.exchange.fills(since_ms=clock.now_ms() - MINUTE) == []


async def test_what_somebody_else_trades_is_found_by_the_change_of_the_position(world, sandbox):
    await world.exchange.fills(since_ms=0)
    sandbox.human.act("open", {"symbol": "ETHUSDT", "side": "BUY", "quantity": "1"})
    await world.exchange.positions()
    (fill,) = await world.exchange.fills(since_ms=world.clock.now_ms() - MINUTE)
    assert (fill.symbol, fill.quantity) == (ETH, Decimal(1))
    assert not fill.client_id.startswith("gb-")
    sandbox.human.act("close", {"symbol": "ETHUSDT"})
    await world.exchange.positions()
    assert len(await world.exchange.fills(since_ms=world.clock.now_ms() - MINUTE)) == 2


async def test_what_comes_and_goes_between_two_looks_is_found_in_turn(world, sandbox):
    await world.exchange.fills(since_ms=0)
    sandbox.human.act("open", {"symbol": "ETHUSDT", "side": "BUY", "quantity": "1"})
    sandbox.human.act("close", {"symbol": "ETHUSDT"})
    found = []
    for _ in range(3):
        await world.after(5)
        found += await world.exchange.fills(since_ms=world.clock.now_ms() - MINUTE)
    assert len({fill.fill_id for fill in found}) == 2


async def test_a_fee_in_another_asset_counts_at_its_price_of_that_minute(world, monkeypatch):
    parse = world.client.parse_trade

    def in_ether(row, of_market=None):
        trade = parse(row, of_market)
        return {**trade, "fee": {"cost": 0.001, "currency": "ETH"}}

    await world.exchange.create(market(Side.BUY, "0.1"))
    monkeypatch.setattr(world.client, "parse_trade", in_ether)
    (fill,) = await world.exchange.fills(since_ms=0)
    price = await world.price(ETH)
    assert fill.fee == pytest.approx(price * Decimal("0.001"), rel=Decimal("0.02"))
    monkeypatch.setattr(
        world.client,
        "parse_trade",
        lambda row, of=None: {**in_ether(row, of), "id": "9", "fee": {"cost": 1.0, "currency": "XYZ"}},
    )
    await world.exchange.create(market(Side.BUY, "0.1", client_id="gb-more"))
    with pytest.raises(VenueUnavailable, match="has no market that tells its worth"):
        await world.exchange.fills(since_ms=0)


async def test_funding_is_told_once_it_is_booked(world):
    await world.exchange.create(market(Side.BUY, "0.1"))
    assert await world.exchange.funding(since_ms=0) == []
    await world.after(9 * 3_600)
    payments = await world.exchange.funding(since_ms=0)
    assert payments
    assert {payment.symbol for payment in payments} == {BTC}
    assert await world.exchange.funding(since_ms=payments[-1].time_ms + 1) == []
