"""Steps that may fail: what goes wrong is noted and told, and ends nothing but the step."""

from __future__ import annotations

import time
from collections.abc import Coroutine
from typing import Any

from loguru import logger

from gobot.core import GobotError, StateError
from gobot.daemon.events import ErrorHappened, LoopSlowed, StepWorks
from gobot.daemon.house import House
from gobot.daemon.logbook import Logbook
from gobot.daemon.progress import IDLE
from gobot.daemon.tuning import Tuning

CYCLE = "cycle"
"""The step whose failures are counted: several in a row slow the loop down."""
# What keeps failing is told this often (ms).
_TOLD_AGAIN_MS = 900_000


class Attempts:
    """Makes the steps of the daemon, one call each, and remembers which of them fail."""

    def __init__(self, house: House, tuning: Tuning, logbook: Logbook) -> None:
        self._house = house
        self._tuning = tuning
        self._logbook = logbook
        self._began = time.monotonic()
        # What keeps failing, how, when that was told last, and since when it does (ms).
        self._ailing: dict[str, tuple[type[Exception], int, int]] = {}

    async def make(self, where: str, work: Coroutine[Any, Any, object]) -> bool:
        """Await ``work``, the step of the name ``where``; whether it went well.

        Raises `StateError`: without its memory the daemon must not trade, better down and seen than up and forgetful.
        """
        self._began = time.monotonic()
        try:
            await work
        except StateError as error:
            logger.critical("state cannot be kept", where=where, error=str(error))
            raise
        except GobotError as error:
            if self._is_news(where, type(error)):
                logger.error("a step failed", where=where, error=str(error))
                self._failed(where, str(error))
            return False
        except Exception as error:  # noqa: BLE001  # a bug in one step must not leave open positions unwatched
            logger.opt(exception=error).error("a step failed", where=where)
            self._failed(where, f"{type(error).__name__}: {error}")
            return False
        self._worked(where)
        return True

    def ails(self, where: str) -> bool:
        """Whether the step failed last time, for a reason that lies outside of gobot."""
        return where in self._ailing

    def seconds_at_one_step(self) -> float:
        """How long ago a step last began: grows without end only when one hangs or none is started."""
        return time.monotonic() - self._began

    def _worked(self, where: str) -> None:
        if where in self._ailing:
            at_ms = self._house.clock.now_ms()
            seconds = (at_ms - self._ailing.pop(where)[2]) / 1000
            logger.info("a step works again", where=where, seconds=round(seconds))
            self._house.announcer.publish(StepWorks(at_ms=at_ms, where=where, seconds=seconds))
        if where == CYCLE:
            self._logbook.succeeded()

    def _is_news(self, where: str, kind: type[Exception]) -> bool:
        """Whether a failure has to be told: what fails every few seconds in the same way is told now and then.

        Failures of a cycle are counted, and slow it down; all of them are news.
        """
        now = self._house.clock.now_ms()
        known, told_ms, since_ms = self._ailing.get(where, (None, 0, now))
        if where != CYCLE and known is kind and now - told_ms < _TOLD_AGAIN_MS:
            return False
        self._ailing[where] = kind, now, since_ms
        return True

    def _failed(self, where: str, message: str) -> None:
        """Note a failure; a failed cycle is over, and several in a row slow the loop down."""
        at_ms, settings = self._house.clock.now_ms(), self._tuning.trading.orchestrator
        if where != CYCLE:
            self._logbook.checkpoint(last_error=f"{where}: {message}")
            self._house.announcer.publish(ErrorHappened(at_ms=at_ms, where=where, message=message))
            return
        interval_ms = settings.loop_interval * 1000
        patience = settings.stagnation_cycles
        count = self._logbook.failed(where, message, at_ms=at_ms, interval_ms=interval_ms, patience=patience)
        self._logbook.checkpoint(phase=IDLE)
        self._house.announcer.publish(ErrorHappened(at_ms=at_ms, where=where, message=message, repeated=count))
        if count >= patience:
            due = self._logbook.progress.retry_after_ms
            logger.warning("the loop slows down", failures=count, next_cycle_ms=due)
            self._house.announcer.publish(LoopSlowed(at_ms=at_ms, failures=count, next_cycle_ms=due, message=message))
