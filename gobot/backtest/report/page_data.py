"""What a page carries for its script: curves, markets and trades, packed, within a budget."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gobot.backtest.report.curve import Curve
from gobot.backtest.report.packing import decimals, market_document, packed, packed_times
from gobot.backtest.report.report import Report
from gobot.backtest.report.trades import TradeColumns

_BUDGET = 1_450_000
"""Bytes of packed numbers: with styles, script and tables a page stays below two megabytes."""
_BYTES_PER_BAR = 18.0
_LEAST_BARS = 500
_CURVE_BUCKETS = 6_000
_LINE_BUCKETS = 3_000


def page_data(report: Report) -> dict[str, Any]:
    """The JSON for ``decode.js``.  Trades are all there and exact; candles are put together when there are many."""
    trades = _trades(report)
    left = _BUDGET - sum(len(column["data"]) for column in trades["columns"].values())
    most = max(_LEAST_BARS, int(left / _BYTES_PER_BAR / len(report.symbols)))
    # Eight digits of what there was at the start.
    money = 10.0 ** (math.floor(math.log10(report.summary["start_equity"])) - 7)
    return {
        "start_equity": report.summary["start_equity"],
        "equity": _curve(report.curve.thinned(_CURVE_BUCKETS), money),
        "lines": [
            {"name": one.name, **_curve(one.curve.thinned(_LINE_BUCKETS), money)}
            for one in report.baselines
            if one.low is None
        ],
        "band": next(
            (_band(one.name, one.low, one.high, money) for one in report.baselines if one.low and one.high), None
        ),
        "markets": [
            market_document(symbol, report.candles[symbol], report.timeframe.ms, most) for symbol in report.symbols
        ],
        "trades": trades,
    }


def _curve(curve: Curve, unit: float) -> dict[str, Any]:
    return {"time": packed_times(curve.time), "value": packed(curve.value, unit)}


def _band(name: str, low: Curve, high: Curve, unit: float) -> dict[str, Any]:
    return {
        "name": f"{name}, 9 of 10",
        "time": packed_times(low.time),
        "low": packed(low.value, unit),
        "high": packed(high.value, unit),
    }


def _trades(report: Report) -> dict[str, Any]:
    trades = report.trades
    reasons = sorted(set(trades.reason.tolist()))
    prices = _price_unit(trades)
    columns: dict[str, tuple[np.ndarray, float]] = {
        "market": (trades.market, 1),
        "side": (trades.side, 1),
        "entry_price": (trades.entry_price, prices),
        "exit_price": (trades.exit_price, prices),
        "stop": (np.nan_to_num(trades.stop), prices),
        "target": (np.nan_to_num(trades.target), prices),
        "value": (trades.quantity * trades.entry_price, 0.01),
        "fees": (trades.fees, 1e-4),
        "pnl": (trades.pnl, 1e-4),
        "gain": (trades.gain, 1e-4),
        "reason": (np.searchsorted(reasons, trades.reason), 1),
    }
    times = {"entry": packed_times(trades.entry_ms), "held": packed_times(trades.exit_ms - trades.entry_ms)}
    return {"reasons": reasons, "columns": times | {name: packed(*column) for name, column in columns.items()}}


def _price_unit(trades: TradeColumns) -> float:
    return 10.0 ** -decimals(np.concatenate([trades.entry_price, trades.exit_price]))
