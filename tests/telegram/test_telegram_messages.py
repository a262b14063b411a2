"""Every event in words."""

from dataclasses import dataclass
from decimal import Decimal

import pytest

from gobot.daemon import events
from gobot.settings.model import AlertLevels
from gobot.telegram.messages import KINDS, describe, kind, topic
from gobot.telegram.text import MESSAGE_LIMIT, fit, money, number

AT = 1_735_689_600_000  # 2025-01-01 00:00 UTC

EXPECTED = [
    (
        events.DaemonStarted(
            at_ms=AT,
            mode="sim",
            branch="sma_cross-1f",
            cycle=8,
            equity=Decimal(100),
            symbols=12,
            resumed="goes on at cycle 8",
        ),
        "<b>gobot started in sim mode</b>\nsma_cross-1f, 12 symbols, equity 100.00 USDT\ngoes on at cycle 8",
    ),
    (
        events.DaemonStopped(at_ms=AT, reason="operator_stop", cycle=9, equity=Decimal("101.5"), open_positions=1),
        "<b>gobot ended</b>: operator_stop\nafter cycle 9, equity 101.50 USDT, 1 open position",
    ),
    (
        events.TradeOpened(
            at_ms=AT,
            symbol="BTC/USDT:USDT",
            direction="long",
            quantity=Decimal("0.00012"),
            price=Decimal(64000),
            stop=Decimal(62720),
            target=Decimal(66560),
            reason="fast average crossed above <slow>",
        ),
        """<b>Opened LONG BTC/USDT:USDT</b>
0.00012 at 64,000 = 7.68 USDT
stop 62,720 (-2.00 %), target 66,560 (+4.00 %)
Why: fast average crossed above &lt;slow&gt;""",
    ),
    (
        events.TradeOpened(
            at_ms=AT,
            symbol="ETH",
            direction="short",
            quantity=Decimal(1),
            price=Decimal(10),
            stop=None,
            target=None,
            reason="r",
        ),
        "<b>Opened SHORT ETH</b>\n1 at 10 = 10.00 USDT\nno stop and no target\nWhy: r",
    ),
    (
        events.TradeEnded(
            at_ms=AT,
            symbol="BTC/USDT:USDT",
            direction="long",
            quantity=Decimal("0.00012"),
            entry_price=Decimal(64000),
            exit_price=Decimal("66560.5"),
            pnl=Decimal("0.301"),
            return_pct=3.92,
            reason="target",
        ),
        "<b>Closed LONG BTC/USDT:USDT: +0.30 USDT (+3.92 %)</b>\n0.00012 from 64,000 to 66,560.5\nWhy: target",
    ),
    (
        events.IdeaRefused(
            at_ms=AT, symbol="BTC/USDT:USDT", action="long", confidence=0.62, reasons=("spread 0.8 % > 0.5 %", "stale")
        ),
        "<b>Not traded: LONG BTC/USDT:USDT (confidence 62%)</b>\n• spread 0.8 % &gt; 0.5 %\n• stale",
    ),
    (
        events.OrderFailed(at_ms=AT, symbol="BTC", client_id="gb-entry-x", outcome="refused", reason="margin (-2019)"),
        "<b>Order refused: BTC</b>\nmargin (-2019)\nOrder gb-entry-x",
    ),
    (
        events.ReconciliationFound(at_ms=AT, differences=("stop of BTC was missing: restored",)),
        "<b>Ledger and venue differed</b>\n• stop of BTC was missing: restored",
    ),
    (
        events.Recovered(at_ms=AT, lines=("booked: long BTC closed by stop, -1.00 USDT",)),
        "<b>Recovered at the start</b>\n• booked: long BTC closed by stop, -1.00 USDT",
    ),
    (
        events.FundsMoved(at_ms=AT, amount=Decimal(-50), wallet=Decimal(50)),
        "<b>Money was paid out</b>: 50.00 USDT, the wallet holds 50.00 USDT",
    ),
    (events.StepWorks(at_ms=AT, where="guard", seconds=42.4), "<b>Guard works again</b> after 42 s"),
    (
        events.CycleFinished(at_ms=AT, cycle=3, ideas=1, approved=1, refused=0, equity=Decimal(100)),
        "Cycle 3: 1 idea, 1 approved, 0 refused, equity 100.00 USDT",
    ),
    (
        events.TradingPaused(at_ms=AT, reason="daily loss", until_ms=AT),
        "<b>Trading paused</b> until 2025-01-01 00:00 UTC\ndaily loss",
    ),
    (events.TradingPaused(at_ms=AT, reason="asked"), "<b>Trading paused</b> until /resume\nasked"),
    (events.TradingResumed(at_ms=AT, reason="asked"), "<b>Trading resumed</b>\nasked"),
    (
        events.BreakerChanged(at_ms=AT, old="closed", new="open", reason="3 failed orders"),
        "<b>Circuit breaker: closed → open</b>\n3 failed orders",
    ),
    (
        events.ErrorHappened(at_ms=AT, where="scan", message="timeout", repeated=3),
        "<b>Error in scan</b> (3 times in a row)\ntimeout",
    ),
    (
        events.LoopSlowed(at_ms=AT, failures=3, next_cycle_ms=AT, message="timeout"),
        "<b>Loop slowed down after 3 failures</b>\ntimeout\nNext try at 00:00:00 UTC",
    ),
    (
        events.SettingsChanged(at_ms=AT, changes=("trading.leverage: 1 → 2",)),
        "<b>Settings changed</b>\ntrading.leverage: 1 → 2",
    ),
    (
        events.SettingsRejected(at_ms=AT, message="line 3"),
        "<b>Settings rejected, nothing was changed</b>\nline 3",
    ),
    (events.StateDamaged(at_ms=AT, message="risk.json"), "<b>State was damaged</b>\nrisk.json"),
    (
        events.DailySummary(
            at_ms=AT,
            day="2025-01-01",
            trades=3,
            wins=2,
            pnl=Decimal("-1.5"),
            fees=Decimal("0.004"),
            equity=Decimal(99),
            drawdown_pct=1.5,
        ),
        """<b>2025-01-01: -1.50 USDT</b>
3 trades, 2 won (67%), fees 0.004000 USDT
equity 99.00 USDT, drawdown 1.50 %""",
    ),
    (
        events.HindsightTold(
            at_ms=AT,
            day="2025-01-01",
            compared=4,
            matched=3,
            missing=1,
            extra=0,
            differing=0,
            refused=2,
            slippage_pct=0.0123,
            sentence="3 of 4 trades are those of the backtest: 1 are missing, 0 are extra, 0 differ.",
            differences=("2025-01-01 12:00 BTC <long>: the backtest opened it, the daemon did not.",),
        ),
        """<b>2025-01-01 in hindsight</b>
3 of 4 trades are those of the backtest: 1 are missing, 0 are extra, 0 differ.
- 2025-01-01 12:00 BTC &lt;long&gt;: the backtest opened it, the daemon did not.
2 ideas refused by the checks
entries 0.012 % worse than the backtest's""",
    ),
]


@pytest.mark.parametrize(("event", "text"), EXPECTED, ids=lambda value: type(value).__name__)
def test_an_event_in_words(event, text):
    assert describe(event) == text


def test_every_event_of_the_daemon_has_words_and_a_level():
    known = {event for event in vars(events).values() if isinstance(event, type) and issubclass(event, events.Event)}
    assert known - {events.Event} == set(KINDS) == {type(event) for event, _ in EXPECTED}
    assert set(KINDS.values()) == set(AlertLevels.model_fields)


def test_an_event_from_a_later_version_is_told_all_the_same():
    @dataclass(frozen=True, kw_only=True)
    class MoonLanded(events.Event):
        where: str

    event = MoonLanded(at_ms=AT, where="<here>")
    assert "&lt;here&gt;" in describe(event)
    assert kind(event) == "error"


def test_the_longest_event_fits_into_a_message():
    flood = ("&<>" * 5000,) * 500
    longest = [
        events.IdeaRefused(at_ms=AT, symbol="B", action="long", confidence=1, reasons=flood),
        events.ReconciliationFound(at_ms=AT, differences=flood),
        events.SettingsChanged(at_ms=AT, changes=flood),
        events.ErrorHappened(at_ms=AT, where="x", message=flood[0]),
    ]
    assert all(len(describe(event)) <= MESSAGE_LIMIT for event in longest)


def test_failures_that_differ_in_numbers_only_are_one_topic():
    first, second = (
        events.ErrorHappened(at_ms=at, where="scan", message=f"no answer after {seconds} s", repeated=at)
        for at, seconds in ((1, "5.02"), (2, "10.5"))
    )
    assert topic(first) == topic(second) != ""


def test_a_change_of_state_is_never_counted_away():
    event = events.BreakerChanged(at_ms=AT, old="closed", new="open", reason="r")
    assert topic(event) == ""


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0.000012345678", "0.000012345678"),
        ("64231.50000", "64,231.5"),
        ("1234567890", "1,234,567,900"),
        ("1e-8", "0.00000001"),
        ("100", "100"),
        ("0", "0"),
    ],
)
def test_numbers_are_short_and_plain(value, text):
    assert number(Decimal(value)) == text


def test_money_below_a_cent_stays_visible():
    assert (money(Decimal("0.0012")), money(Decimal(0)), money(Decimal("-1234.567"))) == (
        "0.001200 USDT",
        "0.00 USDT",
        "-1,234.57 USDT",
    )


def test_what_does_not_fit_is_counted():
    assert fit(["a" * 50, "b" * 50, "c" * 50], "line", 120) == "a" * 50 + "\n… and 2 more lines"
