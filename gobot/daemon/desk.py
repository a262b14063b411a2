"""The risk desk: the daemon's keeper of `RiskState`, which is on disk before anything acts on it."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from loguru import logger

from gobot.core import Clock
from gobot.daemon.events import Announcer, BreakerChanged
from gobot.daemon.funds import Funds, Movement
from gobot.memory import JsonFile
from gobot.risk import Risk, RiskEvent, RiskState, SteadyClock

LATCHED = "latched"


class RiskDesk:
    """Folds events into the state, saves it, and tells when the breaker moves.

    ``folded_cycle`` is the last cycle whose orders were counted: after a crash they are counted once all the same.
    """

    def __init__(self, file: JsonFile, clock: Clock, announcer: Announcer) -> None:
        self.file = file
        self._clock = clock
        self._steady = SteadyClock(clock)
        self._announcer = announcer
        self.state = RiskState()
        self.folded_cycle = 0
        self.funds = Funds()
        self._told = "closed"

    def load(self, *, expected: bool) -> None:
        """Read ``state/risk.json``.

        ``expected`` says that there must have been one: its absence then fails closed, as damage does.
        """
        document = self.file.read()
        if document is not None:
            self.folded_cycle = int(document.pop("folded_cycle", 0))
            base = document.pop("funds", None)
            self.funds = Funds(None if base is None else Decimal(base))
            self.state = RiskState.from_document(document)
        elif expected:
            self.state = RiskState.unreadable(f"{self.file.path.name} is gone")
        self._told = self.label

    @property
    def label(self) -> str:
        """``closed``, ``open``, ``half_open`` or ``latched``."""
        return LATCHED if self.state.latched else self.state.breaker.phase(self.steady_ms).value

    @property
    def reason(self) -> str:
        """Why the label is not ``closed``; empty when it is."""
        return "" if self.label == "closed" else self.state.latched or self.state.breaker.reason

    @property
    def steady_ms(self) -> int:
        """The present on the clock that cooldowns run on."""
        return self._steady.now_ms()

    def fold(self, risk: Risk, events: Iterable[RiskEvent], *, cycle: int | None = None) -> None:
        """Take the events in, save, then tell.  With ``cycle``, only if that cycle was not counted before."""
        if cycle is not None and cycle <= self.folded_cycle:
            return
        before = self._document()
        for event in events:
            self.state = risk.observe(self.state, event, steady_ms=self.steady_ms)
        if cycle is not None:
            self.folded_cycle = cycle
        if self._document() != before:
            self._save()
        self.tell()

    def weigh(self, risk: Risk, event: RiskEvent) -> None:
        """Take an event in without saving: for a disk that refuses, when what follows from it cannot wait."""
        self.state = risk.observe(self.state, event, steady_ms=self.steady_ms)
        self.tell()

    def see_funds(self, wallet: Decimal, explained: Decimal) -> Movement | None:
        """Money paid in or out since the last look; what is taken note of is on disk when this returns."""
        before = self.funds.base
        movement = self.funds.see(wallet, explained)
        if self.funds.base != before:
            self._save()
        return movement

    def _document(self) -> dict[str, Any]:
        base = None if self.funds.base is None else str(self.funds.base)
        return {**self.state.document(), "folded_cycle": self.folded_cycle, "funds": base}

    def _save(self) -> None:
        self.file.write(self._document())

    def tell(self) -> None:
        """Publish a change of the label since the last call; time alone changes it too."""
        if self.label == self._told:
            return
        logger.warning("breaker moved", old=self._told, new=self.label, reason=self.reason)
        self._announcer.publish(
            BreakerChanged(at_ms=self._clock.now_ms(), old=self._told, new=self.label, reason=self.reason)
        )
        self._told = self.label

    def document(self) -> dict[str, Any]:
        """For ``gobot risk``."""
        return {"breaker": self.label, "reason": self.reason, **self.state.document()}
