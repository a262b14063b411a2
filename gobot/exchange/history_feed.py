"""Recorded candles as a feed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from hashlib import blake2b

import numpy as np

from gobot.core import DataError, Market, Timeframe, iso
from gobot.exchange.feed import Bar
from gobot.market import Candles, FundingRates, resample
from gobot.matching import max_leverage


class HistoryFeed:
    """Recorded candles of several symbols, whose spans may differ and have gaps: no candle, no trading.

    ``recorded`` tells the candle length of a series; without, the commonest distance between its candles is taken.
    Orders are matched on candles of length ``step``, by default the longest that is recorded; longer candles are put
    together when they are asked for.  ``markets`` gives trading rules (without: nothing is rounded), ``funding`` the
    settled rates (without: none).  Trading begins at ``start_ms``, by default with the first candle.  Raises
    `DataError` when there are no candles, some are off the grid of their length, or the lengths do not divide.
    """

    def __init__(
        self,
        candles: Mapping[str, Candles],
        *,
        recorded: Mapping[str, Timeframe] | None = None,
        step: Timeframe | None = None,
        markets: Mapping[str, Market] | None = None,
        funding: Mapping[str, FundingRates] | None = None,
        start_ms: int | None = None,
    ) -> None:
        if not candles or any(len(series) == 0 for series in candles.values()):
            raise DataError("a simulation over history needs candles of every symbol; give it files that hold some")
        lengths = recorded or {}
        self._given = {symbol: (series, lengths.get(symbol) or series.step()) for symbol, series in candles.items()}
        for symbol, (series, length) in self._given.items():
            _require_grid(symbol, series, length)
        self._step = step or max(length for _, length in self._given.values())
        self._series: dict[tuple[str, Timeframe], Candles] = {}
        self._funding = dict(funding or {})
        rules = markets or {}
        self._markets = {s: rules.get(s) or Market(symbol=s, max_leverage=max_leverage(s)) for s in candles}
        stepped = [self._of_length(symbol, self._step) for symbol in candles]
        first_ms = min((int(series.time[0]) for series in stepped if len(series)), default=0)
        self._start_ms = first_ms if start_ms is None else max(first_ms, self._step.floor(start_ms))
        self._end_ms = max((int(series.time[-1]) for series in stepped if len(series)), default=0) + self._step.ms
        self._identity = self._describe()

    @property
    def identity(self) -> str:
        """Symbols, span and a fingerprint of every number."""
        return self._identity

    @property
    def step(self) -> Timeframe:
        """The candle length that orders are matched on."""
        return self._step

    @property
    def start_ms(self) -> int:
        """The open of the candle with which trading begins."""
        return self._start_ms

    @property
    def end_ms(self) -> int:
        """The close of the last candle of any symbol."""
        return self._end_ms

    @property
    def markets(self) -> Mapping[str, Market]:
        """Trading rules by symbol."""
        return self._markets

    def candles(self, symbol: str, timeframe: Timeframe, *, end_ms: int, limit: int) -> Candles:
        """The newest candles, as views.  Raises `DataError` when the length cannot be made from the recorded one."""
        if symbol not in self._given:
            return Candles.empty()
        series = self._of_length(symbol, timeframe)
        end = int(series.time.searchsorted(end_ms - timeframe.ms, "right"))
        return series[max(0, end - limit) : end]

    def bar(self, symbol: str, open_ms: int) -> Bar | None:
        """The candle that opens at ``open_ms``, None in a gap."""
        if symbol not in self._given:
            return None
        series = self._of_length(symbol, self._step)
        row = int(series.time.searchsorted(open_ms))
        if row == len(series) or series.time[row] != open_ms:
            return None
        return Bar(*(column.item(row) for column in (series.open, series.high, series.low, series.close)))

    def funding(self, symbol: str, after_ms: int, until_ms: int) -> Sequence[tuple[int, float]]:
        """Settlements as they were recorded."""
        rates = self._funding.get(symbol)
        if rates is None:
            return ()
        first, end = rates.time.searchsorted((after_ms, until_ms), "right").tolist()
        return list(zip(rates.time[first:end].tolist(), rates.rate[first:end].tolist(), strict=True))

    def next_funding_rate(self, symbol: str, now_ms: int) -> float | None:
        """The rate that was settled next, None where none is recorded."""
        rates = self._funding.get(symbol)
        row = 0 if rates is None else int(rates.time.searchsorted(now_ms, "right"))
        return None if rates is None or row == len(rates.time) else float(rates.rate[row])

    def _of_length(self, symbol: str, timeframe: Timeframe) -> Candles:
        key = symbol, timeframe
        if key not in self._series:
            series, length = self._given[symbol]
            self._series[key] = resample(series, length, timeframe)
        return self._series[key]

    def _describe(self) -> str:
        digest = blake2b(digest_size=4)
        for symbol, (series, _) in sorted(self._given.items()):
            digest.update(symbol.encode())
            for column in fields(series):
                digest.update(np.ascontiguousarray(getattr(series, column.name)).data)
            if symbol in self._funding:
                digest.update(np.ascontiguousarray(self._funding[symbol].time).data)
                digest.update(np.ascontiguousarray(self._funding[symbol].rate).data)
        return (
            f"history of {len(self._given)} symbols, {self._step} candles from {iso(self._start_ms)}"
            f" to {iso(self._end_ms)} ({digest.hexdigest()})"
        )


def _require_grid(symbol: str, series: Candles, length: Timeframe) -> None:
    off_grid = (series.time - length.floor(0)) % length.ms != 0
    if off_grid.any():
        first = iso(int(series.time[off_grid.argmax()]))
        raise DataError(
            f"{symbol}: {int(off_grid.sum())} candles are not on the {length} grid (first: {first}); remove those rows"
        )
