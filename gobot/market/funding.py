"""Settled funding rates on disk, one ordinary file per symbol: ``binance_um_BTCUSDT_funding.parquet``."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import numpy as np

from gobot.market.base_file import SUFFIXES, FileFormat
from gobot.market.candles import Ints
from gobot.market.disk import disk_errors, replace_file, writer_lock
from gobot.market.files import FundingRates, read_funding
from gobot.market.series import funding_of, funding_stem
from gobot.market.snapshot import SeriesFiles

# Sources differ by milliseconds in when a rate was settled; within a minute it is the same settlement.
_MINUTE_MS = 60_000


class FundingStore:
    """The funding rates under ``directory``, beside the candles of `gobot.market.CandleStore`.

    Three rates a day need no journal: a file is replaced at once and whole.  Methods raise `DataError` for files that
    are damaged, and `StateError` when the disk does not let them work.
    """

    def __init__(self, directory: Path, *, file_format: FileFormat = "parquet") -> None:
        self.directory = directory
        self._format: FileFormat = file_format

    def symbols(self) -> list[tuple[str, str]]:
        """Venue and symbol of every file there is, sorted."""
        with disk_errors("read", self.directory):
            names = list(self.directory.iterdir()) if self.directory.exists() else []
        endings = {f".{suffix}" for suffix in SUFFIXES}
        found = {funding_of(path) for path in names if path.suffix in endings}
        return sorted(one for one in found if one is not None)

    def read(self, venue: str, symbol: str) -> FundingRates:
        """All rates, oldest first; none where there are none."""
        path = self._files(venue, symbol).base
        return read_funding(path) if path.exists() else FundingRates(np.empty(0, np.int64), np.empty(0))

    def add(self, venue: str, symbol: str, rates: FundingRates) -> int:
        """Store the ``rates`` of settlements that are not stored yet; returned is how many those are."""
        files = self._files(venue, symbol)
        with disk_errors("write", self.directory):
            files.lock.parent.mkdir(parents=True, exist_ok=True)
            with writer_lock(files.lock):
                stored = self.read(venue, symbol)
                fresh = ~np.isin(_settlement(rates.time), _settlement(stored.time))
                if fresh.any():
                    time = np.concatenate([stored.time, rates.time[fresh]])
                    rate = np.concatenate([stored.rate, rates.rate[fresh]])
                    order = np.argsort(time, kind="stable")
                    _write(files.base, FundingRates(time[order], rate[order]))
        return int(fresh.sum())

    def _files(self, venue: str, symbol: str) -> SeriesFiles:
        return SeriesFiles(self.directory, funding_stem(venue, symbol), self._format)


def _settlement(time: Ints) -> Ints:
    return (time + _MINUTE_MS // 2) // _MINUTE_MS


def _write(path: Path, rates: FundingRates) -> None:
    import pyarrow as pa
    from pyarrow import csv, parquet

    table = pa.table({"time": rates.time, "rate": rates.rate})

    def write(file: BinaryIO) -> None:
        if path.suffix == ".csv":
            csv.write_csv(table, file)
        else:
            parquet.write_table(table, file, compression="zstd")

    replace_file(path, write)
