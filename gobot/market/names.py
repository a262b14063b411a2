"""What the name of somebody's file says about the series in it.

Known are gobot's own names, those of the Binance archive (``BTCUSDT-1h-2024-12.zip`` under ``spot/monthly/klines``),
those of freqtrade (``BTC_USDT_USDT-1h-futures.feather``), and words between dashes and underlines in general.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from gobot.core import DataError, Timeframe
from gobot.market.series import QUOTES, Series, funding_of, market_name, market_of, symbol_of

DEFAULT_VENUE = "binance"
"""Where nothing else is said: the venue that gobot trades on as shipped."""
_MARKETS = {"spot": "spot", "um": "um", "cm": "cm", "futures": "um", "swap": "um", "perp": "um", "linear": "um"}
_WORDS = re.compile(r"[_\-. ]+")
_TIMEFRAME = re.compile(r"[1-9]\d{0,3}[smhdw]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """What is known of a series; None is unknown.  ``symbol`` may also be a bare pair, BTCUSDT."""

    venue: str | None = None
    market: str | None = None
    symbol: str | None = None
    timeframe: Timeframe | None = None

    def over(self, other: Hints) -> Hints:
        """These hints, and those of ``other`` where there are none."""
        return Hints(
            venue=self.venue or other.venue,
            market=self.market or other.market,
            symbol=self.symbol or other.symbol,
            timeframe=self.timeframe or other.timeframe,
        )

    def full_symbol(self) -> str:
        """The symbol in full: BTC/USDT:USDT for BTCUSDT in the market ``um``, spot if no market is known.

        Raises `DataError` when there is none, or the market is not the symbol's.
        """
        if self.symbol is None:
            raise DataError("the symbol is not to be seen in the file's name; say it with --symbol BTC/USDT")
        symbol = self.symbol
        if "/" not in symbol:
            found = symbol_of(symbol, self.market or "spot")
            if found is None:
                raise DataError(f"symbol {symbol!r} names no quote that gobot knows; write it as BTC/USDT:USDT")
            return found
        if ":" not in symbol:
            base, _, quote = symbol.partition("/")
            settle = {"um": quote, "cm": base}.get(self.market or "")
            symbol = f"{symbol}:{settle}" if settle else symbol
        if self.market not in (None, market_name(symbol)):
            raise DataError(f"{symbol} is no symbol of the market {self.market} but of {market_name(symbol)}")
        return symbol

    def series(self) -> Series:
        """The series.  Raises `DataError` when something is not known."""
        if self.timeframe is None:
            raise DataError("neither name nor candles tell the timeframe; say it with --timeframe 1h")
        return Series(venue=self.venue or DEFAULT_VENUE, symbol=self.full_symbol(), timeframe=self.timeframe)


def hints_of(path: Path) -> Hints:
    """What the name of ``path`` says."""
    own = market_of(path)
    if own is not None:
        return Hints(venue=own.venue, market=own.market, symbol=own.symbol, timeframe=own.timeframe)
    if (funding := funding_of(path)) is not None:
        return Hints(venue=funding[0], market=market_name(funding[1]), symbol=funding[1])
    words = [word for word in _WORDS.split(path.stem) if word]
    timeframe = next((word for word in words if _TIMEFRAME.fullmatch(word)), None)
    market = next((_MARKETS[word.lower()] for word in words if word.lower() in _MARKETS), None)
    place, symbol = _symbol(words)
    first = words[0].lower() if words else ""
    named = place > 0 and first.isalnum() and first not in _MARKETS
    return Hints(
        venue=first if named else None,
        market=_archive_market(path) or market,
        symbol=symbol,
        timeframe=Timeframe.parse(timeframe) if timeframe else None,
    )


def _symbol(words: list[str]) -> tuple[int, str | None]:
    """Where the symbol stands among ``words``, and which it is: BTC, USDT (, USDT) or BTCUSDT; (0, None) for none."""
    for place, word in enumerate(words):
        if not re.fullmatch(r"[A-Z0-9]{2,}", word):
            continue
        quote, settle = [*words[place + 1 : place + 3], "", ""][:2]
        if quote in QUOTES:
            return place, f"{word}/{quote}" + (f":{settle}" if settle in (word, quote) else "")
        if symbol_of(word, "spot") is not None:
            return place, word
    return 0, None


def _archive_market(path: Path) -> str | None:
    """The market that a folder of the Binance archive belongs to."""
    folders = path.absolute().parts[:-1]
    if "klines" not in folders and "fundingRate" not in folders:
        return None
    return next((market for market in ("um", "cm", "spot") if market in folders), None)
