"""What the loop knows about itself: written after every phase, read at the next start.

``state/progress.json`` is the loop's memory, not the truth about money (that is the ledger).  It says which cycle was
at work in which phase, so that a start after ``kill -9`` goes on exactly there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from gobot.core import StateError
from gobot.ledger import Ledger

PROGRESS_SCHEMA = 1
IDLE = "idle"
PHASES = ("scan", "idea", "adjust", "validate", "report")


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The loop's place.

    ``cycle`` counts for ever, ``iteration`` within the present ``session`` of at most ``max_iterations``.  ``phase`` is
    the one at work, ``idle`` between cycles; ``cycle_ms`` is when the cycle at work (or the last one) began.
    ``paused_until_ms`` 0 with a ``paused`` reason means until an operator resumes.  ``hindsight`` is what the last look
    back on a day has found.
    """

    mode: str
    branch: str
    cycle: int = 0
    iteration: int = 0
    max_iterations: int = 0
    session: int = 0
    phase: str = IDLE
    cycle_ms: int = 0
    now_ms: int = 0
    paused: str = ""
    paused_until_ms: int = 0
    exit_reason: str = ""
    exit_sentence: str = ""
    last_error: str = ""
    last_error_count: int = 0
    retry_after_ms: int = 0
    last_summary_day: str = ""
    hindsight: str = ""

    @property
    def in_cycle(self) -> bool:
        """Whether a cycle was begun and not finished."""
        return self.phase != IDLE

    def document(self) -> dict[str, Any]:
        """The JSON form."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Progress:
        """Read it back.  Raises `StateError` when the document is not one of ours."""
        known = {f.name for f in fields(cls)}
        if not {"mode", "branch"} <= set(document) <= known:
            raise StateError("progress.json is not in the form this version writes: set it aside and start again")
        return cls(**document)

    @classmethod
    def from_ledger(cls, ledger: Ledger) -> Progress | None:
        """The place as far as the ledger knows it, for when the file is lost; None before the first cycle.

        The session is forgotten, the cycle is not: one that never finished is taken up again.
        """
        row = ledger.cycle(ledger.last_cycle())
        if row is None:
            return None
        run = ledger.runs(limit=1)[0]
        unfinished = row.finished_ms is None
        return cls(
            mode=run.mode,
            branch=run.branch,
            cycle=row.cycle,
            phase=PHASES[0] if unfinished else IDLE,
            cycle_ms=row.started_ms,
            now_ms=row.started_ms,
        )

    def fresh_session(self, *, max_iterations: int) -> Progress:
        """A new session from here: iterations count from zero, the cycle number goes on."""
        return replace(
            self, session=self.session + 1, iteration=0, max_iterations=max_iterations, exit_reason="", exit_sentence=""
        )
