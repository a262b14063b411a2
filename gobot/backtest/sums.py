"""What trades add up to, in one pass over them."""

from __future__ import annotations

import math
from typing import NamedTuple

from gobot.backtest.records import BY_LIQUIDATION, BY_SIGNAL, BY_TIME, OPEN, Trades
from gobot.matching.compiled import compiled


class Sums(NamedTuple):
    """Counts and sums over trades; money in USDT.

    Of closed trades: how many there are, with a ``profit`` and with a ``loss`` (both sums above zero), the ``longest``
    run of losses, ``candles`` from entry to exit; ``paid`` for fees and funding, and the profits before that of the
    trades that had one (``before_costs``); P&L by the entry's value, in percent, as sum, best and worst.  Of all:
    ``fees``, ``funding``, the value ``traded`` at entries and exits, the candles in which a position was ``held``.
    """

    closed: int
    wins: int
    losses: int
    longest: int
    liquidations: int
    candles: int
    held: int
    profit: float
    loss: float
    paid: float
    before_costs: float
    returned: float
    best: float
    worst: float
    fees: float
    funding: float
    traded: float


@compiled
def sums_of(trades: Trades) -> Sums:
    """The sums over ``trades``."""
    closed = wins = losses = longest = run = liquidations = candles = held = 0
    profit = loss = paid = before_costs = returned = fees = funding = traded = 0.0
    best, worst = -math.inf, math.inf
    for at in range(trades.size):
        trade = trades[at]
        entered = trade.quantity * trade.entry_price
        fees += trade.fees
        funding += trade.funding
        traded += entered
        # A position that closes at an open was not held in that candle.
        at_open = trade.ended in (BY_SIGNAL, BY_TIME)
        held += trade.exit_row - trade.entry_row + (not at_open)
        if trade.ended == OPEN:
            continue
        pnl, costs = trade.pnl, trade.fees - trade.funding
        closed += 1
        wins += pnl > 0
        losses += pnl < 0
        run = run + 1 if pnl < 0 else 0
        longest = max(longest, run)
        liquidations += trade.ended == BY_LIQUIDATION
        candles += trade.exit_row - trade.entry_row
        profit += max(pnl, 0.0)
        loss += max(-pnl, 0.0)
        paid += costs
        before_costs += max(pnl + costs, 0.0)
        percent = 100.0 * pnl / entered if entered != 0 else 0.0
        returned += percent
        best, worst = max(best, percent), min(worst, percent)
        traded += trade.quantity * trade.exit_price
    return Sums(
        closed, wins, losses, longest, liquidations, candles, held, profit, loss, paid, before_costs, returned,
        best, worst, fees, funding, traded,
    )  # fmt: skip
