"""Whether candles can be trusted: holes, prices that contradict themselves or stand still, spikes, disagreement.

Checks work on whole columns; what they find is a list of `Finding`.  An ``error`` says that a candle is missing or
wrong, a ``warning`` that one is unusual.  What the venue itself lacks is a ``note``: nobody can bring it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np

from gobot.core import Timeframe
from gobot.market.candles import Candles
from gobot.market.derived import next_shorter
from gobot.market.findings import Finding, Kind, Mask, Severity, find_runs, in_places, worst
from gobot.market.gaps import KnownGap, Span, missing, without
from gobot.market.resample import resample
from gobot.market.series import Series
from gobot.market.sound import broken_rules
from gobot.market.store import CandleStore

_FROZEN = 5
"""Candles in a row without any movement that are worth a word."""
# A price is an outlier when it lies this far (as a logarithm) from both the close before and the open behind, and so
# many times further than a usual candle around it is high.
_FAR, _TIMES = 0.15, 20.0
_AROUND = 1000
# Venues round the sums of their trades: volumes of longer candles differ in the last digits.
_SAME_PRICE, _SAME_VOLUME = 1e-9, 1e-6


def check(
    candles: Candles,
    timeframe: Timeframe,
    *,
    known: Sequence[KnownGap] = (),
    start_ms: int | None = None,
    end_ms: int | None = None,
) -> list[Finding]:
    """What is wrong with ``candles``, kind by kind, each from its first place to its last.

    ``known`` are holes that the venue itself has.  With ``start_ms`` or ``end_ms`` the candles must reach from and to
    there: see `gobot.market.gaps.missing`.
    """
    holes = missing(candles.time, timeframe, start_ms, end_ms)
    ours = without(holes, known)
    return [
        *_find_holes(Kind.GAP, Severity.ERROR, ours, timeframe, "missing"),
        *_find_holes(Kind.KNOWN_GAP, Severity.NOTE, without(holes, ours), timeframe, "missing at the venue itself"),
        *chain.from_iterable(
            find_runs(look.kind, look.severity, candles.time, look.mask, timeframe, look.words, least=look.least)
            for look in (*_rules(candles, timeframe), *_looks(candles))
        ),
    ]


def check_series(
    store: CandleStore, series: Series, start_ms: int | None = None, end_ms: int | None = None
) -> list[Finding]:
    """`check` for a stored series, which is also compared with the next shorter one it could be made from."""
    candles = store.read(series, start_ms, end_ms)
    found = check(candles, series.timeframe, known=store.known_gaps(series), start_ms=start_ms, end_ms=end_ms)
    shorter = next_shorter(store, series)
    if shorter is not None and len(candles):
        parts = store.read(shorter, int(candles.time[0]), int(candles.time[-1]) + series.timeframe.ms)
        found += compare(parts, shorter.timeframe, candles, series.timeframe)
    return found


def is_clean(store: CandleStore, series: Series, start_ms: int, end_ms: int) -> bool:
    """Whether all candles with ``start_ms <= time < end_ms`` are there and none contradicts itself.

    A hole that is the venue's own does not count against it.
    """
    candles = store.read(series, start_ms, end_ms)
    known = store.known_gaps(series)
    return worst(check(candles, series.timeframe, known=known, start_ms=start_ms, end_ms=end_ms)) != Severity.ERROR


def faults(candles: Candles, timeframe: Timeframe) -> int:
    """How many candles are missing or wrong: the errors of `check`, counted; quick enough for every idea."""
    holes = sum(end - start for start, end in missing(candles.time, timeframe)) // timeframe.ms
    looks = (*_rules(candles, timeframe), _outside_range(candles))
    return holes + sum(int(np.count_nonzero(look.mask)) for look in looks)


def compare(parts: Candles, parts_tf: Timeframe, candles: Candles, timeframe: Timeframe) -> list[Finding]:
    """Where ``candles`` are not what their complete ``parts``, shorter candles of the same market, add up to."""
    made = resample(parts, parts_tf, timeframe)
    time, left, right = np.intersect1d(made.time, candles.time, assume_unique=True, return_indices=True)
    differs = np.zeros(len(time), np.bool_)
    for name in ("open", "high", "low", "close", "volume"):
        tolerance = _SAME_VOLUME if name == "volume" else _SAME_PRICE
        one, other = getattr(made, name)[left], getattr(candles, name)[right]
        differs |= np.abs(one - other) > tolerance * np.maximum(one, other)
    words = f"not what the {parts_tf} candles add up to"
    return find_runs(Kind.DISAGREEMENT, Severity.WARNING, time, differs, timeframe, words)


class _Look(NamedTuple):
    """Candles that are unusual in one way, worth a word when ``least`` of them follow each other."""

    kind: Kind
    severity: Severity
    mask: Mask
    words: str
    least: int = 1


def _rules(candles: Candles, timeframe: Timeframe) -> Iterator[_Look]:
    """What no candle may break; the store sees to it, but its files are open to everybody."""
    late = np.zeros(len(candles), np.bool_)
    np.less_equal(candles.time[1:], candles.time[:-1], out=late[1:])
    yield _Look(Kind.DISORDER, Severity.ERROR, late, "not after the candle before")
    off_grid = (candles.time - timeframe.floor(0)) % timeframe.ms != 0
    yield _Look(Kind.OFF_GRID, Severity.ERROR, off_grid, f"off the {timeframe} grid")
    for rule in broken_rules(candles):
        yield _Look(rule.kind, Severity.ERROR, rule.broken, rule.complaint)


def _looks(candles: Candles) -> Iterator[_Look]:
    low, high = candles.low, candles.high
    yield _outside_range(candles)
    yield _Look(Kind.ZERO_VOLUME, Severity.WARNING, candles.volume == 0, "no volume")
    still = high == low
    still[1:] &= candles.close[1:] == candles.close[:-1]
    yield _Look(Kind.FROZEN, Severity.WARNING, still, "price does not move", _FROZEN)
    yield _Look(Kind.OUTLIER, Severity.WARNING, _outliers(candles), "price far away and back at once")


def _outside_range(candles: Candles) -> _Look:
    low, high = candles.low, candles.high
    outside = (candles.open < low) | (candles.open > high) | (candles.close < low) | (candles.close > high)
    return _Look(Kind.OUTSIDE_RANGE, Severity.ERROR, outside, "open or close outside low and high")


def _outliers(candles: Candles) -> Mask:
    """Candles with a price far above or below both the close before and the open behind."""
    if len(candles) < 3:
        return np.zeros(len(candles), np.bool_)
    before = np.concatenate([candles.open[:1], candles.close[:-1]])
    behind = np.concatenate([candles.open[1:], candles.close[-1:]])
    # Prices that are none give NaN here, which is far from nothing.
    with np.errstate(all="ignore"):
        away = np.log(np.maximum(candles.high / np.maximum(before, behind), np.minimum(before, behind) / candles.low))
        height = np.log(candles.high / candles.low)
        stretches = np.pad(height, (0, -len(height) % _AROUND), mode="edge").reshape(-1, _AROUND)
        usual = np.repeat(np.median(stretches, axis=1), _AROUND)[: len(height)]
        return np.asarray(away > np.maximum(_FAR, _TIMES * usual))


def _find_holes(
    kind: Kind, severity: Severity, holes: Sequence[Span], timeframe: Timeframe, words: str
) -> list[Finding]:
    places = np.array(holes, np.int64).reshape(-1, 2)
    counts = (places[:, 1] - places[:, 0]) // timeframe.ms
    return in_places(kind, severity, np.column_stack([places, counts]), timeframe, words)
