"""What all measurements share: the candles, the clock, the memory.  Runs in the environments of the peers too."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

FEE = 0.001
CASH = 10_000.0
FAST, SLOW = 10, 50


def market(rows: int, seed: int = 1) -> dict[str, Any]:
    """Minute candles on a geometric random walk, as columns; ``time`` is ms."""
    chance = np.random.RandomState(seed)
    close = 100.0 * np.exp(np.cumsum(chance.normal(0.0, 0.001, rows)))
    open_ = np.concatenate([[100.0], close[:-1]])
    wick = np.abs(chance.normal(0.0, 0.0004, (2, rows)))
    return {
        "time": 1_735_689_600_000 + 60_000 * np.arange(rows),
        "open": open_,
        "high": np.maximum(open_, close) * (1 + wick[0]),
        "low": np.minimum(open_, close) * (1 - wick[1]),
        "close": close,
        "volume": np.ones(rows),
    }


def frame(rows: int, seed: int = 1) -> Any:
    """The same as a DataFrame indexed by time, UTC without saying so: some peers convert zones again and again."""
    import pandas as pd

    columns = market(rows, seed)
    index = pd.to_datetime(columns.pop("time"), unit="ms")
    return pd.DataFrame(columns, index=index)


def pairs(count: int) -> tuple[Any, Any]:
    """So many pairs of a fast and a slow period: 5..104 with every second of 110..308, or some of them, evenly."""
    fast, slow = (axis.ravel() for axis in np.meshgrid(np.arange(5, 105), np.arange(110, 310, 2), indexing="ij"))
    # More than there are: the same ones again.
    chosen = np.linspace(0, len(fast) - 1, min(count, len(fast))).round().astype(int)
    chosen = np.resize(chosen, count)
    return fast[chosen], slow[chosen]


def best(work: Callable[[], Any], times: int) -> tuple[float, Any]:
    """The shortest of ``times`` runs after one to warm up, in seconds, and what the work gives."""
    given, shortest = work(), float("inf")
    for _ in range(times):
        started = time.perf_counter()
        given = work()
        shortest = min(shortest, time.perf_counter() - started)
    return shortest, given


def tell(**found: Any) -> None:
    """Print the measurement, with the most memory this process ever had."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    json.dump({**found, "rss_mb": round(peak)}, sys.stdout)
