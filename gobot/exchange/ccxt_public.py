"""What a venue tells everybody, through ccxt: markets, candles, quotes, funding rates and the time.

Nothing here needs keys.  Paper trading lives on it, and so will the venues with an account.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from random import Random
from typing import Any, NamedTuple, TypeVar

import numpy as np

from gobot.core import Book, Clock, Market, Ticker, Timeframe, VenueUnavailable, exact
from gobot.exchange.ccxt_client import answered
from gobot.exchange.ccxt_markets import markets_of
from gobot.market import Candles
from gobot.market.retry import Backoff, Retries

Answer = TypeVar("Answer")

MINUTE = Timeframe(60_000)
# Symbols can turn to settling overnight, and clocks drift.
_MARKETS_LIVE_MS = 3_600_000
_ATTEMPTS = 3
_BACKOFF = Backoff(first=0.5, most=2.0)
# The most that Binance gives through ccxt; other venues give less, and are asked again.
_PAGE = 1000
_SIDES = ("bids", "asks")


class Minute(NamedTuple):
    """A one-minute candle that may not have ended; ``open_ms`` in ms UTC."""

    open_ms: int
    open: float
    high: float
    low: float
    close: float


class Settlement(NamedTuple):
    """A settlement of funding: when (ms UTC) and at which rate, a fraction."""

    at_ms: int
    rate: float


class CcxtPublic:
    """Public data of the venue behind a ccxt ``client`` (see `gobot.exchange.ccxt_client`), which it owns.

    Every method raises `VenueUnavailable` when nothing was learned, after a few tries where trying again may help.
    Calls go with priority NORMAL unless they are made inside `gobot.exchange.ccxt_client.priority`.
    """

    def __init__(self, client: Any, clock: Clock, random: Random) -> None:
        self._client = client
        self._clock = clock
        self._retries = Retries(clock, random, attempts=_ATTEMPTS, backoff=_BACKOFF)
        self._loading = asyncio.Lock()
        self._markets: Mapping[str, Market] = {}
        self._loaded_ms = 0
        self._ahead_ms = 0
        # What ccxt signs and reckons with is the venue's clock.
        client.milliseconds = self.now_ms

    def __repr__(self) -> str:
        return f"CcxtPublic({self.name})"

    @property
    def name(self) -> str:
        """The venue's id in ccxt."""
        return str(self._client.id)

    def now_ms(self) -> int:
        """The venue's clock by the last comparison with ours: what has closed is for the venue to say."""
        return self._clock.now_ms() + self._ahead_ms

    @property
    def ahead_ms(self) -> int:
        """By how much the venue's clock was ahead of ours when they were last compared."""
        return self._ahead_ms

    @property
    def known_markets(self) -> Mapping[str, Market]:
        """The trading rules as they were last read; empty before that."""
        return self._markets

    async def markets(self) -> Mapping[str, Market]:
        """The trading rules of every market settled in its quote currency, not older than an hour."""
        # One at a time: callers of ccxt share one request, and whoever is cancelled takes it from all of them.
        async with self._loading:
            if not self._markets or self._clock.now_ms() - self._loaded_ms >= _MARKETS_LIVE_MS:
                self._markets = await self._load_markets()
                await self.time()
                self._loaded_ms = self._clock.now_ms()
            return self._markets

    async def time(self) -> int:
        """The venue's clock; ours where it has none to ask."""
        if not self._client.has["fetchTime"]:
            return self._clock.now_ms()

        async def told() -> tuple[int, int]:
            asked_ms = self._clock.now_ms()
            time_ms = int(await self._client.fetch_time())
            # It was read about half-way between question and answer.
            return time_ms, time_ms - (asked_ms + self._clock.now_ms()) // 2

        time_ms, self._ahead_ms = await self.ask(told)
        return time_ms

    async def candles(self, symbol: str, timeframe: Timeframe, *, limit: int) -> Candles:
        """The newest ``limit`` candles that have closed; the one that is open never."""
        await self._require(symbol)
        end_ms = timeframe.floor(self.now_ms())
        parts = await self._candles_since(symbol, timeframe, end_ms - limit * timeframe.ms)
        return Candles.concatenate(parts).between(None, end_ms).last(limit)

    async def minutes(self, symbol: str, *, since_ms: int) -> list[Minute]:
        """The one-minute candles from ``since_ms`` on, oldest first; the last one may not have ended."""
        await self._require(symbol)
        found = Candles.concatenate(await self._candles_since(symbol, MINUTE, since_ms))
        columns = (found.time, found.open, found.high, found.low, found.close)
        return [Minute(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]

    async def tickers(self, symbols: Sequence[str]) -> Mapping[str, Ticker]:
        """Bid, ask, and the rate of the next funding; a symbol that is not quoted is missing.

        Where a venue states no last price beside its quotes, the middle of bid and ask stands for it.
        """
        markets = await self.markets()
        listed = [symbol for symbol in symbols if symbol in markets]
        if not listed:
            return {}
        rates = await self._funding_rates(listed)
        return await self._quotes(listed, rates)

    async def quote(self, symbol: str) -> Ticker | None:
        """Bid and ask at this moment, None when the symbol is not quoted."""
        await self._require(symbol)
        return (await self._quotes([symbol], {})).get(symbol)

    async def book(self, symbol: str, *, limit: int = 20) -> Book:
        """The best ``limit`` levels of each side of the order book."""
        await self._require(symbol)

        async def told() -> Book:
            found = await self._client.fetch_order_book(symbol, limit)
            bids, asks = (tuple((exact(level[0]), exact(level[1])) for level in found[side]) for side in _SIDES)
            return Book(symbol=symbol, bids=bids, asks=asks, time_ms=found.get("timestamp") or self.now_ms())

        return await self.ask(told)

    async def next_funding(self, symbol: str) -> Settlement | None:
        """The settlement that comes next, at the rate as things stand; None where there is no funding."""
        await self._require(symbol)
        return (await self._funding_rates([symbol])).get(symbol)

    async def settled_funding(self, symbol: str, *, after_ms: int, until_ms: int) -> list[Settlement]:
        """Settlements with ``after_ms < time <= until_ms``, oldest first; none where there is no funding."""
        await self._require(symbol)
        if not self._client.has["fetchFundingRateHistory"]:
            return []

        async def settled() -> list[Settlement]:
            rows = await self._client.fetch_funding_rate_history(symbol, after_ms + 1, _PAGE)
            return sorted(Settlement(int(row["timestamp"]), float(row["fundingRate"])) for row in rows)

        return [one for one in await self.ask(settled) if after_ms < one.at_ms <= until_ms]

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _load_markets(self) -> Mapping[str, Market]:
        async def loaded() -> Mapping[str, Market]:
            return markets_of(await self._client.load_markets(True), self._client.precisionMode)

        markets = await self.ask(loaded)
        if not markets:
            raise VenueUnavailable(f"{self.name} does not list its markets")
        return markets

    async def _require(self, symbol: str) -> None:
        if symbol not in await self.markets():
            raise VenueUnavailable(
                f"{self.name} has no market {symbol}: correct trading.symbols, where names are such as BTC/USDT:USDT"
            )

    async def _candles_since(self, symbol: str, timeframe: Timeframe, since_ms: int) -> list[Candles]:
        """All candles from ``since_ms`` on, page by page, the open one included."""
        pages: list[Candles] = []
        now = self.now_ms()
        while since_ms <= now:
            # A short page for a short span: how many are asked for decides what it costs.
            asked = min((now - since_ms) // timeframe.ms + 2, _PAGE)
            page = await self._page(symbol, timeframe, since_ms, asked)
            if not len(page):
                break
            pages.append(page)
            since_ms = int(page.time[-1]) + timeframe.ms
        return pages

    async def _page(self, symbol: str, timeframe: Timeframe, since_ms: int, limit: int) -> Candles:
        async def page() -> Candles:
            rows = await self._client.fetch_ohlcv(symbol, str(timeframe), since_ms, limit)
            time, *columns = np.array(rows, np.float64).reshape(-1, 6).T
            if not all(np.isfinite(column).all() for column in columns):
                raise ValueError("candles with holes in them")
            return Candles.from_columns(time.astype(np.int64), *columns).between(since_ms)

        return await self.ask(page)

    async def _quotes(self, symbols: Sequence[str], rates: Mapping[str, Settlement]) -> dict[str, Ticker]:
        async def quotes() -> dict[str, Ticker]:
            client = self._client
            fetch = client.fetch_bids_asks if client.has["fetchBidsAsks"] else client.fetch_tickers
            told = await fetch(list(symbols))
            tickers = (self._ticker(symbol, told.get(symbol) or {}, rates.get(symbol)) for symbol in symbols)
            return {ticker.symbol: ticker for ticker in tickers if ticker is not None}

        return await self.ask(quotes)

    def _ticker(self, symbol: str, told: Mapping[str, Any], funding: Settlement | None) -> Ticker | None:
        bid, ask = told.get("bid"), told.get("ask")
        if not bid or not ask:
            return None
        return Ticker(
            symbol=symbol,
            last=exact(told.get("last") or (bid + ask) / 2),
            bid=exact(bid),
            ask=exact(ask),
            time_ms=told.get("timestamp") or self.now_ms(),
            quote_volume=exact(told.get("quoteVolume") or 0),
            funding_rate=None if funding is None else exact(funding.rate),
        )

    async def _funding_rates(self, symbols: Sequence[str]) -> Mapping[str, Settlement]:
        client = self._client

        async def rates() -> dict[str, Settlement]:
            if len(symbols) == 1 and client.has["fetchFundingRate"]:
                told = {symbols[0]: await client.fetch_funding_rate(symbols[0])}
            elif client.has["fetchFundingRates"]:
                told = await client.fetch_funding_rates(list(symbols))
            else:
                return {}
            known = {symbol: told[symbol] for symbol in symbols if symbol in told}
            return {
                symbol: Settlement(int(one["fundingTimestamp"]), float(one["fundingRate"]))
                for symbol, one in known.items()
                if one["fundingTimestamp"] and one["fundingRate"] is not None
            }

        return await self.ask(rates)

    async def ask(self, call: Callable[[], Awaitable[Answer]]) -> Answer:
        """What a reading ``call`` of the client returns, after a few tries.  Raises `VenueUnavailable`."""
        return await self._retries.until_answered(lambda: answered(self.name, call))
