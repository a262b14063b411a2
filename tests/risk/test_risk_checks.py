"""Every check's refusal, word for word; all other checks pass in each case."""

from dataclasses import replace
from decimal import Decimal

import pytest
from risk_cases import BTC, CANDLE, ETH, NEWEST, NOW, STATE, VIEW, idea, position, settings, view_with

from gobot.core import Action, Book, Direction
from gobot.risk import CHECKS, Approved, Breaker, Case, Check, Probe, Refused, Risk, RiskState, StopOut, failed_checks

MINUTE = 60_000
OPEN = Breaker(trips=1, until_ms=NOW + 12 * MINUTE, reason="3 in a row, the last: order refused")
HALF_OPEN = Breaker(trips=1, until_ms=NOW, probe=Probe(symbol=ETH, cycle=3))
BOOK = Book(
    symbol=BTC,
    bids=((Decimal(49_990), Decimal(10)),),
    asks=((Decimal(50_000), Decimal("0.07")), (Decimal(50_400), Decimal(10))),
    time_ms=NOW,
)
EVENT = {"from": "2024-11-30T13:30:00Z", "until": "2024-11-30T15:30:00+01:00", "why": "interest rates"}

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
            "state": replace(
                STATE, peak_equity=Decimal(10_412), base_equity=Decimal(8_200), day_start_equity=Decimal(8_200)
            ),
            "view": replace(VIEW, equity=Decimal("8194.25")),
        },
        "Drawdown 21.3 % from the peak of 10,412.00 USDT reaches 20 %.",
    ),
    "drawdown, unknown": ({"state": replace(STATE, peak_equity=None)}, "The peak of the equity is not known."),
    "portfolio_stop": (
        {"view": replace(VIEW, equity=Decimal(9_487)), "state": replace(STATE, day_start_equity=Decimal(9_500))},
        "The loss of 513.00 USDT since the start at 10,000.00 USDT reaches 500.00 USDT (5 %).",
    ),
    "portfolio_stop, unknown": (
        {"state": replace(STATE, base_equity=None)},
        "The equity that the portfolio stop is measured from is not known.",
    ),
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
    "stop_out_cooldown": (
        {"state": replace(STATE, stop_outs=(StopOut(symbol=BTC, at_ms=NOW - 18 * MINUTE),))},
        "A position in BTC/USDT:USDT was stopped out: no entries there for another 42.0 minutes.",
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
    "direction_exposure": (
        {
            "view": replace(VIEW, positions=(position(ETH, quantity="1"),)),
            "settings": settings(risk_manager={"max_direction_exposure_pct": 19.5}),
        },
        (
            "Open long positions of 2,000.00 USDT leave nothing of the 1,950.00 USDT allowed "
            "(19.5 % of 10,000.00 USDT times leverage 1)."
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
    "position_size, one symbol": (
        {"settings": settings(risk_manager={"max_symbol_exposure_pct": 0.01})},
        ("0.000 BTC/USDT:USDT is below the venue's minimum of 0.001; max_symbol_exposure_pct decides the size."),
    ),
    "volatility": (
        {"view": view_with(behaviour={"atr_percentile": 99.4})},
        "The average true range of BTC/USDT:USDT is above that of 99.4 % of the last candles, more than 99 %.",
    ),
    "volatility, realised": (
        {"view": view_with(behaviour={"volatility_pct": 1234.0})},
        "The volatility of BTC/USDT:USDT, 1,234 % a year, exceeds 1000 %.",
    ),
    "volatility, unknown": (
        {"view": replace(VIEW, behaviour={})},
        "Too little is known about the movements for BTC/USDT:USDT.",
    ),
    "correlation": (
        {"view": replace(VIEW, positions=(position(ETH, quantity="1"),), correlations={(BTC, ETH): 0.93})},
        (
            "Together with what moves as BTC/USDT:USDT does (ETH/USDT:USDT 0.93; above 0.8) it would be "
            "4,000.00 USDT, more than 3,000.00 USDT (30 % of equity times leverage)."
        ),
    ),
    "correlation, opposite": (
        {
            "view": replace(VIEW, positions=(position(ETH, "short", "1"),), correlations={(BTC, ETH): -0.85}),
        },
        (
            "Together with what moves as BTC/USDT:USDT does (ETH/USDT:USDT 0.85; above 0.8) it would be "
            "4,000.00 USDT, more than 3,000.00 USDT (30 % of equity times leverage)."
        ),
    ),
    "correlation, unknown": (
        {"view": replace(VIEW, positions=(position(ETH, quantity="1"),), correlations={})},
        (
            "Together with what moves as BTC/USDT:USDT does (ETH/USDT:USDT unknown; above 0.8) it would be "
            "4,000.00 USDT, more than 3,000.00 USDT (30 % of equity times leverage)."
        ),
    ),
    "liquidity": (
        {
            "view": view_with(behaviour={"traded": 15_000.0}),
            "settings": settings(risk_manager={"max_volume_share_pct": 10}),
        },
        (
            "The position of 2,000.00 USDT is more than 10 % of the 15,000.00 USDT that BTC/USDT:USDT "
            "usually trades per candle."
        ),
    ),
    "liquidity, book": (
        {"view": replace(VIEW, books={BTC: BOOK})},
        (
            "The order book of BTC/USDT:USDT holds 3,500.00 USDT within 0.5 % of the price, "
            "less than 2 times the position of 2,000.00 USDT."
        ),
    ),
    "liquidity, no book": (
        {"view": replace(VIEW, books={})},
        "The order book of BTC/USDT:USDT is not known.",
    ),
    "low_liquidity_hours": (
        {"settings": settings(risk_manager={"low_liquidity_hours": "13:30-14:30"})},
        "14:00 UTC lies in the hours of low liquidity, 13:30-14:30.",
    ),
    "low_liquidity_hours, past midnight": (
        {"settings": settings(risk_manager={"low_liquidity_hours": "13:59-04:00"})},
        "14:00 UTC lies in the hours of low liquidity, 13:59-04:00.",
    ),
    "event_window": (
        {"settings": settings(risk_manager={"events": [EVENT]})},
        "No entries until 2024-11-30T14:30:00Z: interest rates.",
    ),
    "event_window, one symbol": (
        {"settings": settings(risk_manager={"events": [EVENT | {"symbols": [ETH, BTC]}]})},
        "No entries until 2024-11-30T14:30:00Z: interest rates.",
    ),
    "funding": (
        {"view": view_with(ticker={"funding_rate": Decimal("0.0031")})},
        "The next funding costs a long position in BTC/USDT:USDT 0.310 %, more than 0.2 %.",
    ),
    "funding, short": (
        {"idea": idea("short"), "view": view_with(ticker={"funding_rate": Decimal("-0.0031")})},
        "The next funding costs a short position in BTC/USDT:USDT 0.310 %, more than 0.2 %.",
    ),
    "clock_skew": (
        {"view": replace(VIEW, clock_skew_ms=1_001)},
        "The venue's clock is 1001 ms ahead of ours, more than 1000 ms.",
    ),
    "clock_skew, behind": (
        {"view": replace(VIEW, clock_skew_ms=-1_500)},
        "The venue's clock is 1500 ms behind ours, more than 1000 ms.",
    ),
    "clock_skew, unknown": (
        {"view": replace(VIEW, clock_skew_ms=None)},
        "The venue's clock could not be asked.",
    ),
}
# What cannot but fail with it.
FOLLOWS = {"exposure": {"position_size"}, "direction_exposure": {"position_size"}}


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
    view = replace(VIEW, markets={}, tickers={}, candles={}, validation={}, behaviour={})
    (verdict,) = Risk(settings()).review([idea()], view, STATE)
    assert {reason.check for reason in verdict.reasons} == {
        "market_active",
        "fresh_candles",
        "fresh_price",
        "spread",
        "recent_window",
        "protective_stop",
        "position_size",
        "volatility",
        "funding",
    }


def test_a_check_that_raises_refuses():
    def broken(case):
        return 1 / 0

    case = Case(idea=idea(), direction=Direction.LONG, view=VIEW, state=STATE, settings=settings())
    (reason,) = failed_checks(case, (Check("broken", "", broken, lambda _: ""),))
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


PASSES = {
    "volatility": {
        "settings": settings(risk_manager={"max_atr_percentile": 100}),
        "behaviour": {"atr_percentile": 100.0},
    },
    "volatility, off": {
        "settings": settings(risk_manager={"max_atr_percentile": 100, "max_volatility_pct": None}),
        "behaviour": {"atr_percentile": 100.0, "volatility_pct": 99_999.0},
    },
    "volatility, at the limits": {"behaviour": {"atr_percentile": 99.0, "volatility_pct": 1000.0}},
    "correlation, no more than the limit": {
        "correlations": {(BTC, ETH): 0.8},
        "positions": (position(ETH, quantity="1"),),
    },
    "correlation, they hedge each other": {
        "correlations": {(BTC, ETH): 0.99},
        "positions": (position(ETH, "short", "1"),),
    },
    "correlation, small enough together": {
        "correlations": {(BTC, ETH): 0.99},
        "positions": (position(ETH, quantity="0.5"),),
    },
    "liquidity": {
        "settings": settings(risk_manager={"max_volume_share_pct": 10}),
        "behaviour": {"traded": 20_000.0},
        "books": {BTC: replace(BOOK, asks=((Decimal(50_000), Decimal("0.08")),))},
    },
    "liquidity, off": {"settings": settings(risk_manager={"min_depth_ratio": 0}), "books": {}},
    "hours, not yet": {"settings": settings(risk_manager={"low_liquidity_hours": "14:01-04:00"})},
    "hours, no longer": {"settings": settings(risk_manager={"low_liquidity_hours": "13:00-14:00"})},
    "hours, none": {"settings": settings(risk_manager={"low_liquidity_hours": None})},
    "event, of another": {"settings": settings(risk_manager={"events": [EVENT | {"symbols": [ETH]}]})},
    "event, over": {"settings": settings(risk_manager={"events": [EVENT | {"until": "2024-11-30T14:00:05Z"}]})},
    "event, to come": {"settings": settings(risk_manager={"events": [EVENT | {"from": "2024-11-30T14:00:06Z"}]})},
    "funding, none": {"ticker": {"funding_rate": None}},
    "funding, at the limit": {"ticker": {"funding_rate": Decimal("0.002")}},
    "funding, in our favour": {"ticker": {"funding_rate": Decimal("-0.01")}},
    "clock": {"clock_skew_ms": -1_000},
}


@pytest.mark.parametrize("name", PASSES)
def test_what_passes(name):
    changes = dict(PASSES[name])
    rules = changes.pop("settings", settings())
    (verdict,) = Risk(rules).review([idea()], view_with(**changes), STATE)
    assert isinstance(verdict, Approved), verdict.reasons


@pytest.mark.parametrize("moment", ["2024-11-30T14:00:05Z", "2024-11-30T14:00:04.999Z"])
def test_an_event_begins_at_its_first_moment(moment):
    rules = settings(risk_manager={"events": [EVENT | {"from": moment}]})
    (verdict,) = Risk(rules).review([idea()], VIEW, STATE)
    assert [reason.check for reason in verdict.reasons] == ["event_window"]


FIGURES = {
    "emergency_stop": "not latched",
    "circuit_breaker": "closed, 0 of 3 failures in a row",
    "drawdown": "0.0 % of 20 %",
    "portfolio_stop": "loss 0.00 of 500.00 USDT",
    "daily_loss": "+0.00 of -100.00 USDT",
    "consecutive_losses": "0 of 5 losing trades in a row",
    "stop_out_cooldown": "no stop-out in the last 60 minutes",
    "already_open": "flat",
    "open_positions": "1 of 10 positions",
    "exposure": "1,000.00 of 10,000.00 USDT",
    "direction_exposure": "1,000.00 of 10,000.00 USDT long",
    "direction": "both",
    "market_active": "traded",
    "quarantine": "reconciled",
    "pending_order": "none",
    "fresh_candles": "opened 1.01 of 2 candles ago, 0 missing",
    "fresh_price": "0.00 of 2 candles old",
    "spread": "0.010 % of 0.5 %",
    "recent_window": "profit factor 1.50 over 10 trades, at least 0.8",
    "protective_stop": "stop 49000, target 52000 at 50000",
    "position_size": "0.04, 2,000.00 USDT: the size wanted decides",
    "volatility": "ATR above 60.0 % of 99 % of candles, 80 % of 1000 % a year",
    "correlation": "3,000.00 of 3,000.00 USDT with 1 correlated",
    "liquidity": "0.04 % of 10 % of a candle's volume, the book holds 5 times the position, at least 2",
    "low_liquidity_hours": "14:00, not in 02:00-04:00",
    "event_window": "none of 1 events",
    "funding": "+0.010 % of 0.2 %",
    "clock_skew": "+12 of 1000 ms",
}
SHOWN = Case(
    idea=idea(),
    direction=Direction.LONG,
    view=view_with(
        positions=(position(ETH, quantity="0.5"),),
        correlations={(BTC, ETH): 0.95},
        books={BTC: replace(BOOK, asks=((Decimal(50_000), Decimal("0.2")),))},
        ticker={"funding_rate": Decimal("0.0001")},
    ),
    state=STATE,
    settings=settings(risk_manager={"max_volume_share_pct": 10, "events": [EVENT | {"symbols": [ETH]}]}),
)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_a_check_that_passes_tells_its_figures(check):
    assert check.judge(SHOWN) is None
    assert check.figures(SHOWN) == FIGURES[check.name]


def test_figures_of_what_is_off_or_does_not_apply():
    plain_case = replace(SHOWN, view=replace(VIEW, validation={}), settings=settings(validation={"enabled": False}))
    found = {check.name: check.figures(plain_case) for check in CHECKS}
    assert found["recent_window"] == "off"
    assert found["correlation"] == "no open position correlated above 0.8"
    assert found["liquidity"] == "no limit"
    assert found["funding"] == "no funding"
    calm = replace(SHOWN, settings=settings(risk_manager={"max_volatility_pct": None}))
    assert {check.name: check.figures(calm) for check in CHECKS}["volatility"] == (
        "ATR above 60.0 % of 99 % of candles, 80 % a year"
    )
    few = replace(SHOWN, view=view_with(validation={"trades": 3}))
    assert {check.name: check.figures(few) for check in CHECKS}["recent_window"] == (
        "3 trades, of which 4 are needed for a verdict"
    )


def test_without_data_there_are_no_figures_and_nothing_is_raised():
    bare = replace(SHOWN, view=replace(VIEW, markets={}, tickers={}, behaviour={}, candles={}), state=RiskState())
    found = {check.name for check in CHECKS if not check.figures(bare)}
    assert found == {
        "drawdown",
        "portfolio_stop",
        "daily_loss",
        "fresh_candles",
        "fresh_price",
        "spread",
        "protective_stop",
        "position_size",
        "volatility",
        "liquidity",
        "funding",
    }
