"""What a venue says about the account and its markets."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from gobot.core.money import ZERO, round_down, round_nearest
from gobot.core.orders import Direction, Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """The trading rules of one symbol.  A step or minimum of 0 means the venue states none."""

    symbol: str
    quantity_step: Decimal = ZERO
    price_step: Decimal = ZERO
    min_quantity: Decimal = ZERO
    min_notional: Decimal = ZERO
    maker_fee: Decimal = ZERO
    taker_fee: Decimal = ZERO
    max_leverage: int = 1
    active: bool = True

    def round_quantity(self, quantity: Decimal) -> Decimal:
        """``quantity`` (base units) down to the step."""
        return round_down(quantity, self.quantity_step)

    def round_price(self, price: Decimal) -> Decimal:
        """``price`` to the nearest tick."""
        return round_nearest(price, self.price_step)

    def too_small(self, quantity: Decimal, price: Decimal) -> str | None:
        """Why the venue would refuse this size, or None.  It is refused, never rounded up."""
        if quantity <= 0 or quantity < self.min_quantity:
            return f"{quantity:f} {self.symbol} is below the venue's minimum of {self.min_quantity:f}"
        if quantity * price < self.min_notional:
            return f"{quantity * price:.2f} USDT of {self.symbol} is below the venue's minimum of {self.min_notional:f}"
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """The account in quote currency (USDT).  ``equity`` includes unrealised profit; ``available`` is free margin."""

    equity: Decimal
    wallet: Decimal
    available: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """An open position.  ``quantity`` in base units, above zero; prices in quote per base; money in USDT."""

    symbol: str
    direction: Direction
    quantity: Decimal
    entry_price: Decimal
    mark_price: Decimal
    leverage: int = 1
    liquidation_price: Decimal | None = None

    @property
    def notional(self) -> Decimal:
        """Value at the mark price, USDT."""
        return self.quantity * self.mark_price

    @property
    def unrealized(self) -> Decimal:
        """Profit if it were closed at the mark price, before fees, USDT."""
        return (self.mark_price - self.entry_price) * self.quantity * self.direction.sign


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticker:
    """Current prices of one symbol; ``funding_rate`` is the fraction due at the next settlement."""

    symbol: str
    last: Decimal
    bid: Decimal
    ask: Decimal
    time_ms: int
    quote_volume: Decimal = ZERO
    funding_rate: Decimal | None = None

    def taken(self, side: Side) -> Decimal:
        """What a market order of that side is expected to fill at: the ask or the bid, the last price without them."""
        quote = self.ask if side is Side.BUY else self.bid
        return quote if quote > 0 else self.last

    @property
    def spread(self) -> Decimal:
        """(ask - bid) / mid, a fraction."""
        mid = (self.ask + self.bid) / 2
        return (self.ask - self.bid) / mid if mid > 0 else ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """The order book of one symbol at ``time_ms``: (price, quantity) of each level, the best first."""

    symbol: str
    bids: tuple[tuple[Decimal, Decimal], ...]
    asks: tuple[tuple[Decimal, Decimal], ...]
    time_ms: int

    def depth(self, side: Side, within: Decimal) -> Decimal:
        """Value (quote currency) that a market order of ``side`` finds no further from the mid than ``within``.

        ``within`` is a fraction.  0 where a side of the book is empty: then there is no mid.
        """
        if not self.bids or not self.asks:
            return ZERO
        mid = (self.bids[0][0] + self.asks[0][0]) / 2
        levels = self.asks if side is Side.BUY else self.bids
        reach = mid * within
        return sum((price * quantity for price, quantity in levels if abs(price - mid) <= reach), ZERO)


@dataclass(frozen=True, slots=True, kw_only=True)
class FundingPayment:
    """Funding booked on a position at a settlement; ``amount`` in USDT, negative when paid."""

    payment_id: str
    symbol: str
    amount: Decimal
    rate: Decimal
    time_ms: int
