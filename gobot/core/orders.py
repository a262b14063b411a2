"""Orders and fills as the venue port, the execution and the ledger speak of them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from gobot.core.money import ZERO


class Side(StrEnum):
    """Which way an order trades."""

    BUY = "buy"
    SELL = "sell"

    @property
    def opposite(self) -> Side:
        """The other side."""
        return Side.SELL if self is Side.BUY else Side.BUY


class Direction(StrEnum):
    """Which way a position or an idea points."""

    LONG = "long"
    SHORT = "short"

    @property
    def sign(self) -> int:
        """+1 for long, -1 for short."""
        return 1 if self is Direction.LONG else -1

    @property
    def entry_side(self) -> Side:
        """The side that opens it."""
        return Side.BUY if self is Direction.LONG else Side.SELL

    @property
    def exit_side(self) -> Side:
        """The side that closes it."""
        return self.entry_side.opposite

    @property
    def opposite(self) -> Direction:
        """The other direction."""
        return Direction.SHORT if self is Direction.LONG else Direction.LONG


class OrderType(StrEnum):
    """How an order fills.  ``stop`` and ``take_profit`` become market orders when their trigger is touched."""

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    TAKE_PROFIT = "take_profit"
    TRAILING = "trailing"

    @property
    def conditional(self) -> bool:
        """Whether it rests on the venue until a trigger price is touched."""
        return self in (OrderType.STOP, OrderType.TAKE_PROFIT, OrderType.TRAILING)


class OrderStatus(StrEnum):
    """Where an order is on the venue, as the venue itself reports it."""

    OPEN = "open"
    FILLED = "filled"
    CANCELED = "canceled"
    EXPIRED = "expired"
    REJECTED = "rejected"

    @property
    def final(self) -> bool:
        """Whether it can still change."""
        return self is not OrderStatus.OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRequest:
    """What is sent to a venue.

    ``quantity`` is in base units; ``price`` (limit) and ``trigger`` (conditional orders) in quote per base;
    ``callback`` is a trailing stop's distance as a fraction of the price.  ``closes_position`` orders have no
    quantity of their own: they close whatever is open when they trigger and die with the position.
    """

    client_id: str
    symbol: str
    side: Side
    type: OrderType
    quantity: Decimal = ZERO
    price: Decimal | None = None
    trigger: Decimal | None = None
    callback: Decimal | None = None
    reduce_only: bool = False
    closes_position: bool = False
    post_only: bool = False

    def __post_init__(self) -> None:
        if self.quantity <= 0 and not self.closes_position:
            raise ValueError(f"order {self.client_id}: quantity must be above zero, not {self.quantity}")
        if self.type is OrderType.LIMIT and self.price is None:
            raise ValueError(f"order {self.client_id}: a limit order needs a price")
        if self.type in (OrderType.STOP, OrderType.TAKE_PROFIT) and self.trigger is None:
            raise ValueError(f"order {self.client_id}: a {self.type} order needs a trigger price")

    @property
    def protective(self) -> bool:
        """Whether it can only make a position smaller: such orders go first (CRITICAL)."""
        return self.reduce_only or self.closes_position


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderReport:
    """A venue's own word on one order.  ``average`` is the mean fill price, None until something filled."""

    client_id: str
    venue_id: str
    symbol: str
    side: Side
    type: OrderType
    status: OrderStatus
    quantity: Decimal
    filled: Decimal = ZERO
    average: Decimal | None = None
    price: Decimal | None = None
    trigger: Decimal | None = None
    reduce_only: bool = False
    closes_position: bool = False
    updated_ms: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """One execution.  ``fee`` in quote currency, negative for a rebate; ``fill_id`` is unique per venue and symbol."""

    fill_id: str
    client_id: str
    symbol: str
    side: Side
    price: Decimal
    quantity: Decimal
    fee: Decimal
    time_ms: int
    maker: bool = False
