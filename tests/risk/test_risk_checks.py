"""Every check's refusal, word for word; all other checks pass in each case."""

from dataclasses import replace
from decimal import Decimal

import pytest
from risk_cases import BTC, CANDLE, ETH, NEWEST, NOW, STATE, VIEW, idea, position, settings, view_with

from gobot.core import Action, Direction
from gobot.risk import CHECKS, Approved, Breaker, Case, Check, Probe, Refused, Risk, failed_checks

MINUTE = 60_000
OPEN = Breaker(trips=1, until_ms=NOW + 12 * MINUTE, reason="3 in a row, the last: order refused")
HALF_OPEN = Breaker(trips=1, until_ms=NOW, probe=Probe(symbol=ETH, cycle=3))

REFUSALS = {
    "emergency_stop": (
        {"state": replace(STATE, latched="drawdown 21.3 % from the peak of 10,412.00 USDT reaches 20 %")},
        (
            "Emergency stop: drawdown 21.3 % from the peak of 10,412.00 USDT reaches 20 %. "
            "It stays until an operator resets it: gobot reset-breaker."
        ),
    ),
    "circuit_breaker": (
        {"state": replace(STATE, breaker=OPEN)},
        "The circuit breaker is open for another 12.0 minutes: 3 in a row, the last: order refused.",
    ),
    "circuit_breaker, probe": (
        {"state": replace(STATE, breaker=HALF_OPEN), "view": replace(VIEW, pending=frozenset({ETH}))},
        "The circuit breaker is half open and its one probe trade is already under way.",
    ),
    "drawdown": (
        {
            "state": replace(STATE, peak_equity=Decimal(10_412), day_start_equity=Decimal(8_200)),
            "view": replace(VIEW, equity=Decimal("8194.25")),
        },
        "Drawdown 21.3 % from the peak of 10,412.00 USDT reaches 20 %.",
    ),
    "drawdown, unknown": ({"state": replace(STATE, peak_equity=None)}, "The peak of the equity is not known."),
    "daily_loss": (
        {"view": replace(VIEW, equity=Decimal("9887.6"))},
        "Loss of the day, 112.40 USDT, reaches 100.00 USDT.",
    ),
    "daily_loss, realised": (
        {"view": replace(VIEW, realised_today=Decimal(-100))},
        "Loss of the day, 100.00 USDT, reaches 100.00 USDT.",
    ),
    "daily_loss, no mark today": (
        {"state": replace(STATE, day="2024-11-29")},
        "The equity at the start of the day is not known.",
    ),
    "consecutive_losses": (
        {"state": replace(STATE, losses_in_row=5, cooldown_until_ms=NOW + 90 * MINUTE)},
        "5 losing trades in a row reach 5: no entries for another 90.0 minutes.",
    ),
    "already_open": (
        {"view": replace(VIEW, positions=(position(),))},
        "Already long 0.02 BTC/USDT:USDT: nothing to do.",
    ),
    "open_positions": (
        {
            "view": replace(VIEW, positions=(position(ETH),)),
            "settings": settings(risk_manager={"max_open_positions": 1}),
        },
        "1 open positions reach the limit of 1.",
    ),
    "exposure": (
        {
            "view": replace(VIEW, positions=(position(ETH, quantity="1"),)),
            "settings": settings(risk_manager={"max_total_exposure_pct": 20}),
        },
        (
            "Open positions of 2,000.00 USDT leave nothing of the 2,000.00 USDT allowed "
            "(20 % of 10,000.00 USDT times leverage 1)."
        ),
    ),
    "direction": ({"settings": settings(direction="short")}, "The settings allow only short positions."),
    "market_active": (
        {"view": view_with(market={"active": False})},
        "The venue does not trade BTC/USDT:USDT at the moment.",
    ),
    "quarantine": (
        {"view": replace(VIEW, quarantined=frozenset({BTC}))},
        "BTC/USDT:USDT is quarantined: its position and orders could not be reconciled with the venue.",
    ),
    "pending_order": (
        {"view": replace(VIEW, pending=frozenset({BTC}))},
        "The outcome of an earlier order on BTC/USDT:USDT is not known yet.",
    ),
    "fresh_candles": (
        {"view": view_with(candles={"newest_ms": NEWEST - 2 * CANDLE})},
        "The newest 15m candle of BTC/USDT:USDT opened 3.01 candles ago, more than 2.",
    ),
    "fresh_candles, old idea": (
        {"idea": idea(candle_ms=NEWEST - CANDLE)},
        "The newest 15m candle of BTC/USDT:USDT opened 2.01 candles ago, more than 2.",
    ),
    "fresh_candles, gaps": (
        {"view": view_with(candles={"gaps": 4})},
        "4 candles of BTC/USDT:USDT are missing or wrong.",
    ),
    "fresh_candles, not closed": (
        {"view": replace(VIEW, now_ms=NOW - CANDLE // 2)},
        "The newest 15m candle of BTC/USDT:USDT has not closed: it opened 0.51 candles ago.",
    ),
    "fresh_candles, unknown": (
        {"view": replace(VIEW, candles={})},
        "Nothing is known about the candles for BTC/USDT:USDT.",
    ),
    "fresh_price": (
        {"view": view_with(ticker={"time_ms": NOW - 3 * CANDLE})},
        "The price of BTC/USDT:USDT is 3.00 candles old, more than 2.",
    ),
    "spread": (
        {"view": view_with(ticker={"bid": Decimal(49_500), "ask": Decimal(50_500)})},
        "The spread of BTC/USDT:USDT, 2.000 %, exceeds 0.5 %.",
    ),
    "spread, no quote": (
        {"view": view_with(ticker={"bid": Decimal(0)})},
        "BTC/USDT:USDT has no usable quote: bid 0, ask 50005.",
    ),
    "recent_window": (
        {"view": view_with(validation={"trades": 9, "profit_factor": 0.61})},
        "The last 480 candles of BTC/USDT:USDT would have brought a profit factor of 0.61 over 9 trades, below 0.8.",
    ),
    "recent_window, unknown": (
        {"view": replace(VIEW, validation={})},
        "No recent-window backtest was made for BTC/USDT:USDT.",
    ),
    "protective_stop": (
        {"idea": idea(stop=50_000.0)},
        "The stop of a long position must lie below its price: 50000 at 50000.",
    ),
    "protective_stop, target": (
        {"idea": idea(target=49_000.0)},
        "The target of a long position must lie above its price: 49000 at 50000.",
    ),
    "protective_stop, not a price": (
        {"idea": idea(stop=float("inf"))},
        "Stop Infinity and target 52000 must be prices.",
    ),
    "position_size": (
        {"view": view_with(market={"min_notional": Decimal(2_500)})},
        "2000.00 USDT of BTC/USDT:USDT is below the venue's minimum of 2500; the size wanted decides the size.",
    ),
    "position_size, margin": (
        {"view": replace(VIEW, available=Decimal(3))},
        "0.000 BTC/USDT:USDT is below the venue's minimum of 0.001; the margin available decides the size.",
    ),
}
# What cannot but fail with it.
FOLLOWS = {"exposure": {"position_size"}}


@pytest.mark.parametrize("name", REFUSALS)
def test_refusal(name):
    changes, sentence = REFUSALS[name]
    case = {"idea": idea(), "view": VIEW, "state": STATE, "settings": settings()} | changes
    (verdict,) = Risk(case["settings"]).review([case["idea"]], case["view"], case["state"])
    assert isinstance(verdict, Refused)
    found = {reason.check: reason.sentence for reason in verdict.reasons}
    assert found.pop(name.split(",")[0]) == sentence
    assert set(found) <= FOLLOWS.get(name, set())


def test_every_check_has_a_refusal_above():
    assert {name.split(",")[0] for name in REFUSALS} == {check.name for check in CHECKS}


def test_every_setting_named_by_a_check_exists():
    for check in CHECKS:
        value = settings()
        for key in check.setting.split(".")[1:]:
            value = getattr(value, key)


def test_the_healthy_case_passes():
    (verdict,) = Risk(settings()).review([idea()], VIEW, STATE)
    assert isinstance(verdict, Approved)
    assert (verdict.kind, verdict.direction, verdict.quantity) == ("open", Direction.LONG, Decimal("0.040"))
    assert (verdict.stop, verdict.target, verdict.probe) == (Decimal(49_000), Decimal(52_000), False)


def test_a_verdict_lists_every_check_that_failed():
    view = replace(VIEW, available=Decimal(0), quarantined=frozenset({BTC}), pending=frozenset({BTC}))
    (verdict,) = Risk(settings()).review([idea()], view, replace(STATE, latched="x"))
    assert [reason.check for reason in verdict.reasons] == [
        "emergency_stop",
        "quarantine",
        "pending_order",
        "position_size",
    ]


def test_without_any_data_every_dependent_check_refuses():
    view = replace(VIEW, markets={}, tickers={}, candles={}, validation={})
    (verdict,) = Risk(settings()).review([idea()], view, STATE)
    assert {reason.check for reason in verdict.reasons} == {
        "market_active",
        "fresh_candles",
        "fresh_price",
        "spread",
        "recent_window",
        "protective_stop",
        "position_size",
    }


def test_a_check_that_raises_refuses():
    def broken(case):
        return 1 / 0

    case = Case(idea=idea(), direction=Direction.LONG, view=VIEW, state=STATE, settings=settings())
    (reason,) = failed_checks(case, (Check("broken", "", broken),))
    assert reason.sentence == "The check could not be made: ZeroDivisionError: division by zero."


def test_nan_from_a_strategy_refuses():
    (verdict,) = Risk(settings()).review([idea(stop=float("nan"))], VIEW, STATE)
    assert [reason.check for reason in verdict.reasons] == ["protective_stop"]


@pytest.mark.parametrize(
    ("validation", "section"),
    [
        ({"trades": 3, "profit_factor": 0.0}, {}),  # too few trades are no verdict
        ({"trades": 9, "profit_factor": 0.8}, {}),
        ({"trades": 9, "profit_factor": float("inf")}, {}),
        ({"trades": 9, "profit_factor": 0.1}, {"enabled": False}),
    ],
)
def test_recent_window_that_passes(validation, section):
    (verdict,) = Risk(settings(validation=section)).review([idea()], view_with(validation=validation), STATE)
    assert isinstance(verdict, Approved)


def test_nan_profit_factor_refuses():
    view = view_with(validation={"profit_factor": float("nan")})
    (verdict,) = Risk(settings()).review([idea()], view, STATE)
    assert isinstance(verdict, Refused)


def test_a_day_that_the_clock_went_back_to_keeps_its_start():
    state = replace(STATE, day="2024-12-01")
    (verdict,) = Risk(settings()).review([idea(Action.SHORT)], VIEW, state)
    assert isinstance(verdict, Approved)
