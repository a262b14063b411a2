"""What fills make of trades, as arithmetic."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledger_cases import BTC, fill

from gobot.core import Direction, Fill, Side
from gobot.ledger import Trade
from gobot.ledger.accounting import applied, with_funding


def run(fills: list[Fill]) -> list[Trade]:
    """All trades after ``fills``, in the order of opening."""
    trades: dict[int, Trade] = {}
    for each in fills:
        held = next((trade for trade in trades.values() if trade.is_open), None)
        closings = sum(not trade.is_open for trade in trades.values())
        after = applied(held, each, None, next_id=len(trades) + 1, next_closing=closings + 1)
        trades |= {trade.id: trade for trade in after}
    return list(trades.values())


def test_a_round_trip_earns_the_difference_less_fees():
    (trade,) = run([fill(1, Side.BUY, "2", "100", fee="0.1"), fill(2, Side.SELL, "2", "110", fee="0.11")])

    assert (trade.direction, trade.pnl, trade.closing) == (Direction.LONG, Decimal("19.79"), 1)
    assert (trade.entry_price, trade.exit_price, trade.return_pct) == (100, 110, Decimal("9.895"))


def test_a_short_earns_when_the_price_falls():
    (trade,) = run([fill(1, Side.SELL, "1", "100"), fill(2, Side.BUY, "1", "90")])

    assert (trade.direction, trade.pnl) == (Direction.SHORT, 10)


def test_scaling_in_and_out_is_one_trade():
    (trade,) = run(
        [
            fill(1, Side.BUY, "1", "100"),
            fill(2, Side.BUY, "2", "103"),
            fill(3, Side.SELL, "1", "110"),
            fill(4, Side.SELL, "2", "120"),
        ]
    )

    assert (trade.quantity, trade.open_quantity, trade.entry_price) == (3, 0, 102)
    assert trade.pnl == Decimal(44)


def test_a_part_that_is_sold_takes_its_share_of_the_cost():
    (trade,) = run([fill(1, Side.BUY, "3", "10"), fill(2, Side.SELL, "1", "12")])

    assert trade.is_open
    assert (trade.realized, trade.cost, trade.exit_price) == (2, 20, 12)


def test_a_fill_through_zero_ends_one_trade_and_opens_another():
    first, second = run([fill(1, Side.BUY, "1", "100"), fill(2, Side.SELL, "3", "110", fee="0.3")])

    assert (first.pnl, first.fees, first.exit_reason) == (Decimal("9.9"), Decimal("0.1"), "external")
    assert (second.direction, second.quantity, second.fees, second.bot) == (
        Direction.SHORT,
        2,
        Decimal("0.2"),
        "external",
    )


@pytest.mark.parametrize("client_id", ["autoclose-1712", "adl_autoclose", "settlement_autoclose-3", "liquidation-4"])
def test_orders_of_the_venue_itself_are_liquidations(client_id: str):
    (trade,) = run([fill(1, Side.BUY, "1", "100"), fill(2, Side.SELL, "1", "60", by=client_id)])

    assert trade.exit_reason == "liquidation"


def test_funding_is_part_of_the_profit():
    (trade,) = run([fill(1, Side.BUY, "1", "100")])

    assert with_funding(with_funding(trade, Decimal("-0.25")), Decimal("0.05")).pnl == Decimal("-0.2")


amounts = st.decimals(min_value="0.00000001", max_value="1000000", places=8)
fills = st.builds(
    lambda number, side, quantity, price, fee: fill(number, side, quantity, price, fee=fee, symbol=BTC),
    number=st.integers(),
    side=st.sampled_from(Side),
    quantity=amounts,
    price=amounts,
    fee=st.decimals(min_value="-10", max_value="10", places=8),
)


@given(st.lists(fills, max_size=30))
def test_profits_are_the_cash_that_moved(sequence: list[Fill]):
    trades = run(sequence)

    cash = sum((1 if f.side is Side.SELL else -1) * Fraction(f.price) * Fraction(f.quantity) for f in sequence)
    fees = sum(Fraction(f.fee) for f in sequence)
    held = sum(Fraction(trade.cost) * trade.direction.sign for trade in trades if trade.is_open)
    assert sum(Fraction(trade.pnl) for trade in trades) == cash - fees + held
    assert all(trade.cost == 0 for trade in trades if not trade.is_open)


@given(st.lists(fills, max_size=30))
def test_the_position_is_the_sum_of_the_fills(sequence: list[Fill]):
    trades = run(sequence)

    position = sum((1 if f.side is Side.BUY else -1) * Fraction(f.quantity) for f in sequence)
    assert sum(Fraction(t.open_quantity) * t.direction.sign for t in trades) == position
    assert sum(t.is_open for t in trades) == (position != 0)
