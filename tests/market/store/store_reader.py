"""Reads a series over and over while another process writes it: ``python store_reader.py DIRECTORY KEEP DONE_FILE``.

Candles are there from some minute to another without a hole, each with its own values; the newest never goes back, and
no more are seen than are kept.  Printed is a line at the beginning, and in the end a JSON object with the number of
reads and the first complaint.
"""

from __future__ import annotations

import json
import sys
from itertools import count
from pathlib import Path

from store_cases import BITCOIN, M1, START, candles, equal

from gobot.core import ManualClock
from gobot.market import Candles, CandleStore


def complaint(found: Candles, newest: int, keep: int | None) -> str | None:
    """What is wrong with ``found``, read after minute ``newest`` had been seen."""
    if not len(found):
        return None if newest < 0 else "all candles are gone"
    first, last = ((int(found.time[row]) - START) // M1.ms for row in (0, -1))
    if last < newest:
        return f"the newest candle went back from {newest} to {last}"
    if keep is None and first != 0:
        return f"the first {first} candles are gone"
    if keep is not None and len(found) != min(keep, last + 1):
        return f"{len(found)} candles up to {last}, to be kept are {keep}"
    if not equal(found, candles(*range(first, last + 1))):
        return f"the candles from {first} to {last} are not all there as they were written"
    return None


def main(directory: Path, keep: int | None, done: Path) -> dict[str, object]:
    """Read until ``done`` exists, and once more."""
    store = CandleStore(directory, clock=ManualClock(2_000_000_000_000), keep=keep)
    newest = -1
    sys.stdout.write("reading\n")
    sys.stdout.flush()
    for reads in count(1):
        last_time = done.exists()
        found = store.read(BITCOIN) if reads % 2 else store.last(BITCOIN, 10_000)
        if (said := complaint(found, newest, keep)) is not None:
            return {"reads": reads, "newest": newest, "complaint": said}
        if len(found):
            newest = (int(found.time[-1]) - START) // M1.ms
        if last_time:
            return {"reads": reads, "newest": newest, "complaint": None}
    raise AssertionError


if __name__ == "__main__":
    json.dump(main(Path(sys.argv[1]), int(sys.argv[2]) or None, Path(sys.argv[3])), sys.stdout)
