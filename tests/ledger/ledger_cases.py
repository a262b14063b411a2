"""Orders, fills and reports in a few words."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import select

from gobot.core import Fill, OrderReport, OrderRequest, OrderStatus, OrderType, Side, client_order_id
from gobot.ledger import Decision, Ledger, Leg, PlannedOrder
from gobot.ledger.schema import metadata

BTC = "BTC/USDT:USDT"
ETH = "ETH/USDT:USDT"
CANDLE = 1_735_689_600_000


def client_id(leg: Leg, symbol: str = BTC, candle_ms: int = CANDLE, attempt: int = 1) -> str:
    return client_order_id("main", candle_ms, symbol, leg, attempt)


def planned(leg: Leg, symbol: str = BTC, *, candle_ms: int = CANDLE, attempt: int = 1, **changes) -> PlannedOrder:
    guard = leg in (Leg.STOP, Leg.TARGET)
    request = OrderRequest(
        client_id=client_id(leg, symbol, candle_ms, attempt),
        symbol=symbol,
        side=Side.BUY if leg is Leg.ENTRY else Side.SELL,
        type={Leg.STOP: OrderType.STOP, Leg.TARGET: OrderType.TAKE_PROFIT}.get(leg, OrderType.MARKET),
        quantity=Decimal(0) if guard else Decimal("0.5"),
        trigger={Leg.STOP: Decimal(95), Leg.TARGET: Decimal(110)}.get(leg),
        closes_position=guard,
        reduce_only=leg in (Leg.EXIT, Leg.CLOSE),
    )
    words = {"strategy": "sma_cross", "branch": "sma_cross-1", "confidence": 0.7, "reason": "fast above slow"}
    if leg is Leg.ENTRY:
        words |= {"stop": Decimal(95), "target": Decimal(110)}
    return PlannedOrder(request=request, bot="main", candle_ms=candle_ms, leg=leg, attempt=attempt, **words | changes)


def bracket(symbol: str = BTC, candle_ms: int = CANDLE) -> list[PlannedOrder]:
    return [planned(leg, symbol, candle_ms=candle_ms) for leg in (Leg.STOP, Leg.ENTRY, Leg.TARGET)]


def fill(number: int, side: Side, quantity, price, *, symbol: str = BTC, by: str = "", fee="0", at: int = 0) -> Fill:
    return Fill(
        fill_id=str(number),
        client_id=by,
        symbol=symbol,
        side=side,
        price=Decimal(price),
        quantity=Decimal(quantity),
        fee=Decimal(fee),
        time_ms=at or CANDLE + number,
    )


def report(planned_order: PlannedOrder, status: OrderStatus, filled="0", **changes) -> OrderReport:
    request = planned_order.request
    words = {"venue_id": "7", "average": Decimal(100) if Decimal(filled) else None, "updated_ms": CANDLE + 5}
    return OrderReport(
        client_id=request.client_id,
        symbol=request.symbol,
        side=request.side,
        type=request.type,
        status=status,
        quantity=request.quantity,
        filled=Decimal(filled),
        **words | changes,
    )


def decision(symbol: str = BTC, verdict: str = "approved", **changes) -> Decision:
    words = {"action": "long", "confidence": 0.7, "strategy": "sma_cross", "branch": "b", "reason": "fast above slow"}
    return Decision(symbol=symbol, verdict=verdict, **words | changes)


def dump(ledger: Ledger) -> dict[str, list[tuple]]:
    """Every row of every table."""
    with ledger._database.transaction() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
            for table in metadata.sorted_tables
        }
