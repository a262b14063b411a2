"""Everything a simulated venue remembers: money, positions, orders and fills, with a bound on each.

Changes go through the methods, which note them, so that a store can write what changed and nothing else.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import chain, takewhile
from operator import attrgetter
from typing import TypeVar

from gobot.core import Fill, FundingPayment
from gobot.exchange.holding import Holding
from gobot.exchange.venue_order import VenueOrder

KEPT = 4000
"""Final orders, fills and payments that are kept of each; older ones are forgotten."""
# Forgetting happens in batches, for it takes a sort.
_BATCH = 500

_Record = TypeVar("_Record", Fill, FundingPayment)


@dataclass(slots=True)
class Changes:
    """What happened since the last time it was taken: records by number or symbol, None where one is gone."""

    orders: dict[int, VenueOrder | None] = field(default_factory=dict)
    holdings: dict[str, Holding | None] = field(default_factory=dict)
    leverage: dict[str, int] = field(default_factory=dict)
    fills: list[Fill] = field(default_factory=list)
    payments: list[FundingPayment] = field(default_factory=list)


class VenueState:
    """The memory of one account on one venue; all records may be given to go on from where another left off."""

    def __init__(
        self,
        *,
        time_ms: int,
        wallet: Decimal,
        orders: Iterable[VenueOrder] = (),
        holdings: Iterable[Holding] = (),
        leverage: Mapping[str, int] | None = None,
        fills: Iterable[Fill] = (),
        payments: Iterable[FundingPayment] = (),
    ) -> None:
        self.time_ms = time_ms
        self.wallet = wallet
        self.holdings = dict(sorted((holding.symbol, holding) for holding in holdings))
        self.leverage = dict(leverage or {})
        self.fills = deque(fills, maxlen=KEPT)
        self.payments = deque(payments, maxlen=KEPT)
        self._open: dict[str, dict[int, VenueOrder]] = {}
        self._final: dict[int, VenueOrder] = {}
        self._newest: dict[str, VenueOrder] = {}
        self._last_order = 0
        self._changes = Changes()
        for order in orders:
            self.put_order(order)
        self.take_changes()

    def next_order(self) -> int:
        """A number that no order has had."""
        return self._last_order + 1

    def open_orders(self, symbol: str | None = None) -> list[VenueOrder]:
        """Resting orders of one symbol or of all, in the order in which they came."""
        if symbol is not None:
            return list(self._open.get(symbol, {}).values())
        return sorted(chain.from_iterable(book.values() for book in self._open.values()), key=attrgetter("id"))

    def is_open(self, order: VenueOrder) -> bool:
        """Whether the order of that number still rests."""
        return order.id in self._open.get(order.request.symbol, {})

    def find(self, symbol: str, client_id: str) -> VenueOrder | None:
        """The newest order of that client id."""
        order = self._newest.get(client_id)
        return order if order is not None and order.request.symbol == symbol else None

    def symbols_at_work(self) -> list[str]:
        """Symbols with a resting order or a position, in alphabetical order."""
        return sorted({*self.holdings, *(symbol for symbol, book in self._open.items() if book)})

    def put_order(self, order: VenueOrder) -> None:
        """Remember an order as it is now."""
        symbol, client_id = order.request.symbol, order.request.client_id
        self._last_order = max(self._last_order, order.id)
        self._changes.orders[order.id] = order
        known = self._newest.get(client_id)
        if known is None or known.id <= order.id:
            self._newest[client_id] = order
        if order.status.final:
            self._open.get(symbol, {}).pop(order.id, None)
            self._final[order.id] = order
            self._forget()
        else:
            self._open.setdefault(symbol, {})[order.id] = order

    def put_holding(self, symbol: str, holding: Holding | None) -> None:
        """Remember a position as it is now; None when it is closed."""
        self._changes.holdings[symbol] = holding
        self.holdings.pop(symbol, None)
        if holding is not None:
            # Alphabetical always, for the last digit of a sum depends on the order of its terms.
            self.holdings = dict(sorted([*self.holdings.items(), (symbol, holding)]))

    def put_leverage(self, symbol: str, leverage: int) -> None:
        """Remember the leverage of the next position."""
        self._changes.leverage[symbol] = self.leverage[symbol] = leverage

    def add_fill(self, order: VenueOrder, *, price: Decimal, quantity: Decimal, fee: Decimal, maker: bool) -> None:
        """Remember an execution at the venue's time of ``order``."""
        fill = Fill(
            fill_id=str(int(self.fills[-1].fill_id) + 1 if self.fills else 1),
            client_id=order.request.client_id,
            symbol=order.request.symbol,
            side=order.request.side,
            price=price,
            quantity=quantity,
            fee=fee,
            time_ms=order.updated_ms,
            maker=maker,
        )
        self.fills.append(fill)
        self._changes.fills.append(fill)

    def add_payment(self, symbol: str, *, amount: Decimal, rate: Decimal, at_ms: int) -> None:
        """Remember funding that was settled."""
        payment = FundingPayment(
            payment_id=str(int(self.payments[-1].payment_id) + 1 if self.payments else 1),
            symbol=symbol,
            amount=amount,
            rate=rate,
            time_ms=at_ms,
        )
        self.payments.append(payment)
        self._changes.payments.append(payment)

    def fills_since(self, since_ms: int) -> list[Fill]:
        """The fills at or after ``since_ms``, oldest first."""
        return _since(self.fills, since_ms)

    def payments_since(self, since_ms: int) -> list[FundingPayment]:
        """The payments at or after ``since_ms``, oldest first."""
        return _since(self.payments, since_ms)

    def take_changes(self) -> Changes:
        """What changed since the last call."""
        changes, self._changes = self._changes, Changes()
        return changes

    def _forget(self) -> None:
        if len(self._final) < KEPT + _BATCH:
            return
        for number in sorted(self._final)[:_BATCH]:
            order = self._final.pop(number)
            if self._newest.get(order.request.client_id) is order:
                del self._newest[order.request.client_id]
            self._changes.orders[number] = None


def _since(records: deque[_Record], since_ms: int) -> list[_Record]:
    """The newest records down to ``since_ms``, oldest first; they are in order of time."""
    return list(takewhile(lambda record: record.time_ms >= since_ms, reversed(records)))[::-1]
