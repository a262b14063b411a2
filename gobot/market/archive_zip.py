"""What a file of the public archive holds: checked against its checksum, unpacked, and read into columns."""

from __future__ import annotations

import hashlib
import io
import zipfile
import zlib

import numpy as np

from gobot.core import DataError
from gobot.market.arrow import unpack
from gobot.market.candles import Candles, Floats, Ints
from gobot.market.files import FundingRates
from gobot.market.retry import TryLater

# Columns of the CSV inside; a header row came with later futures files and is not always there.
_KLINE = (0, 1, 2, 3, 4, 5)
_CALC_TIME, _RATE = 0, 2
# Spot files tell microseconds since January 2025, all others milliseconds: nothing before the year 5138 has 15 digits.
_MICROSECONDS = 10**14
# The largest real one, a month of one-second candles, is below 400 MB.
_LARGEST = 1 << 30
_HEX = set("0123456789abcdef")
_REMEDY = "try again, or set candles.archive_url to a mirror"


class WrongChecksum(TryLater):
    """The bytes are not those that the archive vouches for, or it does not say which they should be."""


def checksum_in(text: str, name: str) -> str:
    """The SHA-256 of file ``name`` out of its ``.CHECKSUM``: ``<64 hex digits>  <name>``.  Raises `WrongChecksum`."""
    digest, _, named = text.strip().lower().partition(" ")
    if len(digest) == 64 and set(digest) <= _HEX and named.lstrip(" *") == name.lower():
        return digest
    raise WrongChecksum(f"{name}.CHECKSUM does not tell a SHA-256 of that file: {_REMEDY}")


def verified(packed: bytes, checksum: str, name: str) -> bytes:
    """``packed`` as it is.  Raises `WrongChecksum` unless ``checksum`` is its SHA-256."""
    if hashlib.sha256(packed).hexdigest() != checksum:
        raise WrongChecksum(f"{name} does not match its SHA-256: {_REMEDY}")
    return packed


def read_klines(packed: bytes, name: str) -> Candles:
    """The candles in the zip ``packed``, in order of time and each time once.  Raises `DataError` naming the file."""
    time, columns = _columns(packed, name, _KLINE)
    return Candles.from_columns(time, *columns)


def read_funding_rates(packed: bytes, name: str) -> FundingRates:
    """The funding rates in the zip ``packed``, in order of time and each time once.  Raises `DataError`."""
    time, (rate,) = _columns(packed, name, (_CALC_TIME, _RATE))
    return FundingRates(time, rate)


def _columns(packed: bytes, name: str, wanted: tuple[int, ...]) -> tuple[Ints, list[Floats]]:
    """Times in ms and the other ``wanted`` columns, in order of time and the first row of each time."""
    import pyarrow as pa
    from pyarrow import csv

    content = _unpacked(packed, name)
    header = not content[:1].isdigit()
    names = [f"f{place}" for place in wanted]
    try:
        table = csv.read_csv(
            io.BytesIO(content),
            read_options=csv.ReadOptions(autogenerate_column_names=True, skip_rows=int(header)),
            convert_options=csv.ConvertOptions(
                include_columns=names, column_types={"f0": pa.int64(), **dict.fromkeys(names[1:], pa.float64())}
            ),
        )
        time, *columns = (unpack(table[column]) for column in names)
    except (pa.ArrowException, KeyError, BufferError) as error:
        raise DataError(f"{name} does not hold the columns of its kind ({str(error).splitlines()[0]})") from error
    order = np.unique(time, return_index=True)[1]
    time = time[order]
    return np.where(time >= _MICROSECONDS, time // 1000, time), [column[order] for column in columns]


def _unpacked(packed: bytes, name: str) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            members = archive.infolist()
            if len(members) == 1 and members[0].file_size <= _LARGEST:
                return archive.read(members[0])
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
        raise DataError(f"{name} cannot be unpacked ({error})") from error
    raise DataError(f"{name} does not hold one CSV file")
