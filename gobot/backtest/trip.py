"""From one signal to the end of the position it opens."""

from __future__ import annotations

import math
from typing import NamedTuple

from gobot.backtest.entry import Position, liquidated
from gobot.backtest.records import (
    BY_LIQUIDATION,
    BY_SIGNAL,
    BY_STOP,
    BY_TARGET,
    BY_TIME,
    BY_TRAILING,
    OPEN,
    Events,
    KernelRules,
)
from gobot.matching.bars import slipped
from gobot.matching.compiled import inlined
from gobot.matching.entries import INSIDE, RESTING, TAKEN, limit_entry
from gobot.matching.exits import (
    LIQUIDATED,
    NOT_FILLED,
    TARGETED,
    TRAILED,
    Bars,
    Levels,
    Moves,
    exit_after_limit,
    first_exit,
    guarded,
    moved,
)
from gobot.matching.liquidation import Tiers
from gobot.strategy.plan import ENTER_LONG


class Entry(NamedTuple):
    """A fill that would open a position.

    ``price`` is what was known when it was decided, ``fill`` what is paid; ``leave`` is the candle at whose open a
    signal would close the position.  Without a fill, ``row`` is the candle at whose open the order is withdrawn.
    """

    filled: bool
    sign: int
    row: int
    price: float
    fill: float
    fee_rate: float
    inside: bool
    leave: int


class End(NamedTuple):
    """How a position ends: inside candle ``row``, or at its open; one still open is marked behind the last candle.

    ``fee`` is the exit's.
    """

    row: int
    inside: bool
    ended: int
    price: float
    fee: float


@inlined
def next_event(events: Events, at: int, bits: int) -> int:
    """The first event from ``at`` on that has one of ``bits``."""
    while at < events.row.size and events.act[at] & bits == 0:
        at += 1
    return at


@inlined
def skip_to(events: Events, at: int, row: int) -> int:
    """The first event from ``at`` on that is of candle ``row`` or a later one."""
    while at < events.row.size and events.row[at] < row:
        at += 1
    return at


@inlined
def entered(bars: Bars, events: Events, at: int, act: int, leave: int, last: int, rules: KernelRules) -> Entry:
    """What becomes of the order that event ``at`` asks for.

    ``leave`` is the event that would close the position, ``last`` the row behind the last candle.
    """
    sign = 1 if act & ENTER_LONG else -1
    row = events.row[at] + 1
    end = last
    if leave < events.row.size:
        end = min(end, events.row[leave] + 1)
    price = bars.open[row]
    if events.limit.size == 0 or math.isnan(events.limit[at]):
        return Entry(True, sign, row, price, slipped(price, sign, rules.slippage), rules.fee, False, end)
    price = events.limit[at]
    wait = min(end, row + rules.limit_candles)
    row, how, fill = limit_entry(sign, price, rules.slippage, bars.open, bars.high, bars.low, row, wait)
    fee_rate = rules.fee if how == TAKEN else rules.maker_fee
    return Entry(how != RESTING, sign, row, price, fill, fee_rate, how == INSIDE, end)


@inlined
def ended(bars: Bars, entry: Entry, position: Position, last: int, rules: KernelRules, tiers: Tiers) -> End:
    """How the position that ``entry`` opened ends; ``last`` is the row behind the last candle."""
    end, sign = entry.leave, entry.sign
    timed = 0 < rules.max_candles < end - entry.row
    if timed:
        end = entry.row + rules.max_candles
    row, what, price = end, NOT_FILLED, math.nan
    if guarded(position.levels, position.moves):
        row, what, price = _first_exit(bars, entry, position.levels, position.moves, end)
        if what == LIQUIDATED:
            levels = liquidated(sign, position, rules, tiers)
            row, what, price = _first_exit(bars, entry, levels, position.moves, end)
    if what != NOT_FILLED:
        return _filled(sign, row, what, price, position, rules)
    if end == last:
        return End(end, False, OPEN, bars.close[end - 1], 0.0)
    price = slipped(bars.open[end], -sign, rules.slippage)
    return End(end, False, BY_TIME if timed else BY_SIGNAL, price, position.quantity * price * rules.fee)


@inlined
def _first_exit(bars: Bars, entry: Entry, levels: Levels, moves: Moves, end: int) -> tuple[int, int, float]:
    """The first candle that ends the position, from the one in which it was opened on."""
    sign, first = entry.sign, entry.row
    if entry.inside:
        open_, high, low, close = bars.open[first], bars.high[first], bars.low[first], bars.close[first]
        what, price = exit_after_limit(sign, levels, entry.fill, open_, high, low, close)
        if what != NOT_FILLED:
            return first, what, price
        levels, first = moved(sign, levels, moves, close), first + 1
    return first_exit(sign, levels, moves, bars, first, end)


@inlined
def _filled(sign: int, row: int, what: int, price: float, position: Position, rules: KernelRules) -> End:
    """The exit at a level: market orders slip, a limit order does not, a liquidation takes the margin at most."""
    quantity = position.quantity
    if what == LIQUIDATED:
        left = max(0.0, quantity * position.price / rules.leverage + sign * quantity * (price - position.price))
        return End(row, True, BY_LIQUIDATION, price, min(left, quantity * price * rules.fee))
    if what == TARGETED and rules.passive_target:
        return End(row, True, BY_TARGET, price, quantity * price * rules.maker_fee)
    price = slipped(price, -sign, rules.slippage)
    how = BY_TARGET if what == TARGETED else BY_TRAILING if what == TRAILED else BY_STOP
    return End(row, True, how, price, quantity * price * rules.fee)
