"""A series as a Parquet file: ``time`` (int64, ms UTC) and five columns of float64, zstd, in groups of rows.

Prices compress best as they are: next to each other they repeat whole bytes, which dictionaries and split bytes hide.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import parquet

from gobot.market.arrow import NAMES, schema, table_of, unpack
from gobot.market.base_file import foreign
from gobot.market.candles import Candles, Ints

_GROUP_ROWS = 16_384
"""Rows that are compressed together: the least that a reader has to unpack."""
_BATCH_GROUPS = 16
"""Groups that are unpacked at a time, for the sake of memory."""


def write_parquet(file: BinaryIO, candles: Candles) -> None:
    """Write ``candles`` to ``file``; the same candles always give the same bytes."""
    parquet.write_table(
        table_of(candles),
        file,
        row_group_size=_GROUP_ROWS,
        compression="zstd",
        compression_level=1,
        use_dictionary=False,
        column_encoding={"time": "DELTA_BINARY_PACKED"},
        write_statistics=["time"],
    )


class ParquetFile:
    """An opened file of candles.  It stays what it was when opened, whatever happens to the name.

    Raises `FileNotFoundError`, and `DataError` for a file that gobot did not write.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._file = parquet.ParquetFile(path, memory_map=True)
        except pa.ArrowException as error:
            raise foreign(path, str(error).splitlines()[0].rstrip(".")) from error
        found, groups = self._file.schema_arrow, self._file.metadata
        if not found.equals(schema()) or not groups.num_rows:
            raise foreign(path, f"{groups.num_rows} rows of {', '.join(found.names)}")
        self._ends: list[int] = np.cumsum(
            [groups.row_group(group).num_rows for group in range(groups.num_row_groups)]
        ).tolist()

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    @property
    def newest_ms(self) -> int:
        """Open time of the last candle."""
        return self._bounds(len(self._ends) - 1)[1]

    def read(self, start_ms: int | None = None, end_ms: int | None = None) -> Candles:
        """The candles with ``start_ms <= time < end_ms``."""
        first, end = 0, len(self._ends)
        while start_ms is not None and first < end and self._bounds(first)[1] < start_ms:
            first += 1
        while end_ms is not None and first < end and self._bounds(end - 1)[0] >= end_ms:
            end -= 1
        return self._groups(first, end).between(start_ms, end_ms)

    def tail(self, count: int) -> Candles:
        """The last ``count`` candles."""
        first = sum(end <= self._ends[-1] - count for end in self._ends)
        return self._groups(first, len(self._ends)).last(count)

    def times(self) -> Ints:
        """The open time of every candle."""
        return unpack(self._file.read(["time"], use_threads=False).column(0))

    def _groups(self, first: int, end: int) -> Candles:
        """The rows of some groups, unpacked a few at a time into the arrays they stay in."""
        if first == end:
            return Candles.empty()
        offset = self._ends[first - 1] if first else 0
        rows = self._ends[end - 1] - offset
        columns: list[npt.NDArray[Any]] = [np.empty(rows, np.int64), *(np.empty(rows) for _ in NAMES[1:])]
        start = 0
        for group in range(first, end, _BATCH_GROUPS):
            batch = range(group, min(group + _BATCH_GROUPS, end))
            table = self._file.read_row_groups(batch, use_threads=len(batch) > 1)
            stop = start + table.num_rows
            for values, column in zip(columns, table.columns, strict=True):
                unpack(column, values[start:stop])
            start = stop
        return Candles(*columns)

    def _bounds(self, group: int) -> tuple[int, int]:
        """Open times of the first and the last candle of a group."""
        found = self._file.metadata.row_group(group).column(0).statistics
        if found is None or not found.has_min_max:
            raise foreign(self._path, "its groups of rows do not tell their times")
        return found.min, found.max
