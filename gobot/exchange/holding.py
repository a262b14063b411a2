"""An isolated position on a simulated venue, and what trading does to it.  Money is `Decimal`, in USDT."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from decimal import Decimal

from gobot.core import ZERO, Direction, Position, Side, exact
from gobot.exchange.feed import Bar
from gobot.matching import liquidation_fill, liquidation_price, tiers_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """An open position: ``quantity`` in base units, ``margin`` set aside for it when it was opened, in USDT."""

    symbol: str
    direction: Direction
    quantity: Decimal
    entry_price: Decimal
    margin: Decimal
    leverage: int

    @property
    def liquidation_level(self) -> float:
        """Price at which the venue takes it away; 0 for a long that cannot be."""
        return float(
            liquidation_price(
                self.direction.sign,
                float(self.quantity),
                float(self.entry_price),
                float(self.margin),
                tiers_of(self.symbol),
            )
        )

    def liquidated_at(self, bar: Bar) -> float:
        """Price at which it is liquidated in a candle, NaN if it is not."""
        sign = self.direction.sign
        level = self.liquidation_level
        if level <= 0:
            return math.nan
        bankruptcy = float(self.entry_price - sign * self.margin / self.quantity)
        return float(liquidation_fill(sign, level, bankruptcy, bar.open, bar.high, bar.low))

    def profit(self, price: Decimal, quantity: Decimal) -> Decimal:
        """What closing ``quantity`` of it at ``price`` brings, before fees."""
        return (price - self.entry_price) * quantity * self.direction.sign

    def position(self, mark: Decimal) -> Position:
        """As the port reports it."""
        level = self.liquidation_level
        return Position(
            symbol=self.symbol,
            direction=self.direction,
            quantity=self.quantity,
            entry_price=self.entry_price,
            mark_price=mark,
            leverage=self.leverage,
            liquidation_price=exact(level) if level > 0 else None,
        )

    def grown(self, quantity: Decimal, price: Decimal, leverage: int) -> Holding:
        """With ``quantity`` more, bought or sold at ``price``: the entry price becomes the mean."""
        total = self.quantity + quantity
        return replace(
            self,
            quantity=total,
            entry_price=(self.entry_price * self.quantity + price * quantity) / total,
            margin=self.margin + price * quantity / leverage,
        )

    def shrunk(self, quantity: Decimal) -> Holding:
        """With ``quantity`` less; the margin shrinks in proportion."""
        left = self.quantity - quantity
        return replace(self, quantity=left, margin=self.margin * left / self.quantity)


def traded(
    holding: Holding | None, symbol: str, side: Side, quantity: Decimal, price: Decimal, leverage: int
) -> tuple[Holding | None, Decimal]:
    """The position after trading ``quantity`` at ``price``, and the profit that was realised, before fees.

    One-way mode: a trade against the position closes it first and opens the other way with the rest.
    """
    realised = ZERO
    if holding is not None and holding.direction.entry_side is not side:
        closing = min(quantity, holding.quantity)
        realised = holding.profit(price, closing)
        holding = holding.shrunk(closing) if closing < holding.quantity else None
        quantity -= closing
    if not quantity:
        return holding, realised
    if holding is not None:
        return holding.grown(quantity, price, leverage), realised
    direction = Direction.LONG if side is Side.BUY else Direction.SHORT
    opened = Holding(
        symbol=symbol,
        direction=direction,
        quantity=quantity,
        entry_price=price,
        margin=price * quantity / leverage,
        leverage=leverage,
    )
    return opened, realised
