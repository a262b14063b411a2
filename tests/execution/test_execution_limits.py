"""Entries that wait at a limit: moved, filled in part, refused, given up, and never without protection."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from execution_cases import BTC, FIRST, TF_MS, House, long
from scripted_venue import Fault

from gobot.core import Market, OrderType, Refusal, Side, Ticker, VenueRefused
from gobot.execution import Execution, Quotes
from gobot.execution.quoting import limit_price
from gobot.ledger import Leg
from gobot.settings.trading import EntrySettings

TICK = Market(symbol=BTC, price_step=Decimal("0.1"))


def ticker(last="100", spread="0.2") -> Ticker:
    price, half = Decimal(last), Decimal(spread) / 2
    return Ticker(symbol=BTC, last=price, bid=price - half, ask=price + half, time_ms=0)


class LimitHouse(House):
    """A house whose entries wait at a limit."""

    entry = EntrySettings(type="limit", offset_percent=1, timeout=60, reprice=1)

    @classmethod
    def on(cls, venue, path: Path) -> LimitHouse:
        house = super().on(venue, path)
        house.execution = Execution(venue, house.ledger, venue.clock, bot="main", leverage=3, entry=cls.entry)
        return house

    def decide(self, *approved, cycle: int = 1) -> None:
        candle_ms = FIRST + (cycle - 1) * TF_MS
        quotes = Quotes(tickers={BTC: ticker()}, markets={BTC: TICK})
        orders = self.execution.plan(approved, candle_ms, quotes)
        self.ledger.decide(cycle, candle_ms, self.clock.now_ms(), orders, [])


@pytest.fixture
def house(tmp_path: Path) -> LimitHouse:
    return LimitHouse.build(tmp_path, settle_after_ms=6_000)


@pytest.mark.parametrize(
    ("kind", "side", "expected"),
    [("limit", Side.BUY, "98.9"), ("limit", Side.SELL, "101.1"), ("post_only", Side.BUY, "98.8"),
     ("post_only", Side.SELL, "101.2")],
)  # fmt: skip
def test_the_price_lies_on_a_tick_away_from_the_market(kind, side, expected):
    settings = EntrySettings(type=kind, offset_percent=1.05)

    assert limit_price(side, ticker(), TICK, settings) == Decimal(expected)


async def test_an_entry_waits_under_its_stop_and_aims_once_it_has_filled(house: LimitHouse):
    await house.trade(long())
    assert house.legs() == {"stop": "open", "entry": "open", "target": "intended"}
    assert (house.row(Leg.ENTRY).type, house.row(Leg.ENTRY).price) == (OrderType.LIMIT, 99)

    assert (await house.look(30_000)).differences == ()
    house.venue.move(BTC, 98)
    reconciliation = await house.look()

    assert [change.trade.entry_price for change in reconciliation.changes] == [99]
    assert house.legs() == {"stop": "open", "entry": "filled", "target": "open"}
    assert (await house.look()).outcomes == ()


async def test_an_entry_that_waited_too_long_is_moved_and_then_given_up(house: LimitHouse):
    await house.trade(long())
    house.venue.move(BTC, 104)

    await house.look(60_000)
    assert (house.legs()["entry"], house.legs()["entry2"]) == ("canceled", "open")
    assert house.row(Leg.ENTRY, 2).price == Decimal("102.96")
    assert len(house.venue.stops(BTC)) == 1

    reconciliation = await house.look(60_000)
    assert house.legs() == {"stop": "canceled", "entry": "canceled", "target": "dropped", "entry2": "canceled"}
    assert (reconciliation.differences, house.venue.stops(BTC)) == ((), [])
    assert (await house.look()).differences == ()


async def test_what_has_filled_is_the_position_and_is_not_moved(house: LimitHouse):
    await house.trade(long())
    house.venue.fill_part(house.row(Leg.ENTRY).client_id, Decimal("0.2"))
    await house.look(1_000)
    assert [(t.open_quantity, t.stop) for t in house.ledger.open_trades()] == [(Decimal("0.2"), 95)]
    assert house.legs() == {"stop": "open", "entry": "open", "target": "open"}

    await house.look(60_000)

    assert house.legs()["entry"] == "canceled"
    assert "entry2" not in house.legs()
    assert len(house.venue.stops(BTC)) == 1


async def test_an_entry_that_fills_while_it_is_taken_back_is_a_position(house: LimitHouse):
    await house.trade(long())
    cancel = house.venue.cancel

    async def too_late(symbol: str, client_id: str):
        house.venue.move(BTC, 98)
        return await cancel(symbol, client_id)

    house.venue.cancel = too_late
    await house.look(60_000)
    house.venue.cancel = cancel
    await house.look()

    assert house.venue.held[BTC][0] == Decimal("0.5")
    assert house.legs() == {"stop": "open", "entry": "filled", "target": "open"}


async def test_a_refused_post_only_entry_is_made_again_at_the_new_price(tmp_path: Path):
    class PostOnly(LimitHouse):
        entry = EntrySettings(type="post_only", reprice=2)

    house = PostOnly.build(tmp_path)
    house.venue.refusal = VenueRefused("would take", code="-5022", cause=Refusal.WOULD_TAKE)
    house.venue.faults["create entry"] = [Fault.REFUSE, Fault.REFUSE]

    await house.trade(long())

    assert [house.legs()[name] for name in ("entry", "entry2", "entry3")] == ["refused", "refused", "open"]
    assert house.row(Leg.ENTRY, 3).post_only


async def test_a_post_only_entry_is_given_up_in_the_end(tmp_path: Path):
    class PostOnly(LimitHouse):
        entry = EntrySettings(type="post_only", reprice=1)

    house = PostOnly.build(tmp_path)
    house.venue.refusal = VenueRefused("would take", code="-5022", cause=Refusal.WOULD_TAKE)
    house.venue.faults["create entry"] = [Fault.REFUSE] * 5

    await house.trade(long())

    assert house.legs() == {
        "stop": "canceled", "entry": "refused", "target": "dropped", "entry2": "refused",
    }  # fmt: skip
    assert house.venue.stops(BTC) == []


async def test_a_newer_decision_takes_the_place_of_one_that_waits(house: LimitHouse):
    await house.trade(long())

    await house.trade(long(candle_ms=FIRST + TF_MS), cycle=2)

    entries = [row for row in house.ledger.orders() if row.leg is Leg.ENTRY]
    assert [str(row.status) for row in entries] == ["canceled", "open"]
    assert len(house.venue.stops(BTC)) == 1


async def test_a_death_between_two_tries_ends_the_entry_and_its_stop(house: LimitHouse):
    await house.trade(long())
    house.venue.faults["tickers"] = []
    entry = house.row(Leg.ENTRY)
    house.ledger.mark_withdrawn(entry.client_id, house.clock.now_ms())
    await house.venue.cancel(BTC, entry.client_id)

    house = house.reborn()
    await house.look(60_000)
    await house.look()

    assert house.legs() == {"stop": "canceled", "entry": "canceled", "target": "dropped"}
    assert house.venue.stops(BTC) == []
