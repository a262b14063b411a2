"""Who there is to trade with: enough for everybody, except for orders that a fault lets down."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from gobot.core import ZERO, Market
from gobot.exchange.venue_order import VenueOrder
from gobot.exchange.venue_state import KEPT


class Liquidity:
    """How much of an order is filled at once; ``clock`` says how long a fault lasts.

    ``largest`` bounds every single fill of a limit order, in quote currency (None: no bound): a larger one is filled in
    parts while the price is beyond its own.
    """

    def __init__(self, clock: Callable[[], int], largest: Decimal | None = None) -> None:
        self._clock = clock
        self._largest = largest
        self._markets: dict[str, Market] = {}
        self._short: dict[str, tuple[float, int]] = {}

    def know(self, markets: dict[str, Market]) -> None:
        """The steps that parts are rounded to."""
        self._markets = markets

    def let_down(self, client_id: str, fraction: float, seconds: float) -> None:
        """Only ``fraction`` of the order of that client id is filled for so long."""
        if len(self._short) >= KEPT:
            self._short.clear()
        self._short[client_id] = fraction, self._clock() + int(seconds * 1000)

    def depth(self, order: VenueOrder) -> Decimal:
        """How much of ``order`` may be filled now, in base units."""
        request = order.request
        fraction, until_ms = self._short.get(request.client_id, (1.0, 0))
        wanted = order.remaining if request.quantity else Decimal("Infinity")
        if self._clock() < until_ms and request.quantity:
            wanted = max(self._part(request.symbol, request.quantity * Decimal(str(fraction))) - order.filled, ZERO)
        if self._largest is not None and request.price:
            wanted = min(wanted, self._part(request.symbol, self._largest / request.price))
        return wanted

    def depth_of(self, client_id: str, quantity: Decimal, filled: Decimal) -> Decimal:
        """How much of an order of the spot venue may be filled now."""
        fraction, until_ms = self._short.get(client_id, (1.0, 0))
        if self._clock() >= until_ms:
            return quantity - filled
        return max(quantity * Decimal(str(fraction)) - filled, ZERO)

    def _part(self, symbol: str, quantity: Decimal) -> Decimal:
        """Down to the step, and at least one."""
        market = self._markets[symbol]
        return max(market.round_quantity(quantity), market.quantity_step)
