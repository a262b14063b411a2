"""The loop's place survives a round trip, and a foreign document is refused."""

from __future__ import annotations

import orjson
import pytest

from gobot.core import StateError
from gobot.daemon.progress import Progress


def test_round_trip_keeps_everything() -> None:
    progress = Progress(
        mode="sim",
        branch="sma_cross-1",
        cycle=7,
        iteration=3,
        max_iterations=50,
        session=2,
        phase="validate",
        cycle_ms=900_005_000,
        now_ms=900_006_000,
        last_error="x",
    )
    assert Progress.from_document(orjson.loads(orjson.dumps(progress.document()))) == progress
    assert progress.in_cycle


@pytest.mark.parametrize("document", [{}, {"mode": "sim"}, {"mode": "sim", "branch": "b", "new": 1}])
def test_a_foreign_document_is_refused(document) -> None:
    with pytest.raises(StateError):
        Progress.from_document(document)


def test_a_fresh_session_counts_from_zero_but_cycles_go_on() -> None:
    fresh = Progress(
        mode="sim", branch="b", cycle=50, iteration=50, session=1, exit_reason="iterations_used_up"
    ).fresh_session(max_iterations=9)
    assert (fresh.cycle, fresh.iteration, fresh.session, fresh.exit_reason, fresh.max_iterations) == (50, 0, 2, "", 9)
