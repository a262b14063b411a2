"""A series as it is at one moment, while a writer may be at work on it.

A series is an ordinary file, the base, and the journal of what came after it.  The journal counts only beyond the last
candle of the base.  A writer that folds the journal into the base puts the new base in its place first and removes
the journal then; a reader looks at the journal first and opens the base then.  So a reader that sees the journal
without a candle sees the base that has it, and no candle is ever seen twice or not at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gobot.core import DataError
from gobot.market.base_file import SUFFIXES, BaseFile, FileFormat, open_base
from gobot.market.candles import Candles, Ints
from gobot.market.journal import Journal, read_journal


@dataclass(frozen=True, slots=True)
class SeriesFiles:
    """The names of what belongs to a series, all beginning with its stem."""

    directory: Path
    stem: str
    file_format: FileFormat
    """Of the base, if there is none yet; one that is there keeps its own."""

    @property
    def base(self) -> Path:
        """The base that is there, or the one to be.  Raises `DataError` when there are two."""
        found = [path for path in map(self._named, SUFFIXES) if path.exists()]
        if len(found) > 1:
            raise DataError(f"{found[0]} and {found[1].name} are both there; move one of them away")
        return found[0] if found else self._named(self.file_format)

    @property
    def journal(self) -> Path:
        """What came after the base."""
        return self._named("journal")

    @property
    def known_gaps(self) -> Path:
        """What the venue lacks."""
        return self._named("gaps.json")

    @property
    def lock(self) -> Path:
        """Held by the one who writes."""
        return self.directory / ".locks" / self.stem

    def _named(self, suffix: str) -> Path:
        return self.directory / f"{self.stem}.{suffix}"


class Snapshot:
    """The candles of a series at one moment."""

    def __init__(self, journal: Journal, base: BaseFile | None) -> None:
        self.journal = journal
        self._base = base
        self._fresh = journal.candles if base is None else journal.candles.between(base.newest_ms + 1)

    @property
    def folded(self) -> bool:
        """Whether all candles are in the base and no journal is left."""
        return not (self.journal.size or self.journal.torn)

    @property
    def newest_ms(self) -> int | None:
        """Open time of the last candle, None without any."""
        if len(self._fresh):
            return int(self._fresh.time[-1])
        return self._base.newest_ms if self._base else None

    def read(self, start_ms: int | None = None, end_ms: int | None = None) -> Candles:
        """The candles with ``start_ms <= time < end_ms``."""
        fresh = self._fresh.between(start_ms, end_ms)
        return Candles.concatenate([self._base.read(start_ms, end_ms), fresh]) if self._base else fresh

    def last(self, count: int) -> Candles:
        """The newest ``count`` candles."""
        if self._base is None or count <= len(self._fresh):
            return self._fresh.last(count)
        return Candles.concatenate([self._base.tail(count - len(self._fresh)), self._fresh])

    def times(self) -> Ints:
        """The open time of every candle."""
        return np.concatenate([self._base.times(), self._fresh.time]) if self._base else self._fresh.time


@contextmanager
def open_snapshot(files: SeriesFiles) -> Iterator[Snapshot]:
    """The series behind ``files`` as it is now; empty where there is none."""
    journal = read_journal(files.journal)
    try:
        base = open_base(files.base)
    except FileNotFoundError:
        base = None
    try:
        yield Snapshot(journal, base)
    finally:
        if base is not None:
            base.close()
