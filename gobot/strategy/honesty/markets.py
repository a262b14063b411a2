"""Markets to try a strategy on: seeded ones that look like any other, and odd ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, replace

import numpy as np

from gobot.core import Timeframe
from gobot.market import Candles
from gobot.market.candles import Floats
from gobot.market.synthetic import SyntheticMarket

_START_MS = 1_735_689_600_000
_SYMBOLS = ("BTC/USDT:USDT", "DOGE/USDT:USDT")
_QUARTER_HOUR = Timeframe.parse("15m")


def traded_timeframe(longer: tuple[str, ...]) -> Timeframe:
    """15m, or the shortest of the ``longer`` ones when they cannot be made from that."""
    lengths = [Timeframe.parse(name) for name in longer]
    return _QUARTER_HOUR if all(length.ms % _QUARTER_HOUR.ms == 0 for length in lengths) else min(lengths)


def seeded_markets(timeframe: Timeframe, rows: int) -> Iterator[tuple[str, Candles]]:
    """``rows`` candles of two made-up markets, the same for ever."""
    market = SyntheticMarket(7, _SYMBOLS, start_ms=_START_MS, timeframe=timeframe, history=rows)
    for symbol in _SYMBOLS:
        yield f"seeded {symbol.partition('/')[0]}", market.candles(symbol, end_ms=_START_MS, limit=rows)


def odd_markets(candles: Candles) -> Iterator[tuple[str, Candles]]:
    """What can happen to a market, most of it in the last third of ``candles``."""
    rows = len(candles)
    last_third = slice(2 * rows // 3, rows)
    one = slice(last_third.start, last_third.start + 1)
    yield "a market that stands still", _with_prices(candles, last_third, lambda _: candles.close[one])
    yield "candles without a range", replace(candles, open=candles.close, high=candles.close, low=candles.close)
    yield "a market without volume", replace(candles, volume=np.zeros(rows))
    yield "candles missing here and there", _thinned(candles, rows - rows // 20)
    yield "prices of a millionth", _with_prices(candles, slice(None), lambda prices: prices * 1e-6)
    yield "a price ten times as high for one candle", _with_prices(candles, one, lambda prices: prices * 10.0)
    yield "a candle without prices", _with_prices(candles, one, lambda prices: prices * np.nan)


def _with_prices(candles: Candles, rows: slice, change: Callable[[Floats], Floats]) -> Candles:
    """The candles with other prices in some rows."""
    columns = {name: getattr(candles, name).copy() for name in ("open", "high", "low", "close")}
    for column in columns.values():
        column[rows] = change(column[rows])
    return replace(candles, **columns)


def _thinned(candles: Candles, count: int) -> Candles:
    """``count`` of the candles, by chance."""
    kept = np.sort(np.random.RandomState(3).permutation(len(candles))[:count])
    return replace(candles, **{field.name: getattr(candles, field.name)[kept] for field in fields(candles)})
