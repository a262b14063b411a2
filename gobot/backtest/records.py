"""What goes into the compiled kernels and what comes out of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gobot.matching import Bars, Tiers
from gobot.strategy.plan import Acts

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Trades = npt.NDArray[np.void]
"""Rows of `TRADE`."""

OPEN, BY_SIGNAL, BY_STOP, BY_TARGET, BY_TRAILING, BY_LIQUIDATION, BY_TIME, BY_RISK = range(8)
"""How a trade ended; `OPEN` is still open and marked at the last close."""
ENDINGS = ("open", "signal", "stop", "target", "trailing", "liquidation", "time", "emergency")
"""The same in words, as the ledger says them."""

TRADE = np.dtype(
    [
        ("symbol", np.int64),  # which of the symbols of the run
        ("sign", np.int64),  # +1 long, -1 short
        ("entry_row", np.int64),  # candles of that symbol
        ("exit_row", np.int64),
        ("quantity", np.float64),  # base units
        ("entry_price", np.float64),
        ("exit_price", np.float64),
        ("stop", np.float64),  # as set at the entry, NaN for none
        ("target", np.float64),
        ("fees", np.float64),
        ("funding", np.float64),  # received, negative when paid
        ("pnl", np.float64),  # net of fees, with funding
        ("ended", np.int64),
    ]
)
"""One round trip; money in USDT."""

ALL_IN, FIXED, FRACTION, RISK, VOLATILITY, KELLY = range(6)
SIZINGS = ("all_in", "fixed", "fraction", "risk", "volatility", "kelly")
"""The sizing models, in the order of their numbers."""


class Events(NamedTuple):
    """The candles whose signals ask for something, oldest first: signals are sparse.

    ``act`` holds the bits of `gobot.strategy.plan`.  ``stop``, ``target`` and ``limit`` are prices for an entry of that
    candle, NaN for none; empty where no candle has one.
    """

    row: Ints
    act: Acts
    stop: Floats
    target: Floats
    limit: Floats


class Funding(NamedTuple):
    """Settlements by candle, oldest first: the rate and the price at which a position is valued.

    One at the open (``inside`` 0) comes before what is done at that open, one inside the candle after it.
    """

    row: Ints
    inside: Acts
    rate: Floats
    price: Floats


class KernelRules(NamedTuple):
    """`gobot.backtest.Rules` as the kernels read them: percentages are fractions, NaN or 0 where there is none."""

    fee: float
    maker_fee: float
    slippage: float
    longs: bool
    shorts: bool
    sizing: int
    size: float
    kelly_fraction: float
    kelly_start: float
    kelly_trades: int
    max_position: float
    stop_share: float
    target_share: float
    passive_target: bool
    trailing_share: float
    break_even_share: float
    max_candles: int
    limit_candles: int
    leverage: float
    nearest_long: float
    nearest_short: float
    quantity_step: float
    min_quantity: float
    min_notional: float
    price_step: float
    start_equity: float


class Conditions(NamedTuple):
    """What all signals on one symbol meet; ``volatility`` (a year's, by candle) is empty unless the sizing needs it."""

    bars: Bars
    funding: Funding
    volatility: Floats
    tiers: Tiers
    rules: KernelRules


NONE = np.empty(0)
NO_EVENTS = Events(np.empty(0, np.int64), np.empty(0, np.uint8), NONE, NONE, NONE)
NO_FUNDING = Funding(np.empty(0, np.int64), np.empty(0, np.uint8), NONE, NONE)
