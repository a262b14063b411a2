"""The window that an idea was formed on is examined: what is missing or wrong in it is counted."""

from __future__ import annotations

import numpy as np
import pytest

from gobot.core import Timeframe
from gobot.market import Candles, Severity, check
from gobot.risk.facts import health_of

QUARTER = Timeframe.parse("15m")


def window(rows: int = 40) -> dict[str, np.ndarray]:
    close = 100 + np.sin(np.arange(rows))
    return {
        "time": np.arange(rows) * QUARTER.ms,
        "open": close - 0.1,
        "high": close + 0.5,
        "low": close - 0.5,
        "close": close,
        "volume": np.ones(rows),
    }


@pytest.mark.parametrize(
    ("harm", "faults"),
    [
        (lambda w: w, 0),
        (lambda w: {name: np.delete(column, [10, 11]) for name, column in w.items()}, 2),
        (lambda w: {**w, "high": np.where(np.arange(40) == 7, w["low"] - 1, w["high"])}, 1),
        (lambda w: {**w, "volume": np.where(np.arange(40) == 7, 0.0, w["volume"])}, 0),
    ],
    ids=["sound", "hole", "high below low", "no volume is only unusual"],
)
def test_faults_of_a_window(harm, faults: int) -> None:
    columns = harm(window())
    candles = Candles.from_columns(*columns.values())
    health = health_of(candles, QUARTER)
    found = check(candles, QUARTER)
    assert health.gaps == sum(finding.count for finding in found if finding.severity is Severity.ERROR)
    assert (health.gaps > 0) == (faults > 0)
    assert health.newest_ms == 39 * QUARTER.ms
