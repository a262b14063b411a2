"""What may go into a series: closed candles on the grid, in order, that are candles at all."""

from __future__ import annotations

import numpy as np

from gobot.core import DataError, iso
from gobot.market.candles import Candles
from gobot.market.merge import Added
from gobot.market.series import Series
from gobot.market.sound import broken_rules


def admit(series: Series, candles: Candles, *, now_ms: int, keep: int | None) -> tuple[Candles, Added]:
    """The candles that may be stored at ``now_ms``, and how many are left out.

    Left out are those that have not closed and those that would be older than the newest ``keep``.  Raises `DataError`,
    naming the first offender, for anything that is no candle of ``series``.
    """
    later = np.ones(len(candles), np.bool_)
    np.greater(candles.time[1:], candles.time[:-1], out=later[1:])
    _require(later, series, candles, "are not in order of time")
    step = series.timeframe
    _require((candles.time - step.floor(0)) % step.ms == 0, series, candles, f"are not on the {step} grid")
    for rule in broken_rules(candles):
        _require(~rule.broken, series, candles, f"have {rule.complaint}")
    closed = candles.between(None, now_ms - step.ms + 1)
    kept = closed if keep is None else closed.last(keep)
    return kept, Added(unclosed=len(candles) - len(closed), expired=len(closed) - len(kept))


def _require(good: np.ndarray, series: Series, candles: Candles, complaint: str) -> None:
    if not good.all():
        first = iso(int(candles.time[good.argmin()]))
        raise DataError(
            f"{int((~good).sum())} candles for {series} {complaint} (the first at {first}); none was stored"
        )
