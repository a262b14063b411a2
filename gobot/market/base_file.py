"""The ordinary file that holds a series, in one of the formats that people open."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Protocol

from gobot.core import DataError
from gobot.market.candles import Candles, Ints
from gobot.market.disk import replace_file

FileFormat = Literal["parquet", "csv"]
SUFFIXES: tuple[FileFormat, ...] = ("parquet", "csv")


class BaseFile(Protocol):
    """An opened file of at least one candle.  It stays what it was when opened, whatever happens to the name."""

    @property
    def newest_ms(self) -> int:
        """Open time of the last candle."""

    def read(self, start_ms: int | None = None, end_ms: int | None = None) -> Candles:
        """The candles with ``start_ms <= time < end_ms``."""

    def tail(self, count: int) -> Candles:
        """The last ``count`` candles."""

    def times(self) -> Ints:
        """The open time of every candle."""

    def close(self) -> None:
        """Let go of the file."""


def open_base(path: Path) -> BaseFile:
    """Open the file at ``path``, in the format of its ending.

    Raises `FileNotFoundError`, and `DataError` for a file that gobot did not write.
    """
    if path.suffix == ".csv":
        from gobot.market.csv_file import CsvFile

        return CsvFile(path)
    from gobot.market.parquet_file import ParquetFile

    return ParquetFile(path)


def write_base(path: Path, candles: Candles) -> None:
    """Put a file of ``candles`` in the place of ``path``, at once and whole.  Raises `OSError`."""
    if path.suffix == ".csv":
        from gobot.market.csv_file import write_csv

        replace_file(path, lambda file: write_csv(file, candles))
    else:
        from gobot.market.parquet_file import write_parquet

        replace_file(path, lambda file: write_parquet(file, candles))


def foreign(path: Path, reason: str) -> DataError:
    """A file in the store that gobot did not write, or that was changed since."""
    return DataError(f"{path} is not as gobot writes it ({reason}); move it away and import it: gobot data import")
