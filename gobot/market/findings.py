"""What can be wrong with candles, where, and how bad it is."""

from __future__ import annotations

from collections.abc import Iterable
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
    """A finding for every unbroken row of at least ``least`` True in ``mask``, which belongs to ``time``."""
    starts, ends = runs(mask)
    long = ends - starts >= least
    starts, ends = starts[long], ends[long]
    places = np.stack([time[starts], time[ends - 1] + timeframe.ms, ends - starts], axis=1)
    return in_places(kind, severity, places, timeframe, words)


def in_places(
    kind: Kind, severity: Severity, places: npt.NDArray[np.int64], timeframe: Timeframe, words: str
) -> list[Finding]:
    """A finding for each row (start, end, count) of ``places``; those beyond a hundred are summed up in one."""

    def finding(start_ms: int, end_ms: int, count: int, more: str = "") -> Finding:
        where = iso(start_ms) if count == 1 else f"{iso(start_ms)} to {iso(end_ms - timeframe.ms)}"
        sentence = f"{words}: {counted(count)}, {where}{more}"
        return Finding(kind=kind, severity=severity, start_ms=start_ms, end_ms=end_ms, count=count, sentence=sentence)

    found = [finding(*place) for place in places[:_MOST_PLACES].tolist()]
    rest = places[_MOST_PLACES:]
    if len(rest):
        total = int(rest[:, 2].sum())
        found.append(finding(int(rest[0, 0]), int(rest[-1, 1]), total, f", in {len(rest):,} further places"))
    return found


def counted(count: int, noun: str = "candle") -> str:
    """``1 candle``, ``1,024 candles``."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def worst(findings: Iterable[Finding]) -> Severity | None:
    """The severity of the worst finding, None without any."""
    order = list(Severity)
    return min((finding.severity for finding in findings), key=order.index, default=None)
