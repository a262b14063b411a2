"""Moments as files write them, as ms UTC.

They may be ISO 8601 text, timestamps, or numbers in s, ms, µs or ns since 1970; without a zone they are UTC.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gobot.core import DataError
from gobot.market.arrow import numbers, unpack
from gobot.market.candles import Floats, Ints

if TYPE_CHECKING:
    import pyarrow as pa

NO_TIME = np.iinfo(np.int64).min
"""Stands where a row has no time that can be read."""

# Bare numbers tell their unit by their size: (below, ms per unit).  Every moment from 1973 to 5138 fits one row only.
_UNITS = ((1e11, 1e3), (1e14, 1.0), (1e17, 1e-3), (1e20, 1e-6))
_LATEST_MS = 10**14


def read_times(column: pa.ChunkedArray, path: Path) -> Ints:
    """Every moment of ``column``.  Raises `DataError` where one is missing or they are not all in one unit."""
    import pyarrow as pa

    if column.null_count:
        row = column.is_null().index(True).as_py()
        raise DataError(f"{path}: row {row + 1} has no time; remove it or fetch the file again")
    if _is_text(column):
        zoned = column[0].as_py().endswith("Z") or "+" in column[0].as_py()
        column = column.cast(pa.timestamp("ms", "UTC" if zoned else None))
    if not pa.types.is_temporal(column.type):
        values = unpack(column)
        unit = _unit(values.min())
        if unit is None or unit != _unit(values.max()):
            raise DataError(
                f"{path}: times from {values.min()} to {values.max()} are not all in one unit;"
                " write them all as milliseconds since 1970"
            )
        return _as_ms(values, unit)
    return unpack(_timestamps(column))


def find_times(column: pa.ChunkedArray) -> Ints:
    """Every moment of ``column``, each in its own unit, `NO_TIME` where it cannot be read."""
    import pyarrow as pa

    if pa.types.is_temporal(column.type):
        found = unpack(_timestamps(column).fill_null(NO_TIME))
        found[(found <= 0) | (found >= _LATEST_MS)] = NO_TIME
        return found
    exact = pa.types.is_integer(column.type) and not column.null_count
    values: Ints | Floats = unpack(column) if exact else numbers(column)
    only = _unit(values.min())
    if only is not None and only == _unit(values.max()):  # as nearly always
        return _as_ms(values, only)
    found = np.full(len(values), NO_TIME)
    above = 1.0
    for below, unit in _UNITS:
        rows = (values >= above) & (values < below)
        found[rows] = _as_ms(values[rows], unit)
        above = below
    if _is_text(column):
        for row in np.flatnonzero(found == NO_TIME).tolist():
            found[row] = _parsed(column[row].as_py())
    return found


def _is_text(column: pa.ChunkedArray) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(column.type) or pa.types.is_large_string(column.type))


def _timestamps(column: pa.ChunkedArray) -> pa.ChunkedArray:
    import pyarrow as pa

    zone = getattr(column.type, "tz", None)
    return column.cast(pa.timestamp("ms", zone), safe=False).cast(pa.int64())


def _unit(value: float) -> float | None:
    """Milliseconds per unit of a moment, None for what is none."""
    return next((unit for below, unit in _UNITS if 0 < value < below), None)


def _as_ms(values: Ints | Floats, unit: float) -> Ints:
    if np.issubdtype(values.dtype, np.integer):
        whole = values.astype(np.int64, copy=False)
        if unit == 1:
            return whole
        return whole * int(unit) if unit >= 1 else whole // round(1 / unit)
    return np.rint(values * unit).astype(np.int64)


def _parsed(text: str | None) -> int:
    try:
        moment = datetime.fromisoformat((text or "").strip().removesuffix(" UTC"))
    except ValueError:
        return NO_TIME
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)
