"""The columns of a CSV, Parquet or Feather file, as they stand there.

There are two ways to read one.  `read_columns` is for files that are used as they are: it accepts nothing that is not
in order and says in one sentence what is wrong, where, and how to mend it.  `read_rows` is for files that are to be
sifted: it takes every row as it finds it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gobot.core import DataError, iso
from gobot.market.arrow import NAMES, floats, numbers
from gobot.market.candles import Floats, Ints
from gobot.market.csv_text import CsvText
from gobot.market.times import find_times, read_times

if TYPE_CHECKING:
    import pyarrow as pa

FORMATS = {".csv": "CSV", ".zip": "zipped CSV", ".parquet": "Parquet", ".feather": "Feather"}
"""The files that can be read, by their endings."""
_TIME_NAMES = ("time", "timestamp", "open_time", "date", "datetime", "unix", "t", "calc_time")
_OTHER_NAMES = {"open": "o", "high": "h", "low": "l", "close": "c", "volume": "v", "rate": "last_funding_rate"}


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """The rows of a file of candles in the order of the file; nothing is sorted, dropped or mended.

    ``time`` is ms UTC and `NO_TIME` where it cannot be read, the other columns are NaN there; ``torn`` are the lines
    of a CSV file that have too few or too many cells.
    """

    time: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    torn: tuple[int, ...] = ()


def read_columns(path: Path, names: tuple[str, ...]) -> tuple[Ints, list[Floats]]:
    """The time column as ms UTC and the columns ``names`` as floats; empty cells are NaN.

    Raises `DataError` when the file cannot be read, lacks a column, has no rows, or its times do not increase.
    """
    with _reading(path):
        table = _load(path, names)
        time = read_times(table.column(0), path)
        columns = [floats(column) for column in table.columns[1:]]
    _require_increasing(time, path)
    return time, columns


def read_rows(path: Path) -> Rows:
    """Every row of the candles in ``path``.

    Raises `DataError` when the file cannot be read at all, lacks a column or has no rows.
    """
    import pyarrow as pa

    torn: list[int] = []
    with _reading(path):
        try:
            table = _load(path, NAMES[1:])
        except pa.ArrowInvalid:
            if _format(path) not in ("CSV", "zipped CSV"):
                raise
            table = _load(path, NAMES[1:], torn=torn)
        columns = table.columns
        del table
        time = find_times(columns.pop(0))
        # One column after the other leaves Arrow's memory for numpy's.
        open_, high, low, close, volume = (numbers(columns.pop(0)) for _ in NAMES[1:])
        return Rows(time, open_, high, low, close, volume, tuple(torn))


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Say what is wrong with ``path`` as a whole, and give back the memory that Arrow took to read it."""
    import pyarrow as pa

    kind = _format(path)
    try:
        yield
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; check the path") from None
    except (OSError, UnicodeDecodeError, pa.ArrowException) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise DataError(f"{path}: cannot be read as {kind} ({reason}); fetch or export the file again") from error
    finally:
        pa.default_memory_pool().release_unused()


def _format(path: Path) -> str:
    kind = FORMATS.get(path.suffix.lower())
    if kind is None:
        raise DataError(f"{path}: the ending {path.suffix!r} is not known; use {', '.join(FORMATS)}")
    return kind


def _load(path: Path, names: tuple[str, ...], torn: list[int] | None = None) -> pa.Table:
    """The time column and the columns ``names``, in this order; the other columns stay on disk.

    With ``torn``, the cells of a CSV file are left as text and lines that are no rows are noted there.
    """
    kind = _format(path)
    if kind == "Parquet":
        from pyarrow import parquet

        with parquet.ParquetFile(path) as file:
            wanted = _find(path, file.schema_arrow.names, names)
            table = file.read(columns=wanted, use_threads=False).select(wanted)
    elif kind == "Feather":
        from pyarrow import ipc

        with path.open("rb") as source:
            present = ipc.open_file(source).schema.names
            wanted = _find(path, present, names)
            only = ipc.IpcReadOptions(included_fields=sorted(present.index(name) for name in wanted))
            table = ipc.open_file(source, options=only).read_all().select(wanted)
    else:
        from pyarrow import float64, string

        text = CsvText.open(path)
        time, *others = _find(path, text.names, names)
        if torn is None:
            table = text.table({time: None, **dict.fromkeys(others, float64())})
        else:
            table = text.table(dict.fromkeys((time, *others), string()), torn=torn)
    if table.num_rows == 0:
        raise DataError(f"{path}: holds no rows; fetch or export the file again")
    return table


def _find(path: Path, present: list[str], names: tuple[str, ...]) -> list[str]:
    """The names as the file spells them: the time column first, then ``names``; case and blanks do not matter."""
    spelled = {name.strip().lower().replace(" ", "_"): name for name in reversed(present)}
    time = next((name for name in _TIME_NAMES if name in spelled), None)
    found = [name if name in spelled else _OTHER_NAMES.get(name, name) for name in names]
    missing = [name for name, there in zip(names, found, strict=True) if there not in spelled]
    if time is None or missing:
        lacking = ", ".join(missing) if time else " or ".join(_TIME_NAMES[:4])
        raise DataError(
            f"{path}: no column {lacking}; name the columns time, {', '.join(names)}"
            f" (the file has {', '.join(filter(None, present)) or 'none'})"
        )
    return [spelled[name] for name in (time, *found)]


def _require_increasing(time: Ints, path: Path) -> None:
    steps = np.diff(time)
    if (steps > 0).all():
        return
    row = int(np.argmax(steps <= 0)) + 1
    if steps[row - 1] == 0:
        raise DataError(f"{path}: {iso(int(time[row]))} appears twice (row {row + 1}); drop one of the two rows")
    raise DataError(f"{path}: row {row + 1} ({iso(int(time[row]))}) is older than the row before it; sort by time")
