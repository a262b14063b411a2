"""From a strategy to the events that the kernels act on."""

from __future__ import annotations

import numpy as np

from gobot.backtest.records import NONE, Events, Floats
from gobot.market import Candles
from gobot.strategy import IndicatorCache, Signals, Strategy, evaluate
from gobot.strategy.plan import ENTER_LONG, ENTER_SHORT, Sparse, columns_of, gather, planned

_START = np.zeros(1, np.int64)


def events_of(strategy: Strategy, candles: Candles, cache: IndicatorCache | None = None) -> Events:
    """What ``strategy`` asks for: by its plan where it has one, from its signals otherwise."""
    said = planned(type(strategy))
    if said is None:
        return events_in(evaluate(strategy, candles, cache))
    plan = said.sweep_plan({name: np.array([value]) for name, value in strategy.params.items()})
    columns, found = columns_of(plan.columns, candles), room(1, len(candles))
    plan.rule(columns, plan.picks, plan.numbers, np.maximum(plan.warmup, 1) - 1, found)
    # Rows of the matrix are longer than there are candles.
    count = found.counts[0] = int(found.row[0, : found.counts[0]].searchsorted(len(candles)))
    stop = target = NONE
    if plan.levels is not None:
        stop, target = np.empty(found.row.shape), np.empty(found.row.shape)
        plan.levels(columns, plan.picks, plan.numbers, found, stop, target)
        stop, target = stop[0, :count], target[0, :count]
    return Events(found.row[0, :count], found.act[0, :count], stop, target, NONE)


def events_in(signals: Signals) -> Events:
    """The rows of ``signals`` that ask for something."""
    rows = len(signals)
    acts = np.zeros((1, -(-rows // 8) * 8), np.uint8)
    acts[0, :rows] = signals.exit
    acts[0, :rows] |= np.where(signals.entry > 0, ENTER_LONG, np.where(signals.entry < 0, ENTER_SHORT, 0)).astype(
        np.uint8
    )
    found = room(1, rows)
    gather(acts, _START, found)
    row, act = found.row[0, : found.counts[0]], found.act[0, : found.counts[0]]
    return Events(row, act, _levels(signals.stop, row), _levels(signals.target, row), NONE)


def room(combinations: int, events: int) -> Sparse:
    """Room for so many events of each combination."""
    # One more, for the next event is written before it is known to be one.
    shape = (combinations, events + 1)
    return Sparse(np.empty(shape, np.int64), np.empty(shape, np.uint8), np.empty(combinations, np.int64))


def _levels(prices: Floats, row: np.ndarray) -> Floats:
    found = prices[row]
    return NONE if np.isnan(found).all() else found
