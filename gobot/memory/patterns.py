"""What the closed trades have in common: hours and symbols that win more, or less, than all the others.

Everything here is pure.  Trades are grouped by each feature of a table; every group that is large enough is compared
with all other trades by Fisher's exact test, and because many groups are tried at once their p-values are corrected
(Holm), so that chance alone rarely makes a pattern.  What no longer holds is retired, not deleted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from gobot.core import iso, utc_day
from gobot.memory.significance import fisher_exact, holm

_RETIRED_KEPT = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeFacts:
    """What pattern discovery needs to know of a closed trade; ``pnl`` in USDT, net."""

    symbol: str
    entry_ms: int
    exit_ms: int
    pnl: float
    strategy: str = ""
    confidence: float = 0.0


Feature = Callable[[TradeFacts], str]

FEATURES: Mapping[str, Feature] = {
    "hour": lambda trade: f"{datetime.fromtimestamp(trade.entry_ms / 1000, UTC):%H}:00 UTC",
    "symbol": lambda trade: trade.symbol,
}
"""What trades are grouped by.  One line makes another kind of pattern."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """A group of trades that wins more or less often than all others.

    ``win_rate`` and ``rest_win_rate`` in percent; ``trades`` is the sample; ``p_value`` is already corrected for the
    number of groups tried; ``last_ms`` is the exit of the newest trade in the group: the date of the evidence.
    ``found_ms`` and ``retired_ms`` are when the pattern was first seen and when it stopped holding (None: it holds).
    """

    feature: str
    value: str
    trades: int
    win_rate: float
    rest_win_rate: float
    mean_pnl: float
    p_value: float
    last_ms: int
    found_ms: int
    retired_ms: int | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What makes two findings the same pattern."""
        return self.feature, self.value

    @property
    def sentence(self) -> str:
        """``BTC/USDT:USDT: 82 % win rate, n=40, p=0.01 (all others 55 %)``."""
        p_value = f"p={self.p_value:.2g}" if self.p_value >= 0.0001 else "p<0.0001"
        return (
            f"{self.value}: {self.win_rate:.0f} % win rate, n={self.trades}, {p_value} "
            f"(all others {self.rest_win_rate:.0f} %)"
        )

    def document(self) -> dict[str, Any]:
        """The form kept in ``state/patterns.json``."""
        return {
            "sentence": self.sentence,
            "feature": self.feature,
            "value": self.value,
            "trades": self.trades,
            "win_rate": round(self.win_rate, 2),
            "rest_win_rate": round(self.rest_win_rate, 2),
            "mean_pnl": round(self.mean_pnl, 8),
            "p_value": float(f"{self.p_value:.6g}"),
            "date": utc_day(self.last_ms),
            "last_trade": iso(self.last_ms),
            "last_ms": self.last_ms,
            "found_ms": self.found_ms,
            "retired_ms": self.retired_ms,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Pattern:
        """The pattern that `document` was made of (numbers as they were rounded there)."""
        return cls(**{name: document[name] for name in cls.__dataclass_fields__})


def discover(
    trades: Sequence[TradeFacts],
    *,
    now_ms: int,
    min_sample: int,
    significance: float,
    features: Mapping[str, Feature] = FEATURES,
) -> list[Pattern]:
    """The patterns that ``trades`` show today, newest evidence first.

    A group counts from ``min_sample`` trades inside it and as many outside.  ``significance`` is the chance, in a
    world without any pattern, that this finds at least one.
    """
    wins = sum(trade.pnl > 0 for trade in trades)
    candidates = []
    for feature, value_of in features.items():
        for value, group in _grouped(trades, value_of).items():
            rest = len(trades) - len(group)
            if min(len(group), rest) < min_sample:
                continue
            group_wins = sum(trade.pnl > 0 for trade in group)
            candidates.append(
                Pattern(
                    feature=feature,
                    value=value,
                    trades=len(group),
                    win_rate=100 * group_wins / len(group),
                    rest_win_rate=100 * (wins - group_wins) / rest,
                    mean_pnl=sum(trade.pnl for trade in group) / len(group),
                    p_value=fisher_exact(group_wins, len(group), wins - group_wins, rest),
                    last_ms=max(trade.exit_ms for trade in group),
                    found_ms=now_ms,
                )
            )
    corrected = holm([pattern.p_value for pattern in candidates])
    patterns = [replace(c, p_value=p) for c, p in zip(candidates, corrected, strict=True) if p <= significance]
    return _newest_first(patterns)


def consolidate(known: Iterable[Pattern], found: Iterable[Pattern], now_ms: int) -> list[Pattern]:
    """What is known after ``found``: holding patterns first, then retired ones, each newest evidence first.

    A pattern found again keeps the day it was first seen and takes the new numbers; one that was not found again
    retires with the numbers it last held at, and comes back if it is found later.
    """
    before = {pattern.key: pattern for pattern in known}
    holding = [replace(p, found_ms=before[p.key].found_ms if p.key in before else p.found_ms) for p in found]
    kept = {pattern.key for pattern in holding}
    retired = [
        pattern if pattern.retired_ms is not None else replace(pattern, retired_ms=now_ms)
        for key, pattern in before.items()
        if key not in kept
    ]
    return _newest_first(holding) + _newest_first(retired)[:_RETIRED_KEPT]


def _grouped(trades: Sequence[TradeFacts], value_of: Feature) -> dict[str, list[TradeFacts]]:
    groups: dict[str, list[TradeFacts]] = defaultdict(list)
    for trade in trades:
        groups[value_of(trade)].append(trade)
    return groups


def _newest_first(patterns: Iterable[Pattern]) -> list[Pattern]:
    return sorted(patterns, key=lambda p: (-p.last_ms, p.p_value, p.key))
