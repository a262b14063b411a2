"""Strategies said in arrays: how many parameter sets are evaluated without one Python object each.

A strategy that can be said this way has a class method ``sweep_plan(params)``: given whole columns of parameters, one
row per combination, it names the indicator columns that are needed (each once, however many combinations share it) and
a compiled rule that reads them.  What the plan asks for must be what `Strategy.signals` asks for, candle by candle.

    @classmethod
    def sweep_plan(cls, params):
        windows, at = np.unique([params["fast"], params["slow"]], return_inverse=True)
        return SweepPlan(
            columns=[Column(mean_close, int(window)) for window in windows],
            picks=at.reshape(2, -1).T,
            warmup=params["slow"] + 1,
            rule=crossing,
        )
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, cast

import numpy as np
import numpy.typing as npt

from gobot.market import Candles
from gobot.matching.compiled import compiled, inlined, ready
from gobot.strategy.rolling import window_sums
from gobot.strategy.signals import EXIT_LONG, EXIT_SHORT

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Acts = npt.NDArray[np.uint8]

ENTER_LONG, ENTER_SHORT = 4, 8
"""Bits beside `EXIT_LONG` and `EXIT_SHORT`: together they say what a closed candle asks for."""

# What a plan says in other words.
_SAID_TWICE = ("warmup", "timeframes", "indicators", "signals")
# Differences below this, relative, are ties: see `gobot.strategy.rolling.crossings`.
_EQUAL = 1e-12
# Numbers in a line of the processor's cache.
_LINE = 8
# Rows that are compared before the next columns are: what is read stays near the processor.
_TILE = 1024
_WORD = 64
_last = threading.local()
# Of the matrix of a single backtest: less than the candles take that it was computed from.
_MOST_KEPT = 256 * 2**20
_ONE = np.uint64(1)


class Sparse(NamedTuple):
    """What several combinations ask for: in each row the candles, oldest first, and bits; ``counts`` says how many.

    A count larger than the row has room for says that the last events are missing.
    """

    row: Ints
    act: Acts
    counts: Ints


Rule = Callable[[Floats, Ints, Floats, Ints, Sparse], None]
"""``rule(columns, picks, numbers, first, found)``: find what the combinations ask for from candle ``first[k]`` on.

``columns`` are rows of a matrix; combination k reads those of ``picks[k]`` and its own ``numbers[k]``.
"""

Levels = Callable[[Floats, Ints, Floats, Sparse, Floats, Floats], None]
"""``levels(columns, picks, numbers, found, stop, target)``: prices for the events that enter, NaN for none."""


class Column:
    """An indicator, computed once for all combinations that read it: ``function(candles, out, *args)``.

    It writes one value per candle, NaN before there are enough and nowhere else.
    """

    __slots__ = ("args", "function")

    def __init__(self, function: Callable[..., None], *args: Any) -> None:
        self.function = function
        self.args = args

    def __repr__(self) -> str:
        return f"Column({self.function.__name__}{self.args})"

    def compute(self, candles: Candles, out: Floats) -> None:
        """Write its values; what ``out`` has behind the last candle repeats it, so that nothing happens there."""
        rows = len(candles)
        self.function(candles, out[:rows], *self.args)
        out[rows:] = out[rows - 1 : rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepPlan:
    """How many combinations of one strategy are evaluated.

    ``picks`` has a row per combination: indices into ``columns``.  ``numbers`` has its other figures, ``warmup`` how
    many candles it needs.  ``levels`` is for strategies that set stops and targets of their own.
    """

    columns: Sequence[Column]
    picks: Ints
    warmup: Ints
    rule: Rule
    numbers: Floats = field(default_factory=lambda: np.empty((0, 0)))
    levels: Levels | None = None


class Planned(Protocol):
    """A strategy class that can be said in arrays."""

    def sweep_plan(self, params: Mapping[str, npt.NDArray[Any]]) -> SweepPlan:
        """The plan for combinations given as equally long columns, one per parameter."""


def planned(strategy: type) -> Planned | None:
    """``strategy`` if it has a plan; None too for one that inherited it and asks for something else since."""
    owners = {name: at for at, owner in reversed([*enumerate(strategy.__mro__)]) for name in vars(owner)}
    if "sweep_plan" not in owners or any(owners["sweep_plan"] > owners.get(name, 0) for name in _SAID_TWICE):
        return None
    return cast("Planned", strategy)


def columns_of(columns: Sequence[Column], candles: Candles) -> Floats:
    """The indicators as rows of one matrix, which lives until the next call in the same thread."""
    # To ask for memory anew takes as long as most indicators do.
    matrix = getattr(_last, "matrix", None)
    if matrix is None or matrix.shape != (len(columns), _width(len(candles))):
        matrix = matrix_for(len(columns), len(candles))
        _last.matrix = matrix if matrix.nbytes <= _MOST_KEPT else None
    for row, column in zip(matrix, columns, strict=True):
        column.compute(candles, row)
    return matrix


def matrix_for(columns: int, candles: int) -> Floats:
    """Room for so many columns, each beginning where a line of the processor's cache does.

    Vectors that lie across two lines take twice as long to read.  So a row is a little longer than there are candles;
    `Column.compute` fills the rest.
    """
    width = _width(candles)
    room = np.empty(columns * width + _LINE)
    begin = -room.ctypes.data // room.itemsize % _LINE
    return room[begin : begin + columns * width].reshape(columns, width)


def _width(candles: int) -> int:
    return -(-candles // _LINE) * _LINE


def mean_close(candles: Candles, out: Floats, period: int) -> None:
    """`gobot.strategy.indicators.sma` of the closes."""
    window_sums(ready(candles.close), period, float(period), out)


def crossing(columns: Floats, picks: Ints, numbers: Floats, first: Ints, found: Sparse) -> None:  # noqa: ARG001
    """Enter long where column ``picks[k, 0]`` crosses above ``picks[k, 1]``, short where it crosses below.

    The rule of `gobot.strategy.conditions.crossover`.
    """
    _crossings(columns, picks, first, np.empty(len(picks), np.int64), np.empty(_TILE, np.int64), found)


def dense(function: Callable[[Floats, Ints, Floats, Acts], None]) -> Rule:
    """A rule from a compiled function that writes bits for every candle: simpler to write, half as fast.

    ``function(columns, picks, numbers, acts)`` finds ``acts`` zero, one row per combination.  Whoever enters one way
    need not say that he leaves the other.
    """

    def rule(columns: Floats, picks: Ints, numbers: Floats, first: Ints, found: Sparse) -> None:
        acts = np.zeros((len(picks), -(-columns.shape[1] // 8) * 8), np.uint8)
        function(columns, picks, numbers, acts[:, : columns.shape[1]])
        gather(acts, first, found)
        _complete(Sparse(found.row, found.act, found.counts[: len(picks)]))

    return rule


@compiled
def gather(acts: Acts, first: Ints, found: Sparse) -> None:
    """The events in ``acts``, a row of bits per combination, padded to whole words with zeros."""
    for k in range(acts.shape[0]):
        words, at, last = acts[k].view(np.uint64), 0, found.row.shape[1] - 1
        for word in range(first[k] >> 3, words.size):
            if words[word] == 0:
                continue
            for row in range(max(word << 3, first[k]), (word + 1) << 3):
                found.row[k, min(at, last)], found.act[k, min(at, last)] = row, acts[k, row]
                at += acts[k, row] != 0
        found.counts[k] = at


@compiled
def _complete(found: Sparse) -> None:
    """Entering one way closes what is open the other way, and nothing else."""
    for k in range(found.counts.size):
        for at in range(min(found.counts[k], found.row.shape[1])):
            if found.act[k, at] & ENTER_LONG:
                found.act[k, at] = ENTER_LONG | EXIT_SHORT
            elif found.act[k, at] & ENTER_SHORT:
                found.act[k, at] = ENTER_SHORT | EXIT_LONG


@compiled
def _crossings(columns: Floats, picks: Ints, first: Ints, sides: Ints, changes: Ints, found: Sparse) -> None:
    """Compare tile by tile, and look closely only where the comparison changes.

    ``sides`` (of each combination) and ``changes`` (of one tile) are room.
    """
    rows, count, last = columns.shape[1], picks.shape[0], found.row.shape[1] - 1
    found.counts[:count] = 0
    for k in range(count):
        _, sides[k] = _side(columns[picks[k, 0]], columns[picks[k, 1]], 0)
    for begin in range(0, rows, _TILE):
        end = min(begin + _TILE, rows)
        for k in range(count):
            a, b = columns[picks[k, 0]], columns[picks[k, 1]]
            into, acts, at, side = found.row[k], found.act[k], found.counts[k], sides[k]
            for change in changes[: _changes(a, b, begin, end, changes)]:
                row, now = _side(a, b, change)
                into[min(at, last)] = row
                acts[min(at, last)] = (ENTER_LONG | EXIT_SHORT) if now > 0 else (ENTER_SHORT | EXIT_LONG)
                at += (now == -side) & (row >= first[k])
                side = now if now != 0 else side
            found.counts[k], sides[k] = at, side


@inlined
def _changes(a: Floats, b: Floats, begin: int, end: int, changes: Ints) -> int:
    """The rows where ``a > b`` is another than in the row before; 64 rows without any are passed at once."""
    count, was = 0, np.uint64(begin > 0 and a[begin - 1] > b[begin - 1])
    for start in range(begin, end, _WORD):
        above = _above(a[start : min(start + _WORD, end)], b[start : min(start + _WORD, end)])
        differs = above ^ (above << _ONE | was)
        was = above >> np.uint64(_WORD - 1)
        while differs:
            lowest = differs & (~differs + _ONE)
            differs ^= lowest
            changes[count] = start + _position(lowest)
            count += 1
    return count


@inlined
def _above(a: Floats, b: Floats) -> np.uint64:
    """Where ``a`` is above ``b``, to the last bit: a bit per row.  What is behind the end is like the last row."""
    above = np.uint64(0)
    if a.size == _WORD:
        for row in range(_WORD):
            above |= np.uint64(a[row] > b[row]) << np.uint64(row)
        return above
    for row in range(_WORD):
        at = min(row, a.size - 1)
        above |= np.uint64(a[at] > b[at]) << np.uint64(row)
    return above


@inlined
def _position(bit: np.uint64) -> np.int64:
    """Where the one bit stands that is set: the exponent of that power of two."""
    return (np.float64(bit).view(np.int64) >> 52) - 1023


@inlined
def _side(a: Floats, b: Floats, row: int) -> tuple[int, int]:
    """From ``row`` on the first where the two differ by more than rounding, and which is above (1) or below (-1)."""
    while row < a.size:
        gap = a[row] - b[row]
        if abs(gap) > _EQUAL * max(abs(a[row]), abs(b[row])):
            return row, 1 if gap > 0 else -1
        row += 1
    return row, 0
