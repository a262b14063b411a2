"""Orders as the ledger keeps them: from the intent, through everything the venue said, to the end."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, func, insert, select, update

from gobot.core import ZERO, OrderReport, OrderRequest, OrderStatus, OrderType, Refusal, Side, StateError
from gobot.ledger.schema import orders, trades
from gobot.ledger.trades import Trade
from gobot.ledger.words import LedgerStatus, Leg


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedOrder:
    """An order that was decided and not yet sent, with what the ledger wants to remember of the decision.

    ``candle_ms`` is the open time of the candle it was decided on.  ``stop`` and ``target`` are the prices that
    protect the position; only the entry carries them.
    """

    request: OrderRequest
    bot: str
    candle_ms: int
    leg: Leg
    attempt: int = 1
    strategy: str = ""
    branch: str = ""
    regime: str | None = None
    confidence: float | None = None
    reason: str = ""
    stop: Decimal | None = None
    target: Decimal | None = None
    probe: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRow:
    """One order in the ledger.

    ``filled`` and ``average`` are the venue's report, ``booked`` is the sum of the fills that were booked; an
    order is ``settled`` when it has ended and both agree.  ``code``, ``cause`` and ``note`` say why it was refused, is
    dead or was dropped.  ``withdrawn_ms`` is when gobot first asked to cancel it, None where that is not what ended it.
    """

    id: int
    client_id: str
    bot: str
    cycle: int | None
    candle_ms: int
    symbol: str
    leg: Leg
    attempt: int
    side: Side
    type: OrderType
    quantity: Decimal
    price: Decimal | None
    trigger: Decimal | None
    callback: Decimal | None
    reduce_only: bool
    closes_position: bool
    post_only: bool
    stop: Decimal | None
    target: Decimal | None
    strategy: str
    branch: str
    regime: str | None
    confidence: float | None
    probe: bool
    reason: str
    status: LedgerStatus
    settled: bool
    decided_ms: int
    sent_ms: int | None
    updated_ms: int
    venue_id: str
    filled: Decimal
    average: Decimal | None
    booked: Decimal
    code: str
    cause: Refusal | None
    withdrawn_ms: int | None
    note: str

    @property
    def request(self) -> OrderRequest:
        """What is sent to the venue."""
        return OrderRequest(**{name: getattr(self, name) for name in _REQUEST_FIELDS})


_REQUEST_FIELDS = tuple(field.name for field in fields(OrderRequest))
_PLAN_FIELDS = tuple(field.name for field in fields(PlannedOrder) if field.name != "request")
_REPORTED = {
    OrderStatus.OPEN: LedgerStatus.OPEN,
    OrderStatus.FILLED: LedgerStatus.FILLED,
    OrderStatus.CANCELED: LedgerStatus.CANCELED,
    OrderStatus.EXPIRED: LedgerStatus.EXPIRED,
    OrderStatus.REJECTED: LedgerStatus.REFUSED,
}

_BY_CLIENT_ID = select(orders).where(orders.c.client_id == bindparam("client_id"))
_UNSETTLED = select(orders).where(orders.c.settled.is_(False)).order_by(orders.c.id)
_OF_CYCLE = select(orders).where(orders.c.cycle == bindparam("cycle")).order_by(orders.c.id)
_NEWEST = select(orders).order_by(orders.c.id.desc()).limit(bindparam("limit"))
_NAMED = select(orders).where(orders.c.client_id.in_(bindparam("client_ids", expanding=True)))
_LAST_OF_LEG = (
    select(orders)
    .where(
        orders.c.candle_ms == bindparam("candle_ms"),
        orders.c.symbol == bindparam("symbol"),
        orders.c.bot == bindparam("bot"),
        orders.c.leg == bindparam("leg"),
    )
    .order_by(orders.c.attempt.desc())
    .limit(1)
)
_FIRST_ENTRY = select(func.min(orders.c.id)).where(
    orders.c.candle_ms == bindparam("candle_ms"),
    orders.c.symbol == bindparam("symbol"),
    orders.c.bot == bindparam("bot"),
    orders.c.leg == Leg.ENTRY,
)
_LAST_CLOSING = (
    select(orders)
    .where(
        orders.c.symbol == bindparam("symbol"),
        orders.c.leg.in_([leg for leg in Leg if leg.closes]),
        orders.c.id > bindparam("after_id"),
        orders.c.decided_ms >= bindparam("since_ms"),
    )
    .order_by(orders.c.id.desc())
    .limit(1)
)
_STOPS_TAKEN = select(func.count()).where(
    orders.c.candle_ms == bindparam("candle_ms"),
    orders.c.symbol == bindparam("symbol"),
    orders.c.leg == Leg.STOP,
    orders.c.status == LedgerStatus.CANCELED,
    orders.c.withdrawn_ms.is_(None),
)
_MOVE_STOP = (
    update(trades)
    .where(
        trades.c.symbol == bindparam("of_symbol"),
        trades.c.candle_ms == bindparam("of_candle"),
        trades.c.closing.is_(None),
    )
    .values(stop=bindparam("to_stop"))
)


def intend(connection: Connection, planned: Sequence[PlannedOrder], *, cycle: int | None, at_ms: int) -> None:
    """Write intents; one that is already there stays as it is."""
    known = named(connection, [order.request.client_id for order in planned])
    rows = [_new_row(order, cycle, at_ms) for order in planned if order.request.client_id not in known]
    if rows:
        connection.execute(insert(orders), rows)


def find(connection: Connection, client_id: str) -> OrderRow:
    """The order with this client id.  Raises `StateError` when the ledger has none."""
    row = connection.execute(_BY_CLIENT_ID, {"client_id": client_id}).mappings().one_or_none()
    if row is None:
        raise StateError(f"the ledger has no order {client_id}")
    return _order(row)


def named(connection: Connection, client_ids: Collection[str]) -> dict[str, OrderRow]:
    """Those of the orders that the ledger has, by client id."""
    rows = connection.execute(_NAMED, {"client_ids": list(client_ids)}).mappings()
    return {row["client_id"]: _order(row) for row in rows}


def unsettled(connection: Connection) -> list[OrderRow]:
    """Orders of which something may still come, and ended ones whose fills are not all booked; oldest first."""
    return [_order(row) for row in connection.execute(_UNSETTLED).mappings()]


def of_cycle(connection: Connection, cycle: int) -> list[OrderRow]:
    """The orders of one cycle in the order they were decided in."""
    return [_order(row) for row in connection.execute(_OF_CYCLE, {"cycle": cycle}).mappings()]


def newest(connection: Connection, limit: int) -> list[OrderRow]:
    """The newest ``limit`` orders, oldest first."""
    return [_order(row) for row in connection.execute(_NEWEST, {"limit": limit}).mappings()][::-1]


def last_attempt(connection: Connection, bot: str, candle_ms: int, symbol: str, leg: Leg) -> OrderRow | None:
    """The newest order of one leg of one decision, None before the first."""
    values = {"bot": bot, "candle_ms": candle_ms, "symbol": symbol, "leg": leg}
    row = connection.execute(_LAST_OF_LEG, values).mappings().one_or_none()
    return None if row is None else _order(row)


def last_closing(connection: Connection, trade: Trade) -> OrderRow | None:
    """The newest order that was to end an open trade at once, None if nobody wanted that."""
    place = {"candle_ms": trade.candle_ms, "symbol": trade.symbol, "bot": trade.bot}
    entry = connection.execute(_FIRST_ENTRY, place).scalar_one()
    # One that was taken over has no entry of its own: what was wanted before it began is not meant for it.
    values = {"after_id": entry or 0, "since_ms": trade.entry_ms if entry is None else 0, "symbol": trade.symbol}
    row = connection.execute(_LAST_CLOSING, values).mappings().one_or_none()
    return None if row is None else _order(row)


def stops_taken(connection: Connection, symbol: str, candle_ms: int) -> int:
    """How many stops of one decision were cancelled by somebody else than gobot."""
    return int(connection.execute(_STOPS_TAKEN, {"symbol": symbol, "candle_ms": candle_ms}).scalar_one())


def advance(
    connection: Connection, client_id: str, status: LedgerStatus, *, after: Collection[LedgerStatus], **values: Any
) -> OrderRow:
    """Move an order on to ``status``; one that is already there stays as it is.

    Raises `ValueError` when it is in a state that ``status`` cannot follow, which is a mistake of the caller.
    """
    row = find(connection, client_id)
    if row.status is status:
        return row
    if row.status not in after:
        raise ValueError(f"order {client_id} is {row.status} and cannot become {status}")
    return change(connection, row, status=status, **values)


def bury(connection: Connection, client_id: str, reason: str, at_ms: int) -> OrderRow:
    """Give up an order that the venue does not know; one that has fills has filled, whatever the venue forgot."""
    row = find(connection, client_id)
    if row.booked:
        return change(connection, row, status=LedgerStatus.FILLED)
    after = {LedgerStatus.SENT, LedgerStatus.OPEN}
    return advance(connection, client_id, LedgerStatus.DEAD, after=after, note=reason, updated_ms=at_ms)


def withdraw(connection: Connection, client_id: str, at_ms: int) -> OrderRow:
    """Note that gobot asks to cancel an order, unless that is known."""
    row = find(connection, client_id)
    return row if row.withdrawn_ms is not None else change(connection, row, withdrawn_ms=at_ms)


def record(connection: Connection, report: OrderReport) -> OrderRow:
    """Take over the venue's word on an order.  News that is older than what is known changes nothing."""
    row = find(connection, report.client_id)
    if row.status.ended and not report.status.final:
        return row
    status = _REPORTED[report.status]
    if row.status is LedgerStatus.OPEN and status is LedgerStatus.REFUSED:
        # It was taken, and waited; only what it became was turned away: a stop that found no position.
        status = LedgerStatus.EXPIRED
    news = {
        "status": status,
        "venue_id": report.venue_id,
        "filled": max(report.filled, row.filled, row.booked),
        "average": row.average if report.average is None else report.average,
    }
    if all(getattr(row, name) == value for name, value in news.items()):
        return row
    if report.status.final and report.status is not OrderStatus.CANCELED:
        # What gobot asked for came too late.
        news["withdrawn_ms"] = None
    if row.leg is Leg.STOP and status is LedgerStatus.OPEN and row.status is not status:
        connection.execute(_MOVE_STOP, {"of_symbol": row.symbol, "of_candle": row.candle_ms, "to_stop": row.trigger})
    return change(connection, row, **news, updated_ms=report.updated_ms, note=report.reason)


def book(connection: Connection, row: OrderRow, quantity: Decimal) -> OrderRow:
    """Count a booked fill of ``quantity`` towards its order; a fill proves that the venue had it."""
    booked = row.booked + quantity
    status = row.status if row.status.pending or row.status.ended else LedgerStatus.FILLED
    return change(connection, row, status=status, booked=booked, filled=max(row.filled, booked))


def change(connection: Connection, row: OrderRow, **values: Any) -> OrderRow:
    """Write ``values`` into one order and return it as it is now."""
    after = replace(row, **values)
    after = replace(after, settled=not after.status.pending and after.booked == after.filled)
    connection.execute(
        update(orders).where(orders.c.id == bindparam("row_id")),
        {"row_id": row.id, "settled": after.settled, **values},
    )
    return after


def _new_row(planned: PlannedOrder, cycle: int | None, at_ms: int) -> dict[str, Any]:
    return {
        **{name: getattr(planned.request, name) for name in _REQUEST_FIELDS},
        **{name: getattr(planned, name) for name in _PLAN_FIELDS},
        "cycle": cycle,
        "status": LedgerStatus.INTENDED,
        "settled": False,
        "decided_ms": at_ms,
        "updated_ms": at_ms,
        "venue_id": "",
        "filled": ZERO,
        "booked": ZERO,
        "code": "",
        "note": "",
    }


def _order(row: RowMapping) -> OrderRow:
    return OrderRow(**row)
