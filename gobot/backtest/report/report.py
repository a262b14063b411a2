"""One run as its reports show it: everything that a table, a picture or a page needs, whatever engine made it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from gobot.backtest.monte_carlo import MonteCarlo
from gobot.backtest.report.baselines import Baseline, baselines
from gobot.backtest.report.curve import Curve
from gobot.backtest.report.luck import Luck, luck
from gobot.backtest.report.trades import TradeColumns
from gobot.backtest.run import ENDINGS, Result
from gobot.core import Timeframe
from gobot.market import Candles


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Report:
    """What was run, on what, under which settings, and what came of it.

    ``strategies`` trade the ``symbols``, one each.  ``summary`` is the JSON of the run, ``rules`` are the assumptions
    it was made under, ``sources`` says where the candles came from, ``about`` is the strategy in one sentence.
    """

    strategy: str
    about: str
    params: Mapping[str, Any]
    symbols: Sequence[str]
    strategies: Sequence[str]
    timeframe: Timeframe
    candles: Mapping[str, Candles]
    sources: Sequence[str]
    rules: Mapping[str, Any]
    summary: Mapping[str, Any]
    curve: Curve
    trades: TradeColumns
    baselines: Sequence[Baseline]
    luck: Luck | None
    at_ms: int
    monte_carlo: MonteCarlo | None = None

    @classmethod
    def of(cls, result: Result, *, sources: Sequence[str], at_ms: int, monte_carlo: MonteCarlo | None = None) -> Report:
        """The report of a backtest that was run at ``at_ms``."""
        start, trades = result.rules.start_equity, _columns(result)
        abouts = dict.fromkeys(_first_sentences(type(leg.strategy).__doc__ or "") for leg in result.legs)
        return cls(
            strategy=result.name,
            about=" ".join(abouts),
            params=result.params,
            symbols=result.symbols,
            strategies=[leg.strategy.name for leg in result.legs],
            timeframe=result.timeframe,
            candles={leg.symbol: leg.candles for leg in result.legs},
            sources=sources,
            rules={**asdict(result.rules), **result.limits},
            summary=result.document(),
            curve=Curve.of_closes(result.times, result.timeframe.ms, result.equity, start),
            trades=trades,
            baselines=baselines(result),
            luck=luck(trades, start),
            at_ms=at_ms,
            monte_carlo=monte_carlo,
        )


def _first_sentences(docstring: str) -> str:
    """The first paragraph, as a line without markup."""
    return " ".join(docstring.strip().split("\n\n")[0].replace("`", "").split())


def _columns(result: Result) -> TradeColumns:
    trades = result.trades
    value = trades["quantity"] * trades["entry_price"]
    worst, best = result.excursions
    return TradeColumns(
        market=trades["symbol"],
        side=trades["sign"],
        entry_ms=result.entry_times,
        exit_ms=result.exit_times,
        quantity=trades["quantity"],
        entry_price=trades["entry_price"],
        exit_price=trades["exit_price"],
        stop=trades["stop"],
        target=trades["target"],
        fees=trades["fees"],
        pnl=trades["pnl"],
        gain=100.0 * trades["pnl"] / value,
        worst=-worst,
        best=best,
        reason=np.array(ENDINGS)[trades["ended"]],
    )
