"""How prices move on the server's clock: candles of a feed, re-dated, and a path inside each of them.

A candle that ends above its open goes open, low, high, close; any other goes open, high, low, close.  Between these
points the price moves evenly, so the price at every moment follows from the candle alone, and the prices between two
moments are a few straight legs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

import numpy as np

from gobot.core import DAY_MS, Market, Timeframe, exact
from gobot.exchange.feed import Bar, MarketFeed
from gobot.market import Candles

# Shares of a candle's length at which it passes its first and its second extreme.
_FIRST, _SECOND = 0.3, 0.7
_CACHED = 8


class Leg(NamedTuple):
    """Prices that move evenly from ``start`` to ``end``, there at ``end_ms``; a jump has nothing in between."""

    start: Decimal
    end: Decimal
    end_ms: int
    jump: bool


class Day(NamedTuple):
    """The last 24 hours of a symbol."""

    open: Decimal
    high: Decimal
    low: Decimal
    last: Decimal
    volume: float
    quote_volume: float


class Prices:
    """Prices of every symbol of ``feed``, ``shift_ms`` later than recorded, rounded to the steps of ``markets``.

    Past the end of a recording, and in its gaps, the last price holds.
    """

    def __init__(self, feed: MarketFeed, markets: Mapping[str, Market], *, shift_ms: int) -> None:
        self.step = feed.step
        self._feed = feed
        self._markets = markets
        self._shift = shift_ms
        self._paths: dict[tuple[str, int], list[tuple[int, float]]] = {}
        self._moves: dict[str, list[tuple[int, float]]] = {}
        self._parts: dict[tuple[str, int], tuple[int, tuple[float, float, float, float, float]]] = {}

    def move(self, symbol: str, factor: float, at_ms: int) -> None:
        """From this moment on everything in ``symbol`` costs ``factor`` times as much; it gets there in a millisecond.

        Whoever watches sees the price run through everything in between.
        """
        self._moves.setdefault(symbol, []).append((at_ms - self._shift, factor))
        self._paths.clear()
        self._parts.clear()

    def price(self, symbol: str, at_ms: int) -> Decimal:
        """The price at a moment."""
        return self._rounded(symbol, self._raw(symbol, at_ms - self._shift))

    def legs(self, symbol: str, after_ms: int, until_ms: int) -> Iterator[Leg]:
        """The prices with ``after_ms < time <= until_ms``, in straight legs that follow one another."""
        at, end = after_ms - self._shift, until_ms - self._shift
        price = self._rounded(symbol, self._raw(symbol, at))
        while at < end:
            opened = self.step.floor(at)
            points = self._path(symbol, opened)
            target = next((time for time, _ in points if time > at), None)
            if target is None:
                # Into the next candle, which may open elsewhere.
                at = opened + self.step.ms
                if at > end:
                    return
                reached, jump = self._rounded(symbol, self._raw(symbol, at)), True
            else:
                at = min(target, end)
                reached, jump = self._rounded(symbol, self._raw(symbol, at)), False
            yield Leg(price, reached, at + self._shift, jump)
            price = reached

    def candles(self, symbol: str, timeframe: Timeframe, *, end_ms: int, limit: int) -> Candles:
        """The newest candles that have closed at ``end_ms``.  Raises `DataError` for lengths that cannot be made."""
        try:
            candles = self._feed.candles(symbol, timeframe, end_ms=end_ms - self._shift, limit=limit)
        except IndexError:
            candles = Candles.empty()  # before the first one
        return self._dated(self._moved(symbol, candles, timeframe.ms))

    def open_candle(self, symbol: str, timeframe: Timeframe, now_ms: int) -> tuple[int, list[float]]:
        """The candle that is open: when it opened, and open, high, low, close and volume so far."""
        now = now_ms - self._shift
        current = self.step.floor(now)
        first, high, low, volume, whole = self._closed_part(symbol, timeframe, timeframe.floor(now), current)
        passed = [price for time, price in self._path(symbol, current) if time <= now]
        last = self._raw(symbol, now)
        share = (now - current + 1) / self.step.ms
        values = [first or passed[0], max(high, last, *passed), min(low, last, *passed), last]
        return timeframe.floor(now) + self._shift, [*values, volume + whole * share]

    def _closed_part(
        self, symbol: str, timeframe: Timeframe, opened: int, current: int
    ) -> tuple[float, float, float, float, float]:
        """Open, high, low and volume of the steps of a candle that have closed, and the volume of the one that has not.

        The last answer is kept: streams ask many times in a step.
        """
        key = symbol, timeframe.ms
        known = self._parts.get(key)
        if known is not None and known[0] == current:
            return known[1]
        closed = self._feed.candles(symbol, self.step, end_ms=current, limit=max(1, timeframe.ms // self.step.ms))
        closed = self._moved(symbol, closed.between(opened), self.step.ms)
        whole = self._feed.candles(symbol, self.step, end_ms=current + self.step.ms, limit=1)
        coming = float(whole.volume[-1]) if len(whole) and int(whole.time[-1]) == current else 0.0
        part = 0.0, 0.0, math.inf, 0.0, coming
        if len(closed):
            high, low = float(closed.high.max()), float(closed.low.min())
            part = float(closed.open[0]), high, low, float(closed.volume.sum()), coming
        self._parts[key] = current, part
        return part

    def day(self, symbol: str, now_ms: int) -> Day:
        """The last 24 hours."""
        last = self.price(symbol, now_ms)
        closed = self.candles(symbol, self.step, end_ms=now_ms, limit=DAY_MS // self.step.ms).between(now_ms - DAY_MS)
        if not len(closed):
            return Day(last, last, last, last, 0.0, 0.0)
        return Day(
            self._rounded(symbol, float(closed.open[0])),
            max(last, self._rounded(symbol, float(closed.high.max()))),
            min(last, self._rounded(symbol, float(closed.low.min()))),
            last,
            float(closed.volume.sum()),
            float(closed.close @ closed.volume),
        )

    def funding(self, symbol: str, after_ms: int, until_ms: int) -> list[tuple[int, float]]:
        """Settlements (time, rate) with ``after_ms < time <= until_ms``, oldest first."""
        due = self._feed.funding(symbol, after_ms - self._shift, until_ms - self._shift)
        return [(at_ms + self._shift, rate) for at_ms, rate in due]

    def next_funding_rate(self, symbol: str, now_ms: int) -> float:
        """The rate that is settled next; 0 where none is known."""
        return self._feed.next_funding_rate(symbol, now_ms - self._shift) or 0.0

    def _moved(self, symbol: str, candles: Candles, length: int) -> Candles:
        """With the moves of the market; the candle in which one falls spans both sides of it."""
        for at, factor in self._moves.get(symbol, ()):
            after, within = candles.time > at - length, candles.time <= at
            scale = np.where(after, factor, 1.0)
            candles = Candles(
                candles.time,
                candles.open * np.where(within, 1.0, scale),
                np.maximum(candles.high * scale, np.where(after & within, candles.high, 0.0)),
                np.minimum(candles.low * scale, np.where(after & within, candles.low, np.inf)),
                candles.close * scale,
                candles.volume,
            )
        return candles

    def _dated(self, candles: Candles) -> Candles:
        if not self._shift or not len(candles):
            return candles
        columns = (candles.open, candles.high, candles.low, candles.close, candles.volume)
        return Candles(candles.time + self._shift, *columns)

    def _rounded(self, symbol: str, price: float) -> Decimal:
        return self._markets[symbol].round_price(exact(price))

    def _raw(self, symbol: str, at: int) -> float:
        """The price at a moment of the feed."""
        return _between(self._path(symbol, self.step.floor(at)), at)

    def _path(self, symbol: str, opened: int) -> list[tuple[int, float]]:
        """Corner points of the candle that opens at ``opened``: (time, price), the first at its open."""
        key = symbol, opened
        if key not in self._paths:
            while len(self._paths) >= _CACHED * len(self._markets):
                del self._paths[next(iter(self._paths))]
            self._paths[key] = self._corners(symbol, opened)
        return self._paths[key]

    def _bar(self, symbol: str, opened: int) -> Bar:
        """The candle that opens at ``opened``; in a gap the last price, and before all candles the first."""
        try:
            bar = self._feed.bar(symbol, opened)
            if bar is not None:
                return bar
            last = self._feed.candles(symbol, self.step, end_ms=opened, limit=1)
        except IndexError:
            last = Candles.empty()
        if len(last):
            return Bar(*[float(last.close[-1])] * 4)
        first = self._feed.bar(symbol, self._feed.start_ms)
        return Bar(*[first.open if first is not None else 0.0] * 4)

    def _corners(self, symbol: str, opened: int) -> list[tuple[int, float]]:
        bar = self._bar(symbol, opened)
        rising, length = bar.close >= bar.open, self.step.ms
        first, second = (bar.low, bar.high) if rising else (bar.high, bar.low)
        points = [
            (opened, bar.open),
            (opened + int(_FIRST * length), first),
            (opened + int(_SECOND * length), second),
            (opened + length - 1, bar.close),
        ]
        for at, factor in self._moves.get(symbol, ()):
            points = _bent(points, at, factor)
        return points


def _bent(points: list[tuple[int, float]], at: int, factor: float) -> list[tuple[int, float]]:
    """A path of which everything after a moment is ``factor`` times as high."""
    if at >= points[-1][0]:
        return points
    before = [point for point in points if point[0] <= at]
    after = [(time, price * factor) for time, price in points if time > at]
    if not before:
        return after
    price = _between(points, at)
    corner = [] if after[0][0] == at + 1 else [(at + 1, price * factor)]
    return [*before, (at, price), *corner, *after]


def _between(points: list[tuple[int, float]], at: int) -> float:
    """The price at a moment of a path; outside of it the nearest corner's."""
    before, price = points[0]
    for time, reached in points[1:]:
        if time >= at:
            return price + (reached - price) * (at - before) / (time - before) if time > before else reached
        before, price = time, reached
    return price
