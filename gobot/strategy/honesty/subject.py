"""A strategy on a market: what every check looks at, and how two evaluations are compared."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from gobot.core import Timeframe, iso
from gobot.market import Candles
from gobot.strategy.base import Strategy
from gobot.strategy.evaluate import evaluate
from gobot.strategy.signals import SIGNAL_COLUMNS, Signals

Rows = npt.NDArray[np.int64]
Marks = npt.NDArray[np.bool_]

# Rounding may differ with the length of the data, decisions may not.
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One set of parameters on one market, evaluated.  ``needed`` candles decide a row."""

    strategy: Strategy
    market: str
    candles: Candles
    whole: Signals
    needed: int

    @classmethod
    def of(cls, strategy: Strategy, market: str, candles: Candles) -> Subject:
        """Evaluate ``strategy`` on ``candles``.  Raises `StrategyError`."""
        return cls(
            strategy=strategy,
            market=market,
            candles=candles,
            whole=evaluate(strategy, candles),
            needed=strategy.warmup_on(candles.step()),
        )

    def entries(self) -> Rows:
        """The rows with an entry."""
        return np.flatnonzero(self.whole.entry)

    def when(self, row: int) -> str:
        """Which candle a row is: its market and the time of its open."""
        return f"{self.market} at {iso(int(self.candles.time[row]))}"

    def latest_beginning(self, row: int) -> int:
        """Where data may begin so that ``row`` is past the warm-up.

        Beside a hole in the data the longer candles that it damages do not count.
        """
        step = self.candles.step()
        begin = row - self.needed + 1
        longest = max((Timeframe.parse(name).ms // step.ms for name in self.strategy.timeframes), default=1)
        for _ in range(3):
            holes = int(np.count_nonzero(np.diff(self.candles.time[max(begin, 0) : row + 1]) != step.ms))
            begin = row - self.needed + 1 - 2 * holes * (longest - 1)
        return max(begin, 0)

    def sample(self, count: int, low: int, seed: int = 1) -> Rows:
        """At most ``count`` rows from ``low`` on, ascending: rows with entries first, then any, by chance."""
        chance = np.random.RandomState(seed)
        entries = self.entries()
        entries = entries[entries >= low]
        chosen = chance.permutation(entries)[: count // 2]
        others = chance.permutation(np.arange(low, len(self.candles)))[: count - chosen.size]
        return np.unique(np.concatenate([chosen, others]))


def differing(one: Signals, other: Signals, rounding: float = _ROUNDING) -> dict[str, Marks]:
    """For each signal column in which they differ, the rows."""
    pairs = ((name, getattr(one, name), getattr(other, name)) for name in SIGNAL_COLUMNS)
    return _marked((name, _apart(a, b, rounding, 0.0)) for name, a, b in pairs)


def differing_columns(one: pd.DataFrame | None, other: pd.DataFrame | None) -> dict[str, Marks]:
    """For each column of the frames in which they differ, the rows; nothing where one of them was not made."""
    if one is None or other is None:
        return {}
    return _marked((str(name), _unlike(one[name], other[name])) for name in one if name in other)


def _marked(columns: Iterable[tuple[str, Marks]]) -> dict[str, Marks]:
    return {name: marks for name, marks in columns if marks.any()}


def _unlike(one: pd.Series, other: pd.Series) -> Marks:
    if pd.api.types.is_numeric_dtype(one) and pd.api.types.is_numeric_dtype(other):
        a, b = one.to_numpy(np.float64), other.to_numpy(np.float64)
        # What is nearly zero beside its neighbours (a histogram crossing it) is measured by them.
        scale = float(np.abs(b[np.isfinite(b)]).max(initial=0.0))
        return _apart(a, b, _ROUNDING, _ROUNDING * scale)
    same = one.to_numpy() == other.to_numpy()
    return np.asarray(~(same | (one.isna() & other.isna()).to_numpy()), bool)


def _apart(a: np.ndarray, b: np.ndarray, relative: float, absolute: float) -> Marks:
    # Nearly always they are equal, which is quick to see.
    if np.array_equal(a, b, equal_nan=True):
        return np.zeros(a.size, np.bool_)
    return np.asarray(~np.isclose(a, b, rtol=relative, atol=absolute, equal_nan=True))
