"""Holes in a series: where candles are missing, and which of them the venue itself lacks.

What the venue does not have is never invented: it is written down beside the series, in
``binance_um_BTCUSDT_1h.gaps.json``, so that nobody asks for it again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
import orjson

from gobot.core import DataError, Timeframe, iso
from gobot.market.candles import Ints
from gobot.market.disk import replace_file

_SCHEMA = 1


class Span(NamedTuple):
    """Candles with ``start_ms <= time < end_ms``."""

    start_ms: int
    end_ms: int


class KnownGap(NamedTuple):
    """Candles that the venue does not have: ``start_ms <= time < end_ms``; ``reason`` in words."""

    start_ms: int
    end_ms: int
    reason: str


def missing(time: Ints, timeframe: Timeframe, start_ms: int | None = None, end_ms: int | None = None) -> list[Span]:
    """The holes between the candles that open at ``time``.

    With ``start_ms`` or ``end_ms`` also those before the first and behind the last, of all candles that should open at
    ``start_ms <= t < end_ms``.
    """
    before = [] if start_ms is None else [timeframe.floor(start_ms - 1)]
    after = [] if end_ms is None else [timeframe.floor(end_ms + timeframe.ms - 1)]
    opens = np.concatenate([before, time, after]).astype(np.int64)
    holes = np.flatnonzero(np.diff(opens) >= 2 * timeframe.ms)
    return [Span(*span) for span in zip((opens[holes] + timeframe.ms).tolist(), opens[holes + 1].tolist(), strict=True)]


def without(spans: Iterable[Span], known: Iterable[Span | KnownGap]) -> list[Span]:
    """What is left of ``spans`` when the ``known`` ones are taken away; neither may overlap among themselves."""
    rest: list[Span] = []
    gaps = deque(sorted(known))
    for start, end in sorted(spans):
        at = start
        while gaps and gaps[0].start_ms < end:
            if gaps[0].start_ms > at:
                rest.append(Span(at, gaps[0].start_ms))
            at = max(at, gaps[0].end_ms)
            if at > end:
                break  # it reaches into a later span
            gaps.popleft()
        if at < end:
            rest.append(Span(at, end))
    return rest


def read_known_gaps(path: Path) -> tuple[KnownGap, ...]:
    """The gaps written down at ``path``, oldest first.  Raises `DataError` when the file is damaged."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return ()
    try:
        document = orjson.loads(data)
        if document["schema"] > _SCHEMA:
            raise DataError(f"{path} was written by a newer gobot: upgrade gobot, or move the file away")
        return tuple(KnownGap(_ms(gap["start"]), _ms(gap["end"]), str(gap["reason"])) for gap in document["gaps"])
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} is damaged ({error}): remove it, and the gaps will be asked for again") from error


def write_known_gaps(path: Path, gaps: Iterable[KnownGap]) -> None:
    """Put ``gaps`` in the place of what is written at ``path``.  Raises `OSError`."""
    listed = [{"start": iso(gap.start_ms), "end": iso(gap.end_ms), "reason": gap.reason} for gap in sorted(gaps)]
    document = {"schema": _SCHEMA, "gaps": listed}
    data = orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    replace_file(path, lambda file: file.write(data))


def _ms(moment: str) -> int:
    return round(datetime.fromisoformat(moment).timestamp() * 1000)
