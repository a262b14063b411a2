"""A picture of the daemon at one moment: what the panel, ``gobot status`` and Telegram show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from gobot.core import Position, iso
from gobot.ledger import Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPosition:
    """An open position with its protection; money in USDT, prices in quote per base."""

    symbol: str
    direction: str
    quantity: Decimal
    entry_price: Decimal
    mark_price: Decimal
    unrealized: Decimal
    stop: Decimal | None = None
    target: Decimal | None = None
    opened_ms: int = 0

    @classmethod
    def of(cls, position: Position, *, stop: Decimal | None, target: Decimal | None, opened_ms: int) -> OpenPosition:
        """The venue's position joined with what the ledger knows of its protection."""
        return cls(
            symbol=position.symbol,
            direction=position.direction.value,
            quantity=position.quantity,
            entry_price=position.entry_price,
            mark_price=position.mark_price,
            unrealized=position.unrealized,
            stop=stop,
            target=target,
            opened_ms=opened_ms,
        )

    def document(self) -> dict[str, Any]:
        """A JSON-ready form; numbers as JSON numbers."""
        return {
            "symbol": self.symbol,
            "direction": self.direction,
            "quantity": float(self.quantity),
            "entry_price": float(self.entry_price),
            "mark_price": float(self.mark_price),
            "unrealized": float(round(self.unrealized, 8)),
            "stop": None if self.stop is None else float(self.stop),
            "target": None if self.target is None else float(self.target),
            "opened_at": iso(self.opened_ms) if self.opened_ms else None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Everything a person wants to know at a glance.  Percentages in percent, times in ms UTC (0: none).

    ``recovery`` is what the last start found and put right, ``quarantined`` the symbols that take no entries because
    ledger and venue could not be made equal, with the reason.
    """

    at_ms: int
    mode: str
    branch: str
    strategy: str
    timeframe: str
    symbols: int
    cycle: int
    iteration: int
    max_iterations: int
    phase: str
    next_cycle_ms: int
    equity: Decimal
    available: Decimal
    day_pnl: Decimal
    drawdown_pct: float
    breaker: str
    breaker_reason: str = ""
    paused: str = ""
    exit_reason: str = ""
    last_error: str = ""
    hindsight: str = ""
    recovery: tuple[str, ...] = ()
    quarantined: Mapping[str, str] = field(default_factory=dict)
    positions: tuple[OpenPosition, ...] = ()
    decisions: tuple[Decision, ...] = ()
    closed_trades: int = 0
    wins: int = 0
    realized: Decimal = Decimal(0)
    limiter: Mapping[str, Any] = field(default_factory=dict)
    loop_lag_ms: float = 0.0
    speed: float = 1.0

    def document(self) -> dict[str, Any]:
        """The JSON of ``gobot status --json``."""
        return {
            "cycle": self.cycle,
            "iteration": self.iteration,
            "max_iterations": self.max_iterations,
            "phase": self.phase,
            "branch": self.branch,
            "mode": self.mode,
            "strategy": self.strategy,
            "timeframe": self.timeframe,
            "symbols": self.symbols,
            "equity": float(round(self.equity, 8)),
            "available": float(round(self.available, 8)),
            "day_pnl": float(round(self.day_pnl, 8)),
            "drawdown_pct": round(self.drawdown_pct, 4),
            "positions": [position.document() for position in self.positions],
            "breaker": self.breaker,
            "breaker_reason": self.breaker_reason,
            "paused": self.paused,
            "exit_reason": self.exit_reason or None,
            "last_error": self.last_error or None,
            "hindsight": self.hindsight or None,
            "recovery": list(self.recovery),
            "quarantined": dict(self.quarantined),
            "decisions": [_decision_document(decision) for decision in self.decisions],
            "closed_trades": self.closed_trades,
            "wins": self.wins,
            "realized": float(round(self.realized, 8)),
            "limiter": dict(self.limiter),
            "loop_lag_ms": round(self.loop_lag_ms, 1),
            "time": iso(self.at_ms),
            "next_cycle": iso(self.next_cycle_ms) if self.next_cycle_ms else None,
        }


def _decision_document(decision: Decision) -> dict[str, Any]:
    return {
        "symbol": decision.symbol,
        "action": decision.action,
        "confidence": round(decision.confidence, 4),
        "reason": decision.reason,
        "verdict": decision.verdict,
        "reasons": list(decision.reasons),
    }
