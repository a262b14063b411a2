"""Candles on disk: one ordinary file per venue, market, symbol and timeframe, and beside it what came last.

>>> store = CandleStore(Path("state/candles"), clock=SystemClock())
>>> bitcoin = Series(venue="binance", symbol="BTC/USDT:USDT", timeframe=Timeframe.parse("15m"))
>>> store.add(bitcoin, candles).added
96
>>> store.last(bitcoin, 500).frame()

A new candle is appended to the journal of its series; when that is long it is folded into the base, which is replaced
at once and whole.  Any number of processes may read while one writes; a second writer of a series waits for the first.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from gobot.core import Clock, Timeframe
from gobot.market.base_file import SUFFIXES, FileFormat, write_base
from gobot.market.candles import Candles, Ints
from gobot.market.disk import disk_errors, writer_lock
from gobot.market.gaps import KnownGap, Span, read_known_gaps, without, write_known_gaps
from gobot.market.intake import admit
from gobot.market.journal import append_journal
from gobot.market.merge import Added, merge
from gobot.market.series import Series, market_of
from gobot.market.snapshot import SeriesFiles, Snapshot, open_snapshot

JOURNAL_ROWS = 1024
"""Candles in a journal before it is folded into the base."""
_AT_ONCE = 8
_ENDINGS = tuple(f".{suffix}" for suffix in (*SUFFIXES, "journal"))


class CandleStore:
    """The series under ``directory``, which is made when something is stored.

    ``keep`` is how many of the newest candles of a series are kept (None: all), ``keep_by_timeframe`` the same for
    single lengths.  Methods raise `DataError` for files that are damaged or not gobot's, and `StateError` when the disk
    does not let them work; what was stored before is there then.
    """

    def __init__(
        self,
        directory: Path,
        *,
        clock: Clock,
        file_format: FileFormat = "parquet",
        keep: int | None = None,
        keep_by_timeframe: Mapping[Timeframe, int] | None = None,
    ) -> None:
        self.directory = directory
        self._clock = clock
        self._format: FileFormat = file_format
        self._keep = keep
        self._keep_by_timeframe = dict(keep_by_timeframe or {})

    def __repr__(self) -> str:
        return f"CandleStore({str(self.directory)!r})"

    def series(self) -> list[Series]:
        """Every series there is, sorted."""
        return self._found("")

    def lengths(self, series: Series) -> list[Series]:
        """``series`` and its like in other lengths, as far as they are stored, the shortest first."""
        return self._found(f"{series.instrument}_")

    def read(self, series: Series, start_ms: int | None = None, end_ms: int | None = None) -> Candles:
        """The candles with ``start_ms <= time < end_ms``; none where there are none."""
        keep = self._kept(series)
        with self._reading(series) as found:
            return found.read(start_ms, end_ms) if keep is None else found.last(keep).between(start_ms, end_ms)

    def last(self, series: Series, count: int) -> Candles:
        """The newest ``count`` candles.  However long the series is, only its end is read."""
        keep = self._kept(series)
        with self._reading(series) as found:
            return found.last(count if keep is None else min(count, keep))

    def times(self, series: Series) -> Ints:
        """The open time of every candle: much cheaper than the candles."""
        keep = self._kept(series)
        with self._reading(series) as found:
            return found.times()[-keep if keep else None :]

    def newest_ms(self, series: Series) -> int | None:
        """Open time of the newest candle, None where there are none."""
        with self._reading(series) as found:
            return found.newest_ms

    def add(self, series: Series, candles: Candles, *, replace: bool = False) -> Added:
        """Store ``candles``; what is older than the newest stored one goes where it belongs.

        A candle that is there already stays as it is unless ``replace``.  One that has not closed is left out.  Raises
        `DataError` and stores nothing when one is out of order, off the grid of the timeframe, or breaks a rule of
        `gobot.market.sound`.
        """
        candles, left_out = self._admit(series, candles)
        if not len(candles):
            return left_out
        with self._writing(series) as files:
            with open_snapshot(files) as found:
                if _continues(found, candles):
                    append_journal(files.journal, found.journal, candles)
                    return left_out + Added(added=len(candles))
                # What only repeats is told from its own stretch, without reading the years before it.
                stretch = found.read(int(candles.time[0]), int(candles.time[-1]) + 1)
                _, added = merge(stretch, candles, prefer_given=replace)
                if not added.changed:
                    return left_out + added
                stored = _newest(found, self._kept(series))
            whole, added = merge(stored, candles, prefer_given=replace, keep=self._kept(series))
            if added.changed:
                _put(files, whole)
            return left_out + added

    def add_all(self, candles: Mapping[Series, Candles]) -> dict[Series, Added]:
        """`add` for many series at once, as when a minute closes everywhere: the disk syncs several at a time.

        When one raises, the others are stored all the same, and the first error is raised.
        """
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            futures = {series: pool.submit(self.add, series, candles[series]) for series in candles}
        return {series: future.result() for series, future in futures.items()}

    @contextmanager
    def rewriting(self, series: Series) -> Iterator[Draft]:
        """Many additions at the price of one: on leaving they are stored together, all of them in the base.

        When the block raises, nothing is stored.
        """
        keep = self._kept(series)
        with self._writing(series) as files:
            with open_snapshot(files) as found:
                draft = Draft(_newest(found, keep), partial(self._admit, series), keep)
                folded = found.folded
            yield draft
            if draft.changed or not folded:
                _put(files, draft.candles)

    def fold(self, series: Series) -> None:
        """Put what is in the journal into the base, where other programs see it too."""
        with self.rewriting(series):
            pass

    def known_gaps(self, series: Series) -> tuple[KnownGap, ...]:
        """The gaps that are the venue's own, oldest first."""
        return read_known_gaps(self._files(series).known_gaps)

    def mark_gaps(self, series: Series, spans: Iterable[Span], reason: str) -> None:
        """Write down that the venue itself lacks ``spans``; what is written down already stays as it is."""
        with self._writing(series) as files:
            known = read_known_gaps(files.known_gaps)
            fresh = [KnownGap(*span, reason) for span in without(spans, known)]
            if fresh:
                write_known_gaps(files.known_gaps, [*known, *fresh])

    def _found(self, beginning: str) -> list[Series]:
        """The series whose files' names begin so, sorted."""
        with disk_errors("read", self.directory):
            if not self.directory.exists():
                return []
            with os.scandir(self.directory) as entries:
                names = [entry.name for entry in entries if entry.name.startswith(beginning)]
        found = {market_of(Path(name)) for name in names if name.endswith(_ENDINGS)}
        return sorted(series for series in found if series is not None)

    def _admit(self, series: Series, candles: Candles) -> tuple[Candles, Added]:
        return admit(series, candles, now_ms=self._clock.now_ms(), keep=self._kept(series))

    def _kept(self, series: Series) -> int | None:
        return self._keep_by_timeframe.get(series.timeframe, self._keep)

    def _files(self, series: Series) -> SeriesFiles:
        return SeriesFiles(self.directory, series.stem, self._format)

    @contextmanager
    def _reading(self, series: Series) -> Iterator[Snapshot]:
        files = self._files(series)
        with disk_errors("read", files.journal), open_snapshot(files) as found:
            yield found

    @contextmanager
    def _writing(self, series: Series) -> Iterator[SeriesFiles]:
        files = self._files(series)
        with disk_errors("write", files.journal):
            files.lock.parent.mkdir(parents=True, exist_ok=True)
            with writer_lock(files.lock):
                yield files


class Draft:
    """A series in memory while additions to it are gathered: see `CandleStore.rewriting`."""

    def __init__(self, candles: Candles, admit: Callable[[Candles], tuple[Candles, Added]], keep: int | None) -> None:
        self.candles = candles
        self.changed = False
        self._admit = admit
        self._keep = keep

    def add(self, candles: Candles, *, replace: bool = False) -> Added:
        """As `CandleStore.add`."""
        candles, left_out = self._admit(candles)
        self.candles, added = merge(self.candles, candles, prefer_given=replace, keep=self._keep)
        self.changed |= added.changed
        return left_out + added


def _continues(found: Snapshot, candles: Candles) -> bool:
    """Whether ``candles`` lie behind all others and the journal has room for them."""
    if len(found.journal.candles) + len(candles) > JOURNAL_ROWS:
        return False
    return found.newest_ms is None or int(candles.time[0]) > found.newest_ms


def _newest(found: Snapshot, keep: int | None) -> Candles:
    return found.read() if keep is None else found.last(keep)


def _put(files: SeriesFiles, candles: Candles) -> None:
    """Make ``candles`` the base.  The journal goes after that: until then the base is the one that counts."""
    if len(candles):
        write_base(files.base, candles)
    files.journal.unlink(missing_ok=True)
