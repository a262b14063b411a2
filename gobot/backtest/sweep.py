"""Many combinations of parameters at once.

Signals are sparse: a combination is worth as much work as it has events.  A strategy with a plan
(`gobot.strategy.plan`) is evaluated block by block: indicators are computed once for all combinations that read them,
a compiled rule finds the events, and the kernel goes from one to the next; no combination has a Python object of its
own.  Any other strategy is evaluated combination by combination, its indicators from a cache.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from gobot.backtest.batch import CURVE, simulate_batch
from gobot.backtest.blocks import BLOCK, SIDE, groups
from gobot.backtest.conditions import YEAR_MS, conditions_of
from gobot.backtest.curve import Curve, curve_of
from gobot.backtest.events import events_of, room
from gobot.backtest.grid import Grid, completed, require_constraints
from gobot.backtest.kernel import TOTALS, simulate
from gobot.backtest.light import is_light
from gobot.backtest.records import NONE, Conditions, Floats, Ints
from gobot.backtest.rules import Rules
from gobot.backtest.sweep_result import Sweep
from gobot.core import DataError, Market
from gobot.market import Candles, FundingRates
from gobot.strategy import IndicatorCache, Strategy
from gobot.strategy.plan import Sparse, SweepPlan, matrix_for, planned

# Memory for indicators, and how much of it is used if a square of combinations would not fit otherwise.
_COLUMN_BYTES, _MOST_COLUMN_BYTES = 48 * 2**20, 512 * 2**20
# Memory for the events that a thread has in work.
_ROOM_BYTES = 8 * 2**20
# Most combinations ask for something less often than every so many candles; the others are evaluated one at a time.
_SPARSE = 16
_LEAST_ROOM = 1024

Progress = Callable[[int, int], None]
"""Told how many combinations are done, and of how many."""


def sweep(
    strategy: type[Strategy],
    grid: Grid,
    candles: Candles,
    rules: Rules,
    *,
    symbol: str = "",
    market: Market | None = None,
    funding: FundingRates | None = None,
    curves: bool = True,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> Sweep:
    """Backtest every combination of ``grid`` (see `combinations`) on ``candles`` under ``rules``.

    Without ``curves`` there is no drawdown and no ratio, at a third of the time.  ``jobs`` threads work at the same
    time, as many as there are processors by default.  Raises `StrategyError` and `DataError` before anything is run.
    """
    if len(candles) < 2:
        raise DataError(f"a sweep of {strategy.name} needs at least two candles, there are {len(candles)}")
    whole = completed(strategy, grid)
    require_constraints(strategy, whole)
    conditions = conditions_of(candles, rules, symbol=symbol, market=market, funding=funding)
    rows = len(next(iter(whole.values()), [None]))
    totals, traced = np.empty((rows, TOTALS)), np.empty((rows, CURVE)) if curves else None
    said = planned(strategy)
    if said is None:
        _one_by_one(strategy, whole, candles, conditions, totals, traced, progress)
    else:
        plan = said.sweep_plan(whole)
        _block_by_block(plan, candles, conditions, totals, traced, jobs or os.cpu_count() or 1, progress)
    return Sweep(
        strategy=strategy.name,
        params=dict(whole),
        candles=len(candles),
        per_year=YEAR_MS / candles.step().ms,
        start_equity=rules.start_equity,
        totals=totals,
        curves=traced,
    )


def _block_by_block(
    plan: SweepPlan,
    candles: Candles,
    conditions: Conditions,
    totals: Floats,
    curves: Floats | None,
    jobs: int,
    progress: Progress | None,
) -> None:
    done, columns = 0, _Columns(plan, candles)
    with ThreadPoolExecutor(jobs) as threads:
        for chosen, needed in groups(plan.picks, columns.capacity):
            columns.hold(needed, threads)
            worker = _Worker(plan, columns, chosen, conditions, totals, curves)
            for finished in threads.map(worker, worker.portions(jobs)):
                done += finished
                if progress is not None:
                    progress(done, len(totals))


class _Columns:
    """The indicators that are in work: as many as the memory set aside for them holds."""

    def __init__(self, plan: SweepPlan, candles: Candles) -> None:
        size, each = 8 * len(candles), plan.picks.shape[1]
        wanted = max(_COLUMN_BYTES // size, min(each * SIDE, _MOST_COLUMN_BYTES // size), each)
        self.capacity = min(wanted, len(plan.columns))
        self.matrix = matrix_for(self.capacity, len(candles))
        self.place = np.full(len(plan.columns), -1)
        self._plan, self._candles = plan, candles

    def hold(self, needed: Ints, threads: ThreadPoolExecutor) -> None:
        """Compute the ``needed`` columns that are not held yet, in the place of those no longer needed."""
        if len(needed) > self.capacity:
            self.capacity = len(needed)
            self.matrix, self.place[:] = matrix_for(self.capacity, len(self._candles)), -1
        missing = needed[self.place[needed] < 0]
        free = np.setdiff1d(np.arange(self.capacity), self.place[needed])[: len(missing)]
        self.place[np.isin(self.place, free)] = -1
        self.place[missing] = free
        list(threads.map(self._compute, missing))

    def _compute(self, column: int) -> None:
        self._plan.columns[column].compute(self._candles, self.matrix[self.place[column]])


class _Worker:
    """Evaluates portions of a group of combinations; several threads call it at the same time."""

    def __init__(
        self,
        plan: SweepPlan,
        columns: _Columns,
        chosen: Ints,
        conditions: Conditions,
        totals: Floats,
        curves: Floats | None,
    ) -> None:
        self._plan, self._columns, self._chosen = plan, columns.matrix, chosen
        self._conditions, self._totals, self._curves = conditions, totals, curves
        self._picks = columns.place[plan.picks[chosen]]
        self._numbers = plan.numbers[chosen] if len(plan.numbers) else np.empty((len(chosen), 0))
        self._first = np.maximum(plan.warmup[chosen], 1) - 1
        self._light = is_light(conditions, levels=plan.levels is not None)
        self._candles = len(conditions.bars.close)
        self._usual = min(self._candles, _LEAST_ROOM + self._candles // _SPARSE)
        self._wide = min(max(_ROOM_BYTES // (9 * self._usual), 1), BLOCK)

    def portions(self, jobs: int) -> Sequence[range]:
        """Portions of the group: enough of them that no thread waits long for another."""
        blocks = -(-len(self._chosen) // (8 * jobs * self._wide))
        size = max(blocks, 1) * self._wide
        return [range(begin, min(begin + size, len(self._chosen))) for begin in range(0, len(self._chosen), size)]

    def __call__(self, portion: range) -> int:
        """Evaluate one portion; returns how many combinations that were."""
        wide = min(self._wide, len(portion))
        usual, whole = room(wide, self._usual), None
        equity = np.empty(self._candles if self._curves is not None else 0)
        for begin in range(portion.start, portion.stop, wide):
            block = slice(begin, min(begin + wide, portion.stop))
            counts = self._evaluate(block, usual, equity)
            for crowded in begin + np.flatnonzero(counts > self._usual):
                whole = whole or room(1, self._candles)
                self._evaluate(slice(crowded, crowded + 1), whole, equity)
        return len(portion)

    def _evaluate(self, block: slice, found: Sparse, equity: Floats) -> Ints:
        """Evaluate a block of combinations; returns how many events each has."""
        plan, count = self._plan, block.stop - block.start
        found = Sparse(found.row[:count], found.act[:count], found.counts[:count])
        given = self._columns, self._picks[block], self._numbers[block]
        plan.rule(*given, self._first[block], found)
        counts = found.counts.copy()
        np.minimum(counts, found.row.shape[1] - 1, out=found.counts)
        stop = target = NONE[None]
        if plan.levels is not None:
            stop, target = np.empty(found.row.shape), np.empty(found.row.shape)
            plan.levels(*given, found, stop, target)
        totals = np.empty((count, TOTALS))
        curves = None if self._curves is None else np.empty((count, CURVE))
        simulate_batch(self._conditions, found, stop, target, self._light, totals, curves, equity)
        self._totals[self._chosen[block]] = totals
        if self._curves is not None:
            self._curves[self._chosen[block]] = curves
        return counts


def _one_by_one(
    strategy: type[Strategy],
    whole: Grid,
    candles: Candles,
    conditions: Conditions,
    totals: Floats,
    curves: Floats | None,
    progress: Progress | None,
) -> None:
    cache, equity = IndicatorCache(), None if curves is None else np.empty(len(candles))
    names, columns = list(whole), [column.tolist() for column in whole.values()]
    for k, row in enumerate(zip(*columns, strict=True)):
        events = events_of(strategy(**dict(zip(names, row, strict=True))), candles, cache)
        simulate(conditions, events, totals[k], None, equity)
        if curves is not None and equity is not None:
            curve: Curve = curve_of(equity, conditions.rules.start_equity)
            curves[k] = curve
        if progress is not None:
            progress(k + 1, len(totals))
