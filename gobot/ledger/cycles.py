"""Cycles: how far each has come, what it decided and what the account was worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Literal

import orjson
from sqlalchemy import Connection, RowMapping, bindparam, func, insert, select, update

from gobot.ledger.schema import cycles
from gobot.ledger.words import CyclePhase

KEEP_DECISIONS = 1000
"""Cycles whose decisions are kept word by word; of older ones the counts and the equity stay."""

MAX_DECISIONS = 200
"""Decisions kept of one cycle."""

_MAX_WORDS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What was thought of one symbol in one cycle, and what risk said about it.

    ``reason`` is the strategy's, ``reasons`` are those of every check that refused.
    """

    symbol: str
    action: str
    confidence: float
    strategy: str
    branch: str
    reason: str
    verdict: Literal["approved", "refused", "hold"]
    reasons: tuple[str, ...] = ()
    regime: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleRow:
    """One cycle.  ``ideas`` counts all its decisions but holds, ``refusals`` those that risk refused.

    ``decisions`` are empty for cycles that are older than the newest `KEEP_DECISIONS`.
    """

    cycle: int
    candle_ms: int
    phase: CyclePhase
    started_ms: int
    decided_ms: int | None
    finished_ms: int | None
    equity: Decimal | None
    ideas: int
    refusals: int
    decisions: tuple[Decision, ...]


_ONE = select(cycles).where(cycles.c.cycle == bindparam("number"))
_LAST = select(func.coalesce(func.max(cycles.c.cycle), 0))
_NEWEST = select(cycles).order_by(cycles.c.cycle.desc()).limit(bindparam("limit"))
_CURVE = select(cycles.c.finished_ms, cycles.c.equity).where(cycles.c.equity.is_not(None)).order_by(cycles.c.cycle)
_CHANGE = update(cycles).where(cycles.c.cycle == bindparam("number"))
_FORGET = _CHANGE.values(decisions=None)


def begin(connection: Connection, cycle: int, candle_ms: int, at_ms: int) -> None:
    """Note that a cycle has started; one that is already known stays as it is."""
    if find(connection, cycle) is not None:
        return
    connection.execute(
        insert(cycles),
        {
            "cycle": cycle,
            "candle_ms": candle_ms,
            "phase": CyclePhase.STARTED,
            "started_ms": at_ms,
            "ideas": 0,
            "refusals": 0,
        },
    )


def decide(connection: Connection, cycle: int, at_ms: int, decisions: Sequence[Decision]) -> None:
    """Note what a cycle that has begun decided."""
    ideas = [decision for decision in decisions if decision.verdict != "hold"]
    connection.execute(
        _CHANGE,
        {
            "number": cycle,
            "phase": CyclePhase.DECIDED,
            "decided_ms": at_ms,
            "ideas": len(ideas),
            "refusals": sum(decision.verdict == "refused" for decision in ideas),
            "decisions": _packed([*ideas, *(d for d in decisions if d.verdict == "hold")]),
        },
    )
    connection.execute(_FORGET, {"number": cycle - KEEP_DECISIONS})


def finish(connection: Connection, cycle: int, at_ms: int, equity: Decimal | None) -> None:
    """Note that a cycle has come to its end."""
    values = {"phase": CyclePhase.FINISHED, "finished_ms": at_ms, "equity": equity}
    connection.execute(_CHANGE, {"number": cycle, **values})


def find(connection: Connection, cycle: int) -> CycleRow | None:
    """One cycle, None if it has not begun."""
    row = connection.execute(_ONE, {"number": cycle}).mappings().one_or_none()
    return None if row is None else _cycle(row)


def last(connection: Connection) -> int:
    """The number of the newest cycle, 0 before the first."""
    return int(connection.execute(_LAST).scalar_one())


def newest(connection: Connection, limit: int) -> list[CycleRow]:
    """The newest ``limit`` cycles, oldest first."""
    return [_cycle(row) for row in connection.execute(_NEWEST, {"limit": limit}).mappings()][::-1]


def equity_curve(connection: Connection) -> list[tuple[int, Decimal]]:
    """Time and equity of every finished cycle that knew it, oldest first."""
    return [(row.finished_ms, row.equity) for row in connection.execute(_CURVE)]


def _packed(decisions: Sequence[Decision]) -> str:
    """JSON of the decisions, bounded in number and in words."""
    kept = [asdict(decision) for decision in decisions[:MAX_DECISIONS]]
    for words in kept:
        words["reason"] = words["reason"][:_MAX_WORDS]
        words["reasons"] = [sentence[:_MAX_WORDS] for sentence in words["reasons"]]
    return orjson.dumps(kept).decode()


def _cycle(row: RowMapping) -> CycleRow:
    kept = orjson.loads(row["decisions"] or "[]")
    decisions = tuple(Decision(**{**words, "reasons": tuple(words["reasons"])}) for words in kept)
    return CycleRow(**{**row, "decisions": decisions})
