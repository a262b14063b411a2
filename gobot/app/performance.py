"""Figures over what is on disk, for the command line: no daemon and no venue is asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gobot.backtest import measure
from gobot.backtest.kernel import TRADE, Trades
from gobot.core import Timeframe, iso
from gobot.ledger import Ledger, Trade
from gobot.memory import JsonFile
from gobot.risk import SCHEMA, RiskState
from gobot.settings import Loaded

_CLOSED = 1


def performance_of(ledger: Ledger) -> dict[str, Any]:
    """The metrics of all closed trades and of the equity at the end of every cycle, as backtests have them."""
    curve = ledger.equity_curve()
    closed = ledger.closed_trades()
    document: dict[str, Any] = {
        "from": iso(curve[0][0]) if curve else None,
        "to": iso(curve[-1][0]) if curve else None,
        "cycles": len(curve),
        "equity": float(curve[-1][1]) if curve else None,
    }
    if len(curve) < 2:
        return {**document, "trades": len(closed)}
    times = np.array([at_ms for at_ms, _ in curve], np.int64)
    equity = np.array([float(value) for _, value in curve])
    step = Timeframe(max(1000, int(np.median(np.diff(times)))))
    start = float(curve[0][1])
    rows = _rows(closed, times)
    return {**document, **measure(rows, equity, step, start).document(), "exposure_pct": _exposure(rows, len(times))}


def _exposure(rows: Trades, cycles: int) -> float:
    """Cycles at which anything was held, percent of all: positions in several symbols overlap."""
    change = np.zeros(cycles + 1, np.int64)
    np.add.at(change, rows["entry_row"], 1)
    np.add.at(change, rows["exit_row"], -1)
    return float(100 * np.count_nonzero(np.cumsum(change)[:-1]) / cycles)


def _rows(trades: Sequence[Trade], times: np.ndarray[Any, np.dtype[np.int64]]) -> Trades:
    """Ledger trades in the form of the backtest kernel; rows are cycles."""
    rows = np.zeros(len(trades), TRADE)
    rows["ended"] = _CLOSED
    rows["sign"] = [trade.direction.sign for trade in trades]
    rows["pnl"] = [float(trade.pnl) for trade in trades]
    rows["fees"] = [float(trade.fees) for trade in trades]
    rows["entry_row"] = np.searchsorted(times, [trade.entry_ms for trade in trades])
    rows["exit_row"] = np.searchsorted(times, [trade.exit_ms or trade.entry_ms for trade in trades])
    return rows


def risk_of(loaded: Loaded) -> dict[str, Any]:
    """The breaker, the limits of the settings and where they stand, as last written."""
    document = JsonFile(loaded.paths.state / "risk.json", SCHEMA).peek()
    limits = loaded.settings.trading.risk_manager.model_dump(mode="json")
    if document is None:
        return {"breaker": "closed", "limits": limits}
    document.pop("folded_cycle", None)
    state = RiskState.from_document(document)
    history = [{"at": iso(change.at_ms), "what": change.what, "why": change.why} for change in state.history]
    until = state.breaker.until_ms
    return {
        "breaker": "latched" if state.latched else "closed" if until is None else "open",
        "reason": state.latched or state.breaker.reason,
        "probes_from": None if until is None else iso(until),
        "equity": _number(state.equity),
        "peak_equity": _number(state.peak_equity),
        "drawdown_pct": state.drawdown_pct,
        "day_start_equity": _number(state.day_start_equity),
        "losses_in_row": state.losses_in_row,
        "cooldown_until": None if state.cooldown_until_ms is None else iso(state.cooldown_until_ms),
        "last_reset": state.last_reset or None,
        "limits": limits,
        "history": history,
    }


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
