"""How large a position should be, in USDT: the arithmetic of the sizing models.

Scalars in, scalars out, compiled by numba.  What these functions want is then cut to what the account, the caps and
the market's steps allow.
"""

from __future__ import annotations

import math

from gobot.matching.compiled import compiled

KELLY_LEAST = 0.1
"""Share of the cap that is used without an edge: who stops trading never learns that the edge is back."""


@compiled
def risk_value(equity: float, share: float, fill: float, stop: float, entry_fee: float, exit_fee: float) -> float:
    """Value at ``fill`` that loses ``share`` of ``equity`` between it and ``stop``, fees included; 0 without a stop."""
    loss = abs(fill - stop) + entry_fee * fill + exit_fee * stop
    return 0.0 if math.isnan(loss) or loss == 0 else equity * share / loss * fill


@compiled
def volatility_value(equity: float, target: float, volatility: float) -> float:
    """Value whose volatility is ``target`` (both a year's, fractions) of ``equity``; 0 while it is not known."""
    return equity * target / volatility if volatility > 0 else 0.0


@compiled
def kelly_share(
    wins: int, losses: int, gain: float, loss: float, fraction: float, cap: float, start: float, least_trades: int
) -> float:
    """Share of equity by the Kelly criterion, W - (1 - W) / R, times ``fraction``, between a tenth of ``cap`` and it.

    ``gain`` and ``loss`` (above zero) are the sums of the returns of winning and losing trades; R is the mean win over
    the mean loss, W the win rate.  Before there are ``least_trades`` it is ``start``, at most ``cap``.  J. L. Kelly, "A
    new interpretation of information rate", Bell System Technical Journal 35 (1956).
    """
    trades = wins + losses
    if trades < least_trades:
        return min(cap, start)
    rate = wins / trades
    if wins == 0:
        edge = 0.0
    elif losses == 0:
        edge = 1.0
    else:
        edge = rate - (1.0 - rate) * (loss / losses) / (gain / wins)
    return min(cap, max(cap * KELLY_LEAST, fraction * edge))
