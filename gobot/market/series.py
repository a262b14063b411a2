"""What a series of candles is, and the file name that says so.

``binance_um_BTCUSDT_1h`` is BTC/USDT:USDT on Binance in candles of one hour.  Where the coins run together could be
read in another way, dashes keep them apart: ``binance_um_BTC-USDT-USDT-250328_1h``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from gobot.core import DataError, Timeframe

# BTCUSDT names no border between its coins; the longest quote that fits is the quote.
QUOTES = ("FDUSD", "USDT", "USDC", "BUSD", "TUSD", "BTC", "ETH", "BNB", "EUR", "TRY", "USD")
_SYMBOL = re.compile(r"([^\s/:]+)/([^\s/:]+)(?::([^\s/:]+))?")
_NAME = re.compile(r"([a-z0-9]+)_(spot|um|cm)_([A-Za-z0-9%]+(?:-[A-Za-z0-9%]+)*)_([1-9]\d*[smhdw]|funding)")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Series:
    """The candles of one symbol on one venue in one length.

    ``venue`` is a lower-case name (``binance``), ``symbol`` a unified one (``BTC/USDT``, ``BTC/USDT:USDT``).  Raises
    `DataError` for anything else.
    """

    venue: str
    symbol: str
    timeframe: Timeframe

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9]+", self.venue):
            raise DataError(f"venue {self.venue!r} is not understood: write a lower-case name such as binance")
        _coins(self.symbol)

    def __str__(self) -> str:
        return f"{self.venue} {self.market} {self.symbol} {self.timeframe}"

    @property
    def market(self) -> str:
        """See `market_name`."""
        return market_name(self.symbol)

    @property
    def pair(self) -> str:
        """See `pair_name`."""
        return pair_name(self.symbol)

    @property
    def instrument(self) -> str:
        """What is traded, whatever the length: ``binance_um_BTCUSDT``."""
        return f"{self.venue}_{self.market}_{self.pair}"

    @property
    def stem(self) -> str:
        """The file name without its ending, ``binance_um_BTCUSDT_1h``; `market_of` reads it back."""
        return f"{self.instrument}_{self.timeframe}"


def market_name(symbol: str) -> str:
    """The kind of market a symbol belongs to.

    ``spot`` for BTC/USDT; ``um``, settled in dollars, for BTC/USDT:USDT; ``cm``, settled in the coin, for BTC/USD:BTC.
    """
    base, _, settle = _coins(symbol)
    if not settle:
        return "spot"
    return "cm" if settle.split("-")[0] == base else "um"


def pair_name(symbol: str) -> str:
    """``symbol`` as a part of a file name: BTCUSDT where that can only be read in one way, else BTC-USDT-USDT."""
    pair = symbol.split(":", maxsplit=1)[0].replace("/", "")
    if re.fullmatch(r"[A-Z0-9]+", pair) and symbol_of(pair, market_name(symbol)) == symbol:
        return pair
    base, quote, settle = _coins(symbol)
    return "-".join(_quoted(part) for part in (base, quote, *filter(None, settle.split("-"))))


def symbol_of(pair: str, market: str) -> str | None:
    """The symbol that ``pair`` (BTCUSDT, or BTC-USDT and so on) is in ``market``; None where it is none."""
    base, *rest = map(unquote, pair.split("-"))
    if rest:
        quote, *settle = rest
    else:
        quote = next((quote for quote in QUOTES if pair.endswith(quote) and pair != quote), "")
        base = pair.removesuffix(quote)
        settle = {"um": [quote], "cm": [base]}.get(market, [])
    symbol = f"{base}/{quote}" + (f":{'-'.join(settle)}" if settle else "")
    return symbol if _SYMBOL.fullmatch(symbol) and market_name(symbol) == market else None


def market_of(path: Path) -> Series | None:
    """What a name such as ``binance_spot_BTCUSDT_15m.parquet`` says, None where it says nothing.

    ``spot`` gives the symbol BTC/USDT, ``um`` (USDⓈ-margined perpetual) BTC/USDT:USDT.
    """
    named = _named(path)
    if named is None or named[2] == "funding":
        return None
    venue, symbol, timeframe = named
    return Series(venue=venue, symbol=symbol, timeframe=Timeframe.parse(timeframe))


def funding_of(path: Path) -> tuple[str, str] | None:
    """Venue and symbol of a name such as ``binance_um_BTCUSDT_funding.parquet``, None for any other name."""
    named = _named(path)
    return named[:2] if named and named[2] == "funding" else None


def funding_stem(venue: str, symbol: str) -> str:
    """The file name without its ending of the funding rates of ``symbol``."""
    return f"{venue}_{market_name(symbol)}_{pair_name(symbol)}_funding"


def _named(path: Path) -> tuple[str, str, str] | None:
    """Venue, symbol and what stands in the place of the timeframe."""
    match = _NAME.fullmatch(path.stem)
    if match is None:
        return None
    venue, market, pair, timeframe = match.groups()
    symbol = symbol_of(pair, market)
    return None if symbol is None else (venue, symbol, timeframe)


def _coins(symbol: str) -> tuple[str, str, str]:
    """Base, quote, and settlement with expiry (empty for spot)."""
    match = _SYMBOL.fullmatch(symbol)
    if match is None:
        raise DataError(f"symbol {symbol!r} is not understood: write BASE/QUOTE or BASE/QUOTE:SETTLE, as BTC/USDT:USDT")
    base, quote, settle = match.groups(default="")
    return base, quote, settle


def _quoted(part: str) -> str:
    """Letters and digits as they are, every other character as ``%`` and the hexadecimal bytes of its UTF-8."""
    return "".join(
        char if char.isascii() and char.isalnum() else "".join(f"%{byte:02X}" for byte in char.encode())
        for char in part
    )
