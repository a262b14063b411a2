"""Trades as columns, whatever made them: what every report counts, lists and draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from gobot.market.candles import Floats, Ints

OPEN_REASON = "open"
"""How a trade "ended" that is still open: it is marked at the last close and counts for nothing but the equity."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TradeColumns:
    """Round trips in order of entry, the open ones included; all columns have the same length.

    ``market`` is the place of the symbol in the report's symbols, ``side`` +1 or -1; times are opens of candles, ms;
    stop and target are NaN where there was none; ``pnl`` (net) and ``fees`` are USDT; ``gain`` is percent of the
    entry's value; ``worst`` and ``best`` are the largest moves against and for the trade, percent.
    """

    market: Ints
    side: Ints
    entry_ms: Ints
    exit_ms: Ints
    quantity: Floats
    entry_price: Floats
    exit_price: Floats
    stop: Floats
    target: Floats
    fees: Floats
    pnl: Floats
    gain: Floats
    worst: Floats
    best: Floats
    reason: npt.NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.market)

    def where(self, rows: npt.NDArray[np.bool_]) -> TradeColumns:
        """The trades of a mask."""
        return TradeColumns(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})

    @property
    def closed(self) -> TradeColumns:
        """Those that have ended."""
        return self.where(self.reason != OPEN_REASON)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one kind of trades contributed: how many, how many won (percent), what they made, mean return and fees."""

    kind: str
    name: str
    trades: int
    win_rate: float
    pnl: float
    mean_gain: float
    fees: float


def shares(trades: TradeColumns, symbols: Sequence[str], strategies: Sequence[str] = ()) -> list[Share]:
    """Closed trades by strategy and symbol (where there are several), by side, by what ended them; best first.

    ``strategies`` trade the ``symbols``, one each.
    """
    closed = trades.closed
    kinds: list[tuple[str, npt.NDArray[np.str_]]] = [
        ("side", np.where(closed.side > 0, "long", "short")),
        ("exit", closed.reason),
    ]
    if len(symbols) > 1:
        kinds.insert(0, ("symbol", np.array(symbols)[closed.market]))
    if len(set(strategies)) > 1:
        kinds.insert(0, ("strategy", np.array(strategies)[closed.market]))
    return [share for kind, names in kinds for share in _by(kind, names, closed)]


def _by(kind: str, names: npt.NDArray[np.str_], closed: TradeColumns) -> list[Share]:
    found = []
    for name in np.unique(names):
        own = closed.where(names == name)
        found.append(
            Share(
                kind=kind,
                name=str(name),
                trades=len(own),
                win_rate=float(100.0 * (own.pnl > 0).mean()),
                pnl=float(own.pnl.sum()),
                mean_gain=float(own.gain.mean()),
                fees=float(own.fees.sum()),
            )
        )
    return sorted(found, key=lambda share: -share.pnl)
