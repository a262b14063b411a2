"""Many signals on the same candles, one after another, without a Python object for any."""

from __future__ import annotations

from gobot.backtest.curve import curve_of
from gobot.backtest.kernel import simulate
from gobot.backtest.light import simulate_light
from gobot.backtest.records import Conditions, Events, Floats
from gobot.matching.compiled import compiled
from gobot.strategy.plan import Sparse

CURVE = 5
"""How many figures a `gobot.backtest.curve.Curve` has."""


@compiled
def simulate_batch(
    conditions: Conditions,
    found: Sparse,
    stop: Floats,
    target: Floats,
    light: bool,
    totals: Floats,
    curves: Floats | None,
    equity: Floats,
) -> None:
    """Simulate every combination of ``found``: a row of ``totals`` for each, and one of ``curves``.

    ``stop`` and ``target`` are prices by event, or empty; ``light`` says that the lighter path may be tried, and
    ``equity`` is room for one curve if ``curves`` are wanted.
    """
    none = equity[:0]
    for k in range(totals.shape[0]):
        end = found.counts[k]
        stops, targets = (stop[k, :end], target[k, :end]) if stop.size else (none, none)
        events = Events(found.row[k, :end], found.act[k, :end], stops, targets, none)
        if curves is None:
            if not (light and simulate_light(conditions, events, totals[k], None)):
                simulate(conditions, events, totals[k], None, None)
        else:
            if not (light and simulate_light(conditions, events, totals[k], equity)):
                simulate(conditions, events, totals[k], None, equity)
            curve = curve_of(equity, conditions.rules.start_equity)
            curves[k, 0], curves[k, 1] = curve.lowest, curve.drawdown
            curves[k, 2], curves[k, 3], curves[k, 4] = curve.changes, curve.squares, curve.losses
