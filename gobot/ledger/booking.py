"""Fills and funding into trades, each exactly once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, replace
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, func, insert, or_, select, update

from gobot.core import ZERO, Fill, FundingPayment, Position
from gobot.ledger import orders as order_rows
from gobot.ledger.accounting import TAKEN_OVER, applied, with_funding
from gobot.ledger.schema import fills, funding, trades
from gobot.ledger.trades import ChangeKind, Trade, TradeChange
from gobot.ledger.words import EXTERNAL

_BOOKED_FILLS = select(fills.c.symbol, fills.c.fill_id).where(fills.c.time_ms >= bindparam("since_ms"))
_BOOKED_FUNDING = select(funding.c.symbol, funding.c.payment_id).where(funding.c.time_ms >= bindparam("since_ms"))
_ONE = select(trades).where(trades.c.id == bindparam("row_id"))
_OPEN = select(trades).where(trades.c.closing.is_(None)).order_by(trades.c.id)
_LAST_ID = select(func.coalesce(func.max(trades.c.id), 0))
_LAST_CLOSING = select(func.coalesce(func.max(trades.c.closing), 0))
_HELD_AT = (
    select(trades)
    .where(
        trades.c.symbol == bindparam("symbol"),
        trades.c.entry_ms < bindparam("time_ms"),
        or_(trades.c.closing.is_(None), trades.c.exit_ms >= bindparam("time_ms")),
    )
    .order_by(trades.c.id.desc())
    .limit(1)
)
_CLOSED = (
    select(trades)
    .where(trades.c.id > bindparam("since_id"), trades.c.closing > bindparam("after_closing"))
    .order_by(trades.c.closing.desc())
    .limit(bindparam("limit"))
)
_CHANGE = update(trades).where(trades.c.id == bindparam("row_id"))


def open_trades(connection: Connection) -> list[Trade]:
    """What is held, in the order of opening."""
    return [_trade(row) for row in connection.execute(_OPEN).mappings()]


def closed_trades(connection: Connection, *, since_id: int, after_closing: int, limit: int) -> list[Trade]:
    """The newest ``limit`` closed trades with larger numbers than these, in the order of closing."""
    values = {"since_id": since_id, "after_closing": after_closing, "limit": limit}
    return [_trade(row) for row in connection.execute(_CLOSED, values).mappings()][::-1]


def book(connection: Connection, batch: Sequence[Fill]) -> list[TradeChange]:
    """Book those of ``batch`` that are not booked yet, in the order given."""
    fresh = _fresh_fills(connection, batch)
    if not fresh:
        return []
    orders = order_rows.named(connection, {fill.client_id for fill in fresh})
    held = {trade.symbol: trade for trade in open_trades(connection)}
    stored = {trade.id for trade in held.values()}
    last_id = connection.execute(_LAST_ID).scalar_one()
    last_closing = connection.execute(_LAST_CLOSING).scalar_one()
    touched: dict[int, Trade] = {}
    changes: dict[tuple[int, ChangeKind], TradeChange] = {}
    rows: list[dict[str, Any]] = []
    for fill in fresh:
        order = orders.get(fill.client_id)
        after = applied(held.pop(fill.symbol, None), fill, order, next_id=last_id + 1, next_closing=last_closing + 1)
        for trade in after:
            touched[trade.id] = trade
            kind = ChangeKind.OPENED if trade.is_open else ChangeKind.CLOSED
            if trade.is_open:
                held[trade.symbol] = trade
            if trade.id > last_id or not trade.is_open or (trade.id, kind) in changes:
                changes[trade.id, kind] = TradeChange(kind=kind, trade=trade)
            elif order is None and not trade.is_external:
                changes[trade.id, ChangeKind.RESIZED] = TradeChange(kind=ChangeKind.RESIZED, trade=trade)
            last_id, last_closing = max(last_id, trade.id), max(last_closing, trade.closing or 0)
        rows.append({**asdict(fill), "trade_id": after[-1].id})
    _write_trades(connection, touched.values(), stored)
    connection.execute(insert(fills), rows)
    _book_on_orders(connection, orders.values(), fresh)
    closed = {number for number, kind in changes if kind is ChangeKind.CLOSED}
    return [each for (number, kind), each in changes.items() if kind is not ChangeKind.RESIZED or number not in closed]


def book_funding(connection: Connection, batch: Sequence[FundingPayment]) -> int:
    """Book those of ``batch`` that are not booked yet on the trade held at the time; returns how many there were."""
    if not batch:
        return 0
    since_ms = min(payment.time_ms for payment in batch)
    seen = {tuple(row) for row in connection.execute(_BOOKED_FUNDING, {"since_ms": since_ms})}
    fresh = {(p.symbol, p.payment_id): p for p in batch if (p.symbol, p.payment_id) not in seen}
    for payment in fresh.values():
        held_at = {"symbol": payment.symbol, "time_ms": payment.time_ms}
        row = connection.execute(_HELD_AT, held_at).mappings().one_or_none()
        if row is not None:
            after = with_funding(_trade(row), payment.amount)
            connection.execute(_CHANGE, {"row_id": after.id, "funding": after.funding})
        connection.execute(insert(funding), {**asdict(payment), "trade_id": None if row is None else row["id"]})
    return len(fresh)


def write_off(connection: Connection, trade_id: int, at_ms: int) -> Trade:
    """End a trade whose rest is gone without a fill: what was realised stays, nothing is invented for the rest."""
    trade = _trade(connection.execute(_ONE, {"row_id": trade_id}).mappings().one())
    if not trade.is_open:
        return trade
    news = {"exit_ms": at_ms, "exit_reason": EXTERNAL, "closing": connection.execute(_LAST_CLOSING).scalar_one() + 1}
    connection.execute(_CHANGE, {"row_id": trade_id, **news})
    return replace(trade, **news)


def adopt(connection: Connection, position: Position, *, bot: str, stop: Decimal, at_ms: int) -> Trade:
    """Make the position of somebody else ``bot``'s own trade, protected at ``stop``.

    Its decision is the moment of taking it over.  One that began before the ledger did is entered as it stands.
    """
    known = next((trade for trade in open_trades(connection) if trade.symbol == position.symbol), None)
    if known is not None and not known.is_external:
        return known
    value = position.quantity * position.entry_price
    before = known or Trade(
        id=int(connection.execute(_LAST_ID).scalar_one()) + 1,
        bot=EXTERNAL,
        symbol=position.symbol,
        direction=position.direction,
        quantity=position.quantity,
        open_quantity=position.quantity,
        entry_value=value,
        cost=value,
        entry_ms=at_ms,
    )
    trade = replace(before, bot=bot, candle_ms=at_ms, stop=stop, reason=TAKEN_OVER)
    _write_trades(connection, [trade], [] if known is None else [trade.id])
    return trade


def _fresh_fills(connection: Connection, batch: Sequence[Fill]) -> list[Fill]:
    """The fills that are not booked, each once, in the order given."""
    if not batch:
        return []
    since_ms = min(fill.time_ms for fill in batch)
    seen = {tuple(row) for row in connection.execute(_BOOKED_FILLS, {"since_ms": since_ms})}
    return list({(f.symbol, f.fill_id): f for f in batch if (f.symbol, f.fill_id) not in seen}.values())


def _write_trades(connection: Connection, touched: Iterable[Trade], stored: Collection[int]) -> None:
    """Old trades first: what they free, a new one on the same symbol may take."""
    for trade in touched:
        if trade.id in stored:
            values = asdict(trade)
            connection.execute(_CHANGE, {"row_id": values.pop("id"), **values})
    added = [asdict(trade) for trade in touched if trade.id not in stored]
    if added:
        connection.execute(insert(trades), added)


def _book_on_orders(connection: Connection, orders: Iterable[order_rows.OrderRow], fresh: Sequence[Fill]) -> None:
    for order in orders:
        quantity = sum((fill.quantity for fill in fresh if fill.client_id == order.client_id), ZERO)
        order_rows.book(connection, order, quantity)


def _trade(row: RowMapping) -> Trade:
    return Trade(**row)
