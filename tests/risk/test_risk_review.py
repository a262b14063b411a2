"""What review answers for which ideas, and that each idea sees what was approved before it."""

from dataclasses import replace
from decimal import Decimal

import pytest
from risk_cases import BTC, ETH, NOW, STATE, VIEW, idea, position, settings, view_with

from gobot.core import Action, Direction
from gobot.risk import Approved, Breaker, Probe, Refused, Risk

RISK = Risk(settings())
BLOCKED = replace(
    STATE, latched="drawdown", breaker=Breaker(trips=1, until_ms=NOW + 1, reason="x"), cooldown_until_ms=NOW + 1
)
HALF_OPEN = replace(STATE, breaker=Breaker(trips=1, until_ms=NOW - 1, reason="x"))


def kinds(verdicts):
    return [
        f"{v.kind} {v.direction} {v.idea.symbol[:3]}" if isinstance(v, Approved) else f"refused {v.idea.symbol[:3]}"
        for v in verdicts
    ]


def test_only_the_room_can_approve():
    with pytest.raises(TypeError, match="only the risk room approves"):
        Approved(
            idea=idea(), kind="open", direction=Direction.LONG, quantity=Decimal(1), stop=Decimal(1), seal=object()
        )


def test_hold_has_no_verdict():
    assert RISK.review([idea(Action.HOLD)], VIEW, STATE) == []


@pytest.mark.parametrize("direction", list(Direction))
def test_an_exit_closes_whatever_is_open_though_every_check_fails(direction):
    view = replace(
        VIEW, positions=(position(direction=direction),), tickers={}, markets={}, candles={}, pending=frozenset({BTC})
    )
    (verdict,) = RISK.review([idea(Action.EXIT)], view, BLOCKED)
    assert (verdict.kind, verdict.direction, verdict.quantity) == ("close", direction, Decimal("0.02"))


def test_an_exit_with_nothing_open_is_refused():
    (verdict,) = RISK.review([idea(Action.EXIT)], VIEW, STATE)
    assert verdict.reasons[0].sentence == "There is no position in BTC/USDT:USDT to close."


def test_an_opposite_idea_closes_first_and_then_opens():
    view = replace(VIEW, positions=(position(direction="short"),))
    assert kinds(RISK.review([idea()], view, STATE)) == ["close short BTC", "open long BTC"]


def test_an_opposite_idea_closes_even_if_it_may_not_open():
    view = replace(VIEW, positions=(position(direction="short"),))
    assert kinds(RISK.review([idea()], view, BLOCKED)) == ["close short BTC", "refused BTC"]


def test_a_reversal_may_use_the_margin_that_closing_frees():
    market = {"quantity_step": Decimal(0)}
    view = replace(
        view_with(market=market), available=Decimal(0), positions=(position(direction="short", quantity="0.03"),)
    )
    _, opened = RISK.review([idea()], view, STATE)
    # 1500 USDT of margin, less the spread and the fee of buying back, pay for the position at the ask and its own fee.
    fee, ask = Decimal("0.0005"), Decimal("1.0001")
    freed = 1500 - 1500 * (ask - 1) - 1500 * ask * fee
    assert float(opened.quantity) == pytest.approx(float(freed / (1 + fee) / (50_000 * ask)))


def test_what_closes_goes_first_and_sets_its_margin_free_for_all():
    view = replace(VIEW, available=Decimal(0), positions=(position(symbol=ETH, quantity="0.5"),))
    verdicts = RISK.review([idea(), idea("short", symbol=ETH)], view, STATE)
    assert kinds(verdicts) == ["open long BTC", "close long ETH", "open short ETH"]


def test_a_fraction_of_the_equity_is_taken_after_the_costs_of_closing():
    rules = settings(max_position_usd=Decimal(10**6), sizing={"model": "fraction", "fraction": 0.5})
    market = {"quantity_step": Decimal(0)}
    view = replace(view_with(market=market), positions=(position(direction="short", quantity="0.03"),))
    _, opened = Risk(rules).review([idea()], view, STATE)
    costs = 1500 * Decimal("0.0001") + 1500 * Decimal("1.0001") * Decimal("0.0005")
    assert float(opened.quantity) == pytest.approx(float((10_000 - costs) / 2 / 50_000))


def test_each_idea_sees_what_was_approved_before_it():
    room_for_one = settings(risk_manager={"max_open_positions": 1})
    verdicts = Risk(room_for_one).review([idea(symbol=ETH), idea()], VIEW, STATE)
    assert kinds(verdicts) == ["open long ETH", "refused BTC"]
    verdicts = Risk(settings(risk_manager={"max_total_exposure_pct": 30})).review(
        [idea(symbol=ETH), idea()], VIEW, STATE
    )
    assert [v.quantity for v in verdicts] == [Decimal("1.000"), Decimal("0.019")], (
        "30 % of what the fee of the first has left"
    )
    verdicts = RISK.review([idea(symbol=ETH), idea()], replace(VIEW, available=Decimal(2_501)), STATE)
    assert [v.quantity for v in verdicts] == [Decimal("1.000"), Decimal("0.009")]


def test_the_same_symbol_twice_opens_once():
    assert kinds(RISK.review([idea(), idea()], VIEW, STATE)) == ["open long BTC", "refused BTC"]


def test_a_closed_position_makes_room():
    view = replace(VIEW, positions=(position(ETH, quantity="5"),), available=Decimal(0))
    assert kinds(RISK.review([idea(Action.EXIT, ETH), idea()], view, STATE)) == ["close long ETH", "open long BTC"]


def test_a_half_open_breaker_lets_one_smaller_probe_through():
    first, second = RISK.review([idea(), idea(symbol=ETH)], VIEW, HALF_OPEN)
    assert (first.probe, first.quantity) == (True, Decimal("0.020"))
    assert isinstance(second, Refused)
    assert [reason.check for reason in second.reasons] == ["circuit_breaker"]


@pytest.mark.parametrize(
    ("where", "running"),
    [({"positions": (position(ETH),)}, True), ({"pending": frozenset({ETH})}, True), ({}, False)],
)
def test_a_probe_runs_while_it_has_a_position_or_an_open_question(where, running):
    state = replace(HALF_OPEN, breaker=HALF_OPEN.breaker.probing(Probe(symbol=ETH, cycle=7)))
    (verdict,) = RISK.review([idea()], replace(VIEW, **where), state)
    assert isinstance(verdict, Refused) is running


def test_the_view_cannot_be_changed():
    with pytest.raises(TypeError):
        VIEW.tickers[BTC] = None


def test_review_is_pure():
    ideas = [idea(), idea(Action.SHORT, ETH)]
    view = replace(VIEW, positions=(position(ETH),))
    assert RISK.review(ideas, view, STATE) == RISK.review(ideas, view, STATE)
