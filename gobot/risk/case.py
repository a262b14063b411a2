"""One entry before the checks: the idea with everything that judges it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TypeVar

from gobot.core import Direction, Idea, Market, Ticker, plain
from gobot.risk.breaker import Phase
from gobot.risk.protection import Protection, protect
from gobot.risk.sizing import Entry, Purse, Size, size_position
from gobot.risk.state import RiskState
from gobot.risk.verdict import Reason
from gobot.risk.view import Behaviour, CandleHealth, RecentWindow, RiskView
from gobot.settings.trading import RiskManagerSettings, TradingSettings

T = TypeVar("T")


class MissingDataError(Exception):
    """A check lacks what it needs; the message is the sentence that refuses."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A wish to open a position.  ``probe_running`` says that the breaker's one probe is under way.

    What several checks ask for is worked out once.
    """

    idea: Idea
    direction: Direction
    view: RiskView
    state: RiskState
    settings: TradingSettings
    probe_running: bool = False

    @cached_property
    def symbol(self) -> str:
        """The symbol it is about."""
        return self.idea.symbol

    @cached_property
    def rules(self) -> RiskManagerSettings:
        """The risk manager's settings."""
        return self.settings.risk_manager

    @cached_property
    def phase(self) -> Phase:
        """Where the circuit breaker stands now."""
        return self.state.breaker.phase(self.view.steady_ms)

    @cached_property
    def market(self) -> Market:
        """The symbol's trading rules.  Raises `MissingDataError`."""
        return self._known(self.view.markets.get(self.symbol), "The venue lists no market")

    @cached_property
    def ticker(self) -> Ticker:
        """The symbol's prices.  Raises `MissingDataError`."""
        return self._known(self.view.tickers.get(self.symbol), "There is no current price")

    @property
    def candles(self) -> CandleHealth:
        """How good the symbol's candles are.  Raises `MissingDataError`."""
        return self._known(self.view.candles.get(self.symbol), "Nothing is known about the candles")

    @property
    def validation(self) -> RecentWindow:
        """How the strategy did on the symbol lately.  Raises `MissingDataError`."""
        return self._known(self.view.validation.get(self.symbol), "No recent-window backtest was made")

    @property
    def behaviour(self) -> Behaviour:
        """How the symbol has moved lately.  Raises `MissingDataError`."""
        return self._known(self.view.behaviour.get(self.symbol), "Too little is known about the movements")

    @cached_property
    def price(self) -> Decimal:
        """What the position is expected to be entered at, before slippage.  Raises `MissingDataError`."""
        if self.ticker.last <= 0:
            raise MissingDataError(f"The last price of {self.symbol} is {plain(self.ticker.last)}.")
        return self.ticker.last

    @cached_property
    def fill(self) -> Decimal:
        """What the entry is expected to pay, spread and slippage included.  Raises `MissingDataError`."""
        return self.ticker.taken(self.direction.entry_side)

    @cached_property
    def size(self) -> Size:
        """How large the position would be.  Raises `MissingDataError`."""
        volatile = self.settings.sizing.model == "volatility"
        return size_position(
            self.settings,
            self.market,
            Purse.of(self.view, self.symbol, self.direction),
            Entry(
                price=self.price,
                fill=self.fill,
                stop=self.protection.stop,
                volatility_pct=self.behaviour.volatility_pct if volatile else None,
            ),
            share=Decimal(str(self.rules.probe_fraction)) if self.phase is Phase.HALF_OPEN else Decimal(1),
        )

    @cached_property
    def value(self) -> Decimal:
        """What the position would be worth, USDT.  Raises `MissingDataError`."""
        return self.size.quantity * self.price

    @cached_property
    def protection(self) -> Protection:
        """Where the position would be closed again.  Raises `MissingDataError`."""
        return protect(
            self.settings,
            self.market,
            self.direction,
            price=self.price,
            stop=self.idea.stop,
            target=self.idea.target,
        )

    def _known(self, value: T | None, missing: str) -> T:
        if value is None:
            raise MissingDataError(f"{missing} for {self.symbol}.")
        return value


@dataclass(frozen=True, slots=True)
class Check:
    """One protection layer.

    ``setting`` is the key that tunes it, empty where there is nothing to tune.  ``refusal`` returns the sentence
    that refuses, with its numbers, or None.  ``standing`` tells in a few words how far from that the case is.
    """

    name: str
    setting: str
    refusal: Callable[[Case], str | None]
    standing: Callable[[Case], str]

    def judge(self, case: Case) -> Reason | None:
        """Why ``case`` is refused, or None.  A check that cannot be made refuses, with that as its reason."""
        try:
            sentence = self.refusal(case)
        except MissingDataError as missing:
            sentence = str(missing)
        except Exception as error:  # noqa: BLE001 - guards fail closed; the verdict carries the error to the operator
            sentence = f"The check could not be made: {type(error).__name__}: {error}."
        return None if sentence is None else Reason(check=self.name, sentence=sentence)

    def figures(self, case: Case) -> str:
        """How far ``case`` is from being refused, in a few words; empty when that is not known."""
        try:
            return self.standing(case)
        except Exception:  # noqa: BLE001 - `judge` says in a sentence what is missing; these are figures beside it
            return ""
