"""Exits that come to nothing, and what silence proves."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from execution_cases import BTC, ETH, House, leave, long, short
from scripted_venue import Fault

from gobot.core import OrderStatus, Refusal, Side, VenueRefused
from gobot.execution import DifferenceKind, Execution
from gobot.ledger import ChangeKind, Leg
from gobot.settings.trading import ExternalSettings

SETTLE_MS = 6_000


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House.build(tmp_path, settle_after_ms=SETTLE_MS)


async def test_a_lost_exit_is_made_again_under_another_number_once_it_is_proved_dead(house: House):
    await house.trade(long())
    house.venue.faults["create exit"] = [Fault.LOSE_REQUEST]
    await house.trade(leave(), cycle=2)

    await house.look(SETTLE_MS - 1_000)
    assert (house.legs()["exit"], "exit2" in house.legs()) == ("sent", False)
    await house.look(1_000)

    assert (house.legs()["exit"], house.legs()["exit2"], house.venue.held) == ("dead", "filled", {})
    assert [trade.exit_reason for trade in house.ledger.closed_trades()] == ["signal"]


async def test_an_exit_that_was_refused_is_tried_again_less_and_less_often(house: House):
    await house.trade(long())
    house.venue.refusal = VenueRefused("the market is halted", code="-4140", cause=Refusal.NOT_TRADED)
    house.venue.faults["create exit"] = [Fault.REFUSE] * 4
    await house.trade(leave(), cycle=2)

    tried = []
    for second in range(1, 30):
        reconciliation = await house.look(1_000)
        if not house.venue.held:
            break
        assert reconciliation.quarantined[BTC].endswith("should have been closed: the market is halted")
        assert len(house.venue.stops(BTC)) == 1
        tried.append((second, max(row.attempt for row in house.ledger.orders() if row.leg is Leg.EXIT)))

    attempts = [attempt for _, attempt in tried]
    assert [attempts.count(number) for number in (2, 3, 4)] == [2, 4, 8]
    assert house.legs()["exit5"] == "filled"


async def test_the_rest_of_an_exit_that_closed_a_part_is_closed_as_well(house: House):
    await house.trade(long())
    fill = house.venue._fill

    def half(order, quantity):
        fill(order, quantity / 2)
        house.venue._end(order.client_id, OrderStatus.EXPIRED)

    house.venue._fill = half
    await house.trade(leave(), cycle=2)
    house.venue._fill = fill
    assert house.venue.held[BTC][0] == Decimal("0.25")

    await house.look()

    assert (house.legs()["exit2"], house.row(Leg.EXIT, 2).quantity) == ("filled", Decimal("0.25"))
    assert house.venue.held == {}


async def test_an_exit_in_the_other_direction_is_not_pursued(house: House):
    """What was to end a long does nothing about the short that followed it."""
    await house.trade(long())
    house.venue.human(BTC, Side.SELL, "0.5")
    await house.trade(leave(), short(), cycle=2)
    await house.look()

    assert house.venue.held[BTC][0] == Decimal("-0.5")
    assert "exit2" not in house.legs()


async def test_silence_proves_nothing_to_a_process_that_has_just_begun(house: House):
    """The one before may have sent it a moment before it died, whatever the ledger says."""
    house.venue.faults |= {"create entry": [Fault.ARRIVE_LATE], "order": [Fault.UNAVAILABLE]}
    await house.trade(long())
    house.clock.move_to(house.clock.now_ms() + SETTLE_MS)

    house = house.reborn()
    reconciliation = await house.look()
    assert [row.leg for row in reconciliation.unknown] == [Leg.ENTRY]
    reconciliation = await house.look(SETTLE_MS)

    assert reconciliation.unknown == ()
    assert house.legs()["entry"] == "dead"


async def test_what_waited_in_a_queue_left_later_than_the_ledger_says(house: House):
    create = house.venue.create

    async def queued(request):
        house.clock.move_to(house.clock.now_ms() + 60_000)
        return await create(request)

    house.venue.create = queued
    house.venue.faults["create entry"] = [Fault.LOSE_REQUEST]
    await house.trade(long())

    assert [row.leg for row in (await house.look(SETTLE_MS - 1)).unknown] == [Leg.ENTRY]
    assert (await house.look(1)).unknown == ()


def with_external(path: Path, **wishes: str) -> House:
    """A house with these settings about what others do."""
    house = House.build(path)
    external = ExternalSettings(**wishes)
    house.execution = Execution(house.venue, house.ledger, house.clock, bot="main", leverage=3, external=external)
    return house


@pytest.mark.parametrize(("wish", "told"), [("alert", [ChangeKind.RESIZED]), ("ignore", [])])
async def test_somebody_trades_on_our_position(tmp_path: Path, wish: str, told: list[ChangeKind]):
    house = with_external(tmp_path, changes=wish)
    await house.trade(long())
    house.venue.human(BTC, Side.SELL, "0.2")

    assert [change.kind for change in (await house.look()).changes] == told
    assert [trade.open_quantity for trade in house.ledger.open_trades()] == [Decimal("0.3")]


async def test_a_position_that_is_taken_over_is_gobots_own(tmp_path: Path):
    house = with_external(tmp_path, positions="adopt")
    house.venue.human(ETH, Side.SELL, "2")

    reconciliation = await house.look()

    assert [difference.kind for difference in reconciliation.differences] == [DifferenceKind.POSITION_FOREIGN]
    assert [stop.trigger for stop in house.venue.stops(ETH)] == [102]
    assert [(trade.bot, trade.stop) for trade in house.ledger.open_trades()] == [("main", 102)]
    assert (await house.look()).quarantined == {}
    await house.execution.close(ETH, "enough")
    assert house.venue.held == {}
