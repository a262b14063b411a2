"""What tests and people may see: the whole account, and how politely it was asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gobot.core import ZERO, plain
from gobot.sandbox.api import Api
from gobot.sandbox.engine import Engine
from gobot.sandbox.faults import FaultPlan
from gobot.sandbox.journal import Journal
from gobot.sandbox.limits import LimitKeeper
from gobot.sandbox.records import order_document


def inspect(
    engine: Engine, journal: Journal, limits: Mapping[str, LimitKeeper], faults: FaultPlan, apis: Mapping[str, Api]
) -> dict[str, Any]:
    """Everything, as one document."""
    book = engine.book
    return {
        "now_ms": engine.now_ms,
        **_account(engine),
        "orders": [order_document(book.tickets[number], order) for number, order in sorted(book.orders.items())],
        "algos": [algo.query_document() for algo in book.algos.values()],
        "trades": [{**trade.document, "clientOrderId": trade.client_id} for trade in book.trades],
        "income": [one.document for one in book.incomes],
        "journal": journal.document(),
        "repeated_client_ids": journal.repeated,
        "naked": [interval.document for interval in book.protection.intervals],
        "limits": {name: keeper.document() for name, keeper in limits.items()},
        "requests": {name: dict(api.requests) for name, api in apis.items()},
        "faults": faults.document(),
        "symbols": {listing.id: listing.status for listing in engine.listings},
    }


def _account(engine: Engine) -> dict[str, Any]:
    state = engine.venue.state
    balance = engine.venue.balance(engine.mark)
    positions = {
        engine.listings.of(symbol).id: {
            "symbol": symbol,
            "quantity": plain(holding.quantity * holding.direction.sign),
            "entry_price": plain(holding.entry_price),
            "mark_price": plain(engine.mark(symbol)),
            "leverage": holding.leverage,
            "margin": plain(holding.margin),
        }
        for symbol, holding in state.holdings.items()
    }
    incomes = engine.book.incomes
    return {
        "wallet": plain(balance.wallet),
        "equity": plain(balance.equity),
        "available": plain(balance.available),
        "positions": positions,
        "leverage": {engine.listings.of(symbol).id: leverage for symbol, leverage in state.leverage.items()},
        "totals": {
            kind: plain(sum((one.amount for one in incomes if one.kind == kind), ZERO))
            for kind in ("TRANSFER", "REALIZED_PNL", "COMMISSION", "FUNDING_FEE")
        },
    }
