"""A venue in memory whose every failure is written down beforehand.

It keeps one account in one-way mode like Binance futures does.  Market orders fill at the current price, guards when
`move` takes the price through their trigger.  ``faults`` says what happens to the next call that matches.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import Enum, auto

from gobot.core import (
    ZERO,
    Balance,
    Direction,
    Fill,
    FundingPayment,
    ManualClock,
    Market,
    OrderReport,
    OrderRequest,
    OrderStatus,
    OrderType,
    OutcomeUnknown,
    Position,
    Refusal,
    Side,
    Ticker,
    Timeframe,
    VenueRefused,
    VenueUnavailable,
)
from gobot.market import Candles


class Fault(Enum):
    """What goes wrong with one call."""

    LOSE_REPLY = auto()
    """It is done, and nobody hears of it."""
    LOSE_REQUEST = auto()
    """It never arrives."""
    ARRIVE_LATE = auto()
    """Nothing happens until `ScriptedVenue.deliver` is called."""
    REFUSE = auto()
    """The venue says no."""
    UNAVAILABLE = auto()
    """A question is not answered."""
    REPORT_NOTHING = auto()
    """A question is answered as if nothing were there."""


@dataclass
class ScriptedVenue:
    clock: ManualClock
    prices: dict[str, Decimal]
    settle_after_ms: int = 0
    fee: Decimal = Decimal("0.0005")
    portions: int = 1
    hide_fills_until_ms: int = 0
    refusal: VenueRefused = field(default_factory=lambda: VenueRefused("margin is insufficient", code="-2019"))
    faults: dict[str, list[Fault]] = field(default_factory=dict)
    """By method, or by method and leg such as "create entry"; each is used once, in order."""
    always: dict[str, Fault] = field(default_factory=dict)
    """What happens to every `create` of a client id."""

    name: str = "scripted"
    calls: Counter[str] = field(default_factory=Counter)
    taken: list[str] = field(default_factory=list)
    """Client ids of every order that the venue took, in order."""
    book: dict[str, OrderReport] = field(default_factory=dict)
    held: dict[str, tuple[Decimal, Decimal]] = field(default_factory=dict)
    """Signed quantity and entry price by symbol."""
    own_fills: list[Fill] = field(default_factory=list)
    payments: list[FundingPayment] = field(default_factory=list)
    late: list[tuple[OrderRequest, int]] = field(default_factory=list)
    leverage: dict[str, int] = field(default_factory=dict)
    wallet: Decimal = Decimal(10_000)

    # What happens in the world

    def move(self, symbol: str, price: Decimal | int | str) -> None:
        """Move the price, filling what it passes; the stop goes first."""
        self.prices[symbol] = Decimal(price)
        for order in sorted(self._resting(symbol), key=lambda o: o.type is not OrderType.STOP):
            if self.book[order.client_id].status is OrderStatus.OPEN and self._passed(order):
                self._fill(order, order.quantity)

    def fill_part(self, client_id: str, quantity: Decimal) -> None:
        """Somebody trades with part of a resting order."""
        order = self.book[client_id]
        self._trade(client_id, order.symbol, order.side, quantity, order.price)
        self.book[client_id] = replace(self.book[client_id], filled=quantity, average=order.price)

    def human(self, symbol: str, side: Side, quantity: Decimal | str) -> None:
        """Somebody trades on the same account."""
        self._trade(f"web_{len(self.own_fills)}", symbol, side, Decimal(quantity))

    def liquidate(self, symbol: str) -> None:
        """The venue takes the position away."""
        quantity, _ = self.held[symbol]
        side = Side.SELL if quantity > 0 else Side.BUY
        self._trade(f"autoclose-{len(self.own_fills)}", symbol, side, abs(quantity))

    def pay_funding(self, symbol: str, amount: Decimal | str) -> None:
        number = str(len(self.payments) + 1)
        payment = FundingPayment(
            payment_id=number,
            symbol=symbol,
            amount=Decimal(amount),
            rate=Decimal("0.0001"),
            time_ms=self.clock.now_ms(),
        )
        self.payments.append(payment)
        self.wallet += payment.amount

    def deliver(self) -> None:
        """Requests that were under way arrive, and nobody hears of it; those that took too long do not."""
        for request, sent_ms in self.late:
            if self.clock.now_ms() < sent_ms + self.settle_after_ms:
                with suppress(VenueRefused):
                    self._take(request)
        self.late.clear()

    def lose(self, client_id: str) -> None:
        """An order disappears without a trace."""
        del self.book[client_id]

    def stops(self, symbol: str) -> list[OrderReport]:
        return [order for order in self._resting(symbol) if order.type is OrderType.STOP]

    # The port

    async def markets(self) -> Mapping[str, Market]:
        return {symbol: Market(symbol=symbol) for symbol in self.prices}

    async def time(self) -> int:
        return self.clock.now_ms()

    async def candles(self, symbol: str, timeframe: Timeframe, *, limit: int) -> Candles:
        return Candles.empty()

    async def tickers(self, symbols: Sequence[str]) -> Mapping[str, Ticker]:
        now = self.clock.now_ms()
        return {s: Ticker(symbol=s, last=p, bid=p, ask=p, time_ms=now) for s, p in self.prices.items() if s in symbols}

    async def balance(self) -> Balance:
        self._ask("balance")
        profit = sum((q * (self.prices[s] - entry) for s, (q, entry) in self.held.items()), ZERO)
        return Balance(equity=self.wallet + profit, wallet=self.wallet, available=self.wallet)

    async def positions(self) -> Sequence[Position]:
        if self._ask("positions"):
            return []
        return [
            Position(
                symbol=symbol,
                direction=Direction.LONG if quantity > 0 else Direction.SHORT,
                quantity=abs(quantity),
                entry_price=entry,
                mark_price=self.prices[symbol],
            )
            for symbol, (quantity, entry) in self.held.items()
        ]

    async def open_orders(self) -> Sequence[OrderReport]:
        return [] if self._ask("open_orders") else [o for o in self.book.values() if o.status is OrderStatus.OPEN]

    async def order(self, symbol: str, client_id: str) -> OrderReport | None:
        return None if self._ask("order") else self.book.get(client_id)

    async def create(self, request: OrderRequest) -> OrderReport:
        fault = self._fault("create", request.client_id) or self.always.get(request.client_id)
        if fault is Fault.REFUSE:
            raise self.refusal
        if fault is Fault.ARRIVE_LATE:
            self.late.append((request, self.clock.now_ms()))
        if fault in (Fault.ARRIVE_LATE, Fault.LOSE_REQUEST):
            raise OutcomeUnknown("no answer within 10 s")
        report = self._take(request)
        if fault is Fault.LOSE_REPLY:
            raise OutcomeUnknown("the connection was reset")
        return report

    async def cancel(self, symbol: str, client_id: str) -> OrderReport:
        fault = self._fault("cancel", client_id)
        if fault is Fault.REFUSE:
            raise self.refusal
        if fault is Fault.LOSE_REQUEST:
            raise OutcomeUnknown("no answer within 10 s")
        if client_id not in self.book:
            raise VenueRefused("unknown order", code="-2011", cause=Refusal.UNKNOWN_ORDER)
        if self.book[client_id].status is OrderStatus.OPEN:
            self._end(client_id, OrderStatus.CANCELED)
        if fault is Fault.LOSE_REPLY:
            raise OutcomeUnknown("the connection was reset")
        return self.book[client_id]

    async def fills(self, *, since_ms: int) -> Sequence[Fill]:
        if self._ask("fills") or self.clock.now_ms() < self.hide_fills_until_ms:
            return []
        return [fill for fill in self.own_fills if fill.time_ms >= since_ms]

    async def funding(self, *, since_ms: int) -> Sequence[FundingPayment]:
        self._ask("funding")
        return [payment for payment in self.payments if payment.time_ms >= since_ms]

    async def set_leverage(self, symbol: str, leverage: int) -> None:
        if self._fault("set_leverage", "") is Fault.REFUSE:
            raise VenueRefused("leverage is not valid", code="-4028")
        self.leverage[symbol] = leverage

    async def close(self) -> None:
        pass

    # How it works inside

    def _fault(self, method: str, client_id: str) -> Fault | None:
        self.calls[method] += 1
        leg = client_id.split("-")[1] if client_id.startswith("gb-") else ""
        for key in (f"{method} {leg}", method):
            if self.faults.get(key):
                return self.faults[key].pop(0)
        return None

    def _ask(self, method: str) -> bool:
        """Whether the answer is empty although it should not be."""
        fault = self._fault(method, "")
        if fault is Fault.UNAVAILABLE:
            raise VenueUnavailable(f"{method} was not answered")
        return fault is Fault.REPORT_NOTHING

    def _take(self, request: OrderRequest) -> OrderReport:
        known = self.book.get(request.client_id)
        if known is not None and known.status is OrderStatus.OPEN:
            raise VenueRefused("ClientOrderId is duplicated", code="-4116", cause=Refusal.DUPLICATE)
        held, _ = self.held.get(request.symbol, (ZERO, ZERO))
        closes = held > 0 if request.side is Side.SELL else held < 0
        if request.reduce_only and not closes:
            raise VenueRefused("ReduceOnly order is rejected", code="-2022", cause=Refusal.NOTHING_TO_CLOSE)
        order = OrderReport(
            client_id=request.client_id,
            venue_id=str(len(self.taken) + 1),
            symbol=request.symbol,
            side=request.side,
            type=request.type,
            status=OrderStatus.OPEN,
            quantity=request.quantity,
            price=request.price,
            trigger=request.trigger,
            reduce_only=request.reduce_only,
            closes_position=request.closes_position,
            updated_ms=self.clock.now_ms(),
        )
        if request.type.conditional and self._passed(order):
            raise VenueRefused("Order would immediately trigger", code="-2021", cause=Refusal.PASSED)
        self.taken.append(request.client_id)
        self.book[request.client_id] = order
        if request.type is OrderType.MARKET:
            self._fill(order, min(request.quantity, abs(held)) if request.reduce_only else request.quantity)
        return self.book[request.client_id]

    def _resting(self, symbol: str) -> list[OrderReport]:
        return [o for o in self.book.values() if o.symbol == symbol and o.status is OrderStatus.OPEN]

    def _passed(self, order: OrderReport) -> bool:
        if order.price is not None:
            price = self.prices[order.symbol]
            return price < order.price if order.side is Side.BUY else price > order.price
        if order.trigger is None:
            return False
        waits_above = (order.type is OrderType.STOP) == (order.side is Side.BUY)
        price = self.prices[order.symbol]
        return price >= order.trigger if waits_above else price <= order.trigger

    def _fill(self, order: OrderReport, quantity: Decimal) -> None:
        if order.closes_position:
            held, _ = self.held.get(order.symbol, (ZERO, ZERO))
            quantity = abs(held)
            if not (held > 0 if order.side is Side.SELL else held < 0):
                return
        for _ in range(self.portions):
            self._trade(order.client_id, order.symbol, order.side, quantity / self.portions, order.price)
        self.book[order.client_id] = replace(
            self.book[order.client_id],
            status=OrderStatus.FILLED,
            filled=quantity,
            average=self.prices[order.symbol],
            updated_ms=self.clock.now_ms(),
        )

    def _trade(self, client_id: str, symbol: str, side: Side, quantity: Decimal, price: Decimal | None = None) -> None:
        price = price or self.prices[symbol]
        fee = quantity * price * self.fee
        self.own_fills.append(
            Fill(
                fill_id=str(len(self.own_fills) + 1),
                client_id=client_id,
                symbol=symbol,
                side=side,
                price=price,
                quantity=quantity,
                fee=fee,
                time_ms=self.clock.now_ms(),
            )
        )
        before, entry = self.held.pop(symbol, (ZERO, ZERO))
        signed = quantity if side is Side.BUY else -quantity
        after = before + signed
        closing = min(abs(before), quantity) if before * signed < 0 else ZERO
        self.wallet += closing * (price - entry) * (1 if before > 0 else -1) - fee
        if after:
            grows = before * signed >= 0
            mean = (abs(before) * entry + quantity * price) / abs(after) if grows else entry
            self.held[symbol] = (after, mean if before * after >= 0 else price)
        if before and before * after <= 0:
            for order in self._resting(symbol):
                if order.closes_position and (order.side is Side.SELL) == (before > 0):
                    self._end(order.client_id, OrderStatus.EXPIRED)

    def _end(self, client_id: str, status: OrderStatus) -> None:
        self.book[client_id] = replace(self.book[client_id], status=status, updated_ms=self.clock.now_ms())
