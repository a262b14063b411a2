"""Fill rules shared by the backtest kernel, the simulated venue and paper trading."""

from gobot.matching.bars import (
    NOT_FILLED,
    STOPPED,
    TARGETED,
    exit_fill,
    limit_fill,
    slipped,
    stop_fill,
    target_fill,
    trailed,
)
from gobot.matching.funding import FUNDING_INTERVAL_MS, next_settlement, settlements
from gobot.matching.liquidation import liquidation_fill, liquidation_price, maintenance_tiers, max_leverage, tiers_of

__all__ = [
    "FUNDING_INTERVAL_MS",
    "NOT_FILLED",
    "STOPPED",
    "TARGETED",
    "exit_fill",
    "limit_fill",
    "liquidation_fill",
    "liquidation_price",
    "maintenance_tiers",
    "max_leverage",
    "next_settlement",
    "settlements",
    "slipped",
    "stop_fill",
    "target_fill",
    "tiers_of",
    "trailed",
]
