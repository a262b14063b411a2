"""The circuit breaker of trading: CLOSED → OPEN → HALF_OPEN → CLOSED.

Violations of rules and failed orders, several in a row, open it.  After a pause it is half open and lets exactly
one probe trade of reduced size through at a time: a win closes it, a loss opens it again for twice as long.
Nothing else closes it but an operator.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from gobot.settings.trading import RiskManagerSettings

_MINUTE_MS = 60_000
Count = Annotated[int, Field(ge=0)]


class Phase(StrEnum):
    """What the breaker lets through."""

    CLOSED = "closed"
    """Everything."""
    OPEN = "open"
    """Nothing."""
    HALF_OPEN = "half_open"
    """One probe at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """The one trade that decides: the entry in ``symbol`` that was approved in ``cycle``."""

    symbol: str
    cycle: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """Where the breaker stands; every method returns the next one.

    ``strikes`` counts violations and failed orders in a row while closed, ``trips`` lost probes and the first
    opening, ``until_ms`` is when an open breaker may probe (steady clock), None while it is closed.
    """

    strikes: Count = 0
    trips: Count = 0
    until_ms: int | None = None
    probe: Probe | None = None
    reason: str = ""

    def phase(self, steady_ms: int) -> Phase:
        """The phase at ``steady_ms``; only time turns OPEN into HALF_OPEN."""
        if self.until_ms is None:
            return Phase.CLOSED
        return Phase.OPEN if steady_ms < self.until_ms else Phase.HALF_OPEN

    def struck(self, reason: str, settings: RiskManagerSettings, steady_ms: int) -> Breaker:
        """After a violation or a failed order: the last of several in a row opens it, any reopens a half-open one."""
        phase = self.phase(steady_ms)
        if phase is Phase.OPEN:
            return self
        if phase is Phase.HALF_OPEN:
            return self._opened(self.trips, reason, settings, steady_ms)
        strikes = self.strikes + 1
        if strikes < settings.circuit_breaker_threshold:
            return replace(self, strikes=strikes)
        return self._opened(1, f"{strikes} in a row, the last: {reason}", settings, steady_ms)

    def calmed(self) -> Breaker:
        """After an order that succeeded: the run of failures is broken.  It closes nothing."""
        return replace(self, strikes=0) if self.until_ms is None else self

    def probing(self, probe: Probe) -> Breaker:
        """With ``probe`` on its way."""
        return replace(self, probe=probe)

    def without_probe(self, probe: Probe) -> Breaker:
        """After ``probe`` came to nothing: no order was filled, so nothing was learned."""
        return replace(self, probe=None) if self.probe == probe else self

    def probed(self, *, won: bool, lost: bool, settings: RiskManagerSettings, steady_ms: int) -> Breaker:
        """After the probe trade has ended.  Its result counts only if the breaker is still half open."""
        if self.phase(steady_ms) is Phase.HALF_OPEN:
            if won:
                return Breaker()
            if lost:
                opened = self._opened(self.trips + 1, "the probe trade lost", settings, steady_ms)
                return replace(opened, probe=None)
        return replace(self, probe=None)

    def _opened(self, trips: int, reason: str, settings: RiskManagerSettings, steady_ms: int) -> Breaker:
        # The exponent is bounded so that a breaker that never recovers does not grow a number without end.
        longest = max(settings.recovery_timeout_minutes, settings.max_recovery_timeout_minutes)
        minutes = min(settings.recovery_timeout_minutes * 2 ** min(trips - 1, 32), longest)
        until_ms = steady_ms + round(minutes * _MINUTE_MS)
        return replace(self, strikes=0, trips=trips, until_ms=until_ms, reason=reason)
