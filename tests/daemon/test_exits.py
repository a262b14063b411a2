"""Each exit has a name, and the day's limits either pause until tomorrow or end the run."""

from __future__ import annotations

import pytest

from gobot.core import DAY_MS
from gobot.daemon.exits import Exit, ExitReason, PauseUntil, exit_decision
from gobot.settings.trading import OrchestratorSettings

NOON = 20_000 * DAY_MS + DAY_MS // 2
PAUSES = OrchestratorSettings()
EXITS = OrchestratorSettings(on_target="exit")


@pytest.mark.parametrize(
    ("iteration", "day_pnl", "limit", "settings", "expected"),
    [
        (3, 0.0, 50, PAUSES, None),
        (50, 0.0, 50, PAUSES, ExitReason.ITERATIONS),
        (10_000, 0.0, 0, PAUSES, None),
        (3, 49.99, 50, EXITS, None),
        (3, 50.0, 50, EXITS, ExitReason.DAILY_PROFIT_TARGET),
        (3, -99.99, 50, EXITS, None),
        (3, -100.0, 50, EXITS, ExitReason.MAX_DAILY_LOSS),
        (50, 50.0, 50, PAUSES, ExitReason.ITERATIONS),
    ],
)
def test_exit(iteration, day_pnl, limit, settings, expected) -> None:
    decision = exit_decision(now_ms=NOON, iteration=iteration, day_pnl=day_pnl, settings=settings, limit=limit)
    if expected is None:
        assert decision is None
    else:
        assert isinstance(decision, Exit)
        assert decision.reason is expected
        assert decision.sentence.endswith(".")


@pytest.mark.parametrize("pnl", [75.0, -130.0])
def test_pause_lasts_until_the_next_utc_day(pnl: float) -> None:
    decision = exit_decision(now_ms=NOON, iteration=1, day_pnl=pnl, settings=PAUSES, limit=0)
    assert isinstance(decision, PauseUntil)
    assert decision.until_ms == 20_001 * DAY_MS


def test_only_finished_runs_start_afresh() -> None:
    assert not ExitReason.SIGNAL.completes
    assert not ExitReason.OPERATOR_STOP.completes
    assert not ExitReason.EMERGENCY_STOP.completes
    assert ExitReason.ITERATIONS.completes
