"""Fills and funding reach the trades exactly once, in whatever portions they arrive."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from ledger_cases import BTC, CANDLE, ETH, bracket, client_id, dump, fill, planned, report

from gobot.core import Direction, Fill, FundingPayment, OrderStatus, Position, Side
from gobot.ledger import ChangeKind, Ledger, LedgerStatus, Leg

ENTRY = fill(1, Side.BUY, "0.5", "100", by=client_id(Leg.ENTRY), fee="0.025")
STOP = fill(2, Side.SELL, "0.5", "95", by=client_id(Leg.STOP), fee="0.02375")


def decided(ledger: Ledger, *symbols: str) -> None:
    orders = [order for symbol in symbols or (BTC,) for order in bracket(symbol)]
    ledger.decide(1, CANDLE, CANDLE + 900_000, orders, [])


def test_an_entry_opens_a_trade_that_knows_its_decision(ledger: Ledger):
    decided(ledger)

    (change,) = ledger.book([ENTRY])

    trade = change.trade
    assert (change.kind, trade.id, trade.bot, trade.cycle) == (ChangeKind.OPENED, 1, "main", 1)
    assert (trade.strategy, trade.confidence, trade.reason) == ("sma_cross", 0.7, "fast above slow")
    assert (trade.stop, trade.target, trade.candle_ms) == (95, 110, CANDLE)
    assert ledger.open_trades() == [trade]


def test_the_leg_of_the_order_is_the_reason_of_the_exit(ledger: Ledger):
    decided(ledger)
    ledger.book([ENTRY])

    (change,) = ledger.book([STOP])

    assert (change.kind, change.trade.exit_reason, change.trade.closing) == (ChangeKind.CLOSED, "stop", 1)
    assert change.trade.pnl == Decimal("-2.5") - Decimal("0.04875")
    assert ledger.open_trades() == []
    assert ledger.closed_trades() == [change.trade]


def test_booking_again_changes_nothing(ledger: Ledger):
    decided(ledger)
    ledger.book([ENTRY, STOP])
    before = dump(ledger)

    assert ledger.book([STOP]) == ledger.book([ENTRY, STOP, ENTRY]) == ledger.book([]) == []
    assert dump(ledger) == before


def test_partial_fills_are_one_opening(ledger: Ledger):
    decided(ledger)
    parts = [fill(n, Side.BUY, "0.25", 100 + n, by=client_id(Leg.ENTRY)) for n in (1, 2)]

    (change,) = ledger.book(parts)

    assert (change.trade.quantity, change.trade.entry_price) == (Decimal("0.5"), Decimal("101.5"))


def test_a_position_that_came_and_went_is_both(ledger: Ledger):
    decided(ledger)

    opened, closed = ledger.book([ENTRY, STOP])

    assert (opened.kind, opened.trade.is_open) == (ChangeKind.OPENED, True)
    assert (closed.kind, closed.trade.is_open) == (ChangeKind.CLOSED, False)


def test_a_human_who_reverses_ends_our_trade_and_opens_one_of_their_own(ledger: Ledger):
    decided(ledger)
    ledger.book([ENTRY])

    closed, opened = ledger.book([fill(2, Side.SELL, "2", "105", by="web_9")])

    assert (closed.trade.bot, closed.trade.exit_reason) == ("main", "external")
    assert (opened.trade.bot, opened.trade.quantity, opened.trade.stop) == ("external", Decimal("1.5"), None)
    assert opened.trade.is_external


def test_trades_are_numbered_by_opening_and_by_closing(ledger: Ledger):
    decided(ledger, BTC, ETH)
    ledger.book([ENTRY, fill(1, Side.BUY, "1", "10", symbol=ETH, by=client_id(Leg.ENTRY, ETH))])
    ledger.book([fill(2, Side.SELL, "1", "11", symbol=ETH)])
    ledger.book([STOP])

    assert [(trade.id, trade.closing) for trade in ledger.closed_trades()] == [(2, 1), (1, 2)]
    assert [trade.id for trade in ledger.closed_trades(after_closing=1)] == [1]
    assert [trade.id for trade in ledger.closed_trades(since_id=1)] == [2]
    assert [trade.id for trade in ledger.closed_trades(limit=1)] == [1]


def test_an_order_is_settled_when_its_fills_are_booked(ledger: Ledger):
    decided(ledger)
    stop, entry, target = bracket()
    for order in (stop, entry, target):
        ledger.mark_sent(order.request.client_id, CANDLE)
        ledger.record(report(order, OrderStatus.OPEN))
    ledger.record(report(entry, OrderStatus.FILLED, "0.5"))
    assert ledger.order(client_id(Leg.ENTRY)).settled is False

    ledger.book([ENTRY])

    row = ledger.order(client_id(Leg.ENTRY))
    assert (row.settled, row.booked, row.status) == (True, Decimal("0.5"), LedgerStatus.FILLED)


def test_an_order_that_was_given_up_and_has_fills_has_filled(ledger: Ledger):
    decided(ledger)
    ledger.mark_sent(client_id(Leg.ENTRY), CANDLE)
    ledger.mark_dead(client_id(Leg.ENTRY), "unknown to the venue", CANDLE + 10)

    ledger.book([ENTRY])

    row = ledger.order(client_id(Leg.ENTRY))
    assert (row.status, row.filled, row.settled) == (LedgerStatus.FILLED, Decimal("0.5"), True)


def test_an_order_with_fills_is_not_given_up(ledger: Ledger):
    decided(ledger)
    ledger.mark_sent(client_id(Leg.ENTRY), CANDLE)
    ledger.book([ENTRY])

    row = ledger.mark_dead(client_id(Leg.ENTRY), "unknown to the venue", CANDLE + 10)

    assert (row.status, row.settled) == (LedgerStatus.FILLED, True)


def payment(number: int, amount: str, at: int, symbol: str = BTC) -> FundingPayment:
    return FundingPayment(
        payment_id=str(number), symbol=symbol, amount=Decimal(amount), rate=Decimal("0.0001"), time_ms=at
    )


def test_funding_goes_to_the_trade_that_was_held(ledger: Ledger):
    decided(ledger)
    ledger.book([ENTRY, STOP, fill(3, Side.BUY, "1", "100", at=CANDLE + 100)])

    payments = [payment(1, "-0.1", STOP.time_ms), payment(2, "-0.2", CANDLE + 200), payment(3, "-1", CANDLE + 50)]
    assert ledger.book_funding(payments) == 3
    assert ledger.book_funding(payments) == 0

    assert [trade.funding for trade in (*ledger.closed_trades(), *ledger.open_trades())] == [
        Decimal("-0.1"),
        Decimal("-0.2"),
    ]


def test_the_watermark_looks_back_a_little(ledger: Ledger):
    assert ledger.fills_watermark() == ledger.funding_watermark() == 0
    ledger.start_run(mode="sim", version="1", strategy="s", branch="b", at_ms=CANDLE)
    assert ledger.fills_watermark() == CANDLE - 60_000

    ledger.book([fill(1, Side.BUY, "1", "100", at=CANDLE + 500_000)])
    ledger.book_funding([payment(1, "1", CANDLE + 700_000)])

    assert (ledger.fills_watermark(), ledger.funding_watermark()) == (CANDLE + 440_000, CANDLE + 640_000)


def test_a_written_off_trade_keeps_what_was_realised(ledger: Ledger):
    ledger.book([fill(1, Side.BUY, "2", "100"), fill(2, Side.SELL, "1", "110")])

    change = ledger.write_off(1, CANDLE + 99)

    assert (change.trade.exit_reason, change.trade.pnl, change.trade.exit_ms) == ("external", 10, CANDLE + 99)
    assert ledger.open_trades() == []
    assert ledger.closed_trades() == [change.trade]
    assert ledger.write_off(1, CANDLE + 500) == change


def test_money_comes_back_to_the_last_digit(ledger: Ledger):
    price = Decimal("0.000000012345678901")
    ledger.book([fill(1, Side.BUY, "123456789.123456789", price, fee="-0.0000000000000001")])

    (trade,) = ledger.open_trades()
    assert trade.entry_value == price * Decimal("123456789.123456789")
    assert trade.fees == Decimal("-0.0000000000000001")


steps = st.lists(
    st.tuples(
        st.sampled_from(Side),
        st.sampled_from([BTC, ETH]),
        st.decimals("0.001", "9", places=3),
        st.decimals("1", "99", places=2),
        st.sampled_from([client_id(Leg.ENTRY), client_id(Leg.STOP), client_id(Leg.ENTRY, ETH), "web_1", "autoclose-1"]),
    ),
    max_size=12,
)


@settings(max_examples=40, deadline=None)
@given(steps=steps, data=st.data())
def test_the_portions_do_not_matter(steps: list[tuple], data: st.DataObject):
    fills = [fill(n, side, qty, price, symbol=symbol, by=by) for n, (side, symbol, qty, price, by) in enumerate(steps)]
    whole, portions = Ledger.open("sqlite://"), Ledger.open("sqlite://")
    for ledger in (whole, portions):
        decided(ledger, BTC, ETH)
    whole.book(fills)

    seen = 0
    while seen < len(fills):
        again = data.draw(st.integers(0, seen), label="from")
        seen = data.draw(st.integers(seen + 1, len(fills)), label="to")
        portions.book(fills[again:seen])

    assert dump(portions) == dump(whole)
    assert _profit(whole) == _cash(fills)
    whole.close()
    portions.close()


def _profit(ledger: Ledger) -> Decimal:
    held = ledger.open_trades()
    realised = sum((trade.pnl for trade in (*held, *ledger.closed_trades())), Decimal(0))
    return realised - sum((trade.cost * trade.direction.sign for trade in held), Decimal(0))


def _cash(fills: list[Fill]) -> Decimal:
    return sum(((1 if f.side is Side.SELL else -1) * f.price * f.quantity - f.fee for f in fills), Decimal(0))


def test_orders_of_another_symbol_do_not_mix(ledger: Ledger):
    decided(ledger, BTC, ETH)

    ledger.book([ENTRY, fill(1, Side.SELL, "1", "10", symbol=ETH, by=planned(Leg.STOP, ETH).request.client_id)])

    assert [(trade.symbol, trade.bot) for trade in ledger.open_trades()] == [(BTC, "main"), (ETH, "external")]


def test_a_fill_that_is_reported_after_its_position_was_taken_over_adds_its_fee_alone(ledger: Ledger):
    held = Position(
        symbol=ETH,
        direction=Direction.LONG,
        quantity=Decimal("0.3"),
        entry_price=Decimal(100),
        mark_price=Decimal(101),
    )
    early = fill(1, Side.BUY, "0.3", "100", symbol=ETH, fee="0.015")
    late = fill(2, Side.BUY, "0.2", "110", symbol=ETH, fee="0.011")
    taken_over = ledger.adopt(held, bot="main", stop=Decimal(98), at_ms=late.time_ms)

    ledger.book([early])
    (trade,) = ledger.open_trades()
    assert (trade.id, trade.open_quantity, trade.cost, trade.fees) == (
        taken_over.id,
        Decimal("0.3"),
        Decimal(30),
        Decimal("0.015"),
    )

    ledger.book([early, late])
    (trade,) = ledger.open_trades()
    assert (trade.open_quantity, trade.fees) == (Decimal("0.5"), Decimal("0.026"))
