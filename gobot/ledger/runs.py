"""Runs: every start of the daemon, and why it ended."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, func, insert, select, update

from gobot.ledger.schema import runs


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """One start of the daemon.  A run without ``ended_ms`` is running now or was killed."""

    id: int
    mode: str
    version: str
    strategy: str
    branch: str
    started_ms: int
    ended_ms: int | None
    reason: str | None


_NEWEST = select(runs).order_by(runs.c.id.desc()).limit(bindparam("limit"))
_FIRST_START = select(func.coalesce(func.min(runs.c.started_ms), 0))
_END = (
    update(runs)
    .where(runs.c.id == bindparam("run_id"), runs.c.ended_ms.is_(None))
    .values(ended_ms=bindparam("at_ms"), reason=bindparam("why"))
)


def start(connection: Connection, *, mode: str, version: str, strategy: str, branch: str, at_ms: int) -> int:
    """Note a start; returns the run's number."""
    values = {"mode": mode, "version": version, "strategy": strategy, "branch": branch, "started_ms": at_ms}
    return int(connection.execute(insert(runs).returning(runs.c.id), values).scalar_one())


def end(connection: Connection, run_id: int, reason: str, at_ms: int) -> None:
    """Note an end; the first reason stays."""
    connection.execute(_END, {"run_id": run_id, "why": reason, "at_ms": at_ms})


def newest(connection: Connection, limit: int) -> list[RunRow]:
    """The newest ``limit`` runs, oldest first."""
    return [RunRow(**row) for row in connection.execute(_NEWEST, {"limit": limit}).mappings()][::-1]


def first_start(connection: Connection) -> int:
    """When the ledger began, ms; 0 if no run was ever noted."""
    return int(connection.execute(_FIRST_START).scalar_one())
