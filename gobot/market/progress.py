"""How far a long download is: a share of the whole, a rate, and when it will be done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gobot.core import Clock
from gobot.market.series import Series


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A download at one moment.

    ``share`` of all the time that is wanted is there, ``candles`` have come so far, ``rate`` of them per second;
    ``remaining`` is an estimate in seconds, None while there is nothing to estimate from.  ``series`` is the one that
    has just moved and ``series_share`` how far it is itself.
    """

    series: Series
    series_share: float
    share: float
    candles: int
    rate: float
    remaining: float | None


Report = Callable[[Progress], None]


@dataclass(slots=True)
class _Way:
    """The time (ms) that a series has to cover, and has covered."""

    whole: int
    done: int = 0

    @property
    def share(self) -> float:
        """Between 0 and 1."""
        return 1.0 if self.done >= self.whole else self.done / self.whole


class Meter:
    """Adds up the progress of many series and reports every step of it."""

    def __init__(self, clock: Clock, report: Report | None = None) -> None:
        self._clock = clock
        self._report = report
        self._began = clock.monotonic()
        self._ways: dict[Series, _Way] = {}
        self._candles = 0

    def expect(self, series: Series, whole_ms: int) -> None:
        """``series`` has so much time to cover."""
        self._ways[series] = _Way(whole_ms)

    def cover(self, series: Series, covered_ms: int, candles: int) -> None:
        """So much more of it is covered, by so many ``candles``."""
        self._ways[series].done += covered_ms
        self._candles += candles
        self._tell(series)

    def finish(self, series: Series) -> None:
        """Nothing of it is left to do."""
        way = self._ways.setdefault(series, _Way(0))
        way.done = way.whole
        self._tell(series)

    def _tell(self, series: Series) -> None:
        if self._report is None:
            return
        seconds = self._clock.monotonic() - self._began
        whole = sum(way.whole for way in self._ways.values())
        done = sum(min(way.done, way.whole) for way in self._ways.values())
        self._report(
            Progress(
                series=series,
                series_share=self._ways[series].share,
                share=done / whole if whole else 1.0,
                candles=self._candles,
                rate=self._candles / seconds if seconds > 0 else 0.0,
                remaining=seconds * (whole - done) / done if done else None,
            )
        )
