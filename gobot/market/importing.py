"""Candles and funding rates out of anybody's files, into the store, with a word on every defect."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from gobot.core import Clock, DataError
from gobot.market.files import read_funding
from gobot.market.findings import Finding, Kind, Severity, find_runs
from gobot.market.funding import FundingStore
from gobot.market.integrity import check
from gobot.market.merge import Added, conflicts
from gobot.market.names import DEFAULT_VENUE, Hints, hints_of
from gobot.market.series import Series, market_name
from gobot.market.sift import sift, step_of
from gobot.market.store import CandleStore, Draft
from gobot.market.table import FORMATS, read_rows

_FUNDING = "funding"


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What became of one file.

    ``venue``, ``symbol`` and ``timeframe`` (``funding`` for funding rates) are what it was taken for; ``rows`` is how
    many it holds, ``added`` what became of the sound ones.  With an ``error`` nothing was taken from it.
    """

    path: Path
    venue: str = ""
    symbol: str = ""
    timeframe: str = ""
    rows: int = 0
    added: Added = field(default_factory=Added)
    findings: tuple[Finding, ...] = ()
    error: str = ""

    def document(self) -> dict[str, Any]:
        """The report for JSON."""
        return {
            "file": str(self.path),
            "venue": self.venue,
            "market": market_name(self.symbol) if self.symbol else "",
            "symbol": self.symbol,
            "timeframe": self.timeframe,
            "rows": self.rows,
            **asdict(self.added),
            "findings": [finding.document() for finding in self.findings],
            "error": self.error,
        }


class Importer:
    """Takes files into ``store`` and ``funding``.

    ``hints`` say what the names of the files do not, or overrule them.  A candle that is stored already stays as it is
    unless ``replace``.
    """

    def __init__(
        self,
        store: CandleStore,
        funding: FundingStore,
        clock: Clock,
        *,
        hints: Hints | None = None,
        replace: bool = False,
    ) -> None:
        self._store = store
        self._funding = funding
        self._clock = clock
        self._hints = hints or Hints()
        self._replace = replace

    def run(self, paths: Sequence[Path], done: Callable[[Imported], None]) -> list[Imported]:
        """Import every file; ``done`` hears of each when it has been read.  Returned are the reports, in order.

        All files of a series are stored together.  A file that cannot be read does not keep the others out.  Raises
        `StateError` when the disk does not let the store be written.
        """
        reports: dict[Path, Imported] = {}
        groups: dict[Series, list[Path]] = {}

        def report(one: Imported) -> None:
            reports[one.path] = one
            done(one)

        for path in dict.fromkeys(paths):
            try:
                if _FUNDING in path.stem.lower():
                    report(self._import_funding(path))
                else:
                    groups.setdefault(self._series_of(path), []).append(path)
            except DataError as error:
                report(_failed(path, error))
        for series, files in groups.items():
            try:
                with self._store.rewriting(series) as draft:
                    for path in files:
                        report(self._import_candles(path, series, draft))
            except DataError as error:
                for path in files:
                    reports[path] = _failed(path, error, series)
        return [reports[path] for path in dict.fromkeys(paths)]

    def _series_of(self, path: Path) -> Series:
        hints = self._hints.over(hints_of(path))
        if hints.timeframe is None:
            hints = replace(hints, timeframe=step_of(read_rows(path).time))
        with _naming(path):
            return hints.series()

    def _import_candles(self, path: Path, series: Series, draft: Draft) -> Imported:
        try:
            rows = read_rows(path)
            with _naming(path):
                candles, findings = sift(rows, series.timeframe, now_ms=self._clock.now_ms())
        except DataError as error:
            return _failed(path, error, series)
        differing = conflicts(draft.candles, candles)
        words = "stored with other values, " + ("now replaced" if self._replace else "which were kept")
        findings += find_runs(Kind.CONFLICT, Severity.WARNING, candles.time, differing, series.timeframe, words)
        return Imported(
            path=path,
            venue=series.venue,
            symbol=series.symbol,
            timeframe=str(series.timeframe),
            rows=len(rows.time) + len(rows.torn),
            added=draft.add(candles, replace=self._replace),
            findings=(*findings, *check(candles, series.timeframe)),
        )

    def _import_funding(self, path: Path) -> Imported:
        hints = self._hints.over(hints_of(path)).over(Hints(market="um"))
        venue = hints.venue or DEFAULT_VENUE
        with _naming(path):
            symbol = hints.full_symbol()
        rates = read_funding(path)
        added = self._funding.add(venue, symbol, rates)
        return Imported(
            path=path,
            venue=venue,
            symbol=symbol,
            timeframe=_FUNDING,
            rows=len(rates.time),
            added=Added(added=added, same=len(rates.time) - added),
        )


def data_files(paths: Iterable[Path]) -> list[Path]:
    """The files among ``paths``, and all data files in and below the directories, sorted by name."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += sorted(inner for inner in path.rglob("*") if inner.suffix.lower() in FORMATS and inner.is_file())
        else:
            found.append(path)
    return found


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Begin what is said inside with the file it is about."""
    try:
        yield
    except DataError as error:
        raise DataError(f"{path}: {error}") from error


def _failed(path: Path, error: DataError, series: Series | None = None) -> Imported:
    if series is None:
        return Imported(path=path, error=str(error))
    return Imported(
        path=path, venue=series.venue, symbol=series.symbol, timeframe=str(series.timeframe), error=str(error)
    )
