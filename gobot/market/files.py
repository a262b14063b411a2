"""Candle and funding files that people can open, and what a file's name says about them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gobot.core import DataError, Timeframe, iso
from gobot.market.candles import Candles, Floats, Ints
from gobot.market.table import read_columns

_COLUMNS = ("open", "high", "low", "close", "volume")
# BTCUSDT names no border between its coins; the longest quote that fits is the quote.
_QUOTES = ("FDUSD", "USDT", "USDC", "BUSD", "TUSD", "BTC", "ETH", "BNB", "EUR", "TRY", "USD")
_NAME = re.compile(r"([a-z0-9]+)_(spot|um)_([A-Z0-9]+)_([1-9]\d*[smhdw])")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileMarket:
    """The market a file name speaks of: ``binance_um_BTCUSDT_1h`` is BTC/USDT:USDT in candles of one hour."""

    venue: str
    market: str
    symbol: str
    timeframe: Timeframe


@dataclass(frozen=True, slots=True, eq=False)
class FundingRates:
    """Settled funding of one symbol, oldest first: ``time`` in ms UTC, ``rate`` as a fraction of the value."""

    time: Ints
    rate: Floats


def market_of(path: Path) -> FileMarket | None:
    """What a name such as ``binance_spot_BTCUSDT_15m.parquet`` says, None where it says nothing.

    ``spot`` gives the symbol BTC/USDT, ``um`` (USDⓈ-margined perpetual) BTC/USDT:USDT.
    """
    match = _NAME.fullmatch(path.stem)
    if match is None:
        return None
    venue, market, pair, timeframe = match.groups()
    quote = next((quote for quote in _QUOTES if pair.endswith(quote) and pair != quote), None)
    if quote is None:
        return None
    symbol = f"{pair.removesuffix(quote)}/{quote}" + (f":{quote}" if market == "um" else "")
    return FileMarket(venue=venue, market=market, symbol=symbol, timeframe=Timeframe.parse(timeframe))


def read_candles(path: Path) -> Candles:
    """The candles of one CSV, Parquet or Feather file with columns time, open, high, low, close, volume.

    The time column may also be called timestamp, open_time or date; gaps are left as they are.  Raises `DataError`
    when the file cannot be read or a row cannot be traded on: NaN, a price of zero or less, high below low, a
    negative volume, a time that repeats or goes back.
    """
    time, (open_, high, low, close, volume) = read_columns(path, _COLUMNS)
    lowest = np.minimum(np.minimum(open_, close), np.minimum(high, low))
    # Written so that NaN fails too.
    _require(lowest > 0, time, path, "has a price that is missing, zero or negative")
    _require(np.isfinite(open_ + high + low + close), time, path, "has a price that is not finite")
    _require(high >= low, time, path, "has a high below its low")
    _require(np.isfinite(volume) & (volume >= 0), time, path, "has a volume that is missing or negative")
    return Candles.from_columns(time, open_, high, low, close, volume)


def read_funding(path: Path) -> FundingRates:
    """The funding rates of one file with columns time and rate.  Raises `DataError` as `read_candles` does."""
    time, (rate,) = read_columns(path, ("rate",))
    _require(np.isfinite(rate) & (np.abs(rate) < 1), time, path, "has a rate that is missing or not a fraction")
    return FundingRates(time, rate)


def _require(good: np.ndarray, time: Ints, path: Path, complaint: str) -> None:
    if not good.all():
        row = int(np.argmin(good))
        raise DataError(
            f"{path}: row {row + 1} ({iso(int(time[row]))}) {complaint}; remove the row or fetch the file again"
        )
