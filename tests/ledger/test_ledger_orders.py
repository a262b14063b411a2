"""An order in the ledger, from the intent to the end."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from ledger_cases import BTC, CANDLE, bracket, client_id, dump, fill, planned, report

from gobot.core import OrderStatus, Side, StateError
from gobot.ledger import Ledger, LedgerStatus, Leg

ENTRY, STOP = client_id(Leg.ENTRY), client_id(Leg.STOP)


@pytest.fixture
def decided(ledger: Ledger) -> Ledger:
    ledger.decide(1, CANDLE, CANDLE + 900_000, bracket(), [])
    return ledger


def test_intents_come_back_as_the_requests_they_were(decided: Ledger):
    rows = decided.cycle_orders(1)

    assert [row.request for row in rows] == [order.request for order in bracket()]
    assert [row.leg for row in rows] == [Leg.STOP, Leg.ENTRY, Leg.TARGET]
    assert {row.status for row in rows} == {LedgerStatus.INTENDED}
    assert rows == decided.unsettled() == decided.orders()


def test_a_decision_is_taken_once(decided: Ledger):
    before = dump(decided)

    decided.decide(1, CANDLE, CANDLE + 999_999, [planned(Leg.EXIT)], [])

    assert dump(decided) == before


def test_the_same_intent_of_a_later_cycle_is_the_same_order(decided: Ledger):
    decided.decide(2, CANDLE, CANDLE + 900_000, [*bracket(), planned(Leg.EXIT)], [])

    assert [row.leg for row in decided.cycle_orders(2)] == [Leg.EXIT]
    assert len(decided.orders()) == 4


def test_from_intent_to_filled(decided: Ledger):
    sent = decided.mark_sent(ENTRY, CANDLE + 1)
    assert (sent.status, sent.sent_ms) == (LedgerStatus.SENT, CANDLE + 1)

    filled = decided.record(report(planned(Leg.ENTRY), OrderStatus.FILLED, "0.5"))
    assert (filled.status, filled.filled, filled.average, filled.venue_id) == (
        LedgerStatus.FILLED,
        Decimal("0.5"),
        100,
        "7",
    )
    assert filled == decided.order(ENTRY)


def test_every_step_may_be_repeated(decided: Ledger):
    for _ in range(2):
        decided.mark_sent(ENTRY, CANDLE + 1)
    decided.record(report(planned(Leg.ENTRY), OrderStatus.FILLED, "0.5"))
    before = dump(decided)

    decided.record(report(planned(Leg.ENTRY), OrderStatus.FILLED, "0.5", updated_ms=CANDLE + 99))

    assert dump(decided) == before


def test_old_news_does_not_undo_an_end(decided: Ledger):
    decided.mark_sent(ENTRY, CANDLE + 1)
    decided.record(report(planned(Leg.ENTRY), OrderStatus.FILLED, "0.5"))

    assert decided.record(report(planned(Leg.ENTRY), OrderStatus.OPEN)).status is LedgerStatus.FILLED


def test_a_reply_without_a_price_keeps_the_price_that_is_known(decided: Ledger):
    decided.mark_sent(ENTRY, CANDLE + 1)
    decided.record(report(planned(Leg.ENTRY), OrderStatus.OPEN, "0.25"))

    row = decided.record(report(planned(Leg.ENTRY), OrderStatus.FILLED, "0.5", average=None))

    assert (row.filled, row.average) == (Decimal("0.5"), 100)


@pytest.mark.parametrize(
    ("end", "status"),
    [
        (lambda ledger: ledger.refuse(ENTRY, "-2019", "margin is insufficient", CANDLE + 2), LedgerStatus.REFUSED),
        (lambda ledger: ledger.mark_dead(ENTRY, "margin is insufficient", CANDLE + 2), LedgerStatus.DEAD),
        (lambda ledger: ledger.record(report(planned(Leg.ENTRY), OrderStatus.REJECTED)), LedgerStatus.REFUSED),
        (lambda ledger: ledger.record(report(planned(Leg.ENTRY), OrderStatus.EXPIRED)), LedgerStatus.EXPIRED),
        (lambda ledger: ledger.record(report(planned(Leg.ENTRY), OrderStatus.CANCELED)), LedgerStatus.CANCELED),
    ],
)
def test_ends(decided: Ledger, end, status: LedgerStatus):
    decided.mark_sent(ENTRY, CANDLE + 1)

    row = end(decided)

    assert (row.status, row.settled) == (status, True)
    assert ENTRY not in [each.client_id for each in decided.unsettled()]


def test_a_dropped_order_cannot_be_sent(decided: Ledger):
    decided.drop(ENTRY, "the candle is over", CANDLE + 2)

    with pytest.raises(ValueError, match="is dropped and cannot become sent"):
        decided.mark_sent(ENTRY, CANDLE + 3)


def test_an_order_that_never_arrived_may_be_intended_again(decided: Ledger):
    decided.mark_sent(ENTRY, CANDLE + 1)
    assert decided.mark_unsent(ENTRY) == decided.mark_unsent(ENTRY)
    assert decided.order(ENTRY).sent_ms is None


def test_an_order_that_is_found_after_all_is_open_again(decided: Ledger):
    decided.mark_sent(STOP, CANDLE + 1)
    decided.mark_dead(STOP, "unknown to the venue", CANDLE + 2)

    row = decided.record(report(planned(Leg.STOP), OrderStatus.OPEN))

    assert (row.status, row.settled) == (LedgerStatus.OPEN, False)


def test_unknown_client_ids_are_named(decided: Ledger):
    with pytest.raises(StateError, match="the ledger has no order gb-nobody"):
        decided.order("gb-nobody")


def test_a_stop_that_comes_to_rest_is_the_stop_of_its_trade(decided: Ledger):
    decided.book([fill(1, Side.BUY, "0.5", "100", by=ENTRY)])
    again = planned(Leg.STOP, attempt=decided.last_attempt("main", CANDLE, BTC, Leg.STOP).attempt + 1)
    moved = replace(again, request=replace(again.request, trigger=Decimal(98)))

    decided.intend(moved, cycle=1, at_ms=CANDLE + 5)
    decided.mark_sent(moved.request.client_id, CANDLE + 5)
    assert decided.open_trades()[0].stop == 95
    decided.record(report(moved, OrderStatus.OPEN))

    assert decided.open_trades()[0].stop == 98
    assert decided.last_attempt("main", CANDLE, BTC, Leg.STOP).client_id == moved.request.client_id
    assert decided.last_attempt("main", CANDLE, BTC, Leg.CLOSE) is None


def test_intending_again_changes_nothing(decided: Ledger):
    close = planned(Leg.CLOSE)
    first = decided.intend(close, cycle=1, at_ms=CANDLE + 5)

    assert decided.intend(close, cycle=1, at_ms=CANDLE + 6) == first


def test_an_order_that_was_taken_and_turned_away_later_has_expired(decided: Ledger):
    """A stop that rested, and that found no position when it triggered."""
    decided.mark_sent(STOP, 1)
    decided.record(report(planned(Leg.STOP), OrderStatus.OPEN))

    row = decided.record(report(planned(Leg.STOP), OrderStatus.REJECTED))

    assert (row.status, row.settled) == (LedgerStatus.EXPIRED, True)
