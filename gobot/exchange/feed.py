"""Where a simulated venue takes its prices from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from gobot.core import Market, Timeframe
from gobot.market import Candles


class Bar(NamedTuple):
    """The prices of one candle."""

    open: float
    high: float
    low: float
    close: float


class MarketFeed(Protocol):
    """Candles of several symbols on one grid.  All times are ms UTC; an unknown symbol is one without candles."""

    @property
    def identity(self) -> str:
        """What makes this market this one, in words: equal identities give equal prices for ever."""

    @property
    def step(self) -> Timeframe:
        """The candle length that orders are matched on."""

    @property
    def start_ms(self) -> int:
        """When trading begins."""

    @property
    def end_ms(self) -> int | None:
        """When the prices are used up, None where they never are."""

    @property
    def markets(self) -> Mapping[str, Market]:
        """Trading rules by symbol, without fees."""

    def candles(self, symbol: str, timeframe: Timeframe, *, end_ms: int, limit: int) -> Candles:
        """The newest ``limit`` candles that have closed at ``end_ms``."""

    def bar(self, symbol: str, open_ms: int) -> Bar | None:
        """The candle of length `step` that opens at ``open_ms``, None where there is none."""

    def funding(self, symbol: str, after_ms: int, until_ms: int) -> Sequence[tuple[int, float]]:
        """Settlements (time, rate) with ``after_ms < time <= until_ms``, oldest first."""

    def next_funding_rate(self, symbol: str, now_ms: int) -> float | None:
        """The rate that will be settled next, None where there is no funding."""
