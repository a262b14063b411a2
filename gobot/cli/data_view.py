"""Stored market data and reports on it, for people and for programs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from gobot.cli.context import print_table
from gobot.core import iso

if TYPE_CHECKING:
    from gobot.market import CandleStore, Finding, FundingStore, Series
    from gobot.market.importing import Imported

_SHOWN_FINDINGS = 20


def named(series: Series) -> dict[str, Any]:
    """The series for JSON."""
    return {
        "venue": series.venue,
        "market": series.market,
        "symbol": series.symbol,
        "timeframe": str(series.timeframe),
    }


def listed(store: CandleStore, series: Series) -> dict[str, Any]:
    """What is stored of ``series``: candles, first, last, and how many gaps lie between them."""
    from gobot.market.gaps import missing

    time = store.times(series)
    return {
        **named(series),
        "rows": len(time),
        "start": iso(int(time[0])),
        "end": iso(int(time[-1])),
        "gaps": len(missing(time, series.timeframe)),
    }


def listed_funding(store: FundingStore, venue: str, symbol: str) -> dict[str, Any]:
    """What is stored of the funding rates of ``symbol``."""
    rates = store.read(venue, symbol)
    return {
        "venue": venue,
        "symbol": symbol,
        "rows": len(rates.time),
        "start": iso(int(rates.time[0])),
        "end": iso(int(rates.time[-1])),
    }


def print_imported(reports: Sequence[Imported]) -> None:
    """A row for each file, and below what is wrong with them."""
    rows = []
    for report in reports:
        added = report.added
        figures = (report.rows, added.added, added.same, added.kept, added.replaced)
        taken_for = f"{report.venue} {report.symbol} {report.timeframe}" if report.symbol else "–"
        outcome = "failed" if report.error else _summary(report.findings)
        rows.append((report.path.name, taken_for, *(f"{figure:,}" for figure in figures), outcome))
    print_table(("file", "taken for", "rows", "new", "same", "differ, kept", "replaced", "report"), rows)
    _print_findings((report.path.name, report.findings) for report in reports if report.findings)
    failed = [report for report in reports if report.error]
    # The first one is what the command ends with.
    for report in failed[1:]:
        print(f"\n{report.error}")


def print_checked(found: Sequence[tuple[Series, Sequence[Finding]]]) -> None:
    """A row for each series, and below what is wrong with them."""
    print_table(
        ("venue", "market", "symbol", "timeframe", "report"),
        [(*named(series).values(), _summary(findings)) for series, findings in found],
    )
    _print_findings((str(series), findings) for series, findings in found if findings)


def _print_findings(groups: Iterator[tuple[str, Sequence[Finding]]]) -> None:
    for name, findings in groups:
        print(f"\n{name}")
        for finding in findings[:_SHOWN_FINDINGS]:
            print(f"  {finding.severity.value:8} {finding.kind.value:14} {finding.sentence}")
        if len(findings) > _SHOWN_FINDINGS:
            print(f"  … and {len(findings) - _SHOWN_FINDINGS} more: see --json")


def _summary(findings: Sequence[Finding]) -> str:
    """``2 errors, 1 warning``, or ``clean``."""
    from gobot.market import Severity
    from gobot.market.findings import counted

    counts = {severity: sum(one.severity is severity for one in findings) for severity in Severity}
    return ", ".join(counted(count, severity.value) for severity, count in counts.items() if count) or "clean"


@contextmanager
def progress(doing: str, sizes: Sequence[int]) -> Iterator[Callable[[str], None]]:
    """A bar on a terminal's stderr, moved on by the next of ``sizes`` with each call, which names what is done."""
    if not sys.stderr.isatty():
        yield lambda _name: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    remaining = iter(sizes)
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(doing, total=sum(sizes))

        def done(name: str) -> None:
            bar.update(task, advance=next(remaining, 0), description=f"{doing} {name}")

        yield done
