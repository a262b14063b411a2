"""The compiled heart of a backtest of several symbols that share one account, candle by candle in the order of time.

What ends a position does not depend on the account (margins are isolated), so it is known the moment the position is
opened; all that is left to do candle by candle is to keep the account.  Symbols lie one behind the other in the same
columns: a row belongs to one candle of one symbol.

At every time, in this order: funding at the open; the account is looked at; positions that close at the open; entries,
the most confident first; the account is looked at again; funding inside the candle; positions that end inside it;
equity at the close.  One symbol alone is computed to the last bit as `gobot.backtest.kernel` does it.
"""

from __future__ import annotations

import math
from typing import Any

from gobot.backtest.account import CLOSING, DECIDING, FOREVER, OPENING, Course, Limits
from gobot.backtest.entry import Purse, affordable, position_of, protected, reached, sized
from gobot.backtest.records import BY_RISK, KELLY, Events, Floats
from gobot.backtest.trip import ended, entered, next_event
from gobot.core import DAY_MS
from gobot.matching.bars import slipped
from gobot.matching.compiled import compiled, inlined
from gobot.matching.sizing import kelly_share
from gobot.strategy.plan import ENTER_LONG, ENTER_SHORT
from gobot.strategy.signals import EXIT_LONG, EXIT_SHORT

_ENTER, _EXIT = ENTER_LONG | ENTER_SHORT, EXIT_LONG | EXIT_SHORT

_NEARLY = 1.0 - 1e-9
"""Limits wake whoever decides a little early, so that rounding hides nothing."""
_DUST = 1e-9


@compiled
def advance(
    course: Course, rules: Any, limits: Limits, held: Any, account: Any, trades: Any, equity: Floats, at: int
) -> int:
    """Go on from time ``at`` to the end; returns where it stopped.

    ``rules`` and ``held`` have an element per symbol; ``trades`` needs room for every event that enters.  With limits
    that ask it stops where entries want approval (see `HELD`) or the account might have to be latched, and goes on
    from there when it is called again.
    """
    while at < course.times.size:
        if account.stage == OPENING:
            _open(course, held, at)
            _look(course, held, account, at)
            if limits.asks and (_wishes(course, held, account, at) > 0 or _alarming(limits, account)):
                account.stage = DECIDING
                return at
        if account.stage != CLOSING:
            _end_all(limits, held, account)
            _close_at_open(course, rules, held, account, trades)
            _enter_all(course, rules, limits, held, account)
            _look(course, held, account, at)
            _pause(course, limits, account, at)
            if limits.asks and _alarming(limits, account):
                account.stage = CLOSING
                return at
        _end_all(limits, held, account)
        _close_at_open(course, rules, held, account, trades)
        for symbol in range(held.size):
            each = held[symbol]
            if not each.here:
                continue
            _fund(course, symbol, each, True)
            if each.sign != 0 and each.end == each.row and each.inside:
                _close(course, symbol, rules[symbol], each, account, trades)
            each.mark = course.bars.close[each.row]
            each.row += 1
        equity[at] = _equity(held, account)
        account.stage = OPENING
        at += 1
    return at


@inlined
def _open(course: Course, held: Any, at: int) -> None:
    """The open of a new candle: funding, the newest prices, and what the candle before asks for."""
    for symbol in range(held.size):
        each = held[symbol]
        each.here = each.row < course.rows[symbol + 1] and course.when[each.row] == at
        each.act = 0
        if not each.here:
            continue
        each.mark = course.bars.open[each.row]
        _fund(course, symbol, each, False)
        signal, last = each.row - 1, course.signals[symbol + 1]
        while each.event < last and course.events.row[each.event] < signal:
            each.event += 1
        if each.event < last and course.events.row[each.event] == signal:
            each.act, each.confidence = course.events.act[each.event], course.confidence[each.event]


@inlined
def _look(course: Course, held: Any, account: Any, at: int) -> None:
    """What the account is worth; the first look of a UTC day is what its profit is measured from."""
    account.equity = _equity(held, account)
    account.peak = max(account.peak, account.equity)
    day = course.times[at] // DAY_MS
    if day > account.day:
        account.day, account.day_start = day, account.equity


@inlined
def _alarming(limits: Limits, account: Any) -> bool:
    """Whether somebody has to look at the account."""
    if account.latched:
        return False
    fallen = 1.0 - account.equity / account.peak if account.peak > 0 else 1.0
    return fallen >= limits.drawdown * _NEARLY or account.equity * _NEARLY <= limits.floor


@inlined
def _pause(course: Course, limits: Limits, account: Any, at: int) -> None:
    """From the next candle on there are no entries once the day is won or lost."""
    now = course.times[at]
    made = account.equity - account.day_start
    if now >= account.paused_until and (made >= limits.profit or made <= limits.loss):
        account.paused_until = FOREVER if limits.for_good else (now // DAY_MS + 1) * DAY_MS


@inlined
def _wishes(course: Course, held: Any, account: Any, at: int) -> int:
    """How many symbols want a position; those that the account keeps out as it stands are counted and forgotten."""
    barred, paused, wishes = account.latched, course.times[at] < account.paused_until, 0
    for symbol in range(held.size):
        each = held[symbol]
        each.approved = 0.0
        if not each.here or each.act & _ENTER == 0:
            continue
        # What a candle before a gap asked for is old by now.
        before = course.times[course.when[each.row - 1]] if each.row > course.rows[symbol] else -1
        fresh = before == course.times[at] - course.step
        if fresh and _entering(each):
            account.barred += barred
            account.paused += paused and not barred
            wishes += not (barred or paused)
        if barred or paused or not fresh:
            each.act &= _EXIT
    return wishes


@inlined
def _entering(each: Any) -> bool:
    """Whether a position is asked for that is not open already."""
    long, short = each.act & ENTER_LONG != 0, each.act & ENTER_SHORT != 0
    return bool((long and each.sign <= 0) or (short and each.sign >= 0))


@inlined
def _end_all(limits: Limits, held: Any, account: Any) -> None:
    """An account that is latched ends its positions, each at the next open there is."""
    if account.latched and limits.closes:
        for symbol in range(held.size):
            each = held[symbol]
            if each.sign != 0:
                each.end, each.inside, each.ended = each.row, False, BY_RISK


@inlined
def _close_at_open(course: Course, rules: Any, held: Any, account: Any, trades: Any) -> None:
    for symbol in range(held.size):
        each = held[symbol]
        if each.here and each.sign != 0 and each.end == each.row and not each.inside:
            _close(course, symbol, rules[symbol], each, account, trades)


@inlined
def _enter_all(course: Course, rules: Any, limits: Limits, held: Any, account: Any) -> None:
    """Open what was asked for, the most confident first."""
    symbol = _keenest(held)
    while symbol >= 0:
        _enter(course, rules[symbol], limits, symbol, held, account)
        held[symbol].act = 0
        symbol = _keenest(held)


@inlined
def _keenest(held: Any) -> int:
    """The symbol with the most confident entry; -1 for none, the first of equals."""
    found, most = -1, -math.inf
    for symbol in range(held.size):
        each = held[symbol]
        if each.here and each.sign == 0 and each.act & _ENTER and each.confidence > most:
            found, most = symbol, each.confidence
    return found


@inlined
def _equity(held: Any, account: Any) -> float:
    """Cash, and what the open positions would bring at the newest prices."""
    equity: float = account.cash
    for symbol in range(held.size):
        each = held[symbol]
        if each.sign != 0:
            slope = each.sign * each.quantity
            equity = equity - each.fee - slope * each.price + each.funding + slope * each.mark
    return equity


@inlined
def _enter(course: Course, rules: Any, limits: Limits, symbol: int, held: Any, account: Any) -> None:
    """Open what the candle before asked for, if the account allows it."""
    each = held[symbol]
    sign = 1 if each.act & ENTER_LONG else -1
    if not (rules.longs if sign > 0 else rules.shorts):
        return
    begin, end, last = course.signals[symbol], course.signals[symbol + 1], course.rows[symbol + 1]
    none = course.events.stop[:0]
    events = Events(course.events.row[begin:end], course.events.act[begin:end], none, none, none)
    entry = entered(course.bars, events, each.event - begin, each.act, _leave(events, sign, each, begin), last, rules)
    purse = _purse(course, rules, limits, each, held, account)
    stop, target, quantity = each.asked_stop, each.asked_target, each.approved
    if limits.asks:
        quantity = min(quantity, affordable(entry.fill, entry.fee_rate, purse.available, rules))
    else:
        stop, target = _own_levels(course, each.event)
        stop, target = protected(sign, entry.price, stop, target, rules)
        if reached(sign, entry.price, stop, target) or _full(limits, held):
            return
        quantity = sized(entry.price, entry.fill, entry.fee_rate, stop, purse, rules)
    if not quantity > 0:
        return
    position = position_of(sign, quantity, entry.fill, entry.fee_rate, stop, target, rules)
    each.sign, each.entry, each.quantity, each.price, each.fee = sign, entry.row, quantity, entry.fill, position.fee
    each.stop, each.target, each.funding = stop, target, 0.0
    foreseen = ended(course.bars, entry, position, last, rules, course.tiers[symbol])
    each.end, each.inside, each.ended = foreseen.row, foreseen.inside, foreseen.ended
    each.exit_price, each.exit_fee = foreseen.price, foreseen.fee


@inlined
def _leave(events: Events, sign: int, each: Any, begin: int) -> int:
    """The event that would close the position: for each side it only ever moves on."""
    after = each.event - begin + 1
    if sign > 0:
        each.leave_long = next_event(events, max(each.leave_long, after), EXIT_LONG)
        return int(each.leave_long)
    each.leave_short = next_event(events, max(each.leave_short, after), EXIT_SHORT)
    return int(each.leave_short)


@inlined
def _own_levels(course: Course, event: int) -> tuple[float, float]:
    """The strategy's own stop and target."""
    stop = course.events.stop[event] if course.events.stop.size else math.nan
    target = course.events.target[event] if course.events.target.size else math.nan
    return stop, target


@inlined
def _full(limits: Limits, held: Any) -> bool:
    """Whether as many positions are open as may be."""
    count = 0
    for symbol in range(held.size):
        count += held[symbol].sign != 0
    return 0 < limits.max_open <= count


@inlined
def _purse(course: Course, rules: Any, limits: Limits, each: Any, held: Any, account: Any) -> Purse:
    """What an entry may draw on."""
    equity, exposed, available = _equity(held, account), 0.0, account.cash
    for symbol in range(held.size):
        other = held[symbol]
        if other.sign != 0:
            exposed += other.quantity * other.mark
            available += other.funding - other.fee - other.quantity * other.price / rules.leverage
    share = math.nan
    if rules.sizing == KELLY:
        wins, losses = account.wins, account.losses
        start, least_trades = rules.kelly_start, rules.kelly_trades
        share = kelly_share(
            wins, losses, account.gain, account.pain, rules.kelly_fraction, rules.size, start, least_trades
        )
    known = course.volatility[each.row - 1] if course.volatility.size else math.nan
    room = limits.exposure * equity * rules.leverage - exposed if limits.exposure < math.inf else math.inf
    # What rounding has left over of money that is spent is no money.
    dust = _DUST * equity
    return Purse(equity, available if available > dust else 0.0, room if room > dust else 0.0, known, share)


@inlined
def _fund(course: Course, symbol: int, each: Any, inside: bool) -> None:
    """Settlements of this candle, at its open or inside it; those that nobody holds a position for are passed."""
    funding, last = course.funding, course.settlements[symbol + 1]
    while each.settled < last:
        row, late = funding.row[each.settled], funding.inside[each.settled] != 0
        if row > each.row or (row == each.row and late and not inside):
            break
        if row == each.row and late == inside and each.sign != 0:
            slope = each.sign * each.quantity
            each.funding += -slope * funding.rate[each.settled] * funding.price[each.settled]
        each.settled += 1


@inlined
def _close(course: Course, symbol: int, rules: Any, each: Any, account: Any, trades: Any) -> None:
    """Book the end of a position as it was foreseen, or as the account's limits would have it."""
    if each.ended == BY_RISK:
        each.exit_price = slipped(course.bars.open[each.row], -each.sign, rules.slippage)
        each.exit_fee = each.quantity * each.exit_price * rules.fee
    pnl = _write(course, symbol, each, trades[account.made])
    account.made += 1
    account.cash += pnl
    account.wins += pnl > 0
    account.losses += pnl < 0
    account.gain += max(pnl, 0.0) / (each.quantity * each.price)
    account.pain += max(-pnl, 0.0) / (each.quantity * each.price)
    each.sign = 0


@inlined
def _write(course: Course, symbol: int, each: Any, trade: Any) -> float:
    """Fill in a trade; returns its profit."""
    slope = each.sign * each.quantity
    pnl: float = slope * (each.exit_price - each.price) + each.funding - (each.fee + each.exit_fee)
    first = course.rows[symbol]
    trade.symbol, trade.sign, trade.ended = symbol, each.sign, each.ended
    trade.entry_row, trade.exit_row = each.entry - first, min(each.end, course.rows[symbol + 1] - 1) - first
    trade.quantity, trade.entry_price, trade.exit_price = each.quantity, each.price, each.exit_price
    trade.stop, trade.target = each.stop, each.target
    trade.fees, trade.funding, trade.pnl = each.fee + each.exit_fee, each.funding, pnl
    return pnl


@compiled
def mark_open(course: Course, held: Any, account: Any, trades: Any) -> None:
    """Write the trades that are still open behind those that have ended."""
    for symbol in range(held.size):
        if held[symbol].sign != 0:
            _write(course, symbol, held[symbol], trades[account.made])
            account.made += 1
