"""The compiled heart of a backtest: one symbol, one position at a time, candle by candle.

The fill rules are `gobot.matching`'s, the same functions that the simulated venue calls.  Numba keeps the compiled
code beside this file and looks at this file only: after a change to ``gobot/matching`` touch this one.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from gobot.matching import STOPPED, exit_fill, slipped
from gobot.strategy import EXIT_LONG, EXIT_SHORT

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.int8]
Trades = npt.NDArray[np.void]

ALL_IN, FIXED, FRACTION = 0, 1, 2

OPEN, BY_SIGNAL, BY_STOP, BY_TARGET = 0, 1, 2, 3
"""How a trade ended; `OPEN` is still open and marked at the last close."""

TRADE = np.dtype(
    [
        ("sign", np.int64),  # +1 long, -1 short
        ("entry_row", np.int64),
        ("exit_row", np.int64),
        ("quantity", np.float64),
        ("entry_price", np.float64),
        ("exit_price", np.float64),
        ("stop", np.float64),
        ("target", np.float64),
        ("fees", np.float64),
        ("pnl", np.float64),  # net of fees
        ("ended", np.int64),
    ]
)
"""One round trip."""


class Bars(NamedTuple):
    """The prices of every candle."""

    open: Floats
    high: Floats
    low: Floats
    close: Floats


class Orders(NamedTuple):
    """The columns of `gobot.strategy.Signals` that the kernel acts on."""

    entry: Flags
    exit: Flags
    stop: Floats
    target: Floats


class KernelRules(NamedTuple):
    """`gobot.backtest.Rules` as the kernel reads them: percentages are fractions, NaN where there is none."""

    fee: float
    slippage: float
    longs: bool
    shorts: bool
    sizing: int
    size: float
    max_position: float
    stop_share: float
    target_share: float
    start_equity: float


@njit(cache=True)
def simulate(bars: Bars, orders: Orders, rules: KernelRules, trades: Trades, equity: Floats) -> int:
    """Trade the signals of each candle at the open of the next; returns how many of ``trades`` were filled in.

    ``trades`` needs room for every entry, and for one at least; ``equity`` gets cash and open profit at every close.
    """
    cash, count, sign = rules.start_equity, 0, 0
    trade = trades[0]
    for row in range(bars.close.size):
        price, close = bars.open[row], bars.close[row]
        if row > 0:
            signal = row - 1
            if sign != 0 and orders.exit[signal] & (EXIT_LONG if sign > 0 else EXIT_SHORT):
                cash += _close(trade, slipped(price, -sign, rules.slippage), row, BY_SIGNAL, rules.fee)
                count, sign = count + 1, 0
            if sign == 0 and orders.entry[signal] != 0:
                trade = trades[count]
                if _enter(trade, orders.entry[signal], price, orders.stop[signal], orders.target[signal], cash, rules):
                    sign, trade.entry_row = orders.entry[signal], row
                    cash -= trade.fees
        if sign != 0:
            touched, level = exit_fill(sign, trade.stop, trade.target, price, bars.high[row], bars.low[row])
            if touched:
                ended = BY_STOP if touched == STOPPED else BY_TARGET
                cash += _close(trade, slipped(level, -sign, rules.slippage), row, ended, rules.fee)
                count, sign = count + 1, 0
        equity[row] = cash if sign == 0 else cash + sign * trade.quantity * (close - trade.entry_price)
    if sign != 0:
        trade.exit_row, trade.exit_price, trade.ended = bars.close.size - 1, bars.close[-1], OPEN
        trade.pnl = sign * trade.quantity * (trade.exit_price - trade.entry_price) - trade.fees
        count += 1
    return count


@njit(cache=True)
def _enter(trade: Any, sign: int, price: float, stop: float, target: float, cash: float, rules: KernelRules) -> bool:
    """Fill in the entry of a trade at the open ``price``; False, and nothing happens, where it cannot be had.

    As in live trading an entry is refused when its stop or target is already reached: it could not be armed.
    """
    if not (rules.longs if sign > 0 else rules.shorts):
        return False
    if math.isnan(stop):
        stop = price * (1.0 - sign * rules.stop_share)
    if math.isnan(target):
        target = price * (1.0 + sign * rules.target_share)
    if sign * (price - stop) <= 0 or sign * (target - price) <= 0 or stop <= 0 or target <= 0:
        return False
    fill = slipped(price, sign, rules.slippage)
    quantity = cash / (fill * (1.0 + rules.fee))
    if rules.sizing != ALL_IN:
        value = rules.size if rules.sizing == FIXED else rules.size * cash
        quantity = min(quantity, min(value, rules.max_position) / price)
    if quantity <= 0:
        return False
    trade.sign, trade.quantity, trade.entry_price = sign, quantity, fill
    trade.stop, trade.target = stop, target
    trade.fees = quantity * fill * rules.fee
    return True


@njit(cache=True)
def _close(trade: Any, price: float, row: int, ended: int, fee: float) -> float:
    """Fill in the exit; returns what it adds to the cash (the entry's fee was paid before)."""
    gross: float = trade.sign * trade.quantity * (price - trade.entry_price)
    paid: float = trade.quantity * price * fee
    trade.exit_row, trade.exit_price, trade.ended = row, price, ended
    trade.fees += paid
    trade.pnl = gross - trade.fees
    return gross - paid
