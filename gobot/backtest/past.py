"""The recent past of one symbol, as the daemon would have it in front of itself at some candle of a backtest."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal

from gobot.backtest.result import Leg
from gobot.backtest.rules import Rules
from gobot.backtest.run import recent
from gobot.core import Action, Direction, Idea, Ticker, exact
from gobot.market import Candles
from gobot.matching import slipped
from gobot.risk import RecentWindow, candles_seen
from gobot.settings import TradingSettings
from gobot.strategy import Signals


class Past:
    """One leg with its signals.  Rows are those of an account (see `gobot.backtest.account`), ``first`` is its own.

    A row stands for the moment at which its candle opens: everything before it is known, and of it the open.
    """

    def __init__(self, leg: Leg, signals: Signals, first: int, settings: TradingSettings, rules: Rules) -> None:
        self.symbol, self.candles = leg.symbol, leg.candles
        self._first, self._strategy = first, leg.strategy.name
        # The frame of indicators would be cut with every window, and nobody reads it.
        self._signals = replace(signals, frame=None)
        self._tried = settings.validation.window
        self._window = leg.strategy.warmup_on(leg.candles.step()) + candles_seen(settings)
        self._slippage = rules.slippage
        self._funding = leg.funding
        self._rules = Rules.of_idea(settings, fee=rules.fee)

    def idea(self, action: Action, row: int, confidence: float) -> Idea:
        """What the strategy said about the candle before ``row``."""
        signal = row - self._first - 1
        stop, target = float(self._signals.stop[signal]), float(self._signals.target[signal])
        return Idea(
            symbol=self.symbol,
            action=action,
            confidence=1.0 if action is Action.EXIT else confidence,
            candle_ms=int(self.candles.time[signal]),
            price=float(self.candles.close[signal]),
            strategy=self._strategy,
            branch="",
            reason="",
            stop=None if math.isnan(stop) else stop,
            target=None if math.isnan(target) else target,
        )

    def window(self, row: int) -> Candles:
        """The closed candles that the daemon would read for its idea."""
        end = row - self._first
        return self.candles[max(0, end - self._window) : end]

    def ticker(self, row: int, now_ms: int) -> Ticker:
        """The price at the open, with the slippage as its spread."""
        price = float(self.candles.open[row - self._first])
        return Ticker(
            symbol=self.symbol,
            last=exact(price),
            bid=exact(float(slipped(price, Direction.SHORT.sign, self._slippage))),
            ask=exact(float(slipped(price, Direction.LONG.sign, self._slippage))),
            time_ms=now_ms,
            funding_rate=self._next_funding(now_ms),
        )

    def _next_funding(self, now_ms: int) -> Decimal | None:
        """The rate of the settlement that comes next, None where none is recorded."""
        rates = self._funding
        row = 0 if rates is None else int(rates.time.searchsorted(now_ms, "right"))
        return None if rates is None or row == len(rates.time) else exact(float(rates.rate[row]))

    def tried(self, row: int) -> RecentWindow:
        """How the strategy did on the newest candles before."""
        end = row - self._first
        rows = slice(max(0, end - self._tried), end)
        found = recent(self._signals[rows], self.candles[rows], self._rules)
        return RecentWindow(trades=found.trades, profit_factor=found.profit_factor)
