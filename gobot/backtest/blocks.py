"""In which order combinations are evaluated, so that each indicator is computed once and stays near the processor."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gobot.backtest.records import Ints

SIDE = 16
"""Combinations that are evaluated together lie in squares of so many columns by so many."""
BLOCK = SIDE * SIDE


def groups(picks: Ints, capacity: int) -> Iterator[tuple[Ints, Ints]]:
    """Combinations in groups that read at most ``capacity`` columns: their indices, and the columns of the group.

    ``picks`` has a row per combination: the columns it reads.  Inside a group neighbours read the same ones.
    """
    each = max(picks.shape[1], 1)
    side = min(SIDE, max(capacity // each, 1))
    order = _ordered(picks, side, max(capacity // (2 * each), side))
    begin = 0
    known = np.zeros(int(picks.max(initial=-1)) + 1, bool)
    while begin < len(order):
        # Grow row by row while the columns fit; the first row is taken whatever it needs.
        end, held = begin, known.copy()
        while end < len(order):
            more = held.copy()
            more[picks[order[end : end + side]]] = True
            if end > begin and more.sum() > capacity:
                break
            held, end = more, end + side
        yield order[begin:end], np.flatnonzero(held)
        begin = end


def _ordered(picks: Ints, side: int, wide: int) -> Ints:
    """Squares of ``wide`` columns, in them squares of ``side``, in them row by row."""
    columns = picks.T
    keys = [*columns[::-1], *(columns // side)[::-1], *(columns // wide)[::-1]]
    return np.lexsort(keys) if keys else np.arange(len(picks))
