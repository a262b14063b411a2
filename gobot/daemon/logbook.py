"""The logbook: `Progress` and the file it lives in.  Every change is on disk before the next step begins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from loguru import logger

from gobot.core import Clock, StateError
from gobot.daemon.exits import ExitReason
from gobot.daemon.progress import Progress
from gobot.memory import JsonFile

# The longest wait between cycles while the same failure goes on, in cycles.
_SLOWEST = 16


class Logbook:
    """Keeps the loop's place.  ``describe`` gives the status document, written along for readers without a daemon."""

    def __init__(
        self, file: JsonFile, clock: Clock, progress: Progress, describe: Callable[[], Mapping[str, Any]]
    ) -> None:
        self._file = file
        self._clock = clock
        self._describe = describe
        self.progress = progress

    def checkpoint(self, **changes: Any) -> None:
        """Write the place with ``changes`` to disk.  Raises `StateError` when the disk refuses."""
        self.progress = replace(self.progress, now_ms=self._clock.now_ms(), **changes)
        self._file.write({**self._describe(), "progress": self.progress.document()})

    def begin_session(self, *, mode: str, limit: int) -> str:
        """Go on with the session that was cut short, or begin a new one; says in words where it goes on.

        A session that was completed is over; one that was stopped, or whose process died, goes on.
        Raises `StateError` when the state belongs to another mode: simulated and real money never share a ledger.
        """
        before = self.progress
        if before.mode != mode:
            raise StateError(
                f"{self._file.path}: this state belongs to mode {before.mode}, not {mode}: "
                "give each mode a home of its own with --home or paths.state"
            )
        over = bool(before.exit_reason) and ExitReason(before.exit_reason).completes
        used_up = bool(limit) and before.iteration >= limit and not before.in_cycle
        begun = replace(before, max_iterations=limit, exit_reason="", exit_sentence="")
        if before.session == 0 or over or used_up:
            begun = before.fresh_session(max_iterations=limit)
        self.progress = begun
        self.checkpoint()
        if before.in_cycle:
            return f"cycle {before.cycle} was cut short in its {before.phase} phase and is taken up again"
        return f"after cycle {before.cycle}" if before.cycle else ""

    def end(self, reason: ExitReason, sentence: str) -> None:
        """Note why the run ends; the first reason stays, and an emergency outranks all."""
        if not self.progress.exit_reason or reason is ExitReason.EMERGENCY_STOP:
            logger.info("ending", reason=reason.value, why=sentence)
            self.checkpoint(exit_reason=reason.value, exit_sentence=sentence)

    def failed(self, where: str, message: str, *, at_ms: int, interval_ms: int, patience: int) -> int:
        """Note a failed cycle; returns how often in a row.  From ``patience`` on the wait doubles each time."""
        progress = self.progress
        error = f"{where}: {message}"
        count = progress.last_error_count + 1
        wait = min(_SLOWEST, 2 ** (count - patience + 1)) if count >= patience else 0
        self.checkpoint(
            last_error=error, last_error_count=count, retry_after_ms=at_ms + wait * interval_ms if wait else 0
        )
        return count

    def succeeded(self) -> None:
        """A cycle went through: the run of failures is over.  What the last error was is still shown."""
        if self.progress.last_error_count:
            self.checkpoint(last_error_count=0, retry_after_ms=0)
