"""A backtest on a terminal: figures in groups, baselines, drawdowns, months, the last trades, and remarks."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from itertools import zip_longest

import numpy as np
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from gobot.backtest.monte_carlo import PERCENTILES
from gobot.backtest.report import Report, TradeColumns, drawdowns, months, remarks, shares
from gobot.backtest.report import words as w
from gobot.backtest.report.comparison import compared
from gobot.ledger import BacktestRow

_WIDTH = 116
_ENDLESS = 4_000  # what a program reads is not folded
_BLOCKS = "▁▂▃▄▅▆▇█"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SHOWN_TRADES, _SHOWN_DRAWDOWNS, _SHOWN_YEARS, _SHOWN_SHARES = 8, 5, 12, 24
_KINDS = ("strategy", "symbol")


def print_report(report: Report) -> None:
    """Everything that fits on a screen and a half."""
    _print(
        _title(report),
        _equity(report),
        _figures(report),
        _side_by_side(_against(report), _falls(report)),
        _months(report),
        _side_by_side(*_contributions(report)),
        _redrawn(report),
        _trades(report),
        _remarks(report),
    )


def print_kept(rows: Sequence[BacktestRow]) -> None:
    """Kept runs, a line each."""
    table = _table("run", "when", "strategy")
    table.add_column("params", overflow="fold")
    table.add_column("symbols", overflow="fold")
    table.add_column("candles", overflow="fold")
    for name in ("return", "drawdown", "Sharpe", "trades"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        metrics = row.metrics
        table.add_row(
            str(row.id),
            w.minute(row.at_ms),
            row.strategy,
            w.params(row.params),
            w.symbols(row.symbols),
            f"{row.timeframe}, {w.day(row.start_ms)} – {w.day(row.end_ms)}",
            _gain(metrics["return_pct"]),
            w.percent(metrics["max_drawdown_pct"]),
            w.amount(metrics["sharpe"]),
            w.count(metrics["trades"]),
        )
    _print(table, width=_ENDLESS)


def print_compared(rows: Sequence[BacktestRow]) -> None:
    """Kept runs side by side: what differs first, then every figure, the best of each in bold."""
    table = _table("")
    for row in rows:
        table.add_column(f"run {row.id}", justify="right")
    for line in compared(rows):
        cells = (Text(value, "bold" if place in line.best else "") for place, value in enumerate(line.values))
        table.add_row(Text(line.name, "dim"), *cells)
    _print(table, width=_ENDLESS)


def _print(*parts: RenderableType | None, width: int = _WIDTH) -> None:
    """On a terminal as wide as that is, elsewhere in ``width`` columns without colours."""
    on_terminal = sys.stdout.isatty()
    console = Console(highlight=False, width=None if on_terminal else width, no_color=not on_terminal)
    for part in parts:
        if part is not None:
            console.print(Padding(part, (0, 0, 1, 1), expand=False))


def _table(*columns: str, title: str = "") -> Table:
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0), title=title or None, title_style="bold",
                  title_justify="left")  # fmt: skip
    for name in columns:
        table.add_column(name, no_wrap=True)
    return table


def _numbers(title: str, *columns: str) -> Table:
    """A table whose first column is words and whose others are numbers."""
    table = _table(columns[0], title=title)
    for name in columns[1:]:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _title(report: Report) -> RenderableType:
    head = Text(report.strategy, "bold cyan")
    head.append(f"  {w.params(report.params)}", "")
    first, last = (w.day(int(ms)) for ms in (report.curve.time[0], report.curve.time[-1]))
    bars = w.count(report.summary["bars"])
    place = f"{w.symbols(report.symbols)} · {report.timeframe} · {first} – {last} · {bars} candles"
    return Group(head, Text(place, "dim"))


def _equity(report: Report) -> RenderableType:
    line = Text("Equity ", "bold")
    line.append(w.amount(report.summary["start_equity"]))
    line.append(f"  {_sparkline(report.curve.value)}  ", "cyan")
    line.append_text(_gain(report.summary["return_pct"], w.amount(report.summary["final_equity"])))
    return line


def _sparkline(values: np.ndarray, width: int = 60) -> str:
    picked = values[np.linspace(0, len(values) - 1, width).astype(np.int64)]
    low, high = float(picked.min()), float(picked.max())
    if not high > low:
        return _BLOCKS[0] * width
    return "".join(_BLOCKS[min(7, int(8 * (value - low) / (high - low)))] for value in picked)


def _figures(report: Report) -> RenderableType:
    groups = [(title, rows) for title, rows in w.shown(report.summary).items() if rows]
    grid = Table.grid(padding=(0, 1, 0, 0))
    for _ in groups:
        grid.add_column(style="dim", no_wrap=True)
        grid.add_column(justify="right", no_wrap=True)
        grid.add_column(min_width=2)
    grid.add_row(*(cell for title, _ in groups for cell in (Text(title, "bold not dim"), "", "")))
    for line in zip_longest(*(rows for _, rows in groups)):
        cells: list[str] = []
        for found in line:
            cells += ["", "", ""] if found is None else [found[0].label, found[1], ""]
        grid.add_row(*cells)
    return grid


def _side_by_side(*tables: RenderableType) -> RenderableType | None:
    if not tables:
        return None
    grid = Table.grid(padding=(0, 4, 0, 0))
    grid.add_row(*tables)
    return grid


def _against(report: Report) -> RenderableType:
    table = _numbers("Against doing less", "", "return", "drawdown", "Sharpe")
    summary = report.summary
    rows = [(report.strategy, summary["return_pct"], summary["max_drawdown_pct"], summary["sharpe"])]
    rows += [(one.name, one.return_pct, one.max_drawdown_pct, one.sharpe) for one in report.baselines]
    for name, gain, depth, sharpe in rows:
        table.add_row(name, _gain(gain), w.percent(depth), w.amount(sharpe))
    return table


def _falls(report: Report) -> RenderableType:
    table = _numbers("Deepest drawdowns", "from", "depth", "lowest", "recovered")
    for fall in drawdowns(report.curve, _SHOWN_DRAWDOWNS):
        back = "not yet" if fall.back_ms is None else w.day(fall.back_ms)
        table.add_row(w.day(fall.peak_ms), w.percent(fall.depth), w.day(fall.trough_ms), back)
    return table


def _months(report: Report) -> RenderableType:
    found = months(report.curve)
    table = _numbers("Months, %", "", *_MONTHS, "year")
    places = 1 if max(abs(month.gain) for month in found) >= 1 else 2
    for year in sorted({month.year for month in found})[-_SHOWN_YEARS:]:
        gains = {month.month: month.gain for month in found if month.year == year}
        total = 100.0 * (math.prod(1.0 + one / 100.0 for one in gains.values()) - 1.0)
        cells = [
            _gain(gains[month], w.signed(gains[month], places)) if month in gains else Text() for month in range(1, 13)
        ]
        table.add_row(str(year), *cells, _gain(total, w.signed(total, places)))
    return table


def _contributions(report: Report) -> list[RenderableType]:
    """What brought something, and what was kept out."""
    return [table for table in (_shares(report), _refused(report)) if table is not None]


def _shares(report: Report) -> RenderableType | None:
    """What each strategy and each symbol brought, where there are several."""
    found = [each for each in shares(report.trades, report.symbols, report.strategies) if each.kind in _KINDS]
    if not found:
        return None
    table = _numbers("Where it came from", "", "trades", "won", "mean return", "P&L")
    for each in found[:_SHOWN_SHARES]:
        table.add_row(
            each.name,
            w.count(each.trades),
            w.percent(each.win_rate, 0),
            _gain(each.mean_gain, w.gain(each.mean_gain, 2)),
            _gain(each.pnl, w.signed(each.pnl)),
        )
    return table


def _refused(report: Report) -> RenderableType | None:
    """How many entries the risk checks kept out."""
    refused = report.summary.get("refusals", {})
    if not refused:
        return None
    table = _numbers("What risk refused", "", "entries")
    for name, count in refused.items():
        table.add_row(w.check(name), w.count(count))
    return table


def _redrawn(report: Report) -> RenderableType | None:
    """The percentiles of the Monte Carlo."""
    found = report.monte_carlo
    if found is None:
        return None
    title = f"Monte Carlo, {w.count(found.runs)} runs, {w.percent(100 * found.loss, 0)} of them with a loss"
    table = _numbers(title, "", "as it was", *(f"{each} %" for each in PERCENTILES))
    for name, values in w.spreads(found):
        table.add_row(name, *values)
    return table


def _trades(report: Report) -> RenderableType | None:
    trades: TradeColumns = report.trades
    if not len(trades):
        return None
    shown = min(_SHOWN_TRADES, len(trades))
    table = _table("symbol", "side", "entered", "exited", title=f"Last {shown} trades" if shown > 1 else "The trade")
    for name in ("entry", "exit", "P&L", "return"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("ended by")
    for row in range(len(trades) - shown, len(trades)):
        pnl, gain = float(trades.pnl[row]), float(trades.gain[row])
        table.add_row(
            report.symbols[int(trades.market[row])],
            "long" if trades.side[row] > 0 else "short",
            w.minute(int(trades.entry_ms[row])),
            w.minute(int(trades.exit_ms[row])),
            f"{trades.entry_price[row]:,.7g}",
            f"{trades.exit_price[row]:,.7g}",
            _gain(pnl, w.signed(pnl)),
            _gain(gain, w.gain(gain, 2)),
            str(trades.reason[row]),
        )
    return table


def _remarks(report: Report) -> RenderableType | None:
    said = remarks(report)
    if not said:
        return None
    return Group(Text("Before you believe it", "bold"), *(Text.assemble(("• ", "yellow"), one) for one in said))


def _gain(value: float | None, text: str = "") -> Text:
    """``value`` in percent, or ``text``, in the colour of a gain or a loss."""
    style = "" if not value or math.isnan(value) else "green" if value > 0 else "red"
    return Text(text or w.gain(value), style)
