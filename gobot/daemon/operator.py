"""What an operator can see and do: `Operable` over the orchestrator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from loguru import logger

from gobot.core import Direction, UsageError, exact
from gobot.daemon.exits import ExitReason
from gobot.daemon.orchestrator import Orchestrator
from gobot.daemon.snapshot import Snapshot
from gobot.execution import Executed
from gobot.risk import OperatorReset


class Operator:
    """Answers questions from memory and carries out commands between two steps of the loop.

    ``next_cycle`` says when the driver has the next cycle due (ms UTC).
    """

    def __init__(self, orchestrator: Orchestrator, next_cycle: Callable[[], int]) -> None:
        self._orchestrator = orchestrator
        self._next_cycle = next_cycle
        self._lag_ms = 0.0

    def note_lag(self, milliseconds: float) -> None:
        """Take in how late the event loop just was; the worst one fades slowly, so that it is seen."""
        self._lag_ms = max(milliseconds, self._lag_ms * 0.95)

    def snapshot(self) -> Snapshot:
        """The present state."""
        return self._orchestrator.snapshot(next_cycle_ms=self._next_cycle(), loop_lag_ms=self._lag_ms)

    def status_line(self) -> str:
        """One line for the service manager."""
        now = self.snapshot()
        return (
            f"cycle {now.cycle} {now.phase}, equity {now.equity:,.2f} USDT, {len(now.positions)} open, "
            f"breaker {now.breaker}{', paused' if now.paused else ''}"
        )

    def recent_trades(self, limit: int) -> Sequence[dict[str, Any]]:
        """The newest closed trades as documents, newest last."""
        return [trade.document() for trade in self._orchestrator.house.ledger.closed_trades(limit=limit)]

    def risk_document(self) -> dict[str, Any]:
        """Breaker, limits and where they stand."""
        return self._orchestrator.house.desk.document()

    async def explain_risk(self, symbol: str, side: str, size: float | None) -> list[dict[str, Any]]:
        """What every check says now about an entry, as documents.  Raises `UsageError` for an unknown side or size."""
        if side not in set(Direction):
            raise UsageError(f"{side!r} is no side: name long or short")
        if size is not None and not 0 < size < 1e12:
            raise UsageError(f"a size is an amount of USDT above zero, not {size}")
        found = await self._orchestrator.explain(symbol, Direction(side), None if size is None else exact(size))
        return [{"passed": not finding.refusal, **asdict(finding)} for finding in found]

    def pause(self, reason: str) -> None:
        """Stop entries until resumed."""
        self._orchestrator.pause(reason)

    def resume(self, reason: str) -> None:
        """Allow entries again."""
        self._orchestrator.resume(reason)

    def request_stop(self, reason: str) -> None:
        """Finish the step at hand, save and end; ``reason`` begins with the name of the exit."""
        name, _, sentence = reason.partition(": ")
        self._orchestrator.end(ExitReason(name), sentence)

    def reset_breaker(self, reason: str) -> str:
        """Close the breaker and lift a latched stop; returns what it was."""
        loop = self._orchestrator
        before = loop.house.desk.label
        logger.warning("breaker reset by operator", was=before, reason=reason)
        loop.house.desk.fold(loop.tuning.risk, [OperatorReset(at_ms=loop.house.clock.now_ms(), reason=reason)])
        return before

    async def close_position(self, symbol: str, reason: str) -> str:
        """Close one position at market.  Raises `UsageError` when there is none."""
        if symbol not in {position.symbol for position in self._orchestrator.picture.positions}:
            raise UsageError(f"there is no open position in {symbol}: `gobot positions` lists them")
        return _sentences(await self._orchestrator.close(symbol, reason))

    async def close_all(self, reason: str) -> str:
        """Close every position at market."""
        if not self._orchestrator.picture.positions:
            return "There is nothing to close."
        return _sentences(await self._orchestrator.close(None, reason))


def _sentences(executed: Executed) -> str:
    """What came of closing, for the operator."""
    return "; ".join(outcome.sentence for outcome in executed.outcomes) or "Nothing of gobot's own was open."
