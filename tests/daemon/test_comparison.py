"""Two lists of trades in, differences out."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gobot.core import Direction, Timeframe
from gobot.daemon.comparison import RoundTrip, compare, ledger_trips
from gobot.ledger import Trade

NOON = 1_735_732_800_000
STEP = 900_000
TRIP = RoundTrip(
    symbol="BTC/USDT:USDT",
    direction="long",
    entry_ms=NOON,
    exit_ms=NOON + 4 * STEP,
    entry_price=50_000.0,
    exit_price=50_500.0,
    quantity=0.02,
    fees=1.005,
    funding=-0.1,
    pnl=8.895,
    exit_reason="target",
)


def at(step: int, **changes) -> RoundTrip:
    """`TRIP` so many candles later."""
    return replace(TRIP, entry_ms=NOON + step * STEP, exit_ms=NOON + (step + 4) * STEP, **changes)


def test_equal_trades_are_equal_in_whatever_order():
    trips = [at(0), at(10), at(10, symbol="ETH/USDT:USDT")]
    found = compare(trips, reversed(trips))
    assert (found.equal, found.compared, found.matched) == (True, 3, 3)
    assert found.sentence == "All 3 trades are those of the backtest."
    assert compare([], []).sentence == "Neither has traded."


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"exit_reason": "stop"}, "exit reason stop instead of target: it was ended by something else."),
        ({"exit_ms": NOON + STEP}, "exit time 2025-01-01T12:15:00Z instead of 2025-01-01T13:00:00Z: it was ended"),
        ({"quantity": 0.01}, "quantity 0.01 instead of 0.02: it was sized differently."),
        ({"entry_price": 50_001.0}, "entry price 50001 instead of 50000: it was filled at another price."),
        ({"funding": 0.0}, "funding 0 instead of -0.1: other settlements of funding were booked."),
        ({"exit_ms": None, "exit_price": None, "exit_reason": None}, "exit reason none instead of target"),
    ],
)
def test_every_figure_counts_and_is_told(changes, words):
    (difference,) = compare([at(0)], [replace(at(0), **changes)]).differences
    assert difference.kind == "differing"
    assert difference.sentence.startswith("2025-01-01 12:00 BTC/USDT:USDT long: the daemon has ")
    assert words in difference.sentence


def test_a_trade_of_one_side_alone_is_missing_or_extra_with_its_cause():
    found = compare([at(0), at(10)], [at(10), at(20)], {("BTC/USDT:USDT", NOON): "refused: The spread is too wide"})
    assert [(one.kind, one.entry_ms) for one in found.differences] == [("missing", NOON), ("extra", NOON + 20 * STEP)]
    assert found.differences[0].sentence.endswith("the daemon did not: refused: The spread is too wide.")
    assert found.differences[1].cause == "the two hold different positions since the difference before it"
    assert found.sentence == "1 of 3 trades are those of the backtest: 1 are missing, 1 are extra, 0 differ."
    assert compare([], [at(0)]).differences[0].sentence.endswith("the cause is not known.")


def test_the_other_direction_is_another_trade():
    found = compare([at(0)], [at(0, direction="short")])
    assert sorted(one.kind for one in found.differences) == ["extra", "missing"]


def test_figures_that_do_not_matter_are_left_out():
    assert compare([at(0)], [at(0, entry_price=1.0, quantity=9.0)], figures=("exit_ms", "exit_reason")).equal


names = st.sampled_from(["entry_price", "exit_price", "quantity"])


@given(name=names, by=st.floats(-1e-6, 1e-6))
def test_prices_and_sizes_agree_within_a_billionth(name, by):
    value = getattr(TRIP, name)
    found = compare([at(0)], [at(0, **{name: value * (1 + by)})])
    if abs(by) < 0.9e-9:
        assert found.equal
    elif abs(by) > 1.1e-9:
        assert not found.equal


@given(st.lists(st.integers(0, 30), unique=True), st.lists(st.integers(0, 30), unique=True))
def test_nothing_is_counted_twice_or_lost(told, done):
    found = compare([at(step) for step in told], [at(step) for step in done])
    assert found.compared == len({*told, *done})
    assert found.matched == len({*told} & {*done})
    assert found.count("missing") == len({*told} - {*done})
    assert found.count("extra") == len({*done} - {*told})
    turned = compare([at(step) for step in done], [at(step) for step in told])
    assert turned.count("missing") == found.count("extra")


def test_the_ledger_tells_its_trades_in_candles():
    trade = Trade(
        id=1,
        bot="main",
        symbol="BTC/USDT:USDT",
        direction=Direction.LONG,
        quantity=Decimal("0.02"),
        open_quantity=Decimal(0),
        entry_value=Decimal(1_000),
        exit_value=Decimal(1_010),
        cost=Decimal(0),
        realized=Decimal(10),
        fees=Decimal("1.005"),
        funding=Decimal("-0.1"),
        entry_ms=NOON + 5_000,
        exit_ms=NOON + 5 * STEP - 1,
        exit_reason="target",
        closing=1,
    )
    (trip,) = ledger_trips([trade, replace(trade, id=2, bot="external")], Timeframe(STEP))
    assert compare([TRIP], [trip]).equal
    (held,) = ledger_trips([replace(trade, closing=None, open_quantity=Decimal("0.02"))], Timeframe(STEP))
    assert (held.exit_ms, held.exit_price, held.exit_reason) == (None, None, None)
