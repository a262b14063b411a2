"""What a backtest gives back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from gobot.backtest.excursions import Excursions, excursions_of
from gobot.backtest.metrics import Metrics
from gobot.backtest.records import ENDINGS, Floats, Ints, Trades
from gobot.backtest.rules import Rules
from gobot.core import Market, Timeframe, iso
from gobot.market import Candles, FundingRates
from gobot.strategy import Strategy


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Leg:
    """One symbol of a run and the strategy that trades it.

    ``market`` states steps and minimums, ``funding`` the settled rates; without them nothing is rounded or settled.
    """

    strategy: Strategy
    candles: Candles
    symbol: str = ""
    market: Market | None = None
    funding: FundingRates | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Result:
    """One backtest: what was run, every trade, the equity at every close, and the metrics.

    ``trades`` are rows of `gobot.backtest.TRADE` in the order of their entries; an open one is marked at its last
    close.  ``times`` are the opens (ms UTC) of the candles that ``equity`` is marked at, those of all symbols together.
    ``refusals`` counts the entries that risk refused, by check, and ``limits`` are the settings that it went by.
    """

    legs: tuple[Leg, ...]
    rules: Rules
    timeframe: Timeframe
    times: Ints
    trades: Trades
    equity: Floats
    metrics: Metrics
    refusals: Mapping[str, int] = field(default_factory=dict)
    limits: Mapping[str, Any] = field(default_factory=dict)

    @property
    def strategy(self) -> Strategy:
        """The strategy of the first symbol."""
        return self.legs[0].strategy

    @property
    def symbol(self) -> str:
        """The first symbol."""
        return self.legs[0].symbol

    @property
    def candles(self) -> Candles:
        """The candles of the first symbol."""
        return self.legs[0].candles

    @property
    def name(self) -> str:
        """The strategy, or all of them."""
        return ", ".join(dict.fromkeys(leg.strategy.name for leg in self.legs))

    @property
    def params(self) -> dict[str, Any]:
        """The parameters of the strategy; where symbols have different ones, with the symbol before the name."""
        first = self.strategy
        if all(leg.strategy.name == first.name and leg.strategy.params == first.params for leg in self.legs):
            return dict(first.params)
        return {f"{leg.symbol} {name}": value for leg in self.legs for name, value in leg.strategy.params.items()}

    @property
    def symbols(self) -> list[str]:
        """Every symbol, in the order given."""
        return [leg.symbol for leg in self.legs]

    @cached_property
    def entry_times(self) -> Ints:
        """Open of the candle of each entry, ms UTC."""
        return self._times_of("entry_row")

    @cached_property
    def exit_times(self) -> Ints:
        """Open of the candle of each exit, ms UTC; of the last candle for a trade that is open."""
        return self._times_of("exit_row")

    @cached_property
    def excursions(self) -> Excursions:
        """How far each trade was in loss and in profit at worst and at best."""
        return excursions_of(self.trades, [leg.candles for leg in self.legs])

    def document(self) -> dict[str, Any]:
        """The summary for JSON; times are opens of candles, UTC."""
        return {
            "strategy": self.name,
            "params": self.params,
            "symbols": self.symbols,
            "timeframe": str(self.timeframe),
            "start": iso(int(self.times[0])),
            "end": iso(int(self.times[-1])),
            "bars": len(self.times),
            "start_equity": self.rules.start_equity,
            "final_equity": float(self.equity[-1]),
            **self.metrics.document(),
            **({"refusals": dict(self.refusals)} if self.refusals else {}),
        }

    def trade_documents(self) -> list[dict[str, Any]]:
        """Every trade in the order of entry, for CSV and JSON; times are opens of candles, UTC."""
        worst, best = self.excursions
        columns = zip(self.trades, self.entry_times, self.exit_times, worst, best, strict=True)
        return [
            {
                "symbol": self.legs[trade["symbol"]].symbol,
                "strategy": self.legs[trade["symbol"]].strategy.name,
                "direction": "long" if trade["sign"] > 0 else "short",
                "quantity": float(trade["quantity"]),
                "entry_time": iso(int(entry_ms)),
                "entry_price": float(trade["entry_price"]),
                "exit_time": iso(int(exit_ms)),
                "exit_price": float(trade["exit_price"]),
                "stop": _known(trade["stop"]),
                "target": _known(trade["target"]),
                "fees": float(trade["fees"]),
                "funding": float(trade["funding"]),
                "pnl": float(trade["pnl"]),
                "return_pct": float(100.0 * trade["pnl"] / (trade["quantity"] * trade["entry_price"])),
                "mae_pct": float(adverse),
                "mfe_pct": float(favourable),
                "candles": int(trade["exit_row"] - trade["entry_row"]),
                "exit_reason": ENDINGS[trade["ended"]],
            }
            for trade, entry_ms, exit_ms, adverse, favourable in columns
        ]

    def _times_of(self, row: str) -> Ints:
        times = np.empty(len(self.trades), np.int64)
        for at, leg in enumerate(self.legs):
            own = self.trades["symbol"] == at
            times[own] = leg.candles.time[self.trades[row][own]]
        return times


def _known(price: float) -> float | None:
    return None if math.isnan(price) else float(price)
