"""Backtests in the ledger: kept when they were run, found again by number."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from gobot.backtest.report import Report
from gobot.core import UsageError
from gobot.ledger import BacktestRow, Ledger
from gobot.settings import Loaded

_POINTS = 300


def keep_backtest(loaded: Loaded, report: Report) -> int:
    """Keep what ``report`` shows; returns its number.  Raises `StateError` when the ledger cannot be written."""
    curve = report.curve.thinned(_POINTS)
    row = BacktestRow(
        at_ms=report.at_ms,
        strategy=report.strategy,
        params=dict(report.params),
        symbols=list(report.symbols),
        timeframe=str(report.timeframe),
        start_ms=int(report.curve.time[0]),
        end_ms=int(report.curve.time[-1]),
        settings=_finite(report.rules),
        metrics=dict(report.summary),
        curve=list(zip(curve.time.tolist(), curve.value.tolist(), strict=True)),
    )
    ledger = Ledger.open(loaded.database_url)
    try:
        return ledger.keep_backtest(row)
    finally:
        ledger.close()


def kept_backtests(loaded: Loaded, limit: int) -> list[BacktestRow]:
    """The newest ``limit``, oldest first.  Raises `StateError` when the ledger cannot be read."""
    if loaded.settings.database.url is None and not (loaded.paths.state / "gobot.db").exists():
        return []
    ledger = Ledger.open(loaded.database_url, read_only=True)
    try:
        return ledger.backtests(limit)
    finally:
        ledger.close()


def chosen_backtests(loaded: Loaded, names: Sequence[str]) -> list[BacktestRow]:
    """The kept backtests of ``names``: numbers, or ``last``.  Raises `UsageError` for one that is not there."""
    ledger = Ledger.open(loaded.database_url, read_only=True)
    try:
        return [_chosen(ledger, name) for name in names]
    finally:
        ledger.close()


def _chosen(ledger: Ledger, name: str) -> BacktestRow:
    if name == "last":
        row = next(iter(ledger.backtests(1)), None)
    elif name.isascii() and name.isdigit():
        row = ledger.backtest(int(name))
    else:
        raise UsageError(f"{name!r} is no kept run: give its number, or last; see `gobot backtest list`")
    if row is None:
        raise UsageError(f"there is no kept run {name}; see `gobot backtest list`")
    return row


def _finite(rules: Mapping[str, Any]) -> dict[str, Any]:
    """What JSON can hold: no limit is null."""
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value for name, value in rules.items()
    }
