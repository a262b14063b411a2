"""Making ledger and venue agree: after lost replies, restarts, humans and forgetful venues."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from execution_cases import BTC, ETH, FIRST, TF_MS, House, leave, long, short
from scripted_venue import Fault

from gobot.core import OrderRequest, OrderType, Side, VenueRefused, VenueUnavailable
from gobot.execution import Accepted, DifferenceKind, Refused
from gobot.ledger import ChangeKind, LedgerStatus, Leg

SETTLE_MS = 6_000


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House.build(tmp_path, settle_after_ms=SETTLE_MS)


def kinds(reconciliation) -> list[DifferenceKind]:
    return [difference.kind for difference in reconciliation.differences]


async def agrees(house: House) -> bool:
    """Whether another look finds nothing and changes nothing."""
    before, created = house.dump(), house.venue.calls["create"] + house.venue.calls["cancel"]
    again = await house.look()
    unchanged = house.dump() == before and house.venue.calls["create"] + house.venue.calls["cancel"] == created
    return unchanged and not again.differences and not again.changes and not again.outcomes


# Nothing happened


async def test_four_questions_when_nothing_happened(house: House):
    await house.trade(long(BTC), long(ETH))
    house.venue.calls.clear()

    reconciliation = await house.look()

    assert dict(house.venue.calls) == {"open_orders": 1, "positions": 1, "fills": 1, "funding": 1}
    assert (reconciliation.differences, reconciliation.blocked) == ((), frozenset())
    assert sorted(reconciliation.positions) == [BTC, ETH]


@pytest.mark.parametrize("question", ["open_orders", "order", "fills", "funding", "positions"])
async def test_an_unanswered_question_is_no_answer(house: House, question: str):
    await house.trade(long())
    house.venue.move(BTC, 90)
    before = [trade.symbol for trade in house.ledger.open_trades()]
    house.venue.faults[question] = [Fault.UNAVAILABLE]

    with pytest.raises(VenueUnavailable):
        await house.look()
    if question in ("open_orders", "order", "fills"):
        assert [trade.symbol for trade in house.ledger.open_trades()] == before

    reconciliation = await house.look()
    assert [change.trade.exit_reason for change in reconciliation.changes] == ["stop"]
    assert await agrees(house)


# Exits on the venue


async def test_a_stop_that_filled_ends_the_trade(house: House):
    await house.trade(long())
    house.venue.move(BTC, 95)

    reconciliation = await house.look()

    assert house.legs() == {"stop": "filled", "entry": "filled", "target": "expired"}
    (change,) = reconciliation.changes
    assert (change.kind, change.trade.exit_reason) == (ChangeKind.CLOSED, "stop")
    assert await agrees(house)


async def test_a_stop_that_filled_and_that_the_venue_has_forgotten_ends_the_trade(house: House):
    await house.trade(long())
    house.venue.move(BTC, 95)
    for leg in (Leg.STOP, Leg.TARGET):
        house.venue.lose(house.row(leg).client_id)

    reconciliation = await house.look(SETTLE_MS)

    assert [change.trade.exit_reason for change in reconciliation.changes] == ["stop"]
    assert house.legs() == {"stop": "filled", "entry": "filled", "target": "dead"}
    assert await agrees(house)


async def test_a_target_that_filled_ends_the_trade(house: House):
    await house.trade(short())
    house.venue.move(BTC, 89)

    reconciliation = await house.look()

    assert [change.trade.exit_reason for change in reconciliation.changes] == ["target"]
    assert await agrees(house)


async def test_a_liquidation_is_called_by_its_name(house: House):
    await house.trade(long())
    house.venue.liquidate(BTC)

    reconciliation = await house.look()

    assert [change.trade.exit_reason for change in reconciliation.changes] == ["liquidation"]
    assert await agrees(house)


async def test_funding_is_booked_on_its_trade(house: House):
    await house.trade(long())
    house.clock.move_to(house.clock.now_ms() + TF_MS)
    house.venue.pay_funding(BTC, "-0.02")

    await house.look()

    assert [trade.funding for trade in house.ledger.open_trades()] == [Decimal("-0.02")]
    assert await agrees(house)


# Unknown outcomes


async def test_a_lost_reply_is_settled_by_asking(house: House):
    house.venue.faults |= {"create entry": [Fault.LOSE_REPLY], "order": [Fault.UNAVAILABLE]}
    await house.trade(long(), finish=False)

    reconciliation = await house.look()

    assert [(type(o), o.order.leg) for o in reconciliation.outcomes] == [(Accepted, Leg.ENTRY), (Accepted, Leg.TARGET)]
    assert house.legs() == {"stop": "open", "entry": "filled", "target": "open"}
    assert await agrees(house)


async def test_a_young_order_that_is_not_there_is_still_unknown(house: House):
    house.venue.faults["create entry"] = [Fault.ARRIVE_LATE]
    await house.trade(long())

    reconciliation = await house.look(SETTLE_MS - 1)

    assert [row.leg for row in reconciliation.unknown] == [Leg.ENTRY]
    assert reconciliation.pending == reconciliation.blocked == {BTC}
    assert len(house.venue.stops(BTC)) == 1

    house.venue.deliver()
    reconciliation = await house.look()
    assert reconciliation.blocked == frozenset()
    assert house.legs() == {"stop": "open", "entry": "filled", "target": "open"}
    assert await agrees(house)


async def test_an_order_that_never_arrived_is_dead_once_its_cycle_is_over(house: House):
    house.venue.faults["create entry"] = [Fault.LOSE_REQUEST]
    await house.trade(long())

    reconciliation = await house.look(SETTLE_MS)

    assert house.legs() == {"stop": "canceled", "entry": "dead", "target": "dropped"}
    assert [o.order.leg for o in reconciliation.outcomes if isinstance(o, Refused)] == [Leg.ENTRY, Leg.TARGET]
    assert kinds(reconciliation) == [
        DifferenceKind.ORPHAN,
        DifferenceKind.LOST_ORDER,
        DifferenceKind.STALE_ORDER,
    ]
    assert house.venue.held == {}
    assert await agrees(house)


async def test_an_order_that_never_arrived_is_sent_by_its_own_cycle(house: House):
    house.venue.faults["create entry"] = [Fault.LOSE_REQUEST]
    await house.trade(long(), finish=False)

    await house.look(SETTLE_MS)
    assert house.legs()["entry"] == "intended"
    await house.execution.execute(1)

    assert house.legs() == {"stop": "open", "entry": "filled", "target": "open"}
    assert len(house.venue.taken) == len(set(house.venue.taken)) == 3


async def test_an_order_that_was_given_up_and_shows_up_is_taken_back(house: House):
    """The settling time was wrong: an entry fills after it was declared dead."""
    house.venue.faults["create entry"] = [Fault.ARRIVE_LATE]
    await house.trade(long())
    await house.look(SETTLE_MS)
    assert house.legs() == {"stop": "canceled", "entry": "dead", "target": "dropped"}

    house.venue.settle_after_ms *= 2
    house.venue.deliver()
    reconciliation = await house.look()

    assert [change.kind for change in reconciliation.changes] == [ChangeKind.OPENED]
    assert DifferenceKind.STOP_MISSING in kinds(reconciliation)
    assert [stop.trigger for stop in house.venue.stops(BTC)] == [95]
    await house.look()
    assert house.legs() == {"stop": "canceled", "entry": "filled", "target": "dropped", "stop2": "open"}
    assert await agrees(house)


async def test_an_unknown_order_keeps_entries_of_its_symbol_out(tmp_path: Path):
    house = House.build(tmp_path, settle_after_ms=2 * TF_MS)
    house.venue.faults["create entry"] = [Fault.ARRIVE_LATE]
    await house.trade(long())

    executed = await house.trade(long(candle_ms=FIRST + TF_MS), cycle=2)

    assert [outcome.reason for outcome in executed.outcomes] == [
        f"the outcome of {house.ledger.cycle_orders(1)[1].client_id} is unknown"
    ]
    assert house.venue.held == {}


# Decisions that went stale


async def test_intents_of_an_older_candle_are_dropped_with_their_stop(house: House):
    """Killed between the stop and the entry; the next start comes hours later."""
    house.venue.faults |= {"create stop": [Fault.LOSE_REPLY], "order": [Fault.UNAVAILABLE]}
    await house.trade(long(), finish=False)
    assert house.legs() == {"stop": "sent", "entry": "intended", "target": "intended"}

    house = house.reborn()
    reconciliation = await house.look(20 * TF_MS)

    assert house.legs() == {"stop": "canceled", "entry": "dropped", "target": "dropped"}
    assert house.row(Leg.ENTRY).note == "its candle is over"
    assert set(kinds(reconciliation)) == {DifferenceKind.STALE_ORDER, DifferenceKind.ORPHAN}
    assert house.venue.stops(BTC) == []
    assert await agrees(house)


async def test_intents_of_the_current_cycle_are_left_to_it(house: House):
    house.decide(long())

    reconciliation = await house.look()

    assert (house.legs(), reconciliation.differences) == (dict.fromkeys(("stop", "entry", "target"), "intended"), ())


async def test_intents_of_a_cycle_that_is_over_are_dropped(house: House):
    house.decide(long(), leave(ETH))
    house.ledger.finish_cycle(1, at_ms=house.clock.now_ms(), equity=None)

    await house.look()

    assert set(house.legs().values()) == {"dropped"}
    assert house.venue.calls["create"] == 0
    assert await agrees(house)


# Protection


async def test_a_missing_stop_is_armed_again_at_its_price(house: House):
    await house.trade(long())
    await house.venue.cancel(BTC, house.row(Leg.STOP).client_id)

    reconciliation = await house.look()

    assert kinds(reconciliation) == [DifferenceKind.STOP_MISSING]
    assert "had no stop on the venue" in reconciliation.differences[0].sentence
    assert [stop.trigger for stop in house.venue.stops(BTC)] == [95]
    assert house.legs() == {"stop": "canceled", "entry": "filled", "target": "open", "stop2": "open"}
    assert await agrees(house)


async def test_a_stop_that_the_venue_forgot_is_armed_again(house: House):
    await house.trade(long())
    house.venue.lose(house.row(Leg.STOP).client_id)

    await house.look(SETTLE_MS)

    assert house.legs()["stop"] == "dead"
    assert [stop.trigger for stop in house.venue.stops(BTC)] == [95]
    assert await agrees(house)


async def test_a_stop_whose_price_has_passed_closes_at_once(house: House):
    await house.trade(long())
    await house.venue.cancel(BTC, house.row(Leg.STOP).client_id)
    house.venue.move(BTC, 93)

    reconciliation = await house.look()

    assert house.venue.held == {}
    assert [change.trade.exit_reason for change in reconciliation.changes] == ["stop"]
    assert reconciliation.quarantined == {}
    await house.look()
    assert house.legs() == {
        "stop": "canceled",
        "entry": "filled",
        "target": "expired",
        "stop2": "refused",
        "stop3": "filled",
    }
    assert await agrees(house)


async def test_a_stop_that_is_refused_is_tried_at_every_look_and_keeps_entries_out(house: House):
    await house.trade(long())
    await house.venue.cancel(BTC, house.row(Leg.STOP).client_id)
    house.venue.refusal = VenueRefused("reached max stop order limit", code="-4045")
    house.venue.faults["create stop"] = [Fault.REFUSE]

    reconciliation = await house.look()
    assert "reached max stop order limit (-4045)" in reconciliation.quarantined[BTC]

    reconciliation = await house.look()
    assert reconciliation.quarantined == {}
    assert len(house.venue.stops(BTC)) == 1


async def test_an_unknown_stop_is_not_waited_for(house: House):
    """It may not protect, so another one is armed at once; in the end one of them rests."""
    await house.trade(long())
    await house.venue.cancel(BTC, house.row(Leg.STOP).client_id)
    house.venue.faults["create stop"] = [Fault.ARRIVE_LATE]

    await house.look()
    reconciliation = await house.look(1_000)
    assert (reconciliation.pending, house.legs()["stop2"], house.legs()["stop3"]) == ({BTC}, "sent", "open")

    house.venue.deliver()
    await house.look()
    await house.look()
    assert len(house.venue.stops(BTC)) == 1
    assert await agrees(house)


async def test_a_stop_that_never_arrived_is_sent_again_as_the_same_order(house: House):
    await house.trade(long())
    await house.venue.cancel(BTC, house.row(Leg.STOP).client_id)
    house.venue.faults["create stop"] = [Fault.LOSE_REQUEST]

    await house.look()
    await house.look(SETTLE_MS)

    assert house.legs()["stop2"] == "open"
    assert len(house.venue.taken) == len(set(house.venue.taken))
    assert await agrees(house)


async def test_a_target_that_was_not_sent_is_sent_for_its_position(house: House):
    house.venue.faults |= {"create entry": [Fault.LOSE_REPLY], "order": [Fault.UNAVAILABLE]}
    await house.trade(long())
    assert house.legs()["target"] == "intended"

    await house.look()

    assert house.legs() == {"stop": "open", "entry": "filled", "target": "open"}


async def test_the_guards_of_a_trade_that_ended_go_without_a_word(house: House):
    """An exit whose guards the venue did not take away."""
    await house.trade(long())
    house.venue.held.clear()
    house.venue.own_fills.append(_fill_of(house, house.row(Leg.STOP).client_id))

    reconciliation = await house.look()

    assert reconciliation.differences == ()
    assert house.legs() == {"stop": "canceled", "entry": "filled", "target": "canceled"}


async def test_orphans_are_cancelled(house: House):
    """Guards that stay although their trade ended long ago."""
    await house.trade(long())
    house.venue.faults["cancel"] = [Fault.LOSE_REQUEST, Fault.LOSE_REQUEST]
    house.venue.held.clear()
    house.venue.own_fills.append(_fill_of(house, house.row(Leg.STOP).client_id))
    await house.look()

    reconciliation = await house.look()

    assert kinds(reconciliation) == [DifferenceKind.ORPHAN, DifferenceKind.ORPHAN]
    assert house.legs() == {"stop": "canceled", "entry": "filled", "target": "canceled"}


def _fill_of(house: House, client_id: str):
    entry = house.venue.own_fills[0]
    return type(entry)(
        fill_id="99",
        client_id=client_id,
        symbol=entry.symbol,
        side=Side.SELL,
        price=entry.price,
        quantity=entry.quantity,
        fee=entry.fee,
        time_ms=house.clock.now_ms(),
    )


async def test_a_cancel_without_an_answer_is_repeated(house: House):
    house.venue.faults |= {"create entry": [Fault.REFUSE], "cancel": [Fault.LOSE_REQUEST, Fault.LOSE_REPLY]}
    await house.trade(long())
    assert len(house.venue.stops(BTC)) == 1

    await house.look()
    assert house.venue.stops(BTC) == []
    await house.look()

    assert house.legs() == {"stop": "canceled", "entry": "refused", "target": "dropped"}
    assert await agrees(house)


# Humans, and venues that do not know


async def test_a_position_that_gobot_did_not_open_is_left_alone(house: House):
    house.venue.human(BTC, Side.BUY, "2")

    reconciliation = await house.look()

    assert kinds(reconciliation) == [DifferenceKind.POSITION_FOREIGN]
    assert "long 2 BTC/USDT:USDT was not opened by gobot" in reconciliation.quarantined[BTC]
    assert house.venue.calls["create"] == house.venue.calls["cancel"] == 0
    assert (await house.look()).differences == reconciliation.differences


async def test_a_position_from_before_the_first_start_is_left_alone(house: House):
    house.venue.human(BTC, Side.BUY, "2")
    house.venue.own_fills.clear()

    assert kinds(await house.look()) == [DifferenceKind.POSITION_FOREIGN]
    assert house.ledger.open_trades() == []


async def test_a_quarantined_symbol_takes_no_entries(house: House):
    house.venue.human(BTC, Side.BUY, "2")
    await house.look()

    executed = await house.trade(long(BTC), long(ETH))

    assert executed.outcomes[0].reason.startswith(f"{BTC} is quarantined: long 2")
    assert house.venue.held[BTC][0] == 2
    assert ETH in house.venue.held


async def test_a_foreign_position_that_goes_lifts_the_quarantine(house: House):
    house.venue.human(BTC, Side.BUY, "2")
    await house.look()
    house.venue.human(BTC, Side.SELL, "2")

    assert (await house.look()).quarantined == {}
    assert await agrees(house)


async def test_the_end_of_a_position_from_before_the_first_start_settles_down(house: House):
    """Its closing fill looks like an opening; the venue is flat, so the record is written off."""
    house.venue.human(BTC, Side.BUY, "2")
    house.venue.own_fills.clear()
    await house.look()
    house.venue.human(BTC, Side.SELL, "2")

    reconciliation = await house.look()
    assert kinds(reconciliation) == [DifferenceKind.POSITION_MISSING]
    reconciliation = await house.look(60_000)

    assert (kinds(reconciliation), reconciliation.quarantined) == ([DifferenceKind.WRITTEN_OFF], {})
    assert [trade.exit_reason for trade in house.ledger.closed_trades()] == ["external"]
    assert await agrees(house)


async def test_a_human_who_closes_our_position_ends_our_trade(house: House):
    await house.trade(long())
    house.venue.human(BTC, Side.SELL, "0.5")

    reconciliation = await house.look()

    assert [change.trade.exit_reason for change in reconciliation.changes] == ["external"]
    assert reconciliation.differences == ()
    assert await agrees(house)


async def test_a_human_who_adds_to_our_position_is_protected_with_it(house: House):
    await house.trade(long())
    house.venue.human(BTC, Side.BUY, "1")

    reconciliation = await house.look()

    assert reconciliation.quarantined == {}
    assert [trade.open_quantity for trade in house.ledger.open_trades()] == [Decimal("1.5")]


async def test_a_human_who_turns_our_position_around_keeps_theirs(house: House):
    """Our guards go, for they would close what is not ours."""
    await house.trade(long())
    house.venue.human(BTC, Side.SELL, "2")

    reconciliation = await house.look()

    assert [(c.kind, c.trade.bot) for c in reconciliation.changes] == [
        (ChangeKind.CLOSED, "main"),
        (ChangeKind.OPENED, "external"),
    ]
    assert BTC in reconciliation.quarantined
    assert house.venue.held[BTC][0] == Decimal("-1.5")
    assert house.venue.stops(BTC) == []


async def test_a_position_that_is_gone_without_a_fill_is_not_explained_away(house: House):
    await house.trade(long())
    fills = list(house.venue.own_fills)
    house.venue.move(BTC, 90)
    lost, house.venue.own_fills[:] = house.venue.own_fills[1:], fills

    reconciliation = await house.look()

    assert kinds(reconciliation) == [DifferenceKind.POSITION_MISSING]
    assert "the venue is flat, and no fill explains it" in reconciliation.quarantined[BTC]
    assert len(house.ledger.open_trades()) == 1

    house.venue.own_fills += lost
    reconciliation = await house.look(3_600_000)
    assert [change.trade.exit_reason for change in reconciliation.changes] == ["stop"]
    assert reconciliation.quarantined == {}
    assert await agrees(house)


async def test_a_position_of_another_size_is_quarantined_and_stays_protected(house: House):
    await house.trade(long())
    house.venue.held[BTC] = (Decimal("0.3"), Decimal(100))
    await house.venue.cancel(BTC, house.row(Leg.STOP).client_id)

    reconciliation = await house.look()

    assert set(kinds(reconciliation)) == {DifferenceKind.POSITION_UNEQUAL, DifferenceKind.STOP_MISSING}
    assert BTC in reconciliation.quarantined
    assert len(house.venue.stops(BTC)) == 1


async def test_fills_that_are_reported_late_are_waited_for(house: House):
    house.venue.hide_fills_until_ms = house.clock.now_ms() + 5_000
    await house.trade(long())

    reconciliation = await house.look()
    assert kinds(reconciliation) == [DifferenceKind.FILLS_MISSING]
    assert (len(house.venue.stops(BTC)), reconciliation.blocked) == (1, {BTC})

    reconciliation = await house.look(5_000)
    assert [change.kind for change in reconciliation.changes] == [ChangeKind.OPENED]
    assert reconciliation.blocked == frozenset()
    assert await agrees(house)


async def test_a_position_whose_fills_are_late_gets_its_stop_back(house: House):
    house.venue.hide_fills_until_ms = house.clock.now_ms() + 60_000
    await house.trade(long())
    await house.venue.cancel(BTC, house.row(Leg.STOP).client_id)

    await house.look()

    assert [stop.trigger for stop in house.venue.stops(BTC)] == [95]


async def test_an_order_with_our_mark_that_we_do_not_know_raises_suspicion(house: House):
    await house.venue.create(
        OrderRequest(
            client_id="gb-stop-somebodyelse",
            symbol=ETH,
            side=Side.SELL,
            type=OrderType.STOP,
            trigger=Decimal(90),
            closes_position=True,
        )
    )

    reconciliation = await house.look()

    assert kinds(reconciliation) == [DifferenceKind.ORDER_FOREIGN]
    assert "is another gobot trading on this account?" in reconciliation.quarantined[ETH]
    assert house.venue.calls["cancel"] == 0


async def test_a_start_is_a_look(house: House):
    """Killed with a position open; the stop fills while nobody watches."""
    await house.trade(long())
    house.venue.move(BTC, 95)

    house = house.reborn()
    reconciliation = await house.look(5 * TF_MS)

    assert [change.trade.exit_reason for change in reconciliation.changes] == ["stop"]
    assert house.row(Leg.STOP).status is LedgerStatus.FILLED
    assert await agrees(house)


async def test_changes_are_told_even_if_a_later_question_fails(house: House):
    await house.trade(long())
    house.venue.move(BTC, 95)
    house.venue.faults["positions"] = [Fault.UNAVAILABLE]
    with pytest.raises(VenueUnavailable):
        await house.look()

    assert [change.kind for change in (await house.look()).changes] == [ChangeKind.CLOSED]


async def test_old_fills_are_not_asked_for_again_and_again(house: House):
    await house.trade(long())
    asked = []
    fills = house.venue.fills
    house.venue.fills = lambda *, since_ms: (asked.append(since_ms), fills(since_ms=since_ms))[1]

    await house.look()
    await house.look(30 * 86_400_000)
    await house.look(1_000)

    assert asked[-1] == house.clock.now_ms() - 1_000 - 600_000
