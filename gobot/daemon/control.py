"""The operator's commands, one method each.  Every door (socket, Telegram, web) goes through here and nowhere else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from gobot.core import UsageError
from gobot.daemon.snapshot import Snapshot


class Operable(Protocol):
    """What can be operated: the orchestrator."""

    def snapshot(self) -> Snapshot:
        """The present state."""

    def recent_trades(self, limit: int) -> Sequence[dict[str, Any]]:
        """The newest closed trades, newest last, as documents."""

    def risk_document(self) -> dict[str, Any]:
        """Breaker, limits and where they stand."""

    async def explain_risk(self, symbol: str, side: str, size: float | None) -> list[dict[str, Any]]:
        """What every check says now about an entry, as documents."""

    def pause(self, reason: str) -> None:
        """Stop entries until resumed."""

    def resume(self, reason: str) -> None:
        """Allow entries again."""

    def request_stop(self, reason: str) -> None:
        """Finish the step at hand, save and end."""

    def reset_breaker(self, reason: str) -> str:
        """Close the breaker and lift a latched stop; returns what it was."""

    async def close_position(self, symbol: str, reason: str) -> str:
        """Close one position at market; returns a sentence."""

    async def close_all(self, reason: str) -> str:
        """Close every position at market; returns a sentence."""


class Control:
    """Commands in, sentences and documents out.  ``by`` names who asked ("cli", "telegram:1234"), for the log."""

    def __init__(self, daemon: Operable) -> None:
        self._daemon = daemon

    def snapshot(self) -> Snapshot:
        """The present state."""
        return self._daemon.snapshot()

    def trades(self, limit: int = 20) -> Sequence[dict[str, Any]]:
        """The newest closed trades as documents, newest last."""
        return self._daemon.recent_trades(limit)

    def risk(self) -> dict[str, Any]:
        """Breaker, limits and where they stand."""
        return self._daemon.risk_document()

    async def explain_risk(self, symbol: str, side: str, size: float | None = None) -> list[dict[str, Any]]:
        """What every check says now about an entry of ``size`` USDT (as the settings have it by default)."""
        return await self._daemon.explain_risk(symbol, side, size)

    def pause(self, by: str, reason: str = "") -> str:
        """Stop entries; what is open stays protected."""
        self._daemon.pause(reason or f"paused by {by}")
        return "Paused: no new entries. What is open stays protected."

    def resume(self, by: str) -> str:
        """Allow entries again."""
        self._daemon.resume(f"resumed by {by}")
        return "Resumed: entries are allowed again."

    def stop(self, by: str) -> str:
        """End the daemon after the step at hand; protection stays on the venue."""
        self._daemon.request_stop(f"operator_stop: asked by {by}")
        return "Stopping after the step at hand. Protective stops stay in place."

    def reset_breaker(self, by: str, reason: str) -> str:
        """Close the breaker; a written reason is required.  Raises `UsageError` without one."""
        if not reason.strip():
            raise UsageError(
                "a reset needs a reason: say why trading is safe again, such as --reason 'data feed fixed'"
            )
        before = self._daemon.reset_breaker(f"{reason.strip()} (by {by})")
        return f"Breaker reset; it was {before}."

    async def close(self, by: str, symbol: str) -> str:
        """Close one position at market."""
        return await self._daemon.close_position(symbol, f"closed by {by}")

    async def close_all(self, by: str) -> str:
        """Close every position at market."""
        return await self._daemon.close_all(f"closed by {by}")
