"""What strategies say: entries and exits on closed candles, as columns."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

EXIT_LONG = 1
EXIT_SHORT = 2
SIGNAL_COLUMNS = pd.Index(["entry", "exit", "stop", "target", "confidence"])

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.int8]
Condition = pd.Series | npt.NDArray[np.bool_] | bool
Column = pd.Series | Floats | float


@dataclass(frozen=True, slots=True, eq=False)
class Signals:
    """One row per candle, acted on at the open of the next.

    ``entry``: +1 go long, -1 go short, 0 nothing.  ``exit``: bits `EXIT_LONG` and `EXIT_SHORT`, set for every position
    that has to close, an entry in the other direction included; an entry and an exit of the same direction never
    stand in one row.  ``stop`` and ``target`` are prices for the entry of that row, NaN where there is none or the
    settings' percentages apply.  ``confidence`` lies in [0, 1] and is 0 where nothing is entered.  ``frame`` is what
    they were read from: the candles and the indicators, None during warm-up.  The arrays are treated as read-only.
    """

    entry: Flags
    exit: Flags
    stop: Floats
    target: Floats
    confidence: Floats
    frame: pd.DataFrame | None = field(default=None, repr=False)

    @classmethod
    def none(cls, rows: int) -> Signals:
        """``rows`` candles without any signal."""
        nothing, unset = np.zeros(rows, np.int8), np.full(rows, np.nan)
        return cls(nothing, nothing, unset, unset, np.zeros(rows))

    def __len__(self) -> int:
        return len(self.entry)

    def __getitem__(self, rows: slice) -> Signals:
        """The rows of a slice, as views."""
        return Signals(
            self.entry[rows],
            self.exit[rows],
            self.stop[rows],
            self.target[rows],
            self.confidence[rows],
            None if self.frame is None else self.frame.iloc[rows],
        )


def signal_frame(
    index: pd.Index,
    *,
    long: Condition = False,
    short: Condition = False,
    exit_long: Condition = False,
    exit_short: Condition = False,
    stop: Column = np.nan,
    target: Column = np.nan,
    confidence: Column = 1.0,
) -> pd.DataFrame:
    """The DataFrame that `Strategy.signals` returns, from conditions: columns entry, exit, stop, target, confidence.

    ``long`` and ``short`` true in the same row cancel out.  An entry closes a position the other way by itself.
    ``stop``, ``target`` and ``confidence`` matter in rows with an entry only.
    """
    block = np.empty((len(SIGNAL_COLUMNS), len(index)))
    block[0] = _values(long)
    block[0] -= _values(short)
    block[1] = EXIT_LONG * _values(exit_long)
    block[1] += EXIT_SHORT * _values(exit_short)
    block[2] = _values(stop)
    block[3] = _values(target)
    block[4] = _values(confidence)
    return pd.DataFrame(block.T, index=index, columns=SIGNAL_COLUMNS, copy=False)


def _values(given: Condition | Column) -> Floats:
    return np.asarray(given.to_numpy() if isinstance(given, pd.Series) else given, np.float64)
