"""What operators and later rules ask for: close, close all, stop entries, move a stop."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest
from execution_cases import BTC, ETH, SOL, House, long, short
from scripted_venue import Fault

from gobot.core import OrderStatus, OrderType, Side, UsageError, VenueUnavailable
from gobot.execution import Accepted, Refused, Unknown
from gobot.ledger import Leg

SETTLE_MS = 6_000


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House.build(tmp_path, settle_after_ms=SETTLE_MS)


async def test_close_ends_the_position_and_its_guards(house: House):
    await house.trade(long())

    executed = await house.execution.close(BTC, "operator")

    assert house.legs() == {"stop": "expired", "entry": "filled", "target": "expired", "close": "filled"}
    (change,) = executed.changes
    assert change.trade.exit_reason == "close"
    assert house.row(Leg.CLOSE).reason == "operator"
    assert (await house.look()).differences == ()


async def test_close_without_a_position_is_a_mistake(house: House):
    with pytest.raises(UsageError, match="gobot has no position of its own in BTC/USDT:USDT"):
        await house.execution.close(BTC, "operator")


async def test_close_does_not_touch_what_gobot_did_not_open(house: House):
    house.venue.human(BTC, Side.BUY, "1")
    await house.look()

    with pytest.raises(UsageError):
        await house.execution.close(BTC, "operator")
    assert (await house.execution.close_all("emergency")).outcomes == ()
    assert house.venue.held[BTC][0] == 1


async def test_close_asks_for_the_position_instead_of_running_into_refusals(house: House):
    await house.trade(long())
    house.venue.human(BTC, Side.SELL, "0.5")

    executed = await house.execution.close(BTC, "operator")

    assert executed.outcomes == ()
    assert [change.trade.exit_reason for change in executed.changes] == ["external"]


async def test_close_is_not_guessed_when_the_venue_does_not_answer(house: House):
    await house.trade(long())
    house.venue.faults["positions"] = [Fault.UNAVAILABLE]

    with pytest.raises(VenueUnavailable):
        await house.execution.close(BTC, "operator")
    assert Leg.CLOSE not in house.legs()


async def test_an_unknown_close_is_asked_for_before_another_is_sent(house: House):
    await house.trade(long())
    house.venue.faults["create close"] = [Fault.ARRIVE_LATE]
    first = await house.execution.close(BTC, "operator")
    second = await house.execution.close(BTC, "operator")
    assert [type(each.outcomes[0]) for each in (first, second)] == [Unknown, Unknown]

    house.venue.deliver()
    await house.look()

    assert house.venue.held == {}
    assert house.legs()["close"] == "filled"
    assert "close2" not in house.legs()


async def test_a_close_that_never_arrived_is_sent_by_the_next_look(house: House):
    await house.trade(long())
    house.venue.faults["create close"] = [Fault.LOSE_REQUEST]
    await house.execution.close(BTC, "operator")

    reconciliation = await house.look(SETTLE_MS)

    assert [change.trade.exit_reason for change in reconciliation.changes] == ["close"]
    assert house.venue.held == {}


async def test_a_refused_close_is_tried_anew(house: House):
    await house.trade(long())
    house.venue.faults["create close"] = [Fault.REFUSE]
    refused = await house.execution.close(BTC, "operator")
    assert isinstance(refused.outcomes[0], Refused)
    assert len(house.venue.stops(BTC)) == 1

    await house.execution.close(BTC, "operator")

    assert (house.legs()["close"], house.legs()["close2"]) == ("refused", "filled")


async def test_close_all_goes_on_when_one_is_refused(house: House):
    await house.trade(long(BTC), short(ETH), long(SOL))
    house.venue.faults["create close"] = [Fault.REFUSE]

    executed = await house.execution.close_all("emergency")

    assert [type(outcome) for outcome in executed.outcomes] == [Refused, Accepted, Accepted]
    assert list(house.venue.held) == [BTC]
    assert [change.trade.symbol for change in executed.changes] == [ETH, SOL]


async def test_entries_that_were_not_sent_are_dropped(house: House):
    house.venue.faults |= {"create stop": [Fault.LOSE_REPLY], "order": [Fault.UNAVAILABLE]}
    await house.trade(long(BTC), finish=False)
    await house.look()

    executed = await house.execution.cancel_entries("emergency")

    assert [(outcome.order.leg, outcome.reason) for outcome in executed.outcomes] == [(Leg.ENTRY, "emergency")]
    assert house.legs() == {"stop": "canceled", "entry": "dropped", "target": "dropped"}
    assert (await house.execution.execute(1)).outcomes == ()


async def test_entries_that_rest_are_cancelled_with_their_stop(house: House):
    house.decide(long())
    for leg in (Leg.STOP, Leg.ENTRY):
        row = house.ledger.mark_sent(house.row(leg).client_id, house.clock.now_ms())
        house.ledger.record(await house.venue.create(row.request) if leg is Leg.STOP else _resting(house, row))

    executed = await house.execution.cancel_entries()

    assert executed.outcomes[0].sentence == ("entry buy 0.5 BTC/USDT:USDT is canceled: the venue gave no reason")
    assert house.legs() == {"stop": "canceled", "entry": "canceled", "target": "dropped"}


def _resting(house: House, row):
    """An entry that waits in the book, as a limit order would."""
    house.venue._fill = lambda order, quantity: None
    report = house.venue._take(row.request)
    assert (report.status, report.type) == (OrderStatus.OPEN, OrderType.MARKET)
    return report


async def test_entries_that_filled_are_left_alone(house: House):
    await house.trade(long())

    assert (await house.execution.cancel_entries()).outcomes == ()
    assert len(house.venue.stops(BTC)) == 1


async def test_a_stop_is_moved_without_a_moment_of_nakedness(house: House):
    await house.trade(long())
    resting = []
    cancel = house.venue.cancel
    house.venue.cancel = lambda *args: (resting.append([s.trigger for s in house.venue.stops(BTC)]), cancel(*args))[1]

    executed = await house.execution.move_stop(BTC, Decimal(98))

    assert resting == [[95, 98]]
    assert [stop.trigger for stop in house.venue.stops(BTC)] == [98]
    assert [type(outcome) for outcome in executed.outcomes] == [Accepted]
    assert house.ledger.open_trades()[0].stop == 98
    assert (await house.look()).differences == ()


async def test_a_stop_that_is_where_it_should_be_is_not_moved(house: House):
    await house.trade(long())

    assert (await house.execution.move_stop(BTC, Decimal(95))).outcomes == ()
    assert house.venue.calls["create"] == 3


async def test_a_refused_move_leaves_the_old_stop(house: House):
    await house.trade(long())
    house.venue.faults["create stop"] = [Fault.REFUSE]

    executed = await house.execution.move_stop(BTC, Decimal(98))

    assert isinstance(executed.outcomes[0], Refused)
    assert [stop.trigger for stop in house.venue.stops(BTC)] == [95]
    assert house.ledger.open_trades()[0].stop == 95


async def test_an_unknown_move_leaves_the_old_stop_until_it_is_known(house: House):
    await house.trade(long())
    house.venue.faults["create stop"] = [Fault.ARRIVE_LATE]

    await house.execution.move_stop(BTC, Decimal(98))
    assert [stop.trigger for stop in house.venue.stops(BTC)] == [95]
    house.venue.deliver()
    await house.look()

    assert [stop.trigger for stop in house.venue.stops(BTC)] == [98]
    assert house.ledger.open_trades()[0].stop == 98


async def test_a_stop_moved_beyond_the_price_closes(house: House):
    await house.trade(long())

    executed = await house.execution.move_stop(BTC, Decimal(101))

    assert house.venue.held == {}
    assert [change.trade.exit_reason for change in executed.changes] == ["stop"]
    await house.look()
    assert house.venue.stops(BTC) == []


async def test_commands_wait_for_one_another(house: House):
    house.decide(long(BTC), long(ETH), long(SOL))

    await asyncio.gather(house.execution.execute(1), house.look(), house.execution.execute(1), house.look())

    assert len(house.venue.taken) == len(set(house.venue.taken)) == 9
    assert sorted(house.venue.held) == [BTC, ETH, SOL]
