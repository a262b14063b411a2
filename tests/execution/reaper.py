"""Death at a chosen moment: between any two commits and calls of the daemon."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from scripted_venue import ScriptedVenue

from gobot.ledger import Ledger

_WRITES = ("create", "cancel", "set_leverage")


class Killed(BaseException):
    """The process is gone; nobody catches it."""


@dataclass
class Reaper:
    """Counts the moments at which a process can be killed, and kills at those in ``at``."""

    at: Sequence[int] = ()
    moment: int = 0
    seen: list[str] = field(default_factory=list)

    def __call__(self, what: str) -> None:
        self.moment += 1
        self.seen.append(what)
        if self.moment in self.at:
            raise Killed(what)

    def watch_ledger(self, ledger: Ledger) -> None:
        """A moment before and after each commit that changes something."""
        transaction = ledger._transaction

        @contextmanager
        def watched() -> Iterator:
            with transaction() as connection:
                driver = connection.connection.dbapi_connection
                before = driver.total_changes
                yield connection
                writes = driver.total_changes != before
                if writes:
                    self("before a commit")
            if writes:
                self("after a commit")

        ledger._transaction = watched

    def watch_venue(self, venue: ScriptedVenue) -> ScriptedVenue:
        """A moment before each call, and another after each that writes."""
        return _Watched(venue, self)


class _Watched:
    def __init__(self, venue: ScriptedVenue, reaper: Reaper) -> None:
        self._venue = venue
        self._reaper = reaper

    def __getattr__(self, name: str):
        found = getattr(self._venue, name)
        if not inspect.iscoroutinefunction(found):
            return found

        async def call(*args, **options):
            self._reaper(f"before {name}")
            try:
                return await found(*args, **options)
            finally:
                if name in _WRITES:
                    self._reaper(f"after {name}")

        return call
