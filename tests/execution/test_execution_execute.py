"""Sending what was decided: the stop first, the entry under it, then the target."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from execution_cases import BTC, ETH, FIRST, SOL, TF_MS, House, leave, long, short
from scripted_venue import Fault

from gobot.core import Direction, OrderType, Side, VenueRefused
from gobot.execution import Accepted, Refused, Unknown
from gobot.ledger import ChangeKind, LedgerStatus, Leg


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House.build(tmp_path)


def test_a_plan_closes_first_and_then_opens_under_a_stop(house: House):
    orders = house.execution.plan([long(ETH), leave(BTC), short(SOL)], FIRST)

    assert [(order.request.symbol, order.leg) for order in orders] == [
        (BTC, Leg.EXIT),
        *((symbol, leg) for symbol in (ETH, SOL) for leg in (Leg.STOP, Leg.ENTRY, Leg.TARGET)),
    ]
    stop, entry, target = (order.request for order in orders[1:4])
    assert (entry.side, entry.type, entry.quantity) == (Side.BUY, OrderType.MARKET, Decimal("0.5"))
    assert (stop.side, stop.type, stop.trigger, stop.closes_position) == (Side.SELL, OrderType.STOP, 95, True)
    assert (target.side, target.type, target.trigger) == (Side.SELL, OrderType.TAKE_PROFIT, 110)
    assert (orders[2].stop, orders[2].target, orders[2].confidence) == (95, 110, 0.75)


def test_a_plan_is_the_same_every_time(house: House):
    approved = [long(ETH), leave(BTC)]

    assert house.execution.plan(approved, FIRST) == house.execution.plan(approved, FIRST)
    ids = [order.request.client_id for order in house.execution.plan(approved, FIRST + TF_MS)]
    assert not set(ids) & {order.request.client_id for order in house.execution.plan(approved, FIRST)}


async def test_a_bracket_is_sent_and_booked(house: House):
    executed = await house.trade(long())

    assert [outcome.order.leg for outcome in executed.outcomes] == [Leg.STOP, Leg.ENTRY, Leg.TARGET]
    assert all(isinstance(outcome, Accepted) for outcome in executed.outcomes)
    assert house.legs() == {"stop": "open", "entry": "filled", "target": "open"}
    (change,) = executed.changes
    assert (change.kind, change.trade.symbol, change.trade.stop) == (ChangeKind.OPENED, BTC, 95)
    assert house.venue.leverage == {BTC: 3}
    assert executed.outcomes[1].sentence == "entry buy 0.5 BTC/USDT:USDT is filled at 100"


async def test_executing_again_sends_nothing(house: House):
    await house.trade(long(), finish=False)
    before, calls = house.dump(), house.venue.calls["create"]

    executed = await house.execution.execute(1)

    assert (executed.outcomes, executed.changes) == ((), ())
    assert (house.dump(), house.venue.calls["create"]) == (before, calls)


async def test_a_position_is_never_without_a_stop(house: House):
    """At the moment the entry arrives, its stop rests."""
    seen = []
    take = house.venue._take
    house.venue._take = lambda request: (seen.append(len(house.venue.stops(BTC))), take(request))[1]

    await house.trade(long())

    assert seen == [0, 1, 1]


async def test_an_exit_closes_and_takes_its_guards_away(house: House):
    await house.trade(long())
    house.venue.move(BTC, 104)

    executed = await house.trade(leave(), cycle=2)

    assert house.legs() == {"stop": "expired", "entry": "filled", "target": "expired", "exit": "filled"}
    (change,) = executed.changes
    assert (change.kind, change.trade.exit_reason) == (ChangeKind.CLOSED, "signal")
    assert change.trade.pnl == Decimal(2) - Decimal("0.051")


async def test_a_reversal_closes_before_it_opens(house: House):
    await house.trade(long())

    executed = await house.trade(leave(), short(), cycle=2)

    assert [change.kind for change in executed.changes] == [ChangeKind.CLOSED, ChangeKind.OPENED]
    assert house.venue.held[BTC][0] == Decimal("-0.5")
    assert [stop.trigger for stop in house.venue.stops(BTC)] == [105]


async def test_a_reversal_whose_exit_fails_does_not_open(house: House):
    await house.trade(long())
    house.venue.faults["create exit"] = [Fault.REFUSE]

    executed = await house.trade(leave(), short(), cycle=2)

    exit_, entry = executed.outcomes
    assert isinstance(exit_, Refused)
    assert (entry.order.leg, entry.order.status) == (Leg.ENTRY, LedgerStatus.DROPPED)
    assert entry.sentence.endswith("is dropped: BTC/USDT:USDT still has a position")
    assert house.venue.held[BTC][0] == Decimal("0.5")
    assert len(house.venue.stops(BTC)) == 1


async def test_a_refused_stop_keeps_the_entry_from_being_sent(house: House):
    house.venue.faults["create stop"] = [Fault.REFUSE]

    executed = await house.trade(long())

    assert house.legs() == {"stop": "refused", "entry": "dropped", "target": "dropped"}
    assert [(outcome.order.leg, outcome.code) for outcome in executed.outcomes] == [
        (Leg.STOP, "-2019"),
        (Leg.ENTRY, ""),
    ]
    assert house.venue.taken == []


async def test_a_refused_entry_takes_its_stop_away(house: House):
    house.venue.faults["create entry"] = [Fault.REFUSE]

    executed = await house.trade(long())

    assert house.legs() == {"stop": "canceled", "entry": "refused", "target": "dropped"}
    refused = executed.outcomes[1]
    assert (refused.code, refused.reason) == ("-2019", "margin is insufficient")
    assert house.venue.stops(BTC) == []


async def test_one_refusal_does_not_stop_the_others(house: House):
    house.venue.faults["create entry"] = [Fault.REFUSE]

    await house.trade(long(BTC), long(ETH))

    assert list(house.venue.held) == [ETH]


async def test_a_price_beyond_the_stop_keeps_the_entry_from_being_sent(house: House):
    house.venue.move(BTC, 94)

    executed = await house.trade(long())

    assert house.legs() == {"stop": "refused", "entry": "dropped", "target": "dropped"}
    assert executed.outcomes[0].code == "-2021"


async def test_a_price_beyond_the_target_takes_the_profit_at_once(house: House):
    house.venue.move(BTC, 112)

    executed = await house.trade(long())

    assert house.legs() == {"stop": "expired", "entry": "filled", "target": "refused", "target2": "filled"}
    assert house.venue.held == {}
    assert executed.changes[-1].trade.exit_reason == "target"


async def test_a_lost_reply_is_asked_for(house: House):
    house.venue.faults |= {f"create {leg}": [Fault.LOSE_REPLY] for leg in ("stop", "entry", "target")}

    executed = await house.trade(long())

    assert all(isinstance(outcome, Accepted) for outcome in executed.outcomes)
    assert house.legs() == {"stop": "open", "entry": "filled", "target": "open"}
    assert len(house.venue.taken) == len(set(house.venue.taken)) == 3


async def test_an_unknown_stop_keeps_the_entry_waiting(house: House):
    house.venue.faults["create stop"] = [Fault.LOSE_REQUEST]

    executed = await house.trade(long())

    (outcome,) = executed.outcomes
    assert isinstance(outcome, Unknown)
    assert "outcome is unknown: no answer within 10 s" in outcome.sentence
    assert house.legs() == {"stop": "sent", "entry": "intended", "target": "intended"}


async def test_an_unknown_entry_stays_under_its_stop(house: House):
    house.venue.faults["create entry"] = [Fault.LOSE_REPLY]
    house.venue.faults["order"] = [Fault.UNAVAILABLE]

    executed = await house.trade(long())

    assert isinstance(executed.outcomes[1], Unknown)
    assert house.legs() == {"stop": "open", "entry": "sent", "target": "intended"}


async def test_a_duplicate_is_the_order_itself(house: House):
    """The venue says that the client id is taken: by the try of which nothing was heard."""
    house.decide(long())
    await house.venue.create(house.row(Leg.STOP).request)

    await house.execution.execute(1)

    assert house.legs()["stop"] == "open"
    assert len(house.venue.taken) == 3


async def test_an_entry_that_fills_in_parts_is_one_trade(tmp_path: Path):
    house = House.build(tmp_path, portions=5)

    executed = await house.trade(long())

    (change,) = executed.changes
    assert change.trade.quantity == Decimal("0.5")
    assert len(house.venue.own_fills) == 5


async def test_leverage_that_cannot_be_set_is_no_trade(house: House):
    house.venue.faults["set_leverage"] = [Fault.REFUSE]

    executed = await house.trade(long(BTC), long(ETH))

    assert executed.outcomes[0].sentence.endswith("leverage 3 could not be set: leverage is not valid")
    assert list(house.venue.held) == [ETH]


async def test_leverage_is_set_once_per_symbol(house: House):
    await house.trade(long(BTC))
    await house.trade(leave(BTC), cycle=2)
    await house.trade(long(BTC), cycle=3)

    assert house.venue.calls["set_leverage"] == 1


async def test_fills_that_cannot_be_asked_for_are_booked_by_the_next_look(house: House):
    house.venue.faults["fills"] = [Fault.UNAVAILABLE]

    executed = await house.trade(long())
    assert executed.changes == ()

    assert [change.trade.symbol for change in (await house.look()).changes] == [BTC]


async def test_an_exit_without_a_position_is_refused_and_harmless(house: House):
    house.venue.refusal = VenueRefused("ReduceOnly order is rejected", code="-2022")

    executed = await house.trade(leave(BTC, Direction.LONG))

    assert executed.outcomes[0].code == "-2022"
    assert (await house.look()).differences == ()


async def test_a_decision_on_an_old_candle_is_not_carried_out(house: House):
    house.decide(long(BTC), leave(ETH))
    house.clock.move_to(FIRST + 2 * TF_MS)

    executed = await house.execution.execute(1)

    assert {(o.order.leg, o.reason) for o in executed.outcomes} == {
        (Leg.ENTRY, "its candle is over"),
        (Leg.EXIT, "its candle is over"),
    }
    assert house.venue.calls["create"] == 0
    assert set(house.legs().values()) == {"dropped"}


async def test_an_exit_that_leaves_something_leaves_the_stop(house: House):
    """A human added to the position after it was looked at; the exit closes what was known."""
    await house.trade(long())
    house.venue.human(BTC, Side.BUY, "1")

    await house.trade(leave(), cycle=2)

    assert house.venue.held[BTC][0] == 1
    assert [stop.trigger for stop in house.venue.stops(BTC)] == [95]
