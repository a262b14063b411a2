"""The Kelly criterion: how much of the equity a bet deserves, by the results so far."""

from __future__ import annotations

from collections.abc import Sequence

LEAST = 0.1
"""Share of the cap that is used without an edge: who stops trading never learns that the edge is back."""


def kelly_share(returns: Sequence[float], *, fraction: float, cap: float) -> float:
    """Share of equity by the Kelly criterion, W - (1 - W) / R, times ``fraction``, between a tenth of ``cap`` and it.

    W is the win rate of the trades' ``returns``, R their mean win over their mean loss; a return of nothing is neither.
    J. L. Kelly, "A new interpretation of information rate", Bell System Technical Journal 35 (1956).
    `gobot.matching.kelly_share` is its compiled twin.
    """
    wins = [one for one in returns if one > 0]
    losses = [-one for one in returns if one < 0]
    if not wins:
        edge = 0.0
    elif not losses:
        edge = 1.0
    else:
        rate = len(wins) / (len(wins) + len(losses))
        edge = rate - (1.0 - rate) * (sum(losses) / len(losses)) / (sum(wins) / len(wins))
    return min(cap, max(cap * LEAST, fraction * edge))
