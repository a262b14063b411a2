"""What can be wrong with candles, where, and how bad it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from gobot.core import Timeframe, iso
from gobot.market.candles import Ints

Mask = npt.NDArray[np.bool_]

_MOST_PLACES = 100


class Kind(StrEnum):
    """The kinds of findings.  The first group is about rows that cannot be candles, the second about candles."""

    TORN = "torn"
    NO_TIME = "no_time"
    BAD_PRICE = "bad_price"
    BAD_VOLUME = "bad_volume"
    HIGH_BELOW_LOW = "high_below_low"
    OFF_GRID = "off_grid"
    NOT_CLOSED = "not_closed"
    DISORDER = "disorder"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"

    GAP = "gap"
    KNOWN_GAP = "known_gap"
    OUTSIDE_RANGE = "outside_range"
    ZERO_VOLUME = "zero_volume"
    FROZEN = "frozen"
    OUTLIER = "outlier"
    DISAGREEMENT = "disagreement"


class Severity(StrEnum):
    """How bad a finding is.

    ``error``: candles are missing or wrong, do not trade on them.  ``warning``: they may be right, have a look.
    ``note``: nothing is lost.
    """

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One defect in one place: ``count`` candles (or rows) with ``start_ms <= time < end_ms``.

    Times are None where nothing could be read that tells one.  The ``sentence`` says all of it in words.
    """

    kind: Kind
    severity: Severity
    start_ms: int | None
    end_ms: int | None
    count: int
    sentence: str

    def document(self) -> dict[str, Any]:
        """The finding for JSON, times in ISO 8601."""
        return {
            "kind": self.kind.value,
            "severity": self.severity.value,
            "start": None if self.start_ms is None else iso(self.start_ms),
            "end": None if self.end_ms is None else iso(self.end_ms),
            "count": self.count,
            "sentence": self.sentence,
        }


def runs(mask: Mask) -> tuple[Ints, Ints]:
    """Where each unbroken row of True begins, and where it ends (the place behind its last)."""
    edges = np.flatnonzero(np.diff(mask, prepend=False, append=False))
    return edges[::2], edges[1::2]


def find_runs(
    kind: Kind, severity: Severity, time: Ints, mask: Mask, timeframe: Timeframe, words: str, *, least: int = 1
) -> list[Finding]:
    """A finding for every unbroken row of at least ``least`` True in ``mask``; ``words`` say what they are."""
    starts, ends = runs(mask)
    long = ends - starts >= least
    starts, ends = starts[long], ends[long]
    spans = np.stack([time[starts], time[ends - 1] + timeframe.ms, ends - starts], axis=1)
    return in_places(
        kind, severity, spans, lambda start, end, count: f"{words}: {candles(count, start, end, timeframe)}"
    )


def in_places(
    kind: Kind, severity: Severity, spans: npt.NDArray[np.int64], sentence: Callable[[int, int, int], str]
) -> list[Finding]:
    """A finding for each row (start, end, count) of ``spans``; what is beyond a hundred is summed up in the last."""
    found = [
        Finding(
            kind=kind, severity=severity, start_ms=start, end_ms=end, count=count, sentence=sentence(start, end, count)
        )
        for start, end, count in spans[:_MOST_PLACES].tolist()
    ]
    rest = spans[_MOST_PLACES:]
    if len(rest):
        start, end, count = int(rest[0, 0]), int(rest[-1, 1]), int(rest[:, 2].sum())
        text = f"{sentence(start, end, count)} in {len(rest):,} further places"
        found.append(Finding(kind=kind, severity=severity, start_ms=start, end_ms=end, count=count, sentence=text))
    return found


def candles(count: int, start_ms: int, end_ms: int, timeframe: Timeframe) -> str:
    """``43 candles, 2018-02-09T09:00:00Z to 2018-02-11T03:00:00Z``: how many, the first and the last."""
    if count == 1:
        return f"1 candle, {iso(start_ms)}"
    return f"{count:,} candles, {iso(start_ms)} to {iso(end_ms - timeframe.ms)}"


def worst(findings: Iterable[Finding]) -> Severity | None:
    """The severity of the worst finding, None without any."""
    order = list(Severity)
    return min((finding.severity for finding in findings), key=order.index, default=None)
