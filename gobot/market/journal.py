"""The newest candles of a series, appended one after the other: records of fixed width with checksums.

A record's checksum covers the record and the checksum before it, so that a record counts only in its own place,
behind a whole row of good ones.  The first that does not fit ends the journal: an append that a crash cut short, or
one that is being written at this moment, is not there.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gobot.market.candles import Candles
from gobot.market.disk import sync_directory

_MAGIC = b"GBCANDL1"
_SEED = zlib.crc32(_MAGIC)
_RECORD = np.dtype([("time", "<i8"), ("prices_and_volume", "<f8", (5,)), ("check", "<u4")])
_CHECKED = _RECORD.itemsize - 4
"""Bytes of a record that its checksum covers."""


@dataclass(frozen=True, slots=True, eq=False)
class Journal:
    """What a journal holds: ``size`` bytes count, the ``torn`` ones behind them do not; ``check`` ends the chain."""

    candles: Candles
    size: int = 0
    torn: int = 0
    check: int = _SEED


def read_journal(path: Path) -> Journal:
    """The journal at ``path``; an empty one if there is none.  Safe while another process appends to it."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return Journal(Candles.empty())
    if not data.startswith(_MAGIC):
        return Journal(Candles.empty(), torn=len(data))
    whole = (len(data) - len(_MAGIC)) // _RECORD.itemsize
    records = np.frombuffer(data, _RECORD, whole, len(_MAGIC))
    check, good = _SEED, 0
    for following, stored in zip(_chain(records, _SEED), records["check"].tolist(), strict=True):
        if following != stored:
            break
        check, good = following, good + 1
    size = len(_MAGIC) + good * _RECORD.itemsize
    return Journal(_candles(records[:good]), size, len(data) - size, check)


def append_journal(path: Path, journal: Journal, candles: Candles) -> Journal:
    """``journal`` as it is once ``candles`` are behind its own and on disk.  The caller holds the writer's lock.

    What `read_journal` found torn is overwritten.  Raises `OSError`; the journal is then as it was.
    """
    records = np.empty(len(candles), _RECORD)
    records["time"] = candles.time
    for column, values in enumerate((candles.open, candles.high, candles.low, candles.close, candles.volume)):
        records["prices_and_volume"][:, column] = values
    records["check"] = list(_chain(records, journal.check))
    head = b"" if journal.size else _MAGIC
    size = _write(path, journal.size, head + records.tobytes())
    return Journal(Candles.concatenate([journal.candles, _candles(records)]), size, 0, int(records["check"][-1]))


def _write(path: Path, size: int, data: bytes) -> int:
    """Put ``data`` at byte ``size`` of the file, end it there, and return the new size."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o644)
    try:
        os.ftruncate(descriptor, size)
        written = 0
        while written < len(data):
            written += os.pwrite(descriptor, data[written:], size + written)
        os.fsync(descriptor)
        if not size:
            sync_directory(path.parent)
    except OSError:
        os.ftruncate(descriptor, size)
        raise
    finally:
        os.close(descriptor)
    return size + len(data)


def _chain(records: np.ndarray, check: int) -> Iterator[int]:
    """The checksum that each record should have, behind one with ``check``."""
    data, width = memoryview(records.tobytes()), _RECORD.itemsize
    for start in range(0, len(data), width):
        check = zlib.crc32(data[start : start + _CHECKED], check)
        yield check


def _candles(records: np.ndarray) -> Candles:
    columns = np.ascontiguousarray(records["prices_and_volume"].T)
    return Candles(np.ascontiguousarray(records["time"]), *columns)
