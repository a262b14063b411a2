"""What risk remembers, and how it survives a restart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, ClassVar

import orjson
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from gobot.core import ZERO
from gobot.risk.breaker import Breaker, Count

SCHEMA = 1
"""Version of the document that `RiskState.document` writes."""

_HISTORY = 50
# Trades open at the same time are few; this bounds what a lost state file could make us list.
_MAX_UNCOUNTED = 1000
# More than the symbols that gobot trades at most.
_MAX_STOP_OUTS = 2000
Money = Annotated[Decimal, Field(allow_inf_nan=False)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something an operator should be able to look up: what changed, when (ms UTC) and why."""

    at_ms: int
    what: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StopOut:
    """A position in ``symbol`` was stopped out at ``at_ms`` (steady clock)."""

    symbol: str
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskState:
    """The memory of risk.  Money in USDT; ``*_until_ms`` by the steady clock.

    ``latched`` is the reason of an emergency stop, empty without one.  ``base_equity`` is what the portfolio stop is
    measured from: the first mark ever, or the last one before an operator's reset.  ``stop_outs`` holds the latest of
    each symbol that may still be cooling down, by the steady clock.  ``counted_to`` and ``uncounted`` say which
    trades have been counted: all up to the first, except those in the second, which were still open.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    breaker: Breaker = field(default_factory=Breaker)
    latched: str = ""
    losses_in_row: Count = 0
    cooldown_until_ms: int | None = None
    equity: Money | None = None
    peak_equity: Money | None = None
    base_equity: Money | None = None
    day: str = ""
    day_start_equity: Money | None = None
    counted_to: Count = 0
    uncounted: tuple[int, ...] = ()
    stop_outs: tuple[StopOut, ...] = ()
    last_reset: str = ""
    history: tuple[Change, ...] = ()

    @property
    def drawdown_pct(self) -> float | None:
        """Fall of the last marked equity from its peak, percent; None before the first mark."""
        return None if self.equity is None else self.drawdown_at(self.equity)

    def drawdown_at(self, equity: Decimal) -> float | None:
        """Fall of ``equity`` from the peak, percent; None before the first mark or without a peak above zero."""
        if self.peak_equity is None or self.peak_equity <= 0:
            return None
        return float(max(ZERO, (self.peak_equity - equity) / self.peak_equity * 100))

    def stopped_out(self, symbol: str, at_ms: int, *, since_ms: int) -> RiskState:
        """The state with a stop-out; those before ``since_ms`` no longer matter and are forgotten."""
        kept = (other for other in self.stop_outs if other.symbol != symbol and other.at_ms > since_ms)
        return replace(self, stop_outs=(*kept, StopOut(symbol=symbol, at_ms=at_ms))[-_MAX_STOP_OUTS:])

    def counted(self, trade_id: int) -> RiskState | None:
        """The state with ``trade_id`` counted, None if it was already: each trade counts once, in any order."""
        if trade_id in self.uncounted:
            return replace(self, uncounted=tuple(other for other in self.uncounted if other != trade_id))
        if trade_id <= self.counted_to:
            return None
        still_open = range(max(self.counted_to + 1, trade_id - _MAX_UNCOUNTED), trade_id)
        return replace(self, counted_to=trade_id, uncounted=(*self.uncounted, *still_open)[-_MAX_UNCOUNTED:])

    def noted(self, at_ms: int, what: str, why: str) -> RiskState:
        """The state with a line of history; the oldest is forgotten."""
        return replace(self, history=(*self.history, Change(at_ms=at_ms, what=what, why=why))[-_HISTORY:])

    def document(self) -> dict[str, Any]:
        """The JSON-ready form for ``state/risk.json``, money as exact text."""
        return {"schema": SCHEMA, **_adapter().dump_python(self, mode="json")}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> RiskState:
        """The state that `document` wrote.  One that is not understood fails closed: latched, with the reason."""
        content = dict(document)
        version = content.pop("schema", SCHEMA)
        if version != SCHEMA:
            return cls.unreadable(f"it has schema version {version}, this gobot knows {SCHEMA}")
        try:
            return _adapter().validate_json(orjson.dumps(content), strict=True)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            return cls.unreadable(f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}")
        except TypeError as error:  # orjson.JSONEncodeError is one
            return cls.unreadable(str(error))

    @classmethod
    def unreadable(cls, why: str) -> RiskState:
        """What to go on with when the memory is lost: no entries until an operator has looked."""
        return cls(latched=f"the memory of risk could not be read ({why})")


@cache
def _adapter() -> TypeAdapter[RiskState]:
    return TypeAdapter(RiskState)
