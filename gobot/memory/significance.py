"""Two small pieces of statistics: is this difference more than chance, and is it still when many were looked at."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, lgamma


def fisher_exact(wins: int, trades: int, other_wins: int, other_trades: int) -> float:
    """Two-sided p-value of Fisher's exact test that two groups of trades win equally often.

    The probability, with all four margins of the table as they are, of a table no likelier than the one observed;
    the same as R's ``fisher.test`` and SciPy's ``fisher_exact``.  Unlike a binomial test against the others' win
    rate it does not take that rate for exactly known.
    Source: R. A. Fisher, "On the interpretation of χ² from contingency tables", JRSS 85 (1922).
    """
    all_wins = wins + other_wins
    all_ways = _log_choose(trades + other_trades, all_wins)

    def log_probability(k: int) -> float:
        return _log_choose(trades, k) + _log_choose(other_trades, all_wins - k) - all_ways

    # Tables that are equally likely on paper differ by rounding.
    limit = log_probability(wins) + 1e-7
    possible = range(max(0, all_wins - other_trades), min(trades, all_wins) + 1)
    return min(1.0, sum(exp(p) for k in possible if (p := log_probability(k)) <= limit))


def holm(p_values: Sequence[float]) -> list[float]:
    """``p_values`` corrected for their number, in the order given.

    The smallest is multiplied by n, the next by n - 1 and so on, never falling below one before it; rejecting what is
    below α keeps the chance of even one false finding below α whatever the tests have to do with each other.
    Source: S. Holm, "A simple sequentially rejective multiple test procedure", Scand. J. Statist. 6 (1979).
    """
    corrected = [1.0] * len(p_values)
    floor = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        floor = max(floor, min(1.0, (len(p_values) - rank) * p_values[index]))
        corrected[index] = floor
    return corrected


def _log_choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
