"""A simulated venue: takes orders for one account, matches them, settles funding and reports.

One-way mode, one position per symbol, isolated margin.  It knows no clock and no feed: whoever owns it says what
time it is and what the prices are, so history, live prices and a protocol server can all stand behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from gobot.core import ZERO, Balance, Market, OrderReport, OrderRequest, OrderStatus, OrderType, Position, exact
from gobot.exchange.clearing import Clearing, Depth
from gobot.exchange.feed import Bar
from gobot.exchange.matcher import Matcher
from gobot.exchange.refusals import crosses, refused, require_valid
from gobot.exchange.venue_order import VenueOrder
from gobot.exchange.venue_state import VenueState
from gobot.matching import slipped

Mark = Callable[[str], Decimal]
"""The price at which a position in a symbol is valued."""


class Venue:
    """The rules of one venue applied to the memory of one account.

    ``markets`` state the steps, minimums, fees and leverage; ``slippage`` is a fraction, paid by everything but limit
    orders.  ``depth`` may cut fills short: what is left of a market order then expires, a limit order goes on waiting.
    """

    def __init__(
        self, markets: Mapping[str, Market], state: VenueState, *, slippage: float, depth: Depth | None = None
    ) -> None:
        self.markets = markets
        self.state = state
        self._clearing = Clearing(markets, state, depth)
        self._matcher = Matcher(self._clearing, slippage=slippage)
        self._slippage = slippage

    def place(self, request: OrderRequest, *, last: Decimal | None, now_ms: int) -> OrderReport:
        """Take an order while the price is ``last`` (None: the symbol is not traded).

        Raises `VenueRefused`, and then nothing has happened.
        """
        state, symbol = self.state, request.symbol
        known = state.find(symbol, request.client_id)
        if known is not None and not known.status.final:
            raise refused(-4116, f"ClientOrderId is duplicated: {request.client_id} is open.")
        require_valid(request, self.markets.get(symbol), state.holdings.get(symbol), last)
        order = VenueOrder(id=state.next_order(), request=request, level=_level(request), updated_ms=now_ms)
        price = self._price_at_once(order, last)
        if self._clearing.lacks_margin(order, price or request.price or ZERO):
            raise refused(-2019, f"Margin is insufficient for {request.quantity} {symbol}.")
        if price is not None:
            done = self._clearing.fill(order, price, now_ms, maker=False)
            if request.type is OrderType.MARKET and not done.status.final:
                done = self._clearing.end(done, OrderStatus.EXPIRED, now_ms, "nobody to trade with")
            return done.report
        if request.type is OrderType.TRAILING and request.trigger is None and last is not None:
            runs = not request.protective or self._clearing.to_close(request) is not None
            order = order.trailed(float(last)) if runs else order
        state.put_order(order)
        return order.report

    def cancel(self, symbol: str, client_id: str, *, now_ms: int) -> OrderReport:
        """Take an order back; one that is final is reported as it is.  Raises `VenueRefused` for an unknown one."""
        order = self.state.find(symbol, client_id)
        if order is None:
            raise refused(-2011, f"Unknown order sent: {client_id}.")
        if order.status.final:
            return order.report
        return self._clearing.end(order, OrderStatus.CANCELED, now_ms).report

    def expire(self, symbol: str, client_id: str, *, now_ms: int, reason: str) -> OrderReport | None:
        """The venue itself ends an open order; None when there is none."""
        order = self.state.find(symbol, client_id)
        if order is None or order.status.final:
            return None
        return self._clearing.end(order, OrderStatus.EXPIRED, now_ms, reason).report

    def available(self) -> Decimal:
        """Cash that is neither margin nor reserved for resting limit orders, USDT."""
        return self._clearing.available()

    def set_leverage(self, symbol: str, leverage: int) -> None:
        """The leverage of the next position in ``symbol``; one that is open keeps its own."""
        market = self.markets.get(symbol)
        if market is None:
            raise refused(-1121, f"Invalid symbol: {symbol} is not listed.")
        if not 1 <= leverage <= market.max_leverage:
            raise refused(-4028, f"Leverage {leverage} is not valid: 1 to {market.max_leverage} for {symbol}.")
        if self.state.leverage.get(symbol, 1) != leverage:
            self.state.put_leverage(symbol, leverage)

    def match(self, symbol: str, bar: Bar, *, close_ms: int) -> None:
        """Match everything that rests in ``symbol`` with a candle that closed at ``close_ms``."""
        self._matcher.match(symbol, bar, close_ms)

    def settle(self, symbol: str, rate: float, price: Decimal, *, at_ms: int) -> None:
        """Settle funding on the position's value at ``price``: with a positive ``rate`` longs pay shorts."""
        holding = self.state.holdings.get(symbol)
        if holding is None or not rate:
            return
        amount = -holding.direction.sign * exact(rate) * holding.quantity * price
        self.state.wallet += amount
        self.state.add_payment(symbol, amount=amount, rate=exact(rate), at_ms=at_ms)

    def balance(self, mark: Mark) -> Balance:
        """The account at the prices of ``mark``."""
        wallet, holdings = self.state.wallet, self.state.holdings
        unrealized = sum((holding.profit(mark(s), holding.quantity) for s, holding in holdings.items()), ZERO)
        return Balance(equity=wallet + unrealized, wallet=wallet, available=max(self._clearing.available(), ZERO))

    def positions(self, mark: Mark) -> list[Position]:
        """Every open position, in alphabetical order of the symbols."""
        return [holding.position(mark(symbol)) for symbol, holding in self.state.holdings.items()]

    def _price_at_once(self, order: VenueOrder, last: Decimal | None) -> Decimal | None:
        """Price at which an order trades the moment it arrives, None if it rests."""
        limit = order.request.price
        if last is None or not (order.request.type is OrderType.MARKET or crosses(order.request, last)):
            return None
        price = exact(float(slipped(float(last), order.sign, self._slippage)))
        if limit is None:
            return price
        return min(price, limit) if order.sign > 0 else max(price, limit)


def _level(request: OrderRequest) -> Decimal | None:
    """The price that a resting order waits for; a trailing stop finds its own."""
    if request.type is OrderType.TRAILING:
        return None
    return request.price if request.type is OrderType.LIMIT else request.trigger
