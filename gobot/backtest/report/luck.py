"""What else could have come of the same trades: a Monte Carlo over which of them came, and how often."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gobot.backtest.report.trades import TradeColumns
from gobot.market.candles import Floats

RUNS = 400
_LEAST_TRADES = 10
_POINTS = 120
SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)
"""What the bands are drawn between."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Luck:
    """Equities after so many trades, USDT: ``own`` as it was, ``bands`` a row for each of `SHARES` of all runs.

    ``loss`` is the share of runs (0..1) that lost money; ``bad_drawdown`` is exceeded by one run in twenty, percent.
    """

    trades: Floats
    own: Floats
    bands: Floats
    loss: float
    bad_drawdown: float


def luck(trades: TradeColumns, start_equity: float, *, runs: int = RUNS, seed: int = 1) -> Luck | None:
    """Draw as many trades as there were, with replacement, each with what it did to the account as a share of it.

    None for fewer than ten trades, and where the account was ruined.  Trades are taken as if they came one after the
    other and knew nothing of each other; B. Efron, "Bootstrap methods", Annals of Statistics 7 (1979).
    """
    closed = trades.closed
    order = np.argsort(closed.exit_ms, kind="stable")
    after = start_equity + np.cumsum(closed.pnl[order])
    before = np.concatenate([[start_equity], after[:-1]])
    if len(closed) < _LEAST_TRADES or after.min() <= 0:
        return None
    growth = np.log(after / before)
    count = len(growth)
    chance = np.random.default_rng(seed)
    points = np.unique(np.linspace(0, count, _POINTS).astype(np.int64))
    curves, falls = np.empty((runs, len(points))), np.empty(runs)
    for run in range(runs):
        curve = np.concatenate([[0.0], np.cumsum(growth[chance.integers(0, count, count)])])
        curves[run] = curve[points]
        falls[run] = 1.0 - np.exp((curve - np.maximum.accumulate(curve)).min())
    own = np.concatenate([[start_equity], after])
    return Luck(
        trades=points.astype(np.float64),
        own=own[points],
        bands=start_equity * np.exp(np.quantile(curves, SHARES, axis=0)),
        loss=float((curves[:, -1] < 0).mean()),
        bad_drawdown=float(100.0 * np.quantile(falls, 0.95)),
    )
