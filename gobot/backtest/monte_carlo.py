"""What else could have come of a backtest: its trades in another order, its strategy on candles drawn again.

Candles are drawn by the stationary bootstrap: blocks of successive candles from random places, of lengths that are
geometric around a mean, put one behind the other as returns.  So each candle, and what follows upon what within a
block, is as it was, while the course of the market is another one.  All symbols get the same blocks: what moved
together still does.  D. N. Politis, J. P. Romano, "The stationary bootstrap", J. of the American Statistical
Association 89 (1994).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gobot.backtest.records import OPEN, Floats, Ints
from gobot.backtest.result import Leg, Result
from gobot.core import UsageError
from gobot.market import Candles

PERCENTILES = (5, 25, 50, 75, 95)
"""What a spread is told by."""
_LEAST_TRADES = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spread:
    """One figure of all runs: ``own`` is that of the backtest itself, ``runs`` are sorted."""

    own: float
    runs: Floats

    @property
    def percentiles(self) -> dict[int, float]:
        """The values below which so many percent of the runs lie."""
        return {each: float(np.percentile(self.runs, each)) for each in PERCENTILES}

    def document(self) -> dict[str, float]:
        """``own`` and ``p5`` to ``p95`` for JSON."""
        return {"own": self.own, **{f"p{each}": value for each, value in self.percentiles.items()}}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MonteCarlo:
    """Figures (``return_pct``, ``max_drawdown_pct``) of ``runs`` runs each.

    ``order`` has the drawdown of the same trades in other orders (the return stays what it was), nothing for less than
    two trades; ``candles`` what the strategy made of candles drawn again in blocks of ``block`` on average.  ``loss``
    is the share of those (0..1) that lost money.
    """

    runs: int
    seed: int
    block: int
    order: Mapping[str, Spread]
    candles: Mapping[str, Spread]
    loss: float

    def document(self) -> dict[str, Any]:
        """All of it for JSON."""
        return {
            "runs": self.runs,
            "seed": self.seed,
            "order": {name: spread.document() for name, spread in self.order.items()},
            "candles": {
                **{name: spread.document() for name, spread in self.candles.items()},
                "loss_pct": 100.0 * self.loss,
                "block": self.block,
            },
        }


def monte_carlo(
    result: Result,
    again: Callable[[Sequence[Leg]], Result],
    *,
    runs: int,
    seed: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> MonteCarlo:
    """Draw ``runs`` times, the same for the same ``seed``.

    ``again`` makes the backtest of ``result`` on other legs.  Raises `UsageError` for less than one run.
    """
    if runs < 1:
        raise UsageError(f"a Monte Carlo needs one run at least, not {runs}")
    chance = np.random.default_rng(seed)
    orders = _orders(result, runs, chance)
    block, lines = _block(result), [_line(leg, result.times) for leg in result.legs]
    drawn = np.empty((runs, 2))
    for run in range(runs):
        sources = stationary(len(result.times), block, chance)
        legs = [_redrawn(leg, line, sources, result.times) for leg, line in zip(result.legs, lines, strict=True)]
        made = again(legs)
        drawn[run] = made.metrics.return_pct, made.metrics.max_drawdown_pct
        if progress is not None:
            progress(run + 1, runs)
    own = result.metrics
    return MonteCarlo(
        runs=runs,
        seed=seed,
        block=block,
        order={} if orders is None else {"max_drawdown_pct": _spread(_drawdown_of(_growths(result)), orders)},
        candles={
            "return_pct": _spread(own.return_pct, drawn[:, 0]),
            "max_drawdown_pct": _spread(own.max_drawdown_pct, drawn[:, 1]),
        },
        loss=float((drawn[:, 0] < 0).mean()),
    )


def stationary(count: int, block: int, chance: np.random.Generator) -> Ints:
    """``count`` places of as many, in blocks that go on from place to place (from the last to the first)."""
    begins = chance.random(count) < 1.0 / block
    begins[0] = True
    first = np.flatnonzero(begins)
    length = np.diff(first, append=count)
    starts = chance.integers(0, count, len(first))
    within = np.arange(count) - np.repeat(first, length)
    return np.asarray((np.repeat(starts, length) + within) % count, np.int64)


def _spread(own: float, runs: Floats) -> Spread:
    return Spread(own=own, runs=np.sort(runs))


def _block(result: Result) -> int:
    """As long as what a strategy looks at, so that its signals mean within a block what they did."""
    longest = max(leg.strategy.warmup_on(result.timeframe) for leg in result.legs)
    return max(int(len(result.times) ** (1 / 3)), longest, 2)


def _line(leg: Leg, times: Ints) -> Ints:
    """For each of ``times`` the candle of ``leg``, -1 for none."""
    rows = np.full(len(times), -1)
    rows[times.searchsorted(leg.candles.time)] = np.arange(len(leg.candles))
    return rows


def _redrawn(leg: Leg, line: Ints, sources: Ints, times: Ints) -> Leg:
    """``leg`` on the candles at ``sources``, one behind the other as returns; where it had none it has none."""
    source = line[sources]
    there = source >= 0
    source, candles = source[there], leg.candles
    before = np.concatenate([candles.open[:1], candles.close[:-1]])
    growth = np.cumprod(candles.close[source] / before[source])
    base = candles.open[0] * np.concatenate([[1.0], growth[:-1]]) / before[source]
    drawn = Candles(
        times[there],
        base * candles.open[source],
        base * candles.high[source],
        base * candles.low[source],
        base * candles.close[source],
        candles.volume[source],
    )
    return replace(leg, candles=drawn)


def _growths(result: Result) -> Floats:
    """What each closed trade did to the account, as a logarithm, in the order of their ends."""
    closed = result.trades[result.trades["ended"] != OPEN]
    ends = result.exit_times[result.trades["ended"] != OPEN]
    after = result.rules.start_equity + np.cumsum(closed["pnl"][np.argsort(ends, kind="stable")])
    before = np.concatenate([[result.rules.start_equity], after[:-1]])
    if len(closed) < _LEAST_TRADES or after.min() <= 0:
        return np.empty(0)
    return np.asarray(np.log(after / before), np.float64)


def _orders(result: Result, runs: int, chance: np.random.Generator) -> Floats | None:
    growths = _growths(result)
    if not len(growths):
        return None
    return np.array([_drawdown_of(chance.permutation(growths)) for _ in range(runs)])


def _drawdown_of(growths: Floats) -> float:
    """Largest fall of the account from trade to trade, percent."""
    curve = np.concatenate([[0.0], np.cumsum(growths)])
    return float(100.0 * (1.0 - np.exp((curve - np.maximum.accumulate(curve)).min())))
