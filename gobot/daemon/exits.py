"""Why a run ends or pauses: named reasons, decided by one pure function."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gobot.core import DAY_MS
from gobot.settings.trading import OrchestratorSettings


class ExitReason(StrEnum):
    """Every way a run can end, as written to ``state/progress.json``, the log and Telegram."""

    DAILY_PROFIT_TARGET = "daily_profit_target"
    MAX_DAILY_LOSS = "max_daily_loss"
    ITERATIONS = "iterations_used_up"
    OPERATOR_STOP = "operator_stop"
    EMERGENCY_STOP = "emergency_stop"
    SIGNAL = "signal"
    DATA_ENDED = "data_ended"
    ERROR = "error"

    @property
    def completes(self) -> bool:
        """Whether the run is over, so that the next start begins a new one instead of going on."""
        return self in (
            ExitReason.DAILY_PROFIT_TARGET,
            ExitReason.MAX_DAILY_LOSS,
            ExitReason.ITERATIONS,
            ExitReason.DATA_ENDED,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """End the run now."""

    reason: ExitReason
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseUntil:
    """Stop entries until ``until_ms``."""

    reason: ExitReason
    sentence: str
    until_ms: int


def exit_decision(
    *, now_ms: int, iteration: int, day_pnl: float, settings: OrchestratorSettings, limit: int
) -> Exit | PauseUntil | None:
    """What the numbers after a cycle call for.

    ``day_pnl`` is the change of equity since 00:00 UTC, USDT; ``limit`` the cycles of this run, 0 for no limit.
    Used-up iterations win over a pause: a run that is over does not wait for tomorrow.
    """
    targets = settings.completion_targets
    if limit and iteration >= limit:
        return Exit(reason=ExitReason.ITERATIONS, sentence=f"All {limit} cycles of this run are done.")
    if day_pnl >= targets.daily_profit_target:
        reached = ExitReason.DAILY_PROFIT_TARGET
        sentence = f"Profit of the day {day_pnl:,.2f} USDT reached the target of {targets.daily_profit_target:,.2f}."
    elif day_pnl <= targets.max_daily_loss:
        reached = ExitReason.MAX_DAILY_LOSS
        sentence = f"Loss of the day {day_pnl:,.2f} USDT reached the limit of {targets.max_daily_loss:,.2f}."
    else:
        return None
    if settings.on_target == "exit":
        return Exit(reason=reached, sentence=sentence)
    return PauseUntil(reason=reached, sentence=sentence, until_ms=now_ms - now_ms % DAY_MS + DAY_MS)
