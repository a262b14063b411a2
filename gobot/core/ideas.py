"""An idea: what a strategy would like to do, before anything has judged it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gobot.core.orders import Direction


class Action(StrEnum):
    """What the strategy says about a symbol on a closed candle."""

    LONG = "long"
    SHORT = "short"
    EXIT = "exit"
    HOLD = "hold"


@dataclass(frozen=True, slots=True, kw_only=True)
class Idea:
    """One strategy's word on one symbol.

    ``candle_ms`` is the open time of the closed candle it was formed on; ``confidence`` lies in [0, 1];
    ``price`` is that candle's close, ``stop`` and ``target`` are prices (None: the settings' percentages apply).
    """

    symbol: str
    action: Action
    confidence: float
    candle_ms: int
    price: float
    strategy: str
    branch: str
    reason: str
    stop: float | None = None
    target: float | None = None

    def __post_init__(self) -> None:
        if not 0.0 <= self.confidence <= 1.0:
            raise ValueError(f"idea on {self.symbol}: confidence must lie in [0, 1], not {self.confidence}")

    @property
    def direction(self) -> Direction | None:
        """The direction it would open, None for exit and hold."""
        return {Action.LONG: Direction.LONG, Action.SHORT: Direction.SHORT}.get(self.action)
