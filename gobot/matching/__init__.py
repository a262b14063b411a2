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

__all__ = [
    "NOT_FILLED",
    "STOPPED",
    "TARGETED",
    "exit_fill",
    "limit_fill",
    "slipped",
    "stop_fill",
    "target_fill",
    "trailed",
]
