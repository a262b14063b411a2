"""What a strategy has to beat: holding the market, and entering at random."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gobot.backtest.account import NO_LIMITS
from gobot.backtest.conditions import conditions_of
from gobot.backtest.metrics import measure
from gobot.backtest.records import NONE, Events, Trades
from gobot.backtest.report.curve import Curve
from gobot.backtest.rules import Rules
from gobot.backtest.run import Result, run_events
from gobot.backtest.shared import SharedAccount
from gobot.market.candles import Floats, Ints
from gobot.strategy import EXIT_LONG, EXIT_SHORT
from gobot.strategy.plan import ENTER_LONG, ENTER_SHORT

RANDOM_RUNS = 100
"""Random runs that a strategy is compared with."""
_POINTS = 400
# Several symbols take longer: fewer runs from so many candles on.
_MOST_CANDLES, _FEWEST_RUNS = 60_000_000, 20
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
    """All cash, in equal parts for each symbol, at its first open, the fee paid, held to its last close."""
    start, times = result.rules.start_equity, result.times
    equity = np.zeros(len(times))
    for leg in result.legs:
        row = np.searchsorted(leg.candles.time, times, "right") - 1
        growth = leg.candles.close[np.maximum(row, 0)] / leg.candles.open[0] / (1.0 + result.rules.fee)
        equity += start / len(result.legs) * np.where(row < 0, 1.0, growth)
    found = measure(result.trades[:0], equity, result.timeframe, start)
    return Baseline(
        name="buy and hold",
        note="all cash at the first open, held to the end"
        if len(result.legs) == 1
        else "an equal part of the cash in each symbol at its first open, held to the end",
        return_pct=found.return_pct,
        max_drawdown_pct=found.max_drawdown_pct,
        sharpe=found.sharpe,
        curve=Curve.of_closes(times, result.timeframe.ms, equity, start),
    )


def _random_entries(result: Result, runs: int, seed: int) -> Baseline:
    """The same trades (sides, lengths, sizes, costs) at random times, with nothing but time to end them.

    What remains of a result after that comparison is what its entries and exits know.  How long a trade lasted says
    already what its stops, targets and time limits did, so none of them is in force here.
    """
    rules = replace(result.rules, **_NOTHING_ENDS_IT)
    alone = len(result.legs) == 1
    if not alone:
        candles = sum(len(leg.candles) for leg in result.legs)
        runs = max(_FEWEST_RUNS, min(runs, _MOST_CANDLES // candles))
    drawn = (_shuffles if alone else _turns)(result, rules, runs, np.random.default_rng(seed))
    rows = np.unique(np.linspace(0, len(result.times) - 1, _POINTS).astype(np.int64))
    curves, measured = np.empty((runs, len(rows))), []
    for run, (trades, equity) in enumerate(drawn):
        curves[run] = equity[rows]
        measured.append(measure(trades, equity, result.timeframe, rules.start_equity))
    returns = np.array([one.return_pct for one in measured])
    low, middle, high = (_curve(result, rows, np.quantile(curves, share, axis=0)) for share in (0.05, 0.5, 0.95))
    moved = "the same trades at random times" if alone else "the same trades, all moved by the same random time"
    return Baseline(
        name="random entry",
        note=f"{moved}; the middle of {runs} runs",
        return_pct=float(np.median(returns)),
        max_drawdown_pct=float(np.median([one.max_drawdown_pct for one in measured])),
        sharpe=float(np.nanmedian([one.sharpe for one in measured])),
        curve=middle,
        low=low,
        high=high,
        as_good=float((returns >= result.metrics.return_pct).mean()),
    )


def _curve(result: Result, rows: Ints, equity: Floats) -> Curve:
    return Curve.of_closes(result.times[rows], result.timeframe.ms, equity, result.rules.start_equity)


def _shuffles(result: Result, rules: Rules, runs: int, chance: np.random.Generator) -> Iterator[tuple[Trades, Floats]]:
    """The trades of one symbol in another order and at other times, one after the other."""
    leg, trades = result.legs[0], result.trades
    conditions = conditions_of(leg.candles, rules, symbol=leg.symbol, market=leg.market, funding=leg.funding)
    candles = len(leg.candles)
    for _ in range(runs):
        order = chance.permutation(len(trades))
        lengths = _lengths(trades)[order]
        free = max(candles - 1 - int(lengths.sum()), 0)
        waits = np.sort(chance.integers(0, free + 1, len(trades)))
        entries = waits + np.cumsum(lengths) - lengths
        yield run_events(_events(candles, entries, entries + lengths, trades["sign"][order]), conditions)


def _turns(result: Result, rules: Rules, runs: int, chance: np.random.Generator) -> Iterator[tuple[Trades, Floats]]:
    """The trades of several symbols, all moved by the same part of the whole time, what passes the end to the front.

    So they share the account as they did: positions that stood side by side still do.
    """
    account = SharedAccount(result.legs, replace(rules, max_open_positions=None, max_exposure_percent=None))
    certain = [np.ones(len(leg.candles)) for leg in result.legs]
    for share in chance.uniform(size=runs):
        events = []
        for symbol, leg in enumerate(result.legs):
            own, candles = result.trades[result.trades["symbol"] == symbol], len(leg.candles)
            entries = (own["entry_row"] - 1 + int(share * candles)) % candles
            events.append(_events(candles, entries, entries + _lengths(own), own["sign"]))
        run = account.trade(events, certain, NO_LIMITS)
        yield account.on_line(run.trades), run.equity


def _lengths(trades: Trades) -> Ints:
    lengths: Ints = np.maximum(trades["exit_row"] - trades["entry_row"], 1)
    return lengths


def _events(candles: int, entries: Ints, exits: Ints, sides: Ints) -> Events:
    """The candles that ask for these entries and exits; what lies behind the last is left out."""
    acts = np.zeros(candles + 1, np.uint8)
    np.bitwise_or.at(acts, np.minimum(exits, candles), np.where(sides > 0, EXIT_LONG, EXIT_SHORT).astype(np.uint8))
    acts[np.minimum(entries, candles)] |= np.where(sides > 0, ENTER_LONG, ENTER_SHORT).astype(np.uint8)
    rows = np.flatnonzero(acts[:-1])
    return Events(rows, acts[rows], NONE, NONE, NONE)
