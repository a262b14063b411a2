"""The synthetic market as a feed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b

from gobot.core import Market, Timeframe, iso
from gobot.exchange.feed import Bar
from gobot.market import Candles, resample
from gobot.market.synthetic import SyntheticMarket
from gobot.matching import max_leverage, next_settlement, settlements


class SyntheticFeed:
    """Seeded prices without end, with funding every eight hours."""

    def __init__(self, market: SyntheticMarket) -> None:
        self._market = market
        self._markets = {s: replace(rules, max_leverage=max_leverage(s)) for s, rules in market.markets.items()}
        # The last answer per symbol: tickers ask for the same settlement again and again.
        self._rates: dict[str, tuple[int, float]] = {}

    @property
    def identity(self) -> str:
        """Seed, symbols, candle length and start."""
        market = self._market
        names = blake2b(" ".join(market.symbols).encode(), digest_size=4).hexdigest()
        return (
            f"synthetic market of seed {market.seed}, {len(market.symbols)} symbols ({names}),"
            f" {market.timeframe} candles from {iso(market.start_ms)}"
        )

    @property
    def step(self) -> Timeframe:
        """The candle length of the market."""
        return self._market.timeframe

    @property
    def start_ms(self) -> int:
        """When trading begins; there is history before it."""
        return self._market.start_ms

    @property
    def end_ms(self) -> None:
        """Never."""
        return

    @property
    def markets(self) -> Mapping[str, Market]:
        """Trading rules by symbol."""
        return self._markets

    def candles(self, symbol: str, timeframe: Timeframe, *, end_ms: int, limit: int) -> Candles:
        """The newest candles; longer ones are put together, as far back as the market's memory goes."""
        if symbol not in self._markets:
            return Candles.empty()
        if timeframe == self.step:
            return self._market.candles(symbol, end_ms=end_ms, limit=limit)
        # Both ends may cut a group in two; the halves are dropped.
        rows = (limit + 2) * -(-timeframe.ms // self.step.ms)
        short = self._market.candles(symbol, end_ms=end_ms, limit=rows)
        return resample(short, self.step, timeframe)[-limit:]

    def bar(self, symbol: str, open_ms: int) -> Bar | None:
        """The candle that opens at ``open_ms``: there always is one."""
        return Bar(*self._market.bar(symbol, open_ms)) if symbol in self._markets else None

    def funding(self, symbol: str, after_ms: int, until_ms: int) -> Sequence[tuple[int, float]]:
        """Settlements of the eight-hour grid."""
        return [(at, self._rate(symbol, at)) for at in settlements(after_ms, until_ms)]

    def next_funding_rate(self, symbol: str, now_ms: int) -> float | None:
        """The rate that will be settled next."""
        return self._rate(symbol, next_settlement(now_ms)) if symbol in self._markets else None

    def _rate(self, symbol: str, settlement_ms: int) -> float:
        known = self._rates.get(symbol)
        if known is None or known[0] != settlement_ms:
            known = self._rates[symbol] = settlement_ms, self._market.funding_rate(symbol, settlement_ms)
        return known[1]
