"""How long positions were without a stop: the interval between opening, or losing the stop, and having one again."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from gobot.core import ZERO
from gobot.exchange.holding import Holding
from gobot.sandbox.algos import Algo

_KEPT = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class NakedInterval:
    """A position in ``symbol`` had no stop for its whole size between two moments (ms UTC); None: it still has not."""

    symbol: str
    start_ms: int
    end_ms: int | None

    @property
    def document(self) -> dict[str, Any]:
        """For the inspection page."""
        return asdict(self)


class ProtectionWatch:
    """Looks after every change whether each position has a stop that covers it."""

    def __init__(self) -> None:
        self._since: dict[str, int] = {}
        self._ended: deque[NakedInterval] = deque(maxlen=_KEPT)

    @property
    def intervals(self) -> list[NakedInterval]:
        """All intervals that had a length, those that last still at the end."""
        running = (NakedInterval(symbol=symbol, start_ms=at, end_ms=None) for symbol, at in self._since.items())
        return [*self._ended, *running]

    def look(self, holdings: Mapping[str, Holding], algos: Iterable[Algo], now_ms: int) -> None:
        """Compare positions and waiting stops at a moment."""
        waiting = list(algos)
        naked = {symbol for symbol, holding in holdings.items() if not _covered(holding, waiting)}
        for symbol in naked - self._since.keys():
            self._since[symbol] = now_ms
        for symbol in self._since.keys() - naked:
            start = self._since.pop(symbol)
            if now_ms > start:
                self._ended.append(NakedInterval(symbol=symbol, start_ms=start, end_ms=now_ms))


def _covered(holding: Holding, algos: Iterable[Algo]) -> bool:
    stops = [
        algo
        for algo in algos
        if algo.is_stop and algo.symbol == holding.symbol and algo.side is holding.direction.exit_side
    ]
    if any(stop.close_position for stop in stops):
        return True
    return sum((stop.quantity for stop in stops), ZERO) >= holding.quantity
