"""How trading went, in the same figures as a backtest."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from gobot.backtest import measure
from gobot.backtest.kernel import TRADE, Trades
from gobot.core import Timeframe, iso
from gobot.ledger import Trade

_CLOSED = 1


def performance_of(closed: Sequence[Trade], curve: Sequence[tuple[int, Decimal]]) -> dict[str, Any]:
    """The metrics of ``closed`` trades and of the equity at the end of every cycle (time in ms, USDT)."""
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
