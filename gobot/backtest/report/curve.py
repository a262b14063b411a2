"""What an equity curve tells beyond its end: its drawdowns, its months, and a thinner curve that looks the same."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from gobot.market.candles import Floats, Ints


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Equity, USDT, at moments, ms UTC; the first point is the start."""

    time: Ints
    value: Floats

    @classmethod
    def of_closes(cls, opens: Ints, step_ms: int, equity: Floats, start: float) -> Curve:
        """From the equity at the close of every candle and what there was before the first."""
        return cls(np.concatenate([opens[:1], opens + step_ms]), np.concatenate([[start], equity]))

    def __len__(self) -> int:
        return len(self.time)

    def thinned(self, buckets: int) -> Curve:
        """Lowest and highest point of each of ``buckets`` stretches: at that width nobody sees a difference.

        The extremes and the deepest drawdown stay exact.
        """
        if len(self) <= 2 * buckets + 4:
            return self
        edges = np.linspace(0, len(self), buckets + 1).astype(np.int64)
        # The deepest fall may begin and end inside one stretch.
        depth = self.value / np.maximum.accumulate(self.value)
        trough = int(depth.argmin())
        kept = {0, len(self) - 1, trough, int(self.value[: trough + 1].argmax())}
        for low, high in pairwise(edges):
            part = self.value[low:high]
            kept.update((low + int(part.argmin()), low + int(part.argmax())))
        rows = np.array(sorted(kept))
        return Curve(self.time[rows], self.value[rows])


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawdown:
    """A fall from a peak: ``depth`` in percent of it; ``back_ms`` is None while it has not been reached again."""

    peak_ms: int
    trough_ms: int
    back_ms: int | None
    depth: float


def drawdowns(curve: Curve, count: int = 5) -> list[Drawdown]:
    """The ``count`` deepest, deepest first; from one peak to the next there is one."""
    peaks = np.maximum.accumulate(curve.value)
    fallen = np.concatenate([[False], curve.value < peaks, [False]])
    starts = np.flatnonzero(~fallen[:-1] & fallen[1:])
    ends = np.flatnonzero(fallen[:-1] & ~fallen[1:])
    found = []
    for start, end in zip(starts, ends, strict=True):
        trough = start + int(curve.value[start:end].argmin())
        found.append(
            Drawdown(
                peak_ms=int(curve.time[start - 1]),
                trough_ms=int(curve.time[trough]),
                back_ms=int(curve.time[end]) if end < len(curve) else None,
                depth=float(100.0 * (1.0 - curve.value[trough] / peaks[trough])),
            )
        )
    return sorted(found, key=lambda fall: -fall.depth)[:count]


class Month(NamedTuple):
    """The return of one calendar month (UTC), percent."""

    year: int
    month: int
    gain: float


def months(curve: Curve) -> list[Month]:
    """Every month that the curve touches, in order; the first and the last may be parts of one.

    Undefined (NaN) from where nothing was left.
    """
    # A close at midnight belongs to the day that ends there.
    number = (curve.time - 1).astype("datetime64[ms]").astype("datetime64[M]").astype(np.int64)
    number[0] = number[min(1, len(number) - 1)]
    last = np.flatnonzero(np.diff(number, append=number[-1] + 1))
    ends = curve.value[last]
    begins = np.concatenate([curve.value[:1], ends[:-1]])
    with np.errstate(divide="ignore", invalid="ignore"):
        gains = np.where(begins > 0, 100.0 * (ends / begins - 1.0), np.nan)
    return [
        Month(1970 + int(which) // 12, 1 + int(which) % 12, float(gain))
        for which, gain in zip(number[last], gains, strict=True)
    ]
