"""The compiled heart of a backtest of one symbol.

Nothing happens to a position between two events: a signal, an exit, a settlement of funding.  So the kernel goes from
event to event; candles in between are looked at only where something could end the position, sixteen at a time, and
the equity between two events is a straight line of the close.  What a run does not use costs nothing; without a place
for trades or equity that part is not even compiled in.

The fill rules are `gobot.matching`'s, the same functions that the simulated venue calls.
"""

from __future__ import annotations

import math
from typing import Any

from gobot.backtest.entry import Position, Purse, opened
from gobot.backtest.records import (
    BY_LIQUIDATION,
    KELLY,
    OPEN,
    TRADE,
    Conditions,
    Events,
    Floats,
    Funding,
    KernelRules,
    Trades,
)
from gobot.backtest.trip import End, Entry, ended, entered, next_event, skip_to
from gobot.matching.compiled import compiled, inlined
from gobot.matching.exits import Bars
from gobot.matching.sizing import kelly_share
from gobot.strategy.plan import ENTER_LONG, ENTER_SHORT
from gobot.strategy.signals import EXIT_LONG, EXIT_SHORT

__all__ = ["TRADE", "Trades", "mark", "simulate"]

FINAL, CLOSED, WINS, LOSSES, PROFIT, LOSS, GAIN, PAIN, FEES, RECEIVED, LIQUIDATIONS, HELD = range(12)
"""The totals of a run: final equity; closed trades, those that won and lost; the sums of their profits and losses in
USDT and as returns, all above zero; fees; funding received; liquidations; candles in which a position was held."""
TOTALS = 12


@compiled
def simulate(
    conditions: Conditions, events: Events, totals: Floats, trades: Trades | None, equity: Floats | None
) -> int:
    """Trade the signals of each candle at the open of the next; returns how many trades there were, an open one last.

    ``totals`` gets the sums of the run.  ``trades``, if given, needs room for every event that enters; ``equity``, if
    given, gets cash and open profit at every close.
    """
    bars, funding, volatility, tiers, rules = conditions
    candles, cash, made, marked, settled = bars.close.size, rules.start_equity, 0, 0, 0
    entering = (ENTER_LONG if rules.longs else 0) | (ENTER_SHORT if rules.shorts else 0)
    totals[:] = 0.0
    leave_long = leave_short = 0
    at = next_event(events, 0, entering)
    while at < events.row.size and events.row[at] + 1 < candles:
        act = events.act[at] & entering
        # The signal that closes the position: for each side it only ever moves on.
        if act & ENTER_LONG:
            leave = leave_long = next_event(events, max(leave_long, at + 1), EXIT_LONG)
        else:
            leave = leave_short = next_event(events, max(leave_short, at + 1), EXIT_SHORT)
        entry = entered(bars, events, at, act, leave, candles, rules)
        if not entry.filled:
            at = next_event(events, skip_to(events, at + 1, entry.row - 1), entering)
            continue
        position = _opened(events, at, entry, cash, volatility, rules, totals)
        if position.quantity == 0.0:
            at = next_event(events, at + 1, entering)
            continue
        end = ended(bars, entry, position, candles, rules, tiers)

        if equity is not None:
            equity[marked : entry.row] = cash
            marked = end.row
        slope = entry.sign * position.quantity
        base = cash - position.fee - slope * position.price
        settled, paid = _hold(bars, funding, settled, entry, end, base, slope, equity)
        pnl = slope * (end.price - position.price) + paid - (position.fee + end.fee)
        cash += pnl
        if trades is not None:
            _write(trades[made], entry, position, end, paid, pnl, candles)
        made += 1
        _count(totals, entry, position, end, paid, pnl, rules)
        # What the candle of the exit asks for at its close is heard again; at an open, what led there.
        at = next_event(events, skip_to(events, at + 1, end.row if end.inside else end.row - 1), entering)
    if equity is not None:
        equity[marked:] = cash
    totals[FINAL] = cash
    return made


@inlined
def _opened(
    events: Events, at: int, entry: Entry, cash: float, volatility: Floats, rules: KernelRules, totals: Floats
) -> Position:
    """The position that the entry opens with all of the account behind it."""
    known = volatility[events.row[at]] if volatility.size else math.nan
    share = _kelly(totals, rules) if rules.sizing == KELLY else math.nan
    purse = Purse(cash, cash, math.inf, known, share)
    stop = events.stop[at] if events.stop.size else math.nan
    target = events.target[at] if events.target.size else math.nan
    return opened(entry.sign, entry.price, entry.fill, entry.fee_rate, stop, target, purse, rules)


@inlined
def _kelly(totals: Floats, rules: KernelRules) -> float:
    wins, losses = int(totals[WINS]), int(totals[LOSSES])
    start, least_trades = rules.kelly_start, rules.kelly_trades
    return kelly_share(wins, losses, totals[GAIN], totals[PAIN], rules.kelly_fraction, rules.size, start, least_trades)


@inlined
def _hold(
    bars: Bars, funding: Funding, at: int, entry: Entry, end: End, base: float, slope: float, equity: Floats | None
) -> tuple[int, float]:
    """Mark the equity from entry to end; returns which settlements lie behind, and what they brought."""
    begin, paid, amount = entry.row, 0.0, 0.0
    while not math.isnan(amount):
        at, until, amount = _settled(funding, at, entry, end, slope)
        if equity is not None:
            mark(equity[begin:until], bars.close[begin:until], base + paid, slope)
        begin = until
        if not math.isnan(amount):
            paid += amount
    return at, paid


@inlined
def _settled(funding: Funding, at: int, entry: Entry, end: End, slope: float) -> tuple[int, int, float]:
    """The next settlement that the position pays or gets: the one after it, its candle, the amount.

    NaN, at the end of the position, if there is none before.  Settlements come before what else is done at an open,
    and before what happens inside a candle.
    """
    while at < funding.row.size:
        row, inside = funding.row[at], funding.inside[at] != 0
        if row > end.row or (row == end.row and inside and not end.inside):
            break
        at += 1
        if row > entry.row or (row == entry.row and inside):
            return at, row, -slope * funding.rate[at - 1] * funding.price[at - 1]
    return at, end.row, math.nan


@inlined
def mark(equity: Floats, close: Floats, base: float, slope: float) -> None:
    """Equity while a position is held: a straight line of the close."""
    for at in range(equity.size):
        equity[at] = base + slope * close[at]


@inlined
def _write(trade: Any, entry: Entry, position: Position, end: End, paid: float, pnl: float, candles: int) -> None:
    trade.symbol, trade.sign, trade.ended = 0, entry.sign, end.ended
    trade.entry_row, trade.exit_row = entry.row, min(end.row, candles - 1)
    trade.quantity, trade.entry_price, trade.exit_price = position.quantity, position.price, end.price
    trade.stop, trade.target = position.levels.stop, position.levels.target
    trade.fees, trade.funding, trade.pnl = position.fee + end.fee, paid, pnl


@inlined
def _count(
    totals: Floats, entry: Entry, position: Position, end: End, paid: float, pnl: float, rules: KernelRules
) -> None:
    totals[FEES] += position.fee + end.fee
    totals[RECEIVED] += paid
    totals[HELD] += end.row - entry.row + end.inside
    if end.ended == OPEN:
        return
    # Without branches: which trades win is not to be foreseen.
    won, lost = max(pnl, 0.0), max(-pnl, 0.0)
    totals[CLOSED] += 1
    totals[LIQUIDATIONS] += end.ended == BY_LIQUIDATION
    totals[WINS] += pnl > 0
    totals[LOSSES] += pnl < 0
    totals[PROFIT] += won
    totals[LOSS] += lost
    if rules.sizing == KELLY:
        totals[GAIN] += won / (position.quantity * position.price)
        totals[PAIN] += lost / (position.quantity * position.price)
