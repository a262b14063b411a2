"""Candle and funding files that are used as they are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gobot.core import DataError, iso
from gobot.market.arrow import NAMES
from gobot.market.candles import Candles, Floats, Ints
from gobot.market.sound import broken_rules
from gobot.market.table import read_columns


@dataclass(frozen=True, slots=True, eq=False)
class FundingRates:
    """Settled funding of one symbol, oldest first: ``time`` in ms UTC, ``rate`` as a fraction of the value."""

    time: Ints
    rate: Floats


def read_candles(path: Path) -> Candles:
    """The candles of one CSV, Parquet or Feather file with columns time, open, high, low, close, volume.

    The time column may also be called timestamp, open_time or date; gaps are left as they are.  Raises `DataError`
    when the file cannot be read or a row cannot be traded on: NaN, a price of zero or less, high below low, a
    negative volume, a time that repeats or goes back.
    """
    time, columns = read_columns(path, NAMES[1:])
    candles = Candles.from_columns(time, *columns)
    for rule in broken_rules(candles):
        _require(~rule.broken, time, path, f"has {rule.complaint}")
    return candles


def read_funding(path: Path) -> FundingRates:
    """The funding rates of one file with columns time and rate.  Raises `DataError` as `read_candles` does."""
    time, (rate,) = read_columns(path, ("rate",))
    _require(np.isfinite(rate) & (np.abs(rate) < 1), time, path, "has a rate that is missing or not a fraction")
    return FundingRates(time, rate)


def _require(good: np.ndarray, time: Ints, path: Path, complaint: str) -> None:
    if not good.all():
        row = int(np.argmin(good))
        raise DataError(
            f"{path}: row {row + 1} ({iso(int(time[row]))}) {complaint}; remove the row or fetch the file again"
        )
