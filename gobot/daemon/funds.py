"""Money that was paid in or out: the wallet is another, and no trade explains it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

_SHARE = Decimal("0.01")
"""Smaller movements, as a share of the wallet, are taken for fees and roundings and wait until they add up."""
# Looks in a row that may disagree: equity is not held against the limits meanwhile.
_MOST_DOUBTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """A change of the wallet that no trade explains, USDT; ``certain`` once a second look has found the same."""

    amount: Decimal
    certain: bool


class Funds:
    """Compares the wallet with what the ledger explains of it, from look to look.

    A single look may fall between a fill and its booking, so a movement counts when the next one agrees, or when
    looks have disagreed too often.
    """

    def __init__(self, base: Decimal | None = None) -> None:
        self.base = base
        """The wallet without the profit of all trades, as it was last; None before the first look."""
        self._suspected: Decimal | None = None
        self._doubts = 0

    def see(self, wallet: Decimal, explained: Decimal) -> Movement | None:
        """The movement since the last look, None if there is none worth a word.

        ``explained`` is the net profit that every trade in the ledger has realised so far.
        """
        unexplained = wallet - explained
        if self.base is None:
            self.base = unexplained
            return None
        amount = unexplained - self.base
        least = _SHARE * max(abs(wallet), abs(wallet - amount))
        if abs(amount) < least:
            self._suspected, self._doubts = None, 0
            return None
        agrees = self._suspected is not None and abs(amount - self._suspected) < least
        certain = agrees or self._doubts >= _MOST_DOUBTS
        self._suspected, self._doubts = (None, 0) if certain else (amount, self._doubts + 1)
        if certain:
            self.base = unexplained
        return Movement(amount=amount, certain=certain)
