"""One run as its reports show it: everything that a table, a picture or a page needs, whatever engine made it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

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

    ``summary`` is the JSON of the run, ``rules`` are the assumptions it was made under, ``sources`` says where the
    candles came from, ``about`` is the strategy in one sentence.
    """

    strategy: str
    about: str
    params: Mapping[str, Any]
    symbols: Sequence[str]
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

    @classmethod
    def of(cls, result: Result, *, sources: Sequence[str], at_ms: int) -> Report:
        """The report of a backtest that was run at ``at_ms``."""
        candles, step, start = result.candles, result.timeframe.ms, result.rules.start_equity
        trades = _columns(result)
        return cls(
            strategy=result.strategy.name,
            about=_first_sentences(type(result.strategy).__doc__ or ""),
            params=dict(result.strategy.params),
            symbols=[result.symbol],
            timeframe=result.timeframe,
            candles={result.symbol: candles},
            sources=sources,
            rules=asdict(result.rules),
            summary=result.document(),
            curve=Curve.of_closes(candles.time, step, result.equity, start),
            trades=trades,
            baselines=baselines(result),
            luck=luck(trades, start),
            at_ms=at_ms,
        )


def _first_sentences(docstring: str) -> str:
    """The first paragraph, as a line without markup."""
    return " ".join(docstring.strip().split("\n\n")[0].replace("`", "").split())


def _columns(result: Result) -> TradeColumns:
    trades = result.trades
    value = trades["quantity"] * trades["entry_price"]
    worst, best = result.excursions
    return TradeColumns(
        market=np.zeros(len(trades), np.int64),
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
