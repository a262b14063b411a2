"""What the compiled account of several symbols keeps: rows of arrays, for the kernels read nothing else."""

from __future__ import annotations

import math
from typing import NamedTuple, get_type_hints

import numpy as np

from gobot.backtest.records import Events, Floats, Funding, Ints, KernelRules
from gobot.matching.exits import Bars

HELD = np.dtype(
    [
        ("row", np.int64),  # candle of this time, or the next one
        ("mark", np.float64),  # newest price
        ("event", np.int64),
        ("leave_long", np.int64),  # for each side the newest event that was found to close it
        ("leave_short", np.int64),
        ("settled", np.int64),
        ("confidence", np.float64),
        ("sign", np.int64),  # 0 is flat
        ("entry", np.int64),
        ("quantity", np.float64),
        ("price", np.float64),
        ("fee", np.float64),
        ("stop", np.float64),
        ("target", np.float64),
        ("funding", np.float64),
        ("end", np.int64),  # candle in which it ends
        ("ended", np.int64),
        ("exit_price", np.float64),
        ("exit_fee", np.float64),
        ("approved", np.float64),  # quantity that was allowed, where somebody is asked
        ("asked_stop", np.float64),
        ("asked_target", np.float64),
        ("here", np.bool_),  # whether ``row`` is of this time
        ("inside", np.bool_),  # whether it ends inside its last candle, or at that open
        ("act", np.uint8),  # what the candle before asked for
    ],
    align=True,
)
"""One symbol: where it stands in time, what it asks for, and its position."""

ACCOUNT = np.dtype(
    [
        ("cash", np.float64),  # what every trade that has ended left
        ("equity", np.float64),  # when it was looked at last
        ("peak", np.float64),
        ("day", np.int64),
        ("day_start", np.float64),
        ("paused_until", np.int64),
        ("barred", np.int64),  # entries that the emergency stop kept out
        ("paused", np.int64),  # and the pause of a day
        ("made", np.int64),  # trades that have ended
        ("wins", np.int64),
        ("losses", np.int64),
        ("gain", np.float64),
        ("pain", np.float64),
        ("stage", np.int64),
        ("latched", np.bool_),
    ],
    align=True,
)
"""The account; money in USDT."""

RULES = np.dtype(
    [
        (name, {float: np.float64, bool: np.bool_, int: np.int64}[kind])
        for name, kind in get_type_hints(KernelRules).items()
    ],
    align=True,
)
"""`KernelRules` of each symbol."""

OPENING, DECIDING, CLOSING = range(3)
"""Where in a candle the account stands: before its open, once entries were judged, once they were carried out."""

FOREVER = 2**62
"""Later than any candle."""


class Course(NamedTuple):
    """All symbols on one line of time.

    ``times`` are the opens of all candles, each once; ``when`` says for each row which of them is its own.  The rows of
    symbol s begin at ``rows[s]``, its events at ``signals[s]``, its settlements at ``settlements[s]``.  ``step`` is the
    length of a candle, ms.
    """

    times: Ints
    when: Ints
    bars: Bars
    events: Events
    confidence: Floats
    funding: Funding
    volatility: Floats
    tiers: Floats
    rows: Ints
    signals: Ints
    settlements: Ints
    step: int


class Limits(NamedTuple):
    """What an account may do.  0, infinite or NaN where there is no limit.

    ``max_open`` positions, ``exposure`` as a share of equity times leverage.  With ``asks`` every entry is put before
    somebody else, who is woken as well when the equity has fallen by ``drawdown`` from its peak (a fraction) or to
    ``floor`` USDT; once that latches the account, nothing is entered any more, and with ``closes`` every position
    ends.  A ``profit`` or ``loss`` of a UTC day ends its entries, or with ``for_good`` all later ones too.
    """

    max_open: int
    exposure: float
    asks: bool
    drawdown: float
    floor: float
    closes: bool
    profit: float
    loss: float
    for_good: bool


NO_LIMITS = Limits(
    max_open=0,
    exposure=math.inf,
    asks=False,
    drawdown=math.inf,
    floor=-math.inf,
    closes=False,
    profit=math.inf,
    loss=-math.inf,
    for_good=False,
)
"""An account that may do everything."""
