"""What the market streams say, by the name under which they are subscribed: ``btcusdt@kline_1m`` and the like."""

from __future__ import annotations

from typing import Any

from gobot.core import Timeframe
from gobot.sandbox.engine import Engine
from gobot.sandbox.errors import ApiError
from gobot.sandbox.listings import Listing
from gobot.sandbox.market_pages import DEPTH_EVERY_MS, Kline, MarketPages

_KLINE_EVERY_MS, _DAY_EVERY_MS = 250, 1_000
_EVERY_LEVEL = 1000
# After a pause the newest are told, not all that were missed.
_MOST_AT_ONCE = 200


class MarketStreams:
    """Messages of each stream between two moments of the venue's clock."""

    def __init__(self, engine: Engine, pages: MarketPages) -> None:
        self._engine = engine
        self._pages = pages

    def known(self, name: str) -> bool:
        """Whether there is such a stream."""
        if name.startswith("!"):
            return name.removeprefix("!").split("@")[0] in ("bookTicker", "markPrice", "ticker", "miniTicker")
        symbol, _, kind = name.partition("@")
        try:
            self._engine.listings[symbol.upper()]
        except ApiError:
            return False
        starts = ("kline_", "bookTicker", "markPrice", "aggTrade", "trade", "ticker", "miniTicker", "depth")
        return kind.startswith(starts)

    def messages(self, name: str, since_ms: int, now_ms: int) -> list[Any]:
        """What the stream says with ``since_ms < time <= now_ms``."""
        if name.startswith("!"):
            return self._of_all(name, since_ms, now_ms)
        symbol, _, kind = name.partition("@")
        listing = self._engine.listings[symbol.upper()]
        if kind.startswith("kline_"):
            return self._klines(listing, kind.removeprefix("kline_"), since_ms, now_ms)
        if kind in ("aggTrade", "trade"):
            return self._trades(listing, kind, since_ms, now_ms)
        if kind == "bookTicker":
            return [self._book(listing, now_ms)] if self._moved(listing, since_ms, now_ms) else []
        return self._at_intervals(listing, kind, since_ms, now_ms)

    def _at_intervals(self, listing: Listing, kind: str, since_ms: int, now_ms: int) -> list[Any]:
        if kind.startswith("markPrice"):
            return (
                [self._mark(listing, now_ms)] if _due(since_ms, now_ms, 1000 if kind.endswith("@1s") else 3000) else []
            )
        if kind.startswith("depth"):
            return [self._depth(listing, kind, since_ms, now_ms)] if _due(since_ms, now_ms, DEPTH_EVERY_MS) else []
        return [self._day(listing, kind, now_ms)] if _due(since_ms, now_ms, _DAY_EVERY_MS) else []

    def _of_all(self, name: str, since_ms: int, now_ms: int) -> list[Any]:
        kind, *rest = name.removeprefix("!").split("@")
        listings = list(self._engine.listings)
        if kind == "bookTicker":
            return [self._book(one, now_ms) for one in listings if self._moved(one, since_ms, now_ms)]
        every = 3000 if kind == "markPrice" and "1s" not in rest else 1000
        if not _due(since_ms, now_ms, every):
            return []
        if kind == "markPrice":
            return [[self._mark(one, now_ms) for one in listings]]
        return [[self._day(one, kind, now_ms) for one in listings]]

    def _klines(self, listing: Listing, interval: str, since_ms: int, now_ms: int) -> list[Any]:
        timeframe = Timeframe.parse(interval)
        messages = []
        first = timeframe.floor(since_ms)
        if timeframe.floor(now_ms) > first:
            closed = self._pages.candles(listing, timeframe, first, timeframe.floor(now_ms) - 1, _MOST_AT_ONCE)
            messages += [self._kline(listing, interval, row, now_ms, closed=True) for row in closed]
        elif not _due(since_ms, now_ms, _KLINE_EVERY_MS):
            return []
        newest = self._pages.open_candle(listing, timeframe)
        return [*messages, self._kline(listing, interval, newest, now_ms, closed=False)]

    def _kline(self, listing: Listing, interval: str, row: Kline, now_ms: int, *, closed: bool) -> dict[str, Any]:
        body = {
            "t": row.opened,
            "T": row.opened + Timeframe.parse(interval).ms - 1,
            "s": listing.id,
            "i": interval,
            "f": row.opened // 1000,
            "L": now_ms // 1000,
            "o": row.open,
            "c": row.close,
            "h": row.high,
            "l": row.low,
            "v": f"{row.volume:.3f}",
            "n": 60,
            "x": closed,
            "q": f"{row.turnover:.2f}",
            "V": f"{row.volume / 2:.3f}",
            "Q": f"{row.turnover / 2:.2f}",
            "B": "0",
        }
        return {"e": "kline", "E": now_ms, "s": listing.id, "k": body}

    def _book(self, listing: Listing, now_ms: int) -> dict[str, Any]:
        book = self._pages.book_of(listing)
        return {
            "e": "bookTicker",
            "u": now_ms,
            "s": listing.id,
            "b": book["bidPrice"],
            "B": book["bidQty"],
            "a": book["askPrice"],
            "A": book["askQty"],
            "T": now_ms,
            "E": now_ms,
        }

    def _mark(self, listing: Listing, now_ms: int) -> dict[str, Any]:
        premium = self._pages.premium_of(listing)
        return {
            "e": "markPriceUpdate",
            "E": now_ms,
            "s": listing.id,
            "p": premium["markPrice"],
            "ap": premium["markPrice"],
            "i": premium["indexPrice"],
            "P": premium["estimatedSettlePrice"],
            "r": premium["lastFundingRate"],
            "T": premium["nextFundingTime"],
        }

    def _trades(self, listing: Listing, kind: str, since_ms: int, now_ms: int) -> list[Any]:
        seconds = range(since_ms // 1000 + 1, now_ms // 1000 + 1)[-_MOST_AT_ONCE:]
        trades = [self._pages.trade_at(listing, second * 1000) for second in seconds]
        if kind == "aggTrade":
            return [{"e": "aggTrade", "E": now_ms, "s": listing.id, **trade} for trade in trades]
        return [
            {
                "e": "trade",
                "E": now_ms,
                "T": trade["T"],
                "s": listing.id,
                "t": trade["a"],
                "p": trade["p"],
                "q": trade["q"],
                "X": "MARKET",
                "m": trade["m"],
            }
            for trade in trades
        ]

    def _depth(self, listing: Listing, kind: str, since_ms: int, now_ms: int) -> dict[str, Any]:
        """The best levels (``depth5``), or what has changed in all of them (``depth``)."""
        before, after = since_ms // DEPTH_EVERY_MS, now_ms // DEPTH_EVERY_MS
        head = {"e": "depthUpdate", "E": now_ms, "T": now_ms, "s": listing.id}
        count = "".join(filter(str.isdigit, kind.split("@", maxsplit=1)[0]))
        sides = []
        for sign in (-1, 1):
            levels = self._pages.levels(listing, sign, int(count or _EVERY_LEVEL), now_ms)
            if not count:
                standing = {price for price, _ in levels}
                earlier = self._pages.levels(listing, sign, _EVERY_LEVEL, since_ms)
                levels += [[price, "0"] for price, _ in earlier if price not in standing]
            sides.append(levels)
        return {**head, "U": before + 1, "u": after, "pu": before, "b": sides[0], "a": sides[1]}

    def _day(self, listing: Listing, kind: str, now_ms: int) -> dict[str, Any]:
        day = self._pages.day_of(listing)
        short = {
            "e": "24hrMiniTicker",
            "E": now_ms,
            "s": listing.id,
            "c": day["lastPrice"],
            "o": day["openPrice"],
            "h": day["highPrice"],
            "l": day["lowPrice"],
            "v": day["volume"],
            "q": day["quoteVolume"],
        }
        if kind.startswith("mini"):
            return short
        return {
            **short,
            "e": "24hrTicker",
            "p": day["priceChange"],
            "P": day["priceChangePercent"],
            "w": day["weightedAvgPrice"],
            "Q": day["lastQty"],
            "O": day["openTime"],
            "C": day["closeTime"],
            "F": day["firstId"],
            "L": day["lastId"],
            "n": day["count"],
        }

    def _moved(self, listing: Listing, since_ms: int, now_ms: int) -> bool:
        symbol = listing.market.symbol
        return self._engine.price(symbol, since_ms) != self._engine.price(symbol, now_ms)


def _due(since_ms: int, now_ms: int, every_ms: int) -> bool:
    return since_ms // every_ms != now_ms // every_ms
