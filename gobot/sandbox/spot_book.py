"""The spot account: coins, orders and fills, matched along the same prices as the futures."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from decimal import ROUND_DOWN, Decimal
from itertools import count
from typing import Any

from gobot.core import ZERO, Side
from gobot.exchange.venue_state import KEPT
from gobot.matching import limit_fill
from gobot.sandbox.engine import Engine
from gobot.sandbox.errors import ApiError
from gobot.sandbox.listings import Listing, Listings
from gobot.sandbox.prices import Leg
from gobot.sandbox.records import amount
from gobot.sandbox.spot_order import TRIGGERED_TYPES, SpotFill, SpotOrder

_CENT = Decimal("0.00000001")
NO_FUNDS = "Account has insufficient balance for requested action."


class SpotBook:
    """Everything that one spot account has.

    ``listings`` are those of the spot venue, ``listener`` is told every event of the user stream.
    """

    def __init__(
        self, engine: Engine, listings: Listings, deposit: Decimal, listener: Callable[[dict[str, Any]], None]
    ) -> None:
        self.listings = listings
        self.orders: dict[int, SpotOrder] = {}
        self.fills: deque[SpotFill] = deque(maxlen=KEPT)
        self.coins: dict[str, Decimal] = {"USDT": deposit}
        self._engine = engine
        self._listener = listener
        self._order_numbers = count(1)
        self._fill_numbers = count(1)
        engine.companions.append(self.play)

    def open_orders(self, symbol_id: str | None = None) -> list[SpotOrder]:
        """Open orders, oldest first."""
        return [order for order in self.orders.values() if order.is_open and symbol_id in (None, order.symbol_id)]

    def find(self, symbol_id: str, client_id: str) -> SpotOrder | None:
        """The newest order of that client id."""
        newest_first = reversed(self.orders.values())
        return next((o for o in newest_first if o.client_id == client_id and o.symbol_id == symbol_id), None)

    def locked(self, coin: str) -> Decimal:
        """What open orders have set aside of a coin."""
        return sum((part for order in self.open_orders() for name, part in [self._needs(order)] if name == coin), ZERO)

    def free(self, coin: str) -> Decimal:
        """What can be used of a coin."""
        return self.coins.get(coin, ZERO) - self.locked(coin)

    def place(self, order: SpotOrder) -> tuple[SpotOrder, list[SpotFill]]:
        """Take an order that has passed the filters.  Raises `ApiError` (-2010) when the account cannot pay for it."""
        coin, part = self._needs(order)
        if part > self.free(coin):
            raise ApiError(-2010, text=NO_FUNDS)
        placed = replace(order, id=next(self._order_numbers))
        self._put(placed)
        self._tell(placed, "NEW")
        before = len(self.fills)
        price = self._engine.price(order.symbol)
        if placed.working and (order.type == "MARKET" or self._crosses(order, price)):
            self._fill(placed, price, maker=False)
        placed = self.orders[placed.id]
        if placed.is_open and (order.type == "MARKET" or order.time_in_force in ("IOC", "FOK")):
            placed = self._end(placed, "EXPIRED")
        return placed, list(self.fills)[before:]

    def cancel(self, order: SpotOrder) -> SpotOrder:
        """Take an open order back."""
        return self._end(order, "CANCELED")

    def transfer(self, coin: str, money: Decimal) -> None:
        """Put coins into the account or take them out."""
        self.coins[coin] = self.coins.get(coin, ZERO) + money
        now = self._engine.now_ms
        self._listener({"e": "balanceUpdate", "E": now, "a": coin, "d": amount(money), "T": now})
        self._tell_coins([coin])

    def document(self) -> dict[str, Any]:
        """For the inspection page."""
        coins = {coin: {"free": amount(self.free(coin)), "locked": amount(self.locked(coin))} for coin in self.coins}
        orders = [order.document() for order in self.orders.values()]
        return {"coins": coins, "orders": orders, "trades": [fill.document for fill in self.fills]}

    def play(self, after_ms: int, until_ms: int) -> None:
        """Match everything with the prices between two moments."""
        for symbol in sorted({order.symbol for order in self.open_orders()}):
            for leg in self._engine.prices.legs(symbol, after_ms, until_ms):
                self._walk(symbol, leg)

    def _walk(self, symbol: str, leg: Leg) -> None:
        waiting: set[int] = set()
        while hits := [hit for hit in self._hits(symbol, leg) if hit[1] not in waiting]:
            _, number, price, order = min(hits, key=lambda hit: hit[:2])
            if order.working:
                self._fill(order, price, maker=True)
            else:
                self._trigger(order, price)
            if self.orders[number] == order:
                waiting.add(number)  # nobody to trade with
            leg = leg._replace(start=price)

    def _hits(self, symbol: str, leg: Leg) -> list[tuple[Decimal, int, Decimal, SpotOrder]]:
        """What the price meets on its way: distance, number, price, order."""
        found = []
        for order in self.open_orders():
            price = self._met(order, leg) if order.symbol == symbol else None
            if price is not None:
                found.append((abs(price - leg.start), order.id, price, order))
        return found

    def _met(self, order: SpotOrder, leg: Leg) -> Decimal | None:
        if not order.working:
            if order.triggered_by(leg.start):
                return leg.start
            if not order.triggered_by(leg.end):
                return None
            return leg.end if leg.jump else order.stop_price
        start, end = float(leg.end if leg.jump else leg.start), float(leg.end)
        sign = 1 if order.side is Side.BUY else -1
        met = limit_fill(sign, float(order.price), start, max(start, end), min(start, end))
        if math.isnan(met):
            return None
        return leg.end if leg.jump else order.price

    def _trigger(self, order: SpotOrder, price: Decimal) -> None:
        working = replace(order, working=True, updated_ms=self._engine.now_ms)
        self._put(working)
        coin, part = self._needs(replace(working, price=working.price or price))
        if part > self.free(coin) + self._needs(working)[1]:
            self._end(working, "EXPIRED")
        elif order.type in ("STOP_LOSS", "TAKE_PROFIT") or self._crosses(order, price):
            self._fill(working, price, maker=False)

    def _fill(self, order: SpotOrder, price: Decimal, *, maker: bool) -> None:
        """Trade what there is to trade, and move the coins."""
        listing, now = self.listings[order.symbol_id], self._engine.now_ms
        quantity = min(order.remaining, self._engine.liquidity.depth_of(order.client_id, order.quantity, order.filled))
        quantity = listing.market.round_quantity(quantity)
        if not quantity:
            return
        rate = listing.market.maker_fee if maker else listing.market.taker_fee
        buys = order.side is Side.BUY
        received = quantity if buys else (quantity * price).quantize(_CENT, ROUND_DOWN)
        fee = (received * rate).quantize(_CENT)
        fill = SpotFill(
            id=next(self._fill_numbers),
            order_id=order.id,
            symbol_id=order.symbol_id,
            side=order.side,
            price=price,
            quantity=quantity,
            fee=fee,
            fee_asset=listing.base if buys else listing.quote,
            at_ms=now,
            maker=maker,
        )
        paid = quantity * price
        filled = order.filled + quantity
        done = replace(
            order,
            filled=filled,
            turnover=order.turnover + paid,
            status="FILLED" if filled == order.quantity else "PARTIALLY_FILLED",
            updated_ms=now,
        )
        self._move(listing.base, quantity - fee if buys else -quantity)
        self._move(listing.quote, -paid if buys else received - fee)
        self.fills.append(fill)
        self._put(done)
        self._listener(done.event("TRADE", now, fill))
        self._tell_coins([listing.base, listing.quote])

    def _needs(self, order: SpotOrder) -> tuple[str, Decimal]:
        """The coin that an order pays with, and how much it sets aside."""
        listing = self.listings[order.symbol_id]
        if order.side is Side.SELL:
            return listing.base, order.remaining
        price = order.price or order.stop_price
        return listing.quote, order.remaining * (price or self._engine.price(order.symbol))

    def _crosses(self, order: SpotOrder, price: Decimal) -> bool:
        if order.type in TRIGGERED_TYPES and not order.type.endswith("LIMIT"):
            return False
        return price < order.price if order.side is Side.BUY else price > order.price

    def _end(self, order: SpotOrder, status: str) -> SpotOrder:
        ended = replace(order, status=status, updated_ms=self._engine.now_ms)
        self._put(ended)
        self._tell(ended, status)
        return ended

    def _put(self, order: SpotOrder) -> None:
        self.orders[order.id] = order
        while len(self.orders) > KEPT:
            oldest = next((number for number, one in self.orders.items() if not one.is_open), None)
            if oldest is None:
                break
            del self.orders[oldest]

    def _move(self, coin: str, money: Decimal) -> None:
        self.coins[coin] = self.coins.get(coin, ZERO) + money

    def _tell(self, order: SpotOrder, kind: str) -> None:
        self._listener(order.event(kind, self._engine.now_ms, None))
        listing: Listing = self.listings[order.symbol_id]
        self._tell_coins([listing.base, listing.quote])

    def _tell_coins(self, coins: list[str]) -> None:
        """OutboundAccountPosition of the user stream."""
        now = self._engine.now_ms
        rows = [{"a": coin, "f": amount(self.free(coin)), "l": amount(self.locked(coin))} for coin in coins]
        self._listener({"e": "outboundAccountPosition", "E": now, "u": now, "B": rows})
