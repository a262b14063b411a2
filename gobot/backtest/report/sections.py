"""The parts of the page, one function each."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from gobot.backtest.monte_carlo import PERCENTILES
from gobot.backtest.report import words
from gobot.backtest.report.baselines import Baseline
from gobot.backtest.report.curve import drawdowns, months
from gobot.backtest.report.drawings import distribution, excursions, fan
from gobot.backtest.report.luck import RUNS
from gobot.backtest.report.remarks import remarks
from gobot.backtest.report.report import Report
from gobot.backtest.report.tags import Cell, Html, card, facts, table, text, tone
from gobot.backtest.report.trades import shares

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DEEP = 10.0  # the return of a month, percent, that gets the full colour
_TRADE_COLUMNS = (
    ("number", "#"), ("market", "Symbol"), ("side", "Side"), ("entry", "Entered"), ("held", "Held"),
    ("entryPrice", "Entry"), ("exitPrice", "Exit"), ("value", "Value"), ("fees", "Fees"), ("pnl", "P&L"),
    ("gain", "Return"), ("reason", "Ended by"),
)  # fmt: skip


def header(report: Report) -> Html:
    """What was run, and what came of it in one sentence."""
    summary = report.summary
    chips = "".join(f"<li>{text(name)} <b>{text(value)}</b></li>" for name, value in report.params.items())
    trades = summary["trades"]
    did = f"{words.count(trades)} closed trades" if trades != 1 else "one closed trade"
    first, last = int(report.curve.time[0]), int(report.curve.time[-1])
    sentence = (
        f"{words.symbols(report.symbols)} in {report.timeframe} candles from {words.day(first)} to {words.day(last)}: "
        f"{did} took {words.amount(summary['start_equity'])} USDT to "
    )
    end = f'<b class="{tone(summary["net_profit"])}">{words.amount(summary["final_equity"])} USDT</b>.'
    return Html(
        f"<header><h1>{text(report.strategy)}</h1>"
        f"{f'<ul class=chips aria-label=Parameters>{chips}</ul>' if chips else ''}"
        f'<p class="lead">{text(sentence)}{end}</p><p class="note">{text(report.about)}</p></header>'
    )


def tiles(report: Report) -> Html:
    """Six figures that decide whether to read on."""
    summary = report.summary
    hold = report.baselines[0]
    closed = report.trades.closed
    gross = float(closed.pnl.sum() + closed.fees.sum())
    span = words.span(float((closed.exit_ms - closed.entry_ms).mean())) if len(closed) else words.NONE
    gained, fallen = summary["return_pct"], summary["max_drawdown_pct"]
    rows = (
        ("Return", words.gain(gained), f"{hold.name} {words.gain(hold.return_pct)}"),
        ("Largest drawdown", words.percent(fallen), f"{hold.name} {words.percent(hold.max_drawdown_pct)}"),
        ("Sharpe", words.amount(summary["sharpe"]), f"{hold.name} {words.amount(hold.sharpe)}"),
        ("Win rate", words.percent(summary["win_rate"]), f"of {words.count(summary['trades'])} trades"),
        ("Profit factor", words.amount(summary["profit_factor"]), f"held {span} on average"),
        ("Fees", words.amount(summary["fees"]), f"before fees {words.signed(gross)}"),
    )
    drawn = "".join(
        f'<div><dt>{text(name)}</dt><dd class="number {tone(gained) if name == "Return" else ""}">{text(value)}</dd>'
        f'<dd class="note">{text(note)}</dd></div>'
        for name, value, note in rows
    )
    return Html(f'<dl class="tiles" aria-label="Key figures">{drawn}</dl>')


def cautions(report: Report) -> Html:
    """What to keep in mind; nothing when there is nothing."""
    said = remarks(report)
    if not said:
        return Html()
    return card("Before you believe it", f"<ul>{''.join(f'<li>{text(one)}</li>' for one in said)}</ul>", kind="remarks")


def figure(report: Report) -> Html:
    """Equity, drawdown and prices with trades; the script draws it."""
    choice = ""
    if len(report.symbols) > 1:
        options = "".join(f'<option value="{row}">{text(name)}</option>' for row, name in enumerate(report.symbols))
        choice = f'<select name="market" aria-label="Symbol">{options}</select>'
    bands = '<label><input type="checkbox" data-toggle="band" checked> random entries</label>'
    controls = (
        '<span class="set" role="group" aria-label="Stretch of time"><button data-do="all">All</button>'
        '<button data-days="365">1y</button><button data-days="91">3m</button><button data-days="30">1m</button>'
        '<button data-days="7">1w</button></span>'
        '<span class="set" role="group" aria-label="Zoom"><button data-do="in" aria-label="Zoom in">+</button>'
        '<button data-do="out" aria-label="Zoom out">−</button></span>'
        '<span class="set" role="group" aria-label="Trades"><button data-do="before">‹ trade</button>'
        '<button data-do="after">trade ›</button></span>'
        '<label><input type="checkbox" data-toggle="log"> log</label>'
        '<label><input type="checkbox" data-toggle="lines" checked> buy and hold</label>'
        f"{bands if any(one.low for one in report.baselines) else ''}{choice}"
    )
    name = f"Equity, drawdown, and {words.symbols(report.symbols)} with every trade; arrow keys move and zoom"
    return Html(
        f'<section class="card"><div class="bar"><h2>Equity and trades</h2>{controls}</div>'
        f'<div class="figure" role="application" tabindex="0" aria-label="{text(name)}">'
        "<canvas></canvas><canvas></canvas>"
        '<div class="head"><span>Equity, USDT</span><span></span></div>'
        '<div class="head"><span>Drawdown</span><span></span></div>'
        f'<div class="head"><span class="symbol">{text(report.symbols[0])}</span><span></span></div></div>'
        '<p class="note figure-note">Drag to move, Ctrl + wheel or pinch to zoom, double-click to go closer. Triangles '
        "are entries and point the way of the trade (blue long, amber short); dots are exits, green with a profit and "
        "red with a loss. Trades too close to tell apart become bars: what they made together.</p></section>"
    )


def monthly(report: Report) -> Html:
    """The return of every month, a row for each year."""
    found = months(report.curve)
    places = 1 if max(abs(month.gain) for month in found) >= 1 else 2
    rows = []
    for year in sorted({month.year for month in found}):
        gains = {month.month: month.gain for month in found if month.year == year}
        total = 100.0 * (math.prod(1.0 + one / 100.0 for one in gains.values()) - 1.0)
        cells = "".join(_month(gains.get(month), places) for month in range(1, 13))
        rows.append(f"<tr><td>{year}</td>{cells}<td class={tone(total) or 'muted'}>{words.gain(total)}</td></tr>")
    head = "".join(f'<th scope="col">{name}</th>' for name in ("", *_MONTHS, "Year"))
    return card(
        "Months",
        '<div class="scroll"><table aria-label="Return of each month">'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>",
        kind="months",
    )


def _month(value: float | None, places: int) -> str:
    if value is None or not np.isfinite(value):
        return "<td></td>"
    depth = min(1.0, abs(value) / _DEEP) * 62
    return (
        f'<td class="{"up" if value >= 0 else "down"}" style="--depth:{depth:.0f}%">{words.signed(value, places)}</td>'
    )


def returns(report: Report) -> Html:
    """The distribution of the trades' returns."""
    closed = report.trades.closed
    if not len(closed):
        return Html()
    gains = closed.gain
    mean, median, best, worst = (
        words.gain(float(one), 2) for one in (gains.mean(), np.median(gains), gains.max(), gains.min())
    )
    note = f"After costs. Mean {mean} (line), median {median} (dashes); best {best}, worst {worst}."
    return card("Returns of trades", distribution(closed), size="half", note=note)


def sources_of_profit(report: Report) -> Html:
    """What each side and kind of exit contributed."""
    return _contributions(report, "Where it came from", ("side", "exit"), size="half")


def by_symbol(report: Report) -> Html:
    """What each strategy and each symbol contributed, where there are several."""
    return _contributions(report, "Strategies and symbols", ("strategy", "symbol"))


def _contributions(report: Report, title: str, kinds: Sequence[str], size: str = "") -> Html:
    rows: list[list[str | Cell] | str] = []
    found = [share for share in shares(report.trades, report.symbols, report.strategies) if share.kind in kinds]
    if not found:
        return Html()
    for row, share in enumerate(found):
        if row == 0 or found[row - 1].kind != share.kind:
            rows.append(f"By {share.kind}")
        rows.append(
            [
                share.name,
                words.count(share.trades),
                words.percent(share.win_rate, 0),
                Cell(words.gain(share.mean_gain, 2), tone(share.mean_gain)),
                Cell(words.signed(share.pnl), tone(share.pnl)),
            ]
        )
    columns = ("", "Trades", "Won", "Mean return", "P&L, USDT")
    return card(title, table(columns, rows, f"Profit by {' and '.join(kinds)}"), size=size)


def refusals(report: Report) -> Html:
    """How many entries the risk checks kept out; nothing where none was refused."""
    refused = report.summary.get("refusals", {})
    if not refused:
        return Html()
    lists = "".join(facts("", [(words.check(name), words.count(count), "")]) for name, count in refused.items())
    note = "Entries that the strategy asked for, by the first check that refused them: the same checks as live."
    return card("What risk refused", f'<div class="facts">{lists}</div>', note=note)


def on_the_way(report: Report) -> Html:
    """How far trades went against and for them."""
    closed = report.trades.closed
    if not len(closed):
        return Html()
    note = (
        "Left to right the largest loss on the way, upwards the largest profit. Winners far to the right needed luck; "
        "losers high up gave a profit back."
    )
    return card("On the way", excursions(closed), size="half", note=note)


def draws(report: Report) -> Html:
    """What luck could have made of the same trades."""
    found = report.luck
    if found is None:
        return Html()
    note = (
        f"The same trades, drawn again {RUNS} times: half of them end in the inner band, nine of ten in both. "
        f"{words.percent(100 * found.loss, 0)} lose money; one in twenty falls by more than "
        f"{words.percent(found.bad_drawdown, 0)} on its way."
    )
    return card("What luck could have done", fan(found), size="half", note=note)


def redrawn(report: Report) -> Html:
    """What came of the trades in other orders and of other candles, where that was asked for."""
    found = report.monte_carlo
    if found is None:
        return Html()
    rows = [[name, *values] for name, values in words.spreads(found)]
    note = (
        f"{words.count(found.runs)} runs, seed {found.seed}. Candles are drawn again in blocks of {found.block} on "
        f"average; {words.percent(100 * found.loss, 0)} of those runs lost money. Below each figure lies that share of "
        "the runs."
    )
    columns = ("", "As it was", *(f"{each} %" for each in PERCENTILES))
    return card("Monte Carlo", table(columns, rows, "Percentiles of the Monte Carlo"), note=note)


def against(report: Report) -> Html:
    """The strategy beside what it has to beat."""
    summary = report.summary
    rows: list[list[str | Cell]] = [
        [
            report.strategy,
            Cell(words.gain(summary["return_pct"]), tone(summary["return_pct"])),
            words.percent(summary["max_drawdown_pct"]),
            words.amount(summary["sharpe"]),
        ]
    ]
    rows += [_baseline(one) for one in report.baselines]
    notes = "; ".join(f"{one.name}: {one.note}" for one in report.baselines)
    luck = next((one.as_good for one in report.baselines if one.as_good is not None), None)
    if luck is not None:
        notes += f". {words.percent(100 * luck, 0)} of the random runs returned as much as the strategy or more"
    columns = ("", "Return", "Drawdown", "Sharpe")
    return card(
        "Against doing less",
        table(columns, rows, "Strategy and baselines"),
        size="half",
        note=f"{_first_upper(notes)}.",
    )


def _first_upper(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def _baseline(one: Baseline) -> list[str | Cell]:
    return [
        one.name,
        Cell(words.gain(one.return_pct), tone(one.return_pct)),
        words.percent(one.max_drawdown_pct),
        words.amount(one.sharpe),
    ]


def falls(report: Report) -> Html:
    """The deepest drawdowns."""
    end = int(report.curve.time[-1])
    rows: list[list[str | Cell]] = [
        [
            Cell(words.percent(fall.depth), "loss"),
            words.day(fall.peak_ms),
            words.day(fall.trough_ms),
            "not yet" if fall.back_ms is None else words.day(fall.back_ms),
            words.span((fall.back_ms or end) - fall.peak_ms),
        ]
        for fall in drawdowns(report.curve)
    ]
    columns = ("Depth", "From", "Lowest", "Recovered", "Length")
    return card("Deepest drawdowns", table(columns, rows, "Deepest drawdowns"), size="half")


def trades(report: Report) -> Html:
    """The list of trades; the script fills and sorts it."""
    if not len(report.trades):
        return Html()
    head = "".join(
        f'<th scope="col"><button data-key="{key}">{text(name)}</button></th>' for key, name in _TRADE_COLUMNS
    )
    return Html(
        '<section class="card trades"><h2>Trades</h2><div class="scroll"><table aria-label="Trades">'
        f"<thead><tr>{head}</tr></thead><tbody></tbody></table></div>"
        '<div class="pager"><span></span><button aria-label="Page before">‹</button>'
        '<button aria-label="Next page">›</button></div></section>'
    )


def all_figures(report: Report) -> Html:
    """Every metric with its definition."""
    lists = "".join(
        facts(title, [(metric.label, value, metric.meaning) for metric, value in rows])
        for title, rows in words.shown(report.summary).items()
    )
    return card("All figures", f'<div class="facts">{lists}</div>')


def conditions(report: Report) -> Html:
    """The rules under which it was run."""
    rows = [(name.replace("_", " "), _rule(value), "") for name, value in report.rules.items()]
    third = -(-len(rows) // 3) or 1
    lists = "".join(facts("", rows[start : start + third]) for start in range(0, len(rows), third))
    return card("Run under", f'<div class="facts">{lists}</div>')


def _rule(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.6g}" if np.isfinite(value) else words.NONE
    return words.NONE if value is None else str(value)
