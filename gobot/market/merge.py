"""Candles put together with candles: each time once, in order."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from gobot.market.candles import Candles, Ints
from gobot.market.findings import Mask


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What became of candles that were given to a series.

    ``added`` are new, ``same`` were there, ``replaced`` and ``kept`` were there with other values: the given ones were
    taken, or left out.  ``unclosed`` had not closed yet and ``expired`` are older than what is kept: left out too.
    """

    added: int = 0
    same: int = 0
    replaced: int = 0
    kept: int = 0
    unclosed: int = 0
    expired: int = 0

    @property
    def changed(self) -> bool:
        """Whether the series is another one now."""
        return self.added > 0 or self.replaced > 0

    def __add__(self, other: Added) -> Added:
        return Added(**{field.name: getattr(self, field.name) + getattr(other, field.name) for field in fields(self)})


def merge(
    stored: Candles, given: Candles, *, prefer_given: bool = False, keep: int | None = None
) -> tuple[Candles, Added]:
    """``stored`` and ``given`` as one, of which the newest ``keep`` (None: all), and what became of ``given``.

    Where both have a candle of the same time, the stored one stays unless ``prefer_given``.
    """
    if not len(given):
        return stored, Added()
    here, there = _common(stored, given)
    other = _differing(stored, here, given, there)
    differing = int(other.sum())
    if differing and prefer_given:
        stored = _overwritten(stored, here[other], given, there[other])
    found = Added(
        same=len(here) - differing,
        replaced=differing if prefer_given else 0,
        kept=0 if prefer_given else differing,
    )
    known = np.zeros(len(given), np.bool_)
    known[there] = True
    fresh = np.flatnonzero(~known)
    if not len(fresh):
        return stored, found
    whole = _joined(stored, given, fresh)
    if keep is None or len(whole) <= keep:
        return whole, replace(found, added=len(fresh))
    whole = whole.last(keep)
    expired = int((given.time[fresh] < whole.time[0]).sum())
    return whole, replace(found, added=len(fresh) - expired, expired=expired)


def conflicts(stored: Candles, given: Candles) -> Mask:
    """Which of ``given`` are in ``stored`` with other values."""
    here, there = _common(stored, given)
    found = np.zeros(len(given), np.bool_)
    found[there] = _differing(stored, here, given, there)
    return found


def _common(stored: Candles, given: Candles) -> tuple[Ints, Ints]:
    """The rows of both that have a time in common."""
    place = stored.time.searchsorted(given.time)
    there = np.flatnonzero(place < len(stored))
    there = there[stored.time[place[there]] == given.time[there]]
    return place[there], there


def _differing(stored: Candles, here: Ints, given: Candles, there: Ints) -> Mask:
    other = np.zeros(len(here), np.bool_)
    for name in _values():
        other |= getattr(stored, name)[here] != getattr(given, name)[there]
    return other


def _joined(stored: Candles, given: Candles, fresh: Ints) -> Candles:
    """``stored`` and the rows ``fresh`` of ``given``, whose times it does not have."""
    time = given.time[fresh]
    if not len(stored) or time[0] > stored.time[-1]:
        whole = len(fresh) == len(given)
        return Candles.concatenate([stored, given if whole else _taken(given, fresh)])
    joined = [np.concatenate([getattr(stored, f.name), getattr(given, f.name)[fresh]]) for f in fields(Candles)]
    order = np.argsort(joined[0], kind="stable")
    return Candles(*(column[order] for column in joined))


def _overwritten(stored: Candles, here: Ints, given: Candles, there: Ints) -> Candles:
    columns = {name: getattr(stored, name).copy() for name in _values()}
    for name, column in columns.items():
        column[here] = getattr(given, name)[there]
    return replace(stored, **columns)


def _taken(candles: Candles, rows: Ints) -> Candles:
    return Candles(*(getattr(candles, f.name)[rows] for f in fields(Candles)))


def _values() -> list[str]:
    return [field.name for field in fields(Candles)[1:]]
