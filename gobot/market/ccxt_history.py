"""History through ccxt: the one page of candles or funding rates that everything else is made of."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from gobot.core import Clock, Timeframe, VenueRefused
from gobot.market.candles import Candles
from gobot.market.ccxt_venue import in_our_words, load_markets
from gobot.market.files import FundingRates
from gobot.market.retry import TryLater


class HistoryGate(Protocol):
    """Where requests for history wait until the venue's allowance has room for them, behind everything else."""

    def slot(self, endpoint: str, weight: int) -> AbstractAsyncContextManager[MutableMapping[str, str]]:
        """Entered when the request may be made, left when it was answered or has failed.

        Headers of the answer are put into the mapping that it gives.  A `TryLater` that leaves it tells the status and
        for how long the venue wants to be left alone.
        """


class OpenHistoryGate:
    """Lets everything through at once: for venues without limits."""

    def slot(self, endpoint: str, weight: int) -> AbstractAsyncContextManager[MutableMapping[str, str]]:  # noqa: ARG002
        """A slot that is free at once."""
        return nullcontext({})


@dataclass(frozen=True, slots=True)
class Terms:
    """How a venue gives history: its endpoints, what they weigh, and how much one request may ask for.

    ``weights`` are (most candles, weight) in ascending order.
    """

    klines: str
    weights: tuple[tuple[int, int], ...]
    page: int
    leaps: bool
    markets: tuple[str, int]
    time: str
    funding: str = ""

    def weight(self, limit: int) -> int:
        """What a request for ``limit`` candles weighs."""
        return next((weight for most, weight in self.weights if limit <= most), self.weights[-1][1])


_BINANCE = {
    # 499 candles for a weight of 2 are the best bargain: 1000 cost 5, 1500 cost 10.
    "binanceusdm": Terms(
        klines="GET /fapi/v1/klines",
        weights=((99, 1), (499, 2), (1000, 5), (1500, 10)),
        page=499,
        leaps=True,
        markets=("GET /fapi/v1/exchangeInfo", 1),
        time="GET /fapi/v1/time",
        funding="GET /fapi/v1/fundingRate",
    ),
    "binance": Terms(
        klines="GET /api/v3/klines",
        weights=((1000, 2),),
        page=1000,
        leaps=True,
        markets=("GET /api/v3/exchangeInfo", 20),
        time="GET /api/v3/time",
    ),
}


def terms_of(client: Any) -> Terms:
    """The terms of the venue behind a ccxt client; cautious ones where nothing better is known."""
    known = _BINANCE.get(client.id)
    if known is not None:
        return known
    feature = client.safe_dict(client.safe_dict(client.features or {}, "spot", {}), "fetchOHLCV") or {}
    return Terms(
        klines="fetchOHLCV",
        weights=((1, 1),),
        page=int(feature.get("limit") or 100),
        leaps=False,
        markets=("fetchMarkets", 1),
        time="fetchTime",
        funding="fetchFundingRateHistory",
    )


class CcxtHistory:
    """The history of a venue through its ccxt ``client`` (see `gobot.market.ccxt_venue.make_client`).

    It owns the client: `close` closes it.  Every request passes ``gate``.
    """

    def __init__(self, client: Any, clock: Clock, gate: HistoryGate | None = None) -> None:
        self._client = client
        self._clock = clock
        self._gate = gate or OpenHistoryGate()
        self._terms = terms_of(client)

    @property
    def page(self) -> int:
        """The most candles in one answer."""
        return self._terms.page

    @property
    def leaps(self) -> bool:
        """See `gobot.market.history.KlineClient`."""
        return self._terms.leaps

    async def candles(self, symbol: str, timeframe: Timeframe, *, since_ms: int, limit: int) -> Candles:
        """At most ``limit`` candles from ``since_ms`` on, in order and each once."""
        await self._require(symbol)
        rows = await self._ask(
            self._terms.klines,
            self._terms.weight(limit),
            lambda: self._client.fetch_ohlcv(symbol, str(timeframe), since_ms, limit),
        )
        time, *columns = self._table(rows, 6).T
        return Candles.from_columns(time.astype(np.int64), *columns).between(since_ms)

    async def funding_rates(self, symbol: str, *, since_ms: int, limit: int = 1000) -> FundingRates:
        """At most ``limit`` funding rates settled at ``since_ms`` or later, in order and each once."""
        await self._require(symbol)
        rows = await self._ask(
            self._terms.funding, 1, lambda: self._client.fetch_funding_rate_history(symbol, since_ms, limit)
        )
        time, rate = self._table([(row["timestamp"], row["fundingRate"]) for row in rows], 2).T
        return FundingRates(time.astype(np.int64), rate)

    async def time(self) -> int:
        """The venue's clock, ms UTC; the host's where the venue has none to ask."""
        if not self._client.has["fetchTime"]:
            return self._clock.now_ms()
        told = await self._ask(self._terms.time, 1, self._client.fetch_time)
        if not isinstance(told, int):
            raise TryLater(f"{self._client.id} does not tell its time; try again later")
        return told

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _require(self, symbol: str) -> None:
        if not self._client.markets:
            await self._ask(*self._terms.markets, lambda: load_markets(self._client))
        if symbol not in self._client.markets:
            raise VenueRefused(f"{self._client.id} has no market {symbol}: check the spelling, such as BTC/USDT:USDT")

    async def _ask(self, endpoint: str, weight: int, call: Callable[[], Awaitable[Any]]) -> Any:
        async with self._gate.slot(endpoint, weight) as told:
            try:
                with in_our_words(self._client.id, self._clock.now_ms()) as headers:
                    return await call()
            finally:
                told.update(headers)

    def _table(self, rows: Sequence[Sequence[float]], width: int) -> np.ndarray:
        """``rows`` as floats, in order of time and each time once."""
        try:
            table = np.array(rows, np.float64).reshape(-1, width)
        except (TypeError, ValueError):
            table = np.full((1, width), np.nan)
        if not np.isfinite(table).all():
            raise TryLater(f"{self._client.id} sent rows that are not {width} numbers; try again later")
        return table[np.unique(table[:, 0], return_index=True)[1]]
