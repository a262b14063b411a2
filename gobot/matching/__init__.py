"""Fill rules shared by the backtest kernel, the simulated venue and paper trading."""

from gobot.matching.bars import limit_fill, slipped, stop_fill, target_fill, trailed
from gobot.matching.exits import (
    LIQUIDATED,
    NOT_FILLED,
    STOPPED,
    TARGETED,
    TRAILED,
    Bars,
    Levels,
    Moves,
    exit_after_limit,
    exit_fill,
    first_exit,
    moved,
)
from gobot.matching.funding import FUNDING_INTERVAL_MS, next_settlement, settlements
from gobot.matching.liquidation import (
    Tiers,
    liquidation_fill,
    liquidation_price,
    maintenance_tiers,
    max_leverage,
    tiers_of,
)
from gobot.matching.sizing import kelly_share, risk_value, volatility_value

__all__ = [
    "FUNDING_INTERVAL_MS",
    "LIQUIDATED",
    "NOT_FILLED",
    "STOPPED",
    "TARGETED",
    "TRAILED",
    "Bars",
    "Levels",
    "Moves",
    "Tiers",
    "exit_after_limit",
    "exit_fill",
    "first_exit",
    "kelly_share",
    "limit_fill",
    "liquidation_fill",
    "liquidation_price",
    "maintenance_tiers",
    "max_leverage",
    "moved",
    "next_settlement",
    "risk_value",
    "settlements",
    "slipped",
    "stop_fill",
    "target_fill",
    "tiers_of",
    "trailed",
    "volatility_value",
]
