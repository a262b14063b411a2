"""The lighter path: signals alone, nothing that could end a position but another signal.

Most of a sweep is that.  It does in a third of the time what `gobot.backtest.kernel.simulate` does, to the last digits
but one; where it turns out that more was needed it says so, and the kernel does it again.
"""

from __future__ import annotations

import math

from gobot.backtest.kernel import CLOSED, FEES, FINAL, HELD, LOSS, LOSSES, PROFIT, WINS, mark
from gobot.backtest.records import ALL_IN, FIXED, FRACTION, Conditions, Events, Floats, KernelRules
from gobot.matching.bars import slipped
from gobot.matching.compiled import compiled, inlined
from gobot.matching.exits import STRETCH, Bars
from gobot.strategy.plan import ENTER_LONG, ENTER_SHORT
from gobot.strategy.signals import EXIT_LONG, EXIT_SHORT


def is_light(conditions: Conditions, *, levels: bool) -> bool:
    """Whether a run under these conditions is signals alone; ``levels`` says that signals come with prices."""
    rules = conditions.rules
    ends = (rules.stop_share, rules.target_share, rules.break_even_share)
    steps = (rules.quantity_step, rules.min_quantity, rules.min_notional, rules.trailing_share, rules.max_candles)
    return (
        all(math.isnan(share) for share in ends)
        and not any(steps)
        and rules.sizing in (ALL_IN, FIXED, FRACTION)
        and not levels
        and not len(conditions.funding.row)
    )


@compiled
def simulate_light(conditions: Conditions, events: Events, totals: Floats, equity: Floats | None) -> bool:
    """`gobot.backtest.kernel.simulate` for a run that `is_light`; False if a position might be liquidated."""
    bars, _, _, _, rules = conditions
    candles, cash, marked, held, fees = bars.close.size, rules.start_equity, 0, 0, 0.0
    closed, wins, losses, profit, loss = 0, 0, 0, 0.0, 0.0
    entering = (ENTER_LONG if rules.longs else 0) | (ENTER_SHORT if rules.shorts else 0)
    at, count = 0, events.row.size
    while at < count:
        act = events.act[at] & entering
        entry = events.row[at] + 1
        if act == 0 or entry >= candles:
            at += 1
            continue
        sign, leave = (1, EXIT_LONG) if act & ENTER_LONG else (-1, EXIT_SHORT)
        fill = slipped(bars.open[entry], sign, rules.slippage)
        quantity = _sized(cash, bars.open[entry], fill, rules)
        if not quantity > 0:
            break
        at += 1
        while at < count and events.act[at] & leave == 0:
            at += 1
        end = min(events.row[at] + 1, candles) if at < count else candles
        closes = end < candles
        price = slipped(bars.open[end], -sign, rules.slippage) if closes else bars.close[candles - 1]
        if not _safe(sign, fill, bars, entry, end, rules):
            return False
        entry_fee = quantity * fill * rules.fee
        exit_fee = quantity * price * rules.fee if closes else 0.0
        if equity is not None:
            equity[marked:entry] = cash
            base = cash - entry_fee - sign * quantity * fill
            mark(equity[entry:end], bars.close[entry:end], base, sign * quantity)
            marked = end
        pnl = sign * quantity * (price - fill) - (entry_fee + exit_fee)
        cash += pnl
        fees += entry_fee + exit_fee
        held += end - entry
        if not closes:
            break
        closed += 1
        wins += pnl > 0
        losses += pnl < 0
        profit += max(pnl, 0.0)
        loss += max(-pnl, 0.0)
    if equity is not None:
        equity[marked:] = cash
    totals[:] = 0.0
    totals[FINAL], totals[CLOSED], totals[WINS], totals[LOSSES] = cash, closed, wins, losses
    totals[PROFIT], totals[LOSS], totals[FEES], totals[HELD] = profit, loss, fees, held
    return True


@inlined
def _sized(cash: float, price: float, fill: float, rules: KernelRules) -> float:
    quantity = cash * (rules.leverage / (fill * (1.0 + rules.fee * rules.leverage)))
    if rules.sizing == ALL_IN:
        return quantity
    value = rules.size if rules.sizing == FIXED else rules.size * cash
    return min(quantity, min(value, rules.max_position) / price)


@inlined
def _safe(sign: int, fill: float, bars: Bars, entry: int, end: int, rules: KernelRules) -> bool:
    """Whether no candle while the position is held comes near a liquidation."""
    nearest = fill * (rules.nearest_long if sign > 0 else rules.nearest_short)
    if math.isnan(nearest):
        return True
    for stretch in range(entry // STRETCH, (end - 1) // STRETCH + 1):
        if (bars.lows[stretch] <= nearest) if sign > 0 else (bars.highs[stretch] >= nearest):
            return False
    return True
