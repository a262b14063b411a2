"""Risk with its settings bound: what the daemon holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from gobot.core import Idea
from gobot.risk.events import RiskEvent
from gobot.risk.observe import observe
from gobot.risk.review import review
from gobot.risk.state import RiskState
from gobot.risk.verdict import Verdict
from gobot.risk.view import RiskView
from gobot.settings.trading import TradingSettings


@dataclass(frozen=True, slots=True)
class Risk:
    """Judges and remembers under ``settings``; holds nothing else, so new settings are a new `Risk`.

    >>> state = risk.observe(state, EquityMarked(at_ms=now, equity=balance.equity), steady_ms=steady.now_ms())
    >>> verdicts = risk.review(ideas, view, state)
    """

    settings: TradingSettings

    def review(self, ideas: Sequence[Idea], view: RiskView, state: RiskState) -> list[Verdict]:
        """Judge ``ideas``: see `gobot.risk.review`."""
        return review(ideas, view, state, self.settings)

    def observe(self, state: RiskState, event: RiskEvent, *, steady_ms: int) -> RiskState:
        """The state after ``event``: see `gobot.risk.observe`."""
        return observe(state, event, self.settings, steady_ms=steady_ms)

    def with_size(self, amount: Decimal) -> Risk:
        """The same, but every position is to be worth ``amount`` USDT; every cap still holds."""
        sizing = self.settings.sizing.model_copy(update={"model": "fixed", "amount_usd": amount})
        return Risk(self.settings.model_copy(update={"sizing": sizing}))
