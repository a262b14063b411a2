"""Where the public archive of Binance keeps its files, and which moments each of them covers.

``data/spot/monthly/klines/BTCUSDT/1h/BTCUSDT-1h-2024-12.zip`` is a month of candles; ``daily`` has the same by day, for
the month that is not over.  Funding rates come by month only.  Beside each file lies its ``.CHECKSUM``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from gobot.core import Timeframe, UsageError

Market = Literal["spot", "um"]

FOLDERS: dict[Market, str] = {"spot": "data/spot", "um": "data/futures/um"}
# Candles that do not fit into a day are published by month only.
_MONTHLY_ONLY = ("3d", "1w")
_INTERVALS = ("1s", "1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", *_MONTHLY_ONLY)


@dataclass(frozen=True, slots=True)
class ArchiveFile:
    """One file: its path below the archive's address, and the period it covers (ms UTC, the end not included)."""

    path: str
    start_ms: int
    end_ms: int

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class ArchiveShelf:
    """All files of one symbol and kind.  ``timeframe`` None means funding rates.

    Raises `UsageError` for what the archive does not have.
    """

    market: Market
    symbol: str
    timeframe: Timeframe | None

    def __post_init__(self) -> None:
        if self.timeframe is not None and str(self.timeframe) not in _INTERVALS:
            raise UsageError(f"the archive has no {self.timeframe} candles: it has {', '.join(_INTERVALS)}")
        if self.timeframe is not None and str(self.timeframe) == "1s" and self.market != "spot":
            raise UsageError("the archive has 1s candles of spot markets only: choose 1m or longer")
        if self.timeframe is None and self.market == "spot":
            raise UsageError(
                f"{self.symbol} is a spot market, which has no funding: name a perpetual such as BTC/USDT:USDT"
            )

    @property
    def by_day(self) -> bool:
        """Whether there are daily files too."""
        return self.timeframe is not None and str(self.timeframe) not in _MONTHLY_ONLY

    def months(self, start_ms: int, end_ms: int) -> list[ArchiveFile]:
        """The monthly files that touch ``start_ms <= time < end_ms``, oldest first."""
        return [
            self._file("monthly", f"{first:%Y-%m}", first, _next_month(first)) for first in _months(start_ms, end_ms)
        ]

    def days(self, start_ms: int, end_ms: int) -> list[ArchiveFile]:
        """The daily files that touch ``start_ms <= time < end_ms``, oldest first; none where there are only months."""
        if not self.by_day:
            return []
        return [self._file("daily", f"{day:%Y-%m-%d}", day, day + timedelta(days=1)) for day in _days(start_ms, end_ms)]

    def _file(self, period: str, stamp: str, first: date, after: date) -> ArchiveFile:
        pair = pair_of(self.symbol)
        if self.timeframe is None:
            folder, name = f"fundingRate/{pair}", f"{pair}-fundingRate-{stamp}.zip"
        else:
            folder, name = f"klines/{pair}/{self.timeframe}", f"{pair}-{self.timeframe}-{stamp}.zip"
        return ArchiveFile(f"{FOLDERS[self.market]}/{period}/{folder}/{name}", _ms(first), _ms(after))


def pair_of(symbol: str) -> str:
    """The venue's own name: BTCUSDT for BTC/USDT and BTC/USDT:USDT, BTCUSDT_250627 for BTC/USDT:USDT-250627."""
    pair, _, settlement = symbol.partition(":")
    _, _, delivery = settlement.partition("-")
    return pair.replace("/", "") + (f"_{delivery}" if delivery else "")


def _months(start_ms: int, end_ms: int) -> Iterator[date]:
    if end_ms <= start_ms:
        return
    first, last = _day(start_ms).replace(day=1), _day(end_ms - 1)
    while first <= last:
        yield first
        first = _next_month(first)


def _days(start_ms: int, end_ms: int) -> Iterator[date]:
    if end_ms <= start_ms:
        return
    day, last = _day(start_ms), _day(end_ms - 1)
    while day <= last:
        yield day
        day += timedelta(days=1)


def _next_month(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)


def _day(ms: int) -> date:
    return datetime.fromtimestamp(ms / 1000, UTC).date()


def _ms(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)
