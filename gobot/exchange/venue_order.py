"""An order as a simulated venue knows it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from decimal import Decimal

from gobot.core import ZERO, OrderReport, OrderRequest, OrderStatus, OrderType, Side, exact
from gobot.exchange.feed import Bar
from gobot.matching import limit_fill, stop_fill, target_fill, trailed


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueOrder:
    """One order as the venue knows it.

    ``level`` is the price it waits for: limit price, trigger, or where a trailing stop stands (None until it starts).
    ``filled`` is in base units, ``average`` the mean price of the fills, ``reason`` why it ended unfilled.
    """

    id: int
    request: OrderRequest
    level: Decimal | None
    status: OrderStatus = OrderStatus.OPEN
    filled: Decimal = ZERO
    average: Decimal | None = None
    updated_ms: int = 0
    reason: str = ""

    @property
    def sign(self) -> int:
        """+1 for a buy, -1 for a sell."""
        return 1 if self.request.side is Side.BUY else -1

    @property
    def remaining(self) -> Decimal:
        """What has not been filled, in base units."""
        return self.request.quantity - self.filled

    @property
    def report(self) -> OrderReport:
        """As the port reports it; what the venue cut off or chose itself is the quantity filled."""
        request = self.request
        return OrderReport(
            client_id=request.client_id,
            venue_id=str(self.id),
            symbol=request.symbol,
            side=request.side,
            type=request.type,
            status=self.status,
            quantity=self.filled if self.status is OrderStatus.FILLED else request.quantity,
            filled=self.filled,
            average=self.average,
            price=request.price,
            trigger=self.level if request.type.conditional else None,
            reduce_only=request.reduce_only,
            closes_position=request.closes_position,
            updated_ms=self.updated_ms,
            reason=self.reason,
        )

    def touched(self, bar: Bar) -> float:
        """Price at which it fills in ``bar``, before slippage; NaN if it does not."""
        if self.level is None:
            return math.nan
        level, kind = float(self.level), self.request.type
        if kind is OrderType.LIMIT:
            return float(limit_fill(self.sign, level, bar.open, bar.high, bar.low))
        # A sell stop guards a long: these rules speak of the position's sign, not of the order's.
        rule = target_fill if kind is OrderType.TAKE_PROFIT else stop_fill
        return float(rule(-self.sign, level, bar.open, bar.high, bar.low))

    def traded(self, quantity: Decimal, price: Decimal, at_ms: int, *, status: OrderStatus) -> VenueOrder:
        """With ``quantity`` more filled at ``price``."""
        filled = self.filled + quantity
        average = ((self.average or ZERO) * self.filled + price * quantity) / filled if self.filled else price
        return replace(self, status=status, filled=filled, average=average, updated_ms=at_ms)

    def trailed(self, price: float) -> VenueOrder:
        """A trailing stop after it has seen ``price``: never moved back; the first price starts it."""
        level = math.nan if self.level is None else float(self.level)
        moved = trailed(-self.sign, level, price, float(self.request.callback or 0))
        return replace(self, level=exact(float(moved)))

    def activated(self, bar: Bar) -> bool:
        """Whether a trailing stop runs by the end of ``bar``: one with a trigger waits until that is reached."""
        if self.level is not None or self.request.trigger is None:
            return True
        trigger = float(self.request.trigger)
        return not math.isnan(target_fill(-self.sign, trigger, bar.open, bar.high, bar.low))
