"""The text of a CSV file, plain or in a zip: its columns are found by their names, or by their places without any."""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gobot.core import DataError
from gobot.market.arrow import NAMES

if TYPE_CHECKING:
    import pyarrow as pa

_DELIMITERS = (b",", b";", b"\t", b"|")
_PEEK = 64 * 1024


@dataclass(frozen=True, slots=True, eq=False)
class CsvText:
    """The bytes of a file and how they are laid out: the names of the columns, and the lines above the first row."""

    data: bytes
    names: list[str]
    above: int
    delimiter: str

    @classmethod
    def open(cls, path: Path) -> CsvText:
        """Look at the first lines of ``path``.

        Raises `OSError`, `UnicodeDecodeError`, and `DataError` for a zip that is damaged or does not hold one file.
        """
        data = _unzipped(path) if path.suffix.lower() == ".zip" else path.read_bytes()
        first, second = [*data[:_PEEK].split(b"\n", 2), b"", b""][:2]
        delimiter = max(_DELIMITERS, key=(second.strip() or first).count)
        # Some sources write where a file comes from above its header.
        above = 1 if delimiter not in first and delimiter in second else 0
        line = (second if above else first).decode("utf-8-sig")
        cells = [cell.strip().strip('"').strip() for cell in line.split(delimiter.decode())]
        # Without a header venues put these columns first, in this order.
        if len(cells) >= len(NAMES) and all(map(_numeric, cells[1 : len(NAMES)])):
            cells = [*NAMES, *(f"column {n}" for n in range(len(NAMES) + 1, len(cells) + 1))]
        else:
            above += 1
        return cls(data, cells, above, delimiter.decode())

    def table(self, wanted: Mapping[str, pa.DataType | None], *, torn: list[int] | None = None) -> pa.Table:
        """The columns ``wanted``, by name and type; a type of None is left to Arrow.

        Rows with too few or too many cells are left out and their lines noted in ``torn``; without it they raise
        `pyarrow.ArrowInvalid`, as do cells that are not of their type.
        """
        import pyarrow as pa
        from pyarrow import csv

        def note(row: csv.InvalidRow) -> str:
            if torn is None:
                return "error"
            torn.append(row.number)
            return "skip"

        _, *rows = self.data[:_PEEK].split(b"\n", self.above) if self.above else (b"", self.data)
        if not rows or not rows[-1].strip():
            return pa.table({name: pa.array([], kind or pa.int64()) for name, kind in wanted.items()})
        return csv.read_csv(
            pa.BufferReader(self.data),
            csv.ReadOptions(column_names=self.names, skip_rows=self.above, use_threads=torn is None),
            csv.ParseOptions(delimiter=self.delimiter, invalid_row_handler=note),
            csv.ConvertOptions(
                include_columns=list(wanted),
                column_types={name: kind for name, kind in wanted.items() if kind is not None},
                strings_can_be_null=True,
            ),
        )


def verify_checksum(path: Path) -> None:
    """Raise `DataError` when a ``.CHECKSUM`` (SHA-256, as Binance publishes it) beside ``path`` is another."""
    beside = path.with_name(f"{path.name}.CHECKSUM")
    if not beside.exists():
        return
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if beside.read_text(encoding="utf-8").split()[:1] != [found]:
        raise DataError(f"{path}: its SHA-256 is not the one in {beside.name}; fetch the file again")


def _unzipped(path: Path) -> bytes:
    verify_checksum(path)
    try:
        with zipfile.ZipFile(path) as archive:
            members = [name for name in archive.namelist() if name.lower().endswith(".csv")]
            if len(members) != 1:
                raise DataError(f"{path}: holds {len(members)} CSV files; unzip it and import each")
            return archive.read(members[0])
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise DataError(f"{path}: is a damaged zip ({str(error).rstrip('.')}); fetch the file again") from error


def _numeric(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
