"""Matching resting orders with one candle, by the house's fill rules."""

from __future__ import annotations

import math

from gobot.core import OrderStatus, OrderType, exact
from gobot.exchange.clearing import Clearing
from gobot.exchange.feed import Bar
from gobot.exchange.venue_order import VenueOrder
from gobot.matching import slipped

_STOPS = (OrderType.STOP, OrderType.TRAILING)
_TARGETS = (OrderType.TAKE_PROFIT, OrderType.LIMIT)


class Matcher:
    """Fills what a candle reaches, in a fixed order.

    1. what the open has reached, at the open; a liquidation before everything else;
    2. resting orders that open or add;
    3. stops and liquidation, the level nearest to the entry first;
    4. targets; a position that opened inside this candle takes profit only where the close proves that it could;
    5. trailing stops move to the close.

    Orders that can only close wait while there is nothing to close.  Fills carry the time of the candle's close, the
    moment at which the account can know of them.  ``slippage`` is a fraction, paid by everything but limit orders.
    """

    def __init__(self, clearing: Clearing, *, slippage: float) -> None:
        self._clearing = clearing
        self._state = clearing.state
        self._slippage = slippage

    def match(self, symbol: str, bar: Bar, close_ms: int) -> None:
        """Match everything that rests in ``symbol`` with a candle that closed at ``close_ms``."""
        at_open = Bar(bar.open, bar.open, bar.open, bar.open)
        self._liquidate(symbol, at_open, close_ms)
        for order in self._state.open_orders(symbol):
            self._fill_if_touched(order, at_open, close_ms)
        opened_at = self._enter(symbol, bar, close_ms)
        self._stop(symbol, bar, close_ms)
        proven = bar if opened_at is None else Bar(opened_at, bar.close, bar.close, bar.close)
        self._take_profit(symbol, proven, close_ms)
        self._trail(symbol, bar)

    def _enter(self, symbol: str, bar: Bar, close_ms: int) -> float | None:
        """Fill what opens or adds; the price at which a position was opened, if one was."""
        opened_at = None
        for order in self._state.open_orders(symbol):
            if order.request.protective:
                continue
            before = self._state.holdings.get(symbol)
            price = self._fill_if_touched(order, bar, close_ms)
            after = self._state.holdings.get(symbol)
            if after is not None and (before is None or before.direction is not after.direction):
                opened_at = price
        return opened_at

    def _stop(self, symbol: str, bar: Bar, close_ms: int) -> None:
        holding = self._state.holdings.get(symbol)
        if holding is None:
            return
        sign = holding.direction.sign
        liquidation = holding.liquidated_at(bar)
        # A falling price meets the highest stop of a long first, a rising one the lowest of a short.
        for price, order in self._exits(symbol, bar, _STOPS, -sign):
            if sign * (liquidation - price) > 0:
                break
            self._fill_if_touched(order, bar, close_ms)
        self._liquidate(symbol, bar, close_ms)

    def _take_profit(self, symbol: str, bar: Bar, close_ms: int) -> None:
        holding = self._state.holdings.get(symbol)
        if holding is not None:
            for _, order in self._exits(symbol, bar, _TARGETS, holding.direction.sign):
                self._fill_if_touched(order, bar, close_ms)

    def _trail(self, symbol: str, bar: Bar) -> None:
        for order in self._state.open_orders(symbol):
            if order.request.type is OrderType.TRAILING and self._has_work(order) and order.activated(bar):
                self._state.put_order(order.trailed(bar.close))

    def _exits(self, symbol: str, bar: Bar, types: tuple[OrderType, ...], sign: int) -> list[tuple[float, VenueOrder]]:
        """Closing orders that ``bar`` touches, by price: rising with ``sign`` +1, falling with -1."""
        closing = (o for o in self._state.open_orders(symbol) if o.request.protective and o.request.type in types)
        touched = [(price, order) for order in closing if not math.isnan(price := order.touched(bar))]
        return sorted(touched, key=lambda hit: (sign * hit[0], hit[1].id))

    def _has_work(self, order: VenueOrder) -> bool:
        """Whether it still rests and, if it can only close, has something to close."""
        if not self._state.is_open(order):
            return False
        return not order.request.protective or self._clearing.to_close(order.request) is not None

    def _fill_if_touched(self, order: VenueOrder, bar: Bar, close_ms: int) -> float:
        """Fill ``order`` if ``bar`` reaches it; the price before slippage, NaN if not."""
        touched = order.touched(bar) if self._has_work(order) else math.nan
        if math.isnan(touched):
            return touched
        maker = order.request.type is OrderType.LIMIT
        price = exact(touched if maker else float(slipped(touched, order.sign, self._slippage)))
        if self._clearing.lacks_margin(order, price):
            self._clearing.end(order, OrderStatus.EXPIRED, close_ms, "margin is insufficient")
        else:
            self._clearing.fill(order, price, close_ms, maker=maker)
        return touched

    def _liquidate(self, symbol: str, bar: Bar, close_ms: int) -> None:
        holding = self._state.holdings.get(symbol)
        price = math.nan if holding is None else holding.liquidated_at(bar)
        if holding is not None and not math.isnan(price):
            self._clearing.liquidate(holding, exact(price), close_ms)
