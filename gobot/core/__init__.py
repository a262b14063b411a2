"""Floor 0: plain types, clock, ids, money and errors.  Imports nothing else of gobot."""

from gobot.core.account import Balance, Book, FundingPayment, Market, Position, Ticker
from gobot.core.clock import DAY_MS, Clock, ManualClock, SystemClock, iso, utc_day
from gobot.core.errors import (
    ConfigError,
    DataError,
    GobotError,
    OutcomeUnknown,
    Refusal,
    StateError,
    StrategyError,
    UsageError,
    VenueError,
    VenueRefused,
    VenueUnavailable,
)
from gobot.core.ideas import Action, Idea
from gobot.core.ids import client_order_id
from gobot.core.money import ZERO, exact, plain, round_down, round_nearest
from gobot.core.orders import Direction, Fill, OrderReport, OrderRequest, OrderStatus, OrderType, Side
from gobot.core.timeframe import Timeframe

__all__ = [
    "DAY_MS",
    "ZERO",
    "Action",
    "Balance",
    "Book",
    "Clock",
    "ConfigError",
    "DataError",
    "Direction",
    "Fill",
    "FundingPayment",
    "GobotError",
    "Idea",
    "ManualClock",
    "Market",
    "OrderReport",
    "OrderRequest",
    "OrderStatus",
    "OrderType",
    "OutcomeUnknown",
    "Position",
    "Refusal",
    "Side",
    "StateError",
    "StrategyError",
    "SystemClock",
    "Ticker",
    "Timeframe",
    "UsageError",
    "VenueError",
    "VenueRefused",
    "VenueUnavailable",
    "client_order_id",
    "exact",
    "iso",
    "plain",
    "round_down",
    "round_nearest",
    "utc_day",
]
