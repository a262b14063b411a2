"""Candles written to files for other programs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from gobot.core import DataError
from gobot.market.candles import Candles
from gobot.market.disk import disk_errors, replace_file

EXPORT_FORMATS = (".csv", ".parquet", ".feather")


def export_candles(candles: Candles, path: Path) -> None:
    """Write ``candles`` to ``path`` in the format of its ending, in the place of what is there.

    Raises `DataError` for another ending, `StateError` when the disk does not let it be written.
    """
    write = _writer(path.suffix.lower())
    if write is None:
        raise DataError(f"{path}: the ending {path.suffix!r} is not known; use {', '.join(EXPORT_FORMATS)}")
    with disk_errors("write", path):
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, lambda file: write(file, candles))


def _writer(suffix: str) -> Callable[[BinaryIO, Candles], None] | None:
    if suffix == ".csv":
        from gobot.market.csv_file import write_csv

        return write_csv
    if suffix == ".parquet":
        from gobot.market.parquet_file import write_parquet

        return write_parquet
    return _write_feather if suffix == ".feather" else None


def _write_feather(file: BinaryIO, candles: Candles) -> None:
    from pyarrow import feather

    from gobot.market.arrow import table_of

    feather.write_feather(table_of(candles), file, compression="zstd")
