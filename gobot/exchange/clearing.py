"""What a fill does to an account: cash, position, margin, and the orders that live and die with the position."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal

from gobot.core import ZERO, Market, OrderRequest, OrderStatus, OrderType
from gobot.exchange.holding import Holding, traded
from gobot.exchange.venue_order import VenueOrder
from gobot.exchange.venue_state import VenueState

Depth = Callable[[VenueOrder], Decimal]
"""How much of an order, in base units, there is somebody to trade with at this moment."""


class Clearing:
    """Books fills and ends orders in the memory of one account, at the fees that ``markets`` state.

    ``depth`` may cut fills short; without it there is always enough on the other side.
    """

    def __init__(self, markets: Mapping[str, Market], state: VenueState, depth: Depth | None = None) -> None:
        self.state = state
        self._markets = markets
        self._depth = depth

    def to_close(self, request: OrderRequest) -> Holding | None:
        """The position that an order of this side would close."""
        holding = self.state.holdings.get(request.symbol)
        return holding if holding is not None and holding.direction.exit_side is request.side else None

    def available(self, but: VenueOrder | None = None) -> Decimal:
        """Cash that is neither margin nor reserved for resting limit orders (other than ``but``), USDT."""
        margins = sum((holding.margin for holding in self.state.holdings.values()), ZERO)
        resting = (order for order in self.state.open_orders() if order is not but)
        reserved = sum((self._cost(order, order.request.price or ZERO) for order in resting), ZERO)
        return self.state.wallet - margins - reserved

    def lacks_margin(self, order: VenueOrder, price: Decimal) -> bool:
        """Whether the account cannot pay for ``order`` at ``price``, its fee included."""
        cost = self._cost(order, price)
        if not cost:
            return False
        freed = self.to_close(order.request)
        return cost > self.available(but=order) + (freed.margin if freed is not None else ZERO)

    def fill(self, order: VenueOrder, price: Decimal, at_ms: int, *, maker: bool) -> VenueOrder:
        """Execute an order at ``price``, in full where there is depth enough.

        One that can only close is cut to what there is to close.
        """
        quantity, holding = order.remaining, self.to_close(order.request)
        if order.request.protective and holding is not None:
            quantity = holding.quantity if order.request.closes_position else min(quantity, holding.quantity)
        traded = quantity if self._depth is None else min(quantity, self._depth(order))
        if not traded:
            self.state.put_order(order)
            return order
        market = self._markets[order.request.symbol]
        fee = traded * price * (market.maker_fee if maker else market.taker_fee)
        return self._trade(order, traded, price, fee, at_ms, maker=maker, rest=quantity - traded)

    def liquidate(self, holding: Holding, price: Decimal, at_ms: int) -> None:
        """The venue closes a position at ``price``; no more than its margin is lost, fee included."""
        number = self.state.next_order()
        request = OrderRequest(
            client_id=f"autoclose-{number}",
            symbol=holding.symbol,
            side=holding.direction.exit_side,
            type=OrderType.MARKET,
            quantity=holding.quantity,
            reduce_only=True,
        )
        order = VenueOrder(id=number, request=request, level=None, reason="liquidation")
        left = max(holding.margin + holding.profit(price, holding.quantity), ZERO)
        fee = holding.quantity * price * self._markets[holding.symbol].taker_fee
        self._trade(order, holding.quantity, price, min(fee, left), at_ms, maker=False)

    def end(self, order: VenueOrder, status: OrderStatus, at_ms: int, reason: str = "") -> VenueOrder:
        """An order that will never fill."""
        ended = replace(order, status=status, reason=reason, updated_ms=at_ms)
        self.state.put_order(ended)
        return ended

    def _cost(self, order: VenueOrder, price: Decimal) -> Decimal:
        """Margin and fee that filling what remains of ``order`` at ``price`` takes; nothing where it only closes."""
        request, quantity = order.request, order.remaining
        if request.protective:
            return ZERO
        holding = self.to_close(request)
        opening = quantity - (holding.quantity if holding is not None else ZERO)
        if opening <= 0:
            return ZERO
        leverage = self.state.leverage.get(request.symbol, 1)
        return opening * price / leverage + quantity * price * self._markets[request.symbol].taker_fee

    def _trade(
        self,
        order: VenueOrder,
        quantity: Decimal,
        price: Decimal,
        fee: Decimal,
        at_ms: int,
        *,
        maker: bool,
        rest: Decimal = ZERO,
    ) -> VenueOrder:
        """Book ``quantity``; an order with a ``rest`` stays open."""
        state, symbol = self.state, order.request.symbol
        before = state.holdings.get(symbol)
        after, realised = traded(before, symbol, order.request.side, quantity, price, state.leverage.get(symbol, 1))
        done = order.traded(quantity, price, at_ms, status=OrderStatus.OPEN if rest else OrderStatus.FILLED)
        state.wallet += realised - fee
        state.put_order(done)
        state.put_holding(symbol, after)
        state.add_fill(done, price=price, quantity=quantity, fee=fee, maker=maker)
        if before is not None and (after is None or after.direction is not before.direction):
            self._expire_exits(before, at_ms)
        if after is not None and (before is None or after.direction is not before.direction):
            self._start_trailing(after)
        return done

    def _expire_exits(self, closed: Holding, at_ms: int) -> None:
        for order in self.state.open_orders(closed.symbol):
            if order.request.protective and order.request.side is closed.direction.exit_side:
                self.end(order, OrderStatus.EXPIRED, at_ms, "position closed")

    def _start_trailing(self, opened: Holding) -> None:
        """Trailing stops that waited for the position begin at its entry price."""
        for order in self.state.open_orders(opened.symbol):
            waiting = order.request.type is OrderType.TRAILING and order.level is None and order.request.trigger is None
            if waiting and order.request.side is opened.direction.exit_side:
                self.state.put_order(order.trailed(float(opened.entry_price)))
