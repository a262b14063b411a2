"""Candles as numpy columns: the form in which the whole house passes them around."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from gobot.core import DataError, Timeframe

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# How many units of an index there are in a millisecond; pandas converts the coarser ones.
_PER_MS = {"ns": 1_000_000, "us": 1_000, "ms": 1, "s": 0}
_PART = 1 << 15


@dataclass(frozen=True, slots=True, eq=False)
class Candles:
    """Closed candles of one symbol, oldest first.

    All columns have the same length.  ``time`` is the open of each candle in ms UTC, strictly increasing;
    prices are quote per base, ``volume`` in base units.  The arrays are treated as read-only.
    """

    time: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    @classmethod
    def empty(cls) -> Candles:
        """No candles."""
        none = np.empty(0, np.float64)
        return cls(np.empty(0, np.int64), none, none, none, none, none)

    @classmethod
    def from_columns(cls, time: npt.ArrayLike, *prices_and_volume: npt.ArrayLike) -> Candles:
        """Candles from six equally long sequences: time, open, high, low, close, volume.

        Raises `DataError` when the lengths differ or the times do not strictly increase.
        """
        columns = [np.ascontiguousarray(c, dtype=np.float64) for c in prices_and_volume]
        stamps = np.ascontiguousarray(time, dtype=np.int64)
        if len(columns) != 5 or any(c.shape != stamps.shape for c in columns):
            raise DataError("candles need six columns of the same length: time, open, high, low, close, volume")
        if not bool((stamps[1:] > stamps[:-1]).all()):
            raise DataError("candle times must strictly increase: sort them and drop duplicates first")
        return cls(stamps, *columns)

    @classmethod
    def from_frame(cls, frame: pd.DataFrame) -> Candles:
        """Candles from a DataFrame like that of `frame`: nothing is copied that need not be.

        An index without a time zone is taken for UTC.  Raises `DataError` when a column is missing or the index does
        not hold strictly increasing times.
        """
        import pandas as pd

        missing = [str(name) for name in _columns() if name not in frame.columns]
        if missing:
            raise DataError(f"the frame of candles lacks the columns {', '.join(missing)}: rename those it has")
        if not isinstance(frame.index, pd.DatetimeIndex):
            raise DataError("a frame of candles is indexed by time: make a DatetimeIndex of the opens, in UTC")
        per_ms = _PER_MS[frame.index.unit]
        times = frame.index.asi8 // per_ms if per_ms else frame.index.as_unit("ms").asi8
        return cls.from_columns(times, *(frame[name].to_numpy() for name in _columns()))

    @classmethod
    def concatenate(cls, parts: Sequence[Candles]) -> Candles:
        """The candles of all ``parts``, one behind the other; their times must go on increasing."""
        filled = [part for part in parts if len(part)]
        if len(filled) < 2:
            return filled[0] if filled else cls.empty()
        return cls(*(np.concatenate([getattr(part, f.name) for part in filled]) for f in fields(cls)))

    def __len__(self) -> int:
        return len(self.time)

    def __getitem__(self, rows: slice) -> Candles:
        """The rows of a slice, as views: nothing is copied."""
        return Candles(
            self.time[rows], self.open[rows], self.high[rows], self.low[rows], self.close[rows], self.volume[rows]
        )

    def last(self, count: int) -> Candles:
        """The newest ``count`` candles, or all if there are fewer, as views."""
        return self[max(0, len(self) - count) :]

    def between(self, start_ms: int | None = None, end_ms: int | None = None) -> Candles:
        """The candles with ``start_ms <= time < end_ms``, as views."""
        low = 0 if start_ms is None else int(np.searchsorted(self.time, start_ms, "left"))
        high = len(self) if end_ms is None else int(np.searchsorted(self.time, end_ms, "left"))
        return self[low:high]

    def frame(self) -> pd.DataFrame:
        """A DataFrame indexed by UTC open time with columns open, high, low, close, volume (one copy of the data)."""
        import pandas as pd

        index = pd.DatetimeIndex(self.time.astype("datetime64[ms]"), tz="UTC", name="time")
        # One block under ready-made names: a fifth of the time, and every live cycle makes one frame per symbol.
        block = np.array([self.open, self.high, self.low, self.close, self.volume]).T
        return pd.DataFrame(block, index=index, columns=_columns(), copy=False)

    def step(self) -> Timeframe:
        """The candle length: the commonest distance between neighbours.  Raises `DataError` with fewer than two."""
        if len(self) < 2:
            raise DataError("at least two candles are needed to tell their timeframe")
        first = self.time[1] - self.time[0]
        # Nearly always the answer.  Part by part: memory that is asked for anew takes longer than the arithmetic.
        parts = (self.time[begin : begin + _PART + 1] for begin in range(0, len(self), _PART))
        if 2 * sum(np.count_nonzero(np.diff(part) == first) for part in parts) >= len(self):
            return Timeframe(int(first))
        lengths, counts = np.unique(np.diff(self.time), return_counts=True)
        return Timeframe(int(lengths[counts.argmax()]))


@cache
def _columns() -> pd.Index[str]:
    import pandas as pd

    return pd.Index(["open", "high", "low", "close", "volume"])
