"""Sound candles out of rows as somebody wrote them, with a word on every row that is left out or moved."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from gobot.core import DataError, Timeframe, iso
from gobot.market.arrow import NAMES
from gobot.market.candles import Candles, Ints
from gobot.market.findings import Finding, Kind, Mask, Severity, counted, find_runs
from gobot.market.sound import broken_rules
from gobot.market.table import Rows
from gobot.market.times import NO_TIME

_SHOWN_LINES = 5


class Sifted(NamedTuple):
    """The sound candles, and what was wrong with the rows that they come from."""

    candles: Candles
    findings: list[Finding]


def sift(rows: Rows, timeframe: Timeframe, *, now_ms: int) -> Sifted:
    """The rows that are candles of ``timeframe`` closed at ``now_ms``, in order of time and each time once.

    Of rows with the same time the last one counts.  Raises `DataError` when the rows are of another timeframe.
    """
    _require_timeframe(rows.time, timeframe)
    found = [*_torn(rows.torn), *_untimed(rows.time)]
    good = rows.time != NO_TIME
    on_grid = (rows.time - timeframe.floor(0)) % timeframe.ms == 0
    closed = rows.time <= now_ms - timeframe.ms
    for rule in broken_rules(rows):
        found += _left_out(rows.time, rule.broken & good, rule.kind, Severity.ERROR, timeframe, rule.complaint)
        good &= ~rule.broken
    found += _left_out(
        rows.time, good & ~on_grid, Kind.OFF_GRID, Severity.ERROR, timeframe, f"off the {timeframe} grid"
    )
    good &= on_grid
    found += _left_out(rows.time, good & ~closed, Kind.NOT_CLOSED, Severity.NOTE, timeframe, "not closed yet")
    good &= closed
    place = np.flatnonzero(good)
    time = rows.time[place]
    found += _disorder(time, timeframe)
    place = place[np.argsort(time, kind="stable")]
    last = np.ones(len(place), np.bool_)
    last[:-1] = rows.time[place[1:]] != rows.time[place[:-1]]
    found += _duplicates(rows, place, last, timeframe)
    if not found:  # as nearly always: nothing has to be copied
        return Sifted(Candles(*(getattr(rows, name) for name in NAMES)), found)
    return Sifted(Candles(*(getattr(rows, name)[place[last]] for name in NAMES)), found)


def step_of(time: Ints) -> Timeframe | None:
    """The commonest distance between neighbours, whatever their order; None where no two differ."""
    steps = np.abs(np.diff(time[time != NO_TIME]))
    lengths, counts = np.unique(steps[steps > 0], return_counts=True)
    return Timeframe(int(lengths[counts.argmax()])) if len(lengths) else None


def _require_timeframe(time: Ints, timeframe: Timeframe) -> None:
    found = step_of(time) if len(time) > 2 else None
    if found is not None and found != timeframe:
        raise DataError(f"holds {found} candles, not {timeframe}; say --timeframe {found}, or check the file")


def _torn(lines: tuple[int, ...]) -> Iterable[Finding]:
    if lines:
        shown = ", ".join(f"{line:,}" for line in lines[:_SHOWN_LINES]) + (" …" if len(lines) > _SHOWN_LINES else "")
        sentence = f"too few or too many cells, left out: {counted(len(lines), 'row')}, line {shown}"
        yield _without_time(Kind.TORN, len(lines), sentence)


def _untimed(time: Ints) -> Iterable[Finding]:
    rows = np.flatnonzero(time == NO_TIME)
    if len(rows):
        sentence = f"no time that can be read, left out: {counted(len(rows), 'row')}, the first is row {rows[0] + 1:,}"
        yield _without_time(Kind.NO_TIME, len(rows), sentence)


def _without_time(kind: Kind, count: int, sentence: str) -> Finding:
    return Finding(kind=kind, severity=Severity.ERROR, start_ms=None, end_ms=None, count=count, sentence=sentence)


def _left_out(
    time: Ints, rows: Mask, kind: Kind, severity: Severity, timeframe: Timeframe, complaint: str
) -> list[Finding]:
    return find_runs(kind, severity, time, rows, timeframe, f"{complaint}, left out")


def _disorder(time: Ints, timeframe: Timeframe) -> list[Finding]:
    back = np.diff(time) < 0
    if not back.any():
        return []
    whole = len(back) > 1 and not (np.diff(time) > 0).any()
    words = "newest first, put in order" if whole else "older than the row before, put in order"
    start_ms, end_ms = int(time.min()), int(time.max())
    if not whole:
        late = time[1:][back]
        start_ms, end_ms = int(late.min()), int(late.max())
    count = len(time) if whole else int(back.sum())
    return [
        Finding(
            kind=Kind.DISORDER,
            severity=Severity.NOTE if whole else Severity.WARNING,
            start_ms=start_ms,
            end_ms=end_ms + timeframe.ms,
            count=count,
            sentence=f"{words}: {counted(count, 'row')}, {iso(start_ms)} to {iso(end_ms)}",
        )
    ]


def _duplicates(rows: Rows, place: Ints, last: Mask, timeframe: Timeframe) -> list[Finding]:
    """``place`` are the sound rows in order of time; ``last`` are those that no row of the same time follows."""
    earlier = np.flatnonzero(~last)
    differs = np.zeros(len(place), np.bool_)
    for name in NAMES[1:]:
        values = getattr(rows, name)[place]
        differs[earlier] |= values[earlier] != values[earlier + 1]
    time = rows.time[place]
    return [
        *find_runs(Kind.DUPLICATE, Severity.WARNING, time, ~last & ~differs, timeframe, "there twice, one left out"),
        *find_runs(
            Kind.DUPLICATE,
            Severity.ERROR,
            time,
            ~last & differs,
            timeframe,
            "there twice with other values, the last kept",
        ),
    ]
