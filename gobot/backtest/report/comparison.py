"""Kept runs side by side: lines of a table for a terminal, and one page with their curves laid over each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import orjson

from gobot import __version__
from gobot.backtest.report import words
from gobot.backtest.report.packing import packed, packed_times
from gobot.backtest.report.page import document
from gobot.backtest.report.tags import Cell, Html, card, table, text
from gobot.backtest.report.words import Metric
from gobot.ledger import BacktestRow

_COLOURS = 8
_SCRIPTS = ("decode", "words", "view", "panes", "compare")


class Line(NamedTuple):
    """One line of a comparison: a value per run, and the places of the best ones."""

    name: str
    values: list[str]
    best: frozenset[int] = frozenset()


def compared(rows: Sequence[BacktestRow]) -> list[Line]:
    """What was run, the assumptions that differ, and what came of it."""
    lines = [
        Line("strategy", [row.strategy for row in rows]),
        Line("params", [words.params(row.params) for row in rows]),
        Line("symbols", [words.symbols(row.symbols) for row in rows]),
        Line("candles", [row.timeframe for row in rows]),
        Line("from", [words.day(row.start_ms) for row in rows]),
        Line("to", [words.day(row.end_ms) for row in rows]),
    ]
    for name in dict.fromkeys(name for row in rows for name in row.settings):
        values = [_setting(row.settings.get(name)) for row in rows]
        if len(set(values)) > 1:
            lines.append(Line(name.replace("_", " "), values))
    metrics = [metric for group in words.GROUPS.values() for metric in group]
    return lines + [_figures(metric, rows) for metric in metrics if any(metric.name in row.metrics for row in rows)]


def comparison(rows: Sequence[BacktestRow], *, at_ms: int) -> str:
    """The page."""
    numbers = ", ".join(str(row.id) for row in rows)
    runs = "".join(_run(place, row) for place, row in enumerate(rows))
    cells = [[Cell(one.name), *(_cell(one, place) for place in range(len(rows)))] for one in compared(rows)]
    columns = ("", *(f"Run {row.id}" for row in rows))
    body = (
        f'<header><h1>Runs {text(numbers)}</h1><ul class="runs">{runs}</ul></header><div class="grid">'
        '<section class="card"><div class="bar"><h2>Return, %</h2>'
        '<label><input type="checkbox" data-toggle="log"> log</label></div>'
        f'<div class="figure plain" role="img" aria-label="Return of runs {text(numbers)} over time">'
        '<canvas></canvas><canvas></canvas><div class="head"><span></span><span></span></div></div></section>'
        f"{card('Side by side', table(columns, cells, 'Runs side by side'))}</div>"
        f"<footer><p>Made by gobot {__version__} on {words.minute(at_ms)} UTC. The best of each line is bold; runs on "
        "other candles are other questions.</p></footer>"
    )
    data = orjson.dumps({"runs": [_curve(row) for row in rows]}).decode().replace("<", "\\u003c")
    return document(f"Runs {numbers}", body, data, _SCRIPTS)


def _run(place: int, row: BacktestRow) -> Html:
    named = f"{row.strategy}({words.params(row.params)}) on {words.symbols(row.symbols)}, {row.timeframe}"
    return Html(f'<li><span class="swatch run-{place % _COLOURS}"></span><b>Run {row.id}</b> {text(named)}</li>')


def _curve(row: BacktestRow) -> dict[str, Any]:
    time, value = (np.array(column) for column in zip(*row.curve, strict=True))
    growth = value / value[0]
    return {"name": f"run {row.id}", "time": packed_times(time), "value": packed(growth, 1e-5)}


def _cell(line: Line, place: int) -> Cell:
    return Cell(line.values[place], "best" if place in line.best else "")


def _figures(metric: Metric, rows: Sequence[BacktestRow]) -> Line:
    found = [row.metrics.get(metric.name) for row in rows]
    values = [metric.written(one) for one in found]
    rated = {place: metric.better * one for place, one in enumerate(found) if one is not None}
    if not metric.better or len(set(values)) < 2 or not rated:
        return Line(metric.label, values)
    best = max(rated.values())
    return Line(metric.label, values, frozenset(place for place, one in rated.items() if one == best))


def _setting(value: object) -> str:
    if value is None:
        return words.NONE
    return f"{value:,.6g}" if isinstance(value, float) else str(value)
