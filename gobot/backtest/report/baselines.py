"""What a strategy has to beat: holding the market, and entering at random."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gobot.backtest.conditions import conditions_of
from gobot.backtest.metrics import measure
from gobot.backtest.records import NONE, Events
from gobot.backtest.report.curve import Curve
from gobot.backtest.run import Result, run_events
from gobot.market.candles import Floats, Ints
from gobot.strategy import EXIT_LONG, EXIT_SHORT
from gobot.strategy.plan import ENTER_LONG, ENTER_SHORT

RANDOM_RUNS = 100
"""Random runs that a strategy is compared with."""
_POINTS = 400
_NOTHING_ENDS_IT: dict[str, Any] = dict.fromkeys(
    ("stop_loss_percent", "take_profit_percent", "trailing_percent", "break_even_percent", "max_candles")
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Baseline:
    """One thing to beat.  Percentages 0..100, the median of several runs where there are several.

    ``low`` and ``high`` are what nine of ten runs lie between; ``as_good`` is the share of runs (0..1) that did at
    least as well as the strategy.  They are None for what happens only once.
    """

    name: str
    note: str
    return_pct: float
    max_drawdown_pct: float
    sharpe: float
    curve: Curve
    low: Curve | None = None
    high: Curve | None = None
    as_good: float | None = None


def baselines(result: Result, *, runs: int = RANDOM_RUNS, seed: int = 1) -> list[Baseline]:
    """Buy and hold, and (for a run that made trades) random entries; the same seed gives the same ones."""
    found = [_buy_and_hold(result)]
    if len(result.trades):
        found.append(_random_entries(result, runs, seed))
    return found


def _buy_and_hold(result: Result) -> Baseline:
    """All cash at the first open, its fee paid, held to the last close."""
    start = result.rules.start_equity
    equity = start / (1.0 + result.rules.fee) * (result.candles.close / result.candles.open[0])
    found = measure(result.trades[:0], equity, result.timeframe, start)
    return Baseline(
        name="buy and hold",
        note="all cash at the first open, held to the end",
        return_pct=found.return_pct,
        max_drawdown_pct=found.max_drawdown_pct,
        sharpe=found.sharpe,
        curve=Curve.of_closes(result.candles.time, result.timeframe.ms, equity, start),
    )


def _random_entries(result: Result, runs: int, seed: int) -> Baseline:
    """The same trades (sides, lengths, sizes, costs) at random times, with nothing but time to end them.

    What remains of a result after that comparison is what its entries and exits know.  How long a trade lasted says
    already what its stops, targets and time limits did, so none of them is in force here.
    """
    chance, leg = np.random.default_rng(seed), result.legs[0]
    rules = replace(result.rules, **_NOTHING_ENDS_IT)
    conditions = conditions_of(leg.candles, rules, symbol=leg.symbol, market=leg.market, funding=leg.funding)
    rows = np.unique(np.linspace(0, len(result.candles) - 1, _POINTS).astype(np.int64))
    curves, measured = np.empty((runs, len(rows))), []
    for run in range(runs):
        trades, equity = run_events(_shuffled(result, chance), conditions)
        curves[run] = equity[rows]
        measured.append(measure(trades, equity, result.timeframe, rules.start_equity))
    returns = np.array([one.return_pct for one in measured])
    low, middle, high = (_curve(result, rows, np.quantile(curves, share, axis=0)) for share in (0.05, 0.5, 0.95))
    return Baseline(
        name="random entry",
        note=f"the same trades at random times; the middle of {runs} runs",
        return_pct=float(np.median(returns)),
        max_drawdown_pct=float(np.median([one.max_drawdown_pct for one in measured])),
        sharpe=float(np.nanmedian([one.sharpe for one in measured])),
        curve=middle,
        low=low,
        high=high,
        as_good=float((returns >= result.metrics.return_pct).mean()),
    )


def _curve(result: Result, rows: Ints, equity: Floats) -> Curve:
    return Curve.of_closes(result.candles.time[rows], result.timeframe.ms, equity, result.rules.start_equity)


def _shuffled(result: Result, chance: np.random.Generator) -> Events:
    """Entries and exits of the result's trades in another order and at other times."""
    trades, candles = result.trades, result.candles
    order = chance.permutation(len(trades))
    sides = trades["sign"][order]
    lengths = np.maximum(trades["exit_row"] - trades["entry_row"], 1)[order]
    free = max(len(candles) - 1 - int(lengths.sum()), 0)
    waits = np.sort(chance.integers(0, free + 1, len(trades)))
    entries = waits + np.cumsum(lengths) - lengths
    exits = entries + lengths
    acts = np.zeros(len(candles) + 1, np.uint8)
    np.bitwise_or.at(acts, np.minimum(exits, len(candles)), np.where(sides > 0, EXIT_LONG, EXIT_SHORT).astype(np.uint8))
    acts[np.minimum(entries, len(candles))] |= np.where(sides > 0, ENTER_LONG, ENTER_SHORT).astype(np.uint8)
    rows = np.flatnonzero(acts[:-1])
    return Events(rows, acts[rows], NONE, NONE, NONE)
