"""What the venue tells everybody: rules, candles, quotes, funding."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple

from gobot.core import DataError, Timeframe, UsageError, plain
from gobot.matching import FUNDING_INTERVAL_MS, next_settlement
from gobot.sandbox.engine import Engine
from gobot.sandbox.errors import ApiError
from gobot.sandbox.limits import Ceilings
from gobot.sandbox.listings import Listing, decimals
from gobot.sandbox.parameters import Parameters

_INTERVALS = {"1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w"}
DEPTH_EVERY_MS = 100
"""How often the order book changes; changes are numbered by tenths of seconds."""

_LEVELS = 100
_DEPTHS = (5, 10, 20, 50, 100, 500, 1000)


class Kline(NamedTuple):
    """A candle, its prices as Binance writes them; ``opened`` in ms UTC."""

    opened: int
    open: str
    high: str
    low: str
    close: str
    volume: float

    @classmethod
    def of(cls, opened: int, values: list[float], places: int) -> Kline:
        """From open, high, low, close and volume, the prices with so many decimals."""
        open_, high, low, close, volume = values
        return cls(
            opened, f"{open_:.{places}f}", f"{high:.{places}f}", f"{low:.{places}f}", f"{close:.{places}f}", volume
        )

    @property
    def turnover(self) -> float:
        """About what was traded, in quote currency."""
        return float(self.close) * self.volume

    def document(self, length_ms: int) -> list[Any]:
        """Its row in klines."""
        volume, turnover = self.volume, self.turnover
        return [
            *self[:5],
            f"{volume:.3f}",
            self.opened + length_ms - 1,
            f"{turnover:.2f}",
            60,
            f"{volume / 2:.3f}",
            f"{turnover / 2:.2f}",
            "0",
        ]


class MarketPages:
    """Public data of the futures venue."""

    def __init__(self, engine: Engine, ceilings: Ceilings) -> None:
        self._engine = engine
        self._ceilings = ceilings

    def ping(self, _: Parameters) -> dict[str, Any]:
        """Nothing."""
        return {}

    def time(self, _: Parameters) -> dict[str, Any]:
        """The venue's clock."""
        return {"serverTime": self._engine.shown_ms}

    def exchange_info(self, _: Parameters) -> dict[str, Any]:
        """Limits and trading rules."""
        return {
            "timezone": "UTC",
            "serverTime": self._engine.shown_ms,
            "rateLimits": self._ceilings.document,
            "exchangeFilters": [],
            "assets": [{"asset": "USDT", "marginAvailable": True, "autoAssetExchange": "-10000"}],
            "symbols": [listing.document for listing in self._engine.listings],
        }

    def klines(self, parameters: Parameters) -> list[list[Any]]:
        """Candles, the open one included."""
        listing = self._engine.listings[parameters.text("symbol")]
        interval = parameters.choice("interval", _INTERVALS, -1120)
        timeframe = Timeframe.parse(interval)
        start, end = parameters.integer("startTime"), parameters.integer("endTime")
        rows = self.candles(listing, timeframe, start, end, parameters.limit(500, 1500))
        return [row.document(timeframe.ms) for row in rows]

    def candles(
        self, listing: Listing, timeframe: Timeframe, start_ms: int | None, end_ms: int | None, limit: int
    ) -> list[Kline]:
        """Candles that opened between two moments, the open one included."""
        engine, symbol = self._engine, listing.market.symbol
        now = engine.now_ms
        last = now if end_ms is None else min(end_ms, now)
        if start_ms is not None:
            first = -(-start_ms // timeframe.ms) * timeframe.ms
            last = min(last, first + limit * timeframe.ms - 1)
        try:
            newest = engine.prices.open_candle(symbol, timeframe, now)
            closed = engine.prices.candles(symbol, timeframe, end_ms=timeframe.floor(last) + timeframe.ms, limit=limit)
        except (DataError, UsageError) as error:
            raise ApiError(-1120) from error
        places = decimals(listing.market.price_step)
        closed = closed.between(start_ms, timeframe.floor(now))
        columns = (closed.open, closed.high, closed.low, closed.close, closed.volume)
        rows = [
            Kline.of(at, values, places)
            for at, *values in zip(closed.time.tolist(), *(c.tolist() for c in columns), strict=True)
            if at <= last
        ]
        if (start_ms is None or newest[0] >= start_ms) and newest[0] <= last:
            rows.append(Kline.of(newest[0], newest[1], places))
        return rows[:limit] if start_ms is not None else rows[-limit:]

    def open_candle(self, listing: Listing, timeframe: Timeframe) -> Kline:
        """The candle that is open."""
        opened, values = self._engine.prices.open_candle(listing.market.symbol, timeframe, self._engine.now_ms)
        return Kline.of(opened, values, decimals(listing.market.price_step))

    def day(self, parameters: Parameters) -> Any:
        """ticker/24hr."""
        return self._of_one_or_all(parameters, self.day_of)

    def day_of(self, listing: Listing) -> dict[str, Any]:
        """The last 24 hours of one symbol."""
        now = self._engine.now_ms
        day = self._engine.prices.day(listing.market.symbol, now)
        change = day.last - day.open
        mean = Decimal(f"{day.quote_volume / day.volume:.8g}") if day.volume else day.last
        return {
            "symbol": listing.id,
            "priceChange": plain(change),
            "priceChangePercent": f"{100 * change / day.open:.3f}" if day.open else "0.000",
            "weightedAvgPrice": plain(mean),
            "lastPrice": plain(day.last),
            "lastQty": plain(listing.market.quantity_step * 10),
            "openPrice": plain(day.open),
            "highPrice": plain(day.high),
            "lowPrice": plain(day.low),
            "volume": f"{day.volume:.3f}",
            "quoteVolume": f"{day.quote_volume:.2f}",
            "openTime": now - 86_400_000,
            "closeTime": now,
            "firstId": 1,
            "lastId": now // 1000,
            "count": 86_400,
        }

    def last_price(self, parameters: Parameters) -> Any:
        """ticker/price."""
        now = self._engine.now_ms
        return self._of_one_or_all(
            parameters, lambda one: {"symbol": one.id, "price": plain(self._price(one)), "time": now}
        )

    def book_ticker(self, parameters: Parameters) -> Any:
        """Best bid and ask."""
        return self._of_one_or_all(parameters, self.book_of)

    def book_of(self, listing: Listing) -> dict[str, Any]:
        """Best bid and ask of one symbol: a tick below and above the price."""
        price, step = self._price(listing), listing.market.price_step
        return {
            "symbol": listing.id,
            "bidPrice": plain(price - step),
            "bidQty": plain(self.size_at(listing, -1, self._engine.now_ms)),
            "askPrice": plain(price + step),
            "askQty": plain(self.size_at(listing, 1, self._engine.now_ms)),
            "time": self._engine.now_ms,
        }

    def depth(self, parameters: Parameters) -> dict[str, Any]:
        """The order book, as deep as asked."""
        listing = self._engine.listings[parameters.text("symbol")]
        levels = parameters.integer("limit") or 500
        if levels not in _DEPTHS:
            raise ApiError(-1130, "limit")
        now = self._engine.now_ms
        return {
            "lastUpdateId": now // DEPTH_EVERY_MS,
            "E": now,
            "T": now,
            "bids": self.levels(listing, -1, levels, now),
            "asks": self.levels(listing, 1, levels, now),
        }

    def levels(self, listing: Listing, sign: int, count: int, at_ms: int) -> list[list[str]]:
        """One side of the book, as it is from the last tenth of a second on: prices and sizes, the best first.

        It has a hundred levels.
        """
        at_ms -= at_ms % DEPTH_EVERY_MS
        price, step = self._engine.price(listing.market.symbol, at_ms), listing.market.price_step
        steps = range(1, min(count, _LEVELS) + 1)
        rows = ((price + sign * n * step, self.size_at(listing, sign * n, at_ms)) for n in steps)
        return [[plain(level), plain(size)] for level, size in rows if level > 0]

    def size_at(self, listing: Listing, level: int, at_ms: int) -> Decimal:
        """What rests at a level of the book; the same during a second."""
        seed = f"{listing.id} {level} {at_ms // 1000}".encode()
        lots = 100 + int.from_bytes(hashlib.blake2b(seed, digest_size=2).digest(), "big") % 9_900
        return listing.market.quantity_step * lots

    def premium_index(self, parameters: Parameters) -> Any:
        """Mark price and the next funding."""
        return self._of_one_or_all(parameters, self.premium_of)

    def premium_of(self, listing: Listing) -> dict[str, Any]:
        """Mark price and the next funding of one symbol."""
        now, price = self._engine.now_ms, plain(self._price(listing))
        return {
            "symbol": listing.id,
            "markPrice": price,
            "indexPrice": price,
            "estimatedSettlePrice": price,
            "lastFundingRate": f"{self._engine.prices.next_funding_rate(listing.market.symbol, now):.8f}",
            "interestRate": "0.00010000",
            "nextFundingTime": next_settlement(now),
            "time": now,
        }

    def funding_rate(self, parameters: Parameters) -> list[dict[str, Any]]:
        """Settled rates, oldest first."""
        now = self._engine.now_ms
        start, end = parameters.integer("startTime"), parameters.integer("endTime") or now
        limit = parameters.limit(100, 1000)
        wanted = parameters.optional("symbol")
        listings = [self._engine.listings[wanted]] if wanted else list(self._engine.listings)
        # No more than were asked for: a start in 1970 is fifty thousand settlements ago.
        since = max(0, start if start is not None else now - limit * FUNDING_INTERVAL_MS)
        end = min(end, since + limit * FUNDING_INTERVAL_MS)
        rows = [
            {
                "symbol": listing.id,
                "fundingTime": at_ms,
                "fundingRate": f"{rate:.8f}",
                "markPrice": plain(self._engine.price(listing.market.symbol, at_ms)),
                "rateType": "Regular",
            }
            for listing in listings
            for at_ms, rate in self._engine.prices.funding(listing.market.symbol, since - 1, min(end, now))
        ]
        rows.sort(key=lambda row: row["fundingTime"])
        return rows[:limit] if start is not None else rows[-limit:]

    def funding_info(self, _: Parameters) -> list[dict[str, Any]]:
        """Symbols whose funding is out of the ordinary: none."""
        return []

    def trades(self, parameters: Parameters) -> list[dict[str, Any]]:
        """The newest trades, one in every second."""
        listing = self._engine.listings[parameters.text("symbol")]
        rows = []
        for trade in self.recent(listing, parameters.limit(500, 1000)):
            quote = Decimal(trade["p"]) * Decimal(trade["q"])
            rows.append(
                {
                    "id": trade["a"],
                    "price": trade["p"],
                    "qty": trade["q"],
                    "quoteQty": plain(quote),
                    "time": trade["T"],
                    "isBuyerMaker": trade["m"],
                    "isRPITrade": False,
                }
            )
        return rows

    def aggregate_trades(self, parameters: Parameters) -> list[dict[str, Any]]:
        """The newest trades; earlier ones are not kept."""
        parameters.ignore("fromId")
        listing = self._engine.listings[parameters.text("symbol")]
        start, end = parameters.integer("startTime") or 0, parameters.integer("endTime") or self._engine.now_ms
        return [t for t in self.recent(listing, parameters.limit(500, 1000)) if start <= t["T"] <= end]

    def recent(self, listing: Listing, count: int) -> list[dict[str, Any]]:
        """Trades that the price path stands for, one in every second, oldest first."""
        now = self._engine.now_ms // 1000 * 1000
        return [self.trade_at(listing, now - n * 1000) for n in reversed(range(count))]

    def trade_at(self, listing: Listing, at_ms: int) -> dict[str, Any]:
        """The trade of one second."""
        number = at_ms // 1000
        return {
            "a": number,
            "p": plain(self._engine.price(listing.market.symbol, at_ms)),
            "q": plain(listing.market.quantity_step * (1 + number % 50)),
            "nq": plain(listing.market.quantity_step * (1 + number % 50)),
            "f": number,
            "l": number,
            "T": at_ms,
            "m": number % 2 == 0,
        }

    def _price(self, listing: Listing) -> Decimal:
        return self._engine.price(listing.market.symbol)

    def _of_one_or_all(self, parameters: Parameters, make: Callable[[Listing], Any]) -> Any:
        wanted = parameters.optional("symbol")
        listings = self._engine.listings
        return make(listings[wanted]) if wanted else [make(listing) for listing in listings]
