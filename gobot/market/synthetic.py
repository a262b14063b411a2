"""A market that never ends: seeded candles of any number of correlated symbols.

The same seed gives the same candles for ever, in whatever order they are asked for and whatever else is listed.
Memory holds the newest candles only; after a restart the market is run forward to the present, a million candles in a
fraction of a second.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from gobot.core import DAY_MS, ConfigError, Market, Timeframe
from gobot.market.blocks import BLOCK, Blocks, random_numbers
from gobot.market.candles import Candles, Floats, Ints
from gobot.market.listing import list_symbols

_QUARTER_HOUR = Timeframe(900_000)
_FUNDING = 1


class SyntheticMarket:
    """Candles of ``symbols`` from ``start_ms`` on, and ``history`` candles before it and before every later moment.

    Raises `ConfigError` when the timeframe does not divide a day.

    >>> market = SyntheticMarket(7, ["BTC/USDT:USDT"], start_ms=1_735_689_600_000)
    >>> len(market.candles("BTC/USDT:USDT", end_ms=1_735_689_600_000, limit=500))
    500
    """

    def __init__(
        self,
        seed: int,
        symbols: Sequence[str],
        *,
        start_ms: int,
        timeframe: Timeframe = _QUARTER_HOUR,
        history: int = 2048,
    ) -> None:
        if DAY_MS % timeframe.ms:
            raise ConfigError(f"a synthetic market cannot have {timeframe} candles: use a length that divides a day")
        self.seed = seed
        self.symbols = tuple(symbols)
        self.timeframe = timeframe
        self.start_ms = timeframe.floor(start_ms)
        self.history = history
        self._listings = list_symbols(self.symbols)
        self._row = {symbol: row for row, symbol in enumerate(self.symbols)}
        self._origin = self.start_ms - history * timeframe.ms
        # One block more than the history takes, so that looking back a little never means starting over.
        self._keep = -(-history // BLOCK) + 2
        # The candles in memory, (symbols, columns, candles), their times, and the number of the first.
        self._blocks, self._columns = self._begin()
        self._time: Ints = np.empty(0, np.int64)
        self._first = 0

    def __repr__(self) -> str:
        return f"SyntheticMarket(seed={self.seed}, {len(self.symbols)} symbols, {self.timeframe})"

    @property
    def markets(self) -> Mapping[str, Market]:
        """Trading rules by symbol."""
        return {listing.symbol: listing.market for listing in self._listings}

    def candles(self, symbol: str, *, end_ms: int, limit: int) -> Candles:
        """The newest candles that have closed at ``end_ms``, at most ``limit`` and at most ``history``, as views."""
        end = self._find(self.timeframe.floor(end_ms), before=self.history)
        rows = slice(max(0, end - min(limit, self.history)), end)
        return Candles(self._time[rows], *self._columns[self._row[symbol], :, rows])

    def bar(self, symbol: str, open_ms: int) -> tuple[float, float, float, float]:
        """Open, high, low and close of the candle that opens at ``open_ms``.

        Raises `IndexError` for a time before the first candle.
        """
        at = self._find(open_ms)  # first, for it may replace the columns
        open_, high, low, close, _ = self._columns[self._row[symbol], :, at].tolist()
        return open_, high, low, close

    def funding_rate(self, symbol: str, settlement_ms: int) -> float:
        """The funding rate settled at ``settlement_ms``, a fraction between -0.02 % and 0.04 %."""
        number = self._listings[self._row[symbol]].number
        chance = random_numbers(self.seed, number, settlement_ms, 1, _FUNDING).item()
        return round(0.0006 * chance - 0.0002, 6)

    def _find(self, open_ms: int, before: int = 0) -> int:
        """Where the candle of ``open_ms`` is in memory; it and so many before it are brought there if need be."""
        number: int = (open_ms - self._origin) // self.timeframe.ms
        if number < 0:
            raise IndexError(f"the synthetic market has no candle at {open_ms}: it begins at {self._origin}")
        oldest = max(0, number - before)
        if oldest < self._first or number >= self._first + len(self._time):
            self._bring(number // BLOCK)
        return number - self._first

    def _bring(self, block: int) -> None:
        """Make blocks until ``block`` is in memory with all the history before it."""
        if block < self._blocks.number:
            self._blocks, self._columns = self._begin()
        oldest = block - self._keep + 1
        if self._blocks.number < oldest:
            self._columns = self._columns[:, :, :0]
        while self._blocks.number < oldest:
            self._blocks.skip()
        fresh = [self._blocks.take() for _ in range(self._blocks.number, block + 1)]
        surplus = max(0, self._columns.shape[2] + BLOCK * (len(fresh) - self._keep))
        # Views that were handed out keep the old arrays; nothing is ever overwritten.
        self._columns = np.concatenate([self._columns[:, :, surplus:], *fresh], axis=2)
        self._first = self._blocks.number * BLOCK - self._columns.shape[2]
        numbers = np.arange(self._first, self._blocks.number * BLOCK, dtype=np.int64)
        self._time = self._origin + numbers * self.timeframe.ms

    def _begin(self) -> tuple[Blocks, Floats]:
        return Blocks(self.seed, self._listings, self.timeframe.ms / DAY_MS), np.empty((len(self.symbols), 5, 0))
