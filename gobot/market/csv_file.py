"""A series as a CSV file: ``time,open,high,low,close,volume``, the time in ms UTC, the newest candle last."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
from pyarrow import csv

from gobot.core import DataError
from gobot.market.arrow import NAMES, schema, table_of, unpack
from gobot.market.base_file import foreign
from gobot.market.candles import Candles, Ints

_HEADER = (",".join(NAMES) + "\n").encode()
_LINE = 64
"""A usual length of a line, in bytes."""


def write_csv(file: BinaryIO, candles: Candles) -> None:
    """Write ``candles`` to ``file``; every number reads back as exactly the same."""
    file.write(_HEADER)
    csv.write_csv(table_of(candles), file, csv.WriteOptions(include_header=False, quoting_style="none"))


class CsvFile:
    """An opened file of candles.  It stays what it was when opened, whatever happens to the name.

    Raises `FileNotFoundError`, and `DataError` for a file that gobot did not write.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("rb", buffering=0)
        self._size = os.fstat(self._file.fileno()).st_size
        if self._file.read(len(_HEADER)) != _HEADER or self._size == len(_HEADER):
            self._file.close()
            raise foreign(self._path, f"it does not begin with {_HEADER.decode().strip()} and candles")

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    @property
    def newest_ms(self) -> int:
        """Open time of the last candle."""
        return int(self.tail(1).time[-1])

    def read(self, start_ms: int | None = None, end_ms: int | None = None) -> Candles:
        """The candles with ``start_ms <= time < end_ms``."""
        return self._all.between(start_ms, end_ms)

    def tail(self, count: int) -> Candles:
        """The last ``count`` candles; the rest of the file is not read."""
        length = _LINE * count
        while length < self._size:
            lines = self._bytes(self._size - length)
            if lines.count(b"\n") > count:
                return self._parse(lines[lines.index(b"\n") + 1 :]).last(count)
            length *= 2
        return self._all.last(count)

    def times(self) -> Ints:
        """The open time of every candle."""
        return self._all.time

    @cached_property
    def _all(self) -> Candles:
        return self._parse(self._bytes(len(_HEADER)))

    def _bytes(self, start: int) -> bytes:
        self._file.seek(start)
        return self._file.read(self._size - start)

    def _parse(self, lines: bytes) -> Candles:
        try:
            table = csv.read_csv(
                pa.BufferReader(lines),
                csv.ReadOptions(column_names=NAMES),
                convert_options=csv.ConvertOptions(column_types=schema()),
            )
            return Candles.from_columns(*map(unpack, table.columns))
        except (pa.ArrowException, BufferError, DataError) as error:
            raise foreign(self._path, str(error).splitlines()[0].rstrip(".")) from error
