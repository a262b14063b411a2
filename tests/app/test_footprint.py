"""Code pages are handed back, and kernels still run, and still compile, afterwards."""

from __future__ import annotations

import psutil
from numba import njit

from gobot.app.footprint import load_kernels, release_code
from gobot.matching import stop_fill


def test_memory_shrinks_and_everything_still_works() -> None:
    load_kernels()
    process = psutil.Process()
    before = process.memory_info().rss
    assert release_code() > 10_000_000
    assert process.memory_info().rss < before
    assert stop_fill(1, 10.0, 11.0, 12.0, 9.0) == 10.0

    @njit
    def doubled(value: float) -> float:
        return value + value

    assert doubled(2.0) == 4.0
