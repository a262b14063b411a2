"""Backtests that were run by hand, kept so that they can be listed and compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, RowMapping, bindparam, delete, func, insert, select

from gobot.ledger.schema import backtests

KEEP_BACKTESTS = 500
"""Backtests that are kept; the oldest make room for new ones."""

_JSON = ("params", "symbols", "settings", "metrics", "curve")


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestRow:
    """One backtest: what was run, on which candles (open times, ms UTC), under which settings, and what came of it.

    ``id`` is 0 until it is kept, ``at_ms`` when it was run.  ``metrics`` are its summary as JSON has it, ``curve`` its
    equity as times and amounts in USDT, thinned out to what a picture shows.
    """

    id: int = 0
    at_ms: int
    strategy: str
    params: Mapping[str, Any]
    symbols: Sequence[str]
    timeframe: str
    start_ms: int
    end_ms: int
    settings: Mapping[str, Any]
    metrics: Mapping[str, Any]
    curve: Sequence[tuple[int, float]]


_NEWEST = select(backtests).order_by(backtests.c.id.desc()).limit(bindparam("limit"))
_ONE = select(backtests).where(backtests.c.id == bindparam("number"))
_LAST = select(func.coalesce(func.max(backtests.c.id), 0))
_FORGET = delete(backtests).where(backtests.c.id <= bindparam("number"))


def keep(connection: Connection, row: BacktestRow) -> int:
    """Keep a backtest and forget the oldest beyond `KEEP_BACKTESTS`; returns its number, which is never used again."""
    number = int(connection.execute(_LAST).scalar_one()) + 1
    packed = {name: orjson.dumps(getattr(row, name)).decode() for name in _JSON}
    plain = {name: getattr(row, name) for name in ("at_ms", "strategy", "timeframe", "start_ms", "end_ms")}
    connection.execute(insert(backtests), {"id": number, **plain, **packed})
    connection.execute(_FORGET, {"number": number - KEEP_BACKTESTS})
    return number


def newest(connection: Connection, limit: int) -> list[BacktestRow]:
    """The newest ``limit`` backtests, oldest first."""
    return [_row(row) for row in connection.execute(_NEWEST, {"limit": limit}).mappings()][::-1]


def find(connection: Connection, number: int) -> BacktestRow | None:
    """One backtest, None if it is not kept."""
    row = connection.execute(_ONE, {"number": number}).mappings().one_or_none()
    return None if row is None else _row(row)


def _row(row: RowMapping) -> BacktestRow:
    unpacked = {name: orjson.loads(row[name]) for name in _JSON}
    unpacked["curve"] = [(time, equity) for time, equity in unpacked["curve"]]
    return BacktestRow(**{**row, **unpacked})
