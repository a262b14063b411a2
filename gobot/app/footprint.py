"""A small footprint: what only start-up needed does not stay resident for months.

The libraries under pandas and numba bring some hundred megabytes of machine code, of which a daemon at work runs
little: the compiler alone is the largest part of the process, and after the kernels are loaded it lies idle.
"""

from __future__ import annotations

import ctypes
import gc
import os
from pathlib import Path

from loguru import logger

_MADV_DONTNEED = 4  # from <sys/mman.h>


def load_kernels(*, backtests: bool = False) -> None:
    """Load every compiled kernel of the daemon, so that no cycle waits for one; ``backtests``: all there are.

    Set-up calls it too: what was never compiled on this machine is compiled then, and kept on disk.
    """
    from gobot.backtest import warm_up
    from gobot.market.synthetic import SyntheticMarket
    from gobot.matching import liquidation_fill, liquidation_price, tiers_of

    warm_up(backtests=backtests)
    SyntheticMarket(0, ["BTC/USDT:USDT"], start_ms=0, history=1).candles("BTC/USDT:USDT", end_ms=0, limit=1)
    level = liquidation_price(1, 1.0, 100.0, 10.0, tiers_of("BTC/USDT:USDT"))
    liquidation_fill(1, level, level, 100.0, 101.0, 99.0)


def release_code(maps: Path = Path("/proc/self/maps")) -> int:
    """Hand the pages of libraries' code back to the page cache; returns how many bytes of address space that were.

    Code is read-only, so nothing is lost: what is still in use comes back from the page cache at the next call.
    """
    gc.collect()
    madvise = ctypes.CDLL(None, use_errno=True).madvise
    madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    released = 0
    for line in maps.read_text().splitlines():
        span, permissions, *_, name = line.split()
        if permissions != "r-xp" or ".so" not in name:
            continue
        start, end = (int(address, 16) for address in span.split("-"))
        if madvise(start, end - start, _MADV_DONTNEED) == 0:
            released += end - start
        else:
            logger.debug("code stays resident", library=name, reason=os.strerror(ctypes.get_errno()))
    return released
