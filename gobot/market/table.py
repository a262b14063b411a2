"""Columns out of a CSV, Parquet or Feather file: times as ms UTC, numbers as float64.

What is wrong with a file is said in one sentence with the place and the remedy; nothing is mended silently.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gobot.core import DataError, iso
from gobot.market.candles import Floats, Ints

if TYPE_CHECKING:
    import pyarrow as pa

TIME_NAMES = ("time", "timestamp", "open_time", "date")
_FORMATS = {".csv": "CSV", ".parquet": "Parquet", ".feather": "Feather"}
# Bare numbers tell their unit by their size: (below, ms per unit).  Every moment from 1973 to 5138 fits one row only.
_UNITS = ((1e11, 1e3), (1e14, 1.0), (1e17, 1e-3), (np.inf, 1e-6))


def read_columns(path: Path, names: tuple[str, ...]) -> tuple[Ints, list[Floats]]:
    """The time column (see `TIME_NAMES`) as ms UTC and the columns ``names`` as floats; empty cells are NaN.

    Times may be ISO 8601 text, timestamps, or numbers in s, ms, µs or ns since 1970; without a zone they are UTC.
    Raises `DataError` when the file cannot be read, lacks a column, has no rows, or its times do not increase.
    """
    import pyarrow as pa

    kind = _FORMATS.get(path.suffix.lower())
    if kind is None:
        raise DataError(f"{path}: the ending {path.suffix!r} is not known; use .csv, .parquet or .feather")
    try:
        table = _load(path, kind, names)
        if table.num_rows == 0:
            raise DataError(f"{path}: holds no rows; fetch or export the file again")
        time = _as_ms(table.column(0), path)
        columns = [_as_floats(column) for column in table.columns[1:]]
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; check the path") from None
    except (OSError, UnicodeDecodeError, pa.ArrowException) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise DataError(f"{path}: cannot be read as {kind} ({reason}); fetch or export the file again") from error
    # What remains is copied into numpy's own memory; Arrow's pool would keep its pages for itself.
    del table
    pa.default_memory_pool().release_unused()
    _require_increasing(time, path)
    return time, columns


def _load(path: Path, kind: str, names: tuple[str, ...]) -> pa.Table:
    """The time column and the columns ``names``, in this order; the other columns stay on disk."""
    if kind == "Parquet":
        from pyarrow import parquet

        with parquet.ParquetFile(path) as file:
            wanted = _find(path, file.schema_arrow.names, names)
            return file.read(columns=wanted, use_threads=False).select(wanted)
    if kind == "Feather":
        from pyarrow import ipc

        with path.open("rb") as source:
            present = ipc.open_file(source).schema.names
            wanted = _find(path, present, names)
            only = ipc.IpcReadOptions(included_fields=sorted(present.index(name) for name in wanted))
            return ipc.open_file(source, options=only).read_all().select(wanted)
    from pyarrow import csv, float64

    with path.open(encoding="utf-8-sig") as lines:
        present = [name.strip('"') for name in lines.readline().rstrip("\r\n").split(",")]
    wanted = _find(path, present, names)
    types = dict.fromkeys(wanted[1:], float64())
    return csv.read_csv(path, convert_options=csv.ConvertOptions(include_columns=wanted, column_types=types))


def _find(path: Path, present: list[str], names: tuple[str, ...]) -> list[str]:
    """The names as the file spells them: the time column first, then ``names``; case and blanks do not matter."""
    spelled = {name.strip().lower(): name for name in present}
    time = next((name for name in TIME_NAMES if name in spelled), None)
    missing = [name for name in names if name not in spelled]
    if time is None or missing:
        lacking = ", ".join(missing) if time else " or ".join(TIME_NAMES)
        raise DataError(
            f"{path}: no column {lacking}; name the columns time, {', '.join(names)}"
            f" (the file has {', '.join(filter(None, present)) or 'none'})"
        )
    return [spelled[name] for name in (time, *names)]


def _as_ms(column: pa.ChunkedArray, path: Path) -> Ints:
    import pyarrow as pa

    if column.null_count:
        row = column.is_null().index(True).as_py()
        raise DataError(f"{path}: row {row + 1} has no time; remove it or fetch the file again")
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        zoned = column[0].as_py().endswith("Z") or "+" in column[0].as_py()
        column = column.cast(pa.timestamp("ms", "UTC" if zoned else None))
    if pa.types.is_date(column.type):
        column = column.cast(pa.timestamp("ms"))
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("ms", column.type.tz), safe=False).cast(pa.int64())
        return _own(column).astype(np.int64, copy=False)
    return _number_as_ms(_own(column), path)


def _as_floats(column: pa.ChunkedArray) -> Floats:
    import pyarrow as pa

    if column.type != pa.float64():
        column = column.cast(pa.float64())
    return _own(column.fill_null(np.nan) if column.null_count else column)


def _own(column: pa.ChunkedArray) -> npt.NDArray[Any]:
    """A copy in numpy's memory.  `ChunkedArray.to_numpy` would import pandas, 45 MB, to say the same."""
    return np.from_dlpack(column.combine_chunks()).copy()


def _number_as_ms(values: Ints | Floats, path: Path) -> Ints:
    units = {next(unit for below, unit in _UNITS if value < below) for value in (values.min(), values.max())}
    if len(units) > 1 or values.min() <= 0:
        raise DataError(
            f"{path}: times from {values.min()} to {values.max()} are not all in one unit;"
            " write them all as milliseconds since 1970"
        )
    unit = units.pop()
    if np.issubdtype(values.dtype, np.integer):
        whole = values.astype(np.int64)
        return whole * int(unit) if unit >= 1 else whole // round(1 / unit)
    return np.rint(values * unit).astype(np.int64)


def _require_increasing(time: Ints, path: Path) -> None:
    steps = np.diff(time)
    if (steps > 0).all():
        return
    row = int(np.argmax(steps <= 0)) + 1
    if steps[row - 1] == 0:
        raise DataError(f"{path}: {iso(int(time[row]))} appears twice (row {row + 1}); drop one of the two rows")
    raise DataError(f"{path}: row {row + 1} ({iso(int(time[row]))}) is older than the row before it; sort by time")
