"""Entries of a backtest put before the very same checks as live ones, and its account before the same limits.

The daemon looks at the account at the open of each candle, decides some seconds later, carries that out, and looks
again.  A backtest does the same and calls the same functions, but only where something could come of it: when an entry
is asked for, or when the equity comes near a limit.  What a trading day does not repeat is not part of it: patterns
that were learned, and orders that are lost or fail, which are what strikes the circuit breaker.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import accumulate
from typing import Any

from gobot.backtest.account import DECIDING
from gobot.backtest.past import Past
from gobot.backtest.records import BY_RISK, BY_SIGNAL, BY_TIME, ENDINGS, Trades
from gobot.backtest.result import Leg
from gobot.backtest.rules import Rules
from gobot.core import ZERO, Action, Direction, Idea, Market, Position, Timeframe, exact, utc_day
from gobot.risk import (
    Approved,
    EquityMarked,
    ProbeStarted,
    RecentTrade,
    Refused,
    Risk,
    RiskEvent,
    RiskState,
    RiskView,
    TradeClosed,
    view_of,
)
from gobot.settings import TradingSettings
from gobot.strategy import EXIT_LONG, EXIT_SHORT, Signals
from gobot.strategy.plan import ENTER_LONG, ENTER_SHORT

# Closed trades that risk looks at, as many as the daemon shows it.
_RECENT_TRADES = 200
_AT_OPEN = (BY_SIGNAL, BY_TIME, BY_RISK)
_UNLIMITED = Decimal("1e12")


class Reviewer:
    """Asks `gobot.risk` with what the daemon would show it at that moment.

    ``refusals`` counts the refused entries by the first check that refused them.
    """

    def __init__(
        self,
        legs: Sequence[Leg],
        signals: Sequence[Signals],
        rules: Rules,
        settings: TradingSettings,
        timeframe: Timeframe,
    ) -> None:
        self.refusals: Counter[str] = Counter()
        self._risk = Risk(_settings_of(settings, rules, timeframe))
        self._step_ms = timeframe.ms
        self._delay_ms = round(settings.orchestrator.close_delay * 1000)
        # The portfolio stop is measured from the first mark ever, which is what the account begins with.
        start = EquityMarked(at_ms=0, equity=_whole(rules.start_equity))
        self._state, self._counted = self._risk.observe(RiskState(), start, steady_ms=0), 0
        self._recent: deque[RecentTrade] = deque(maxlen=_RECENT_TRADES)
        self._markets = {
            leg.symbol: replace(leg.market or Market(symbol=leg.symbol), taker_fee=exact(rules.fee)) for leg in legs
        }
        firsts = accumulate((len(leg.candles) for leg in legs), initial=0)
        self._pasts = [
            Past(leg, said, first, self._risk.settings, rules)
            for leg, said, first in zip(legs, signals, firsts, strict=False)
        ]

    def look(self, time_ms: int, held: Any, account: Any, trades: Trades) -> None:
        """Take in what has happened up to the candle that opens at ``time_ms``; judge what ``held`` wants to open.

        The answers are written into ``held`` and ``account``.
        """
        now_ms = time_ms + self._delay_ms
        self._count_trades(trades[self._counted : account["made"]])
        self._mark(now_ms, account)
        account["latched"] = bool(self._state.latched)
        if account["stage"] == DECIDING:
            self._judge(now_ms, held, account)

    def _observe(self, event: RiskEvent, at_ms: int) -> None:
        self._state = self._risk.observe(self._state, event, steady_ms=at_ms)

    def _count_trades(self, trades: Trades) -> None:
        """The trades that have ended, in the order in which they did."""
        for trade in trades:
            past = self._pasts[trade["symbol"]]
            opened_ms, at_ms = (int(past.candles.time[trade[row]]) for row in ("entry_row", "exit_row"))
            # What happened inside a candle belongs to its last millisecond, and is seen at its close.
            seen_ms = at_ms + (self._delay_ms if trade["ended"] in _AT_OPEN else self._step_ms)
            at_ms = min(seen_ms, at_ms + self._step_ms - 1)
            # The cycle that an entry was decided in has no number here: its moment does as well.
            cycle = opened_ms + self._delay_ms
            self._counted += 1
            pnl, ended = _whole(trade["pnl"]), ENDINGS[trade["ended"]]
            closed = TradeClosed(
                at_ms=at_ms, trade_id=self._counted, symbol=past.symbol, cycle=cycle, pnl=pnl, exit_reason=ended
            )
            self._observe(closed, seen_ms)
            self._recent.appendleft(
                RecentTrade(
                    symbol=past.symbol,
                    direction=_direction(trade["sign"]),
                    closed_ms=at_ms,
                    pnl=pnl,
                    exit_reason=ended,
                    value=_whole(trade["quantity"] * trade["entry_price"]),
                )
            )

    def _mark(self, now_ms: int, account: Any) -> None:
        """The marks since the last time that matter: the first of a new day, the highest, and this one."""
        marks = [account["peak"], account["equity"]]
        if utc_day(now_ms) > self._state.day:
            marks.insert(0, account["day_start"])
        for equity in marks:
            self._observe(EquityMarked(at_ms=now_ms, equity=_whole(equity)), now_ms)

    def _judge(self, now_ms: int, held: Any, account: Any) -> None:
        ideas = self._ideas(held)
        for verdict in self._risk.review(list(ideas), self._view(now_ms, held, account, ideas), self._state):
            if isinstance(verdict, Refused):
                self.refusals[verdict.reasons[0].check] += 1
            elif isinstance(verdict, Approved) and verdict.kind == "open":
                self._allow(verdict, ideas[verdict.idea], held, now_ms)

    def _allow(self, verdict: Approved, symbol: int, held: Any, now_ms: int) -> None:
        own = held[symbol]
        own["approved"] = float(verdict.quantity)
        own["asked_stop"] = math.nan if verdict.stop is None else float(verdict.stop)
        own["asked_target"] = math.nan if verdict.target is None else float(verdict.target)
        if verdict.probe:
            self._observe(ProbeStarted(at_ms=now_ms, symbol=verdict.idea.symbol, cycle=now_ms), now_ms)

    def _ideas(self, held: Any) -> dict[Idea, int]:
        """What the strategies say, exits first and then entries from the most confident on."""
        ideas: list[tuple[Idea, int]] = []
        for symbol, own in enumerate(held):
            sign, act = int(own["sign"]), int(own["act"])
            if not own["here"]:
                continue
            if sign <= 0 and act & ENTER_LONG:
                action = Action.LONG
            elif sign >= 0 and act & ENTER_SHORT:
                action = Action.SHORT
            elif sign and act & (EXIT_LONG if sign > 0 else EXIT_SHORT):
                action = Action.EXIT
            else:
                continue
            ideas.append((self._pasts[symbol].idea(action, int(own["row"]), float(own["confidence"])), symbol))
        return dict(sorted(ideas, key=lambda one: -math.inf if one[0].action is Action.EXIT else -one[0].confidence))

    def _view(self, now_ms: int, held: Any, account: Any, ideas: Mapping[Idea, int]) -> RiskView:
        """Account and market as the daemon sees them in this cycle."""
        entering = [symbol for idea, symbol in ideas.items() if idea.direction]
        open_ = [symbol for symbol, own in enumerate(held) if own["sign"]]
        positions = [self._position(past.symbol, held[at]) for at, past in self._at(open_)]
        wallet = _whole(account["cash"] + sum(held[at]["funding"] - held[at]["fee"] for at in open_))
        margins = sum((each.entry_price * each.quantity / each.leverage for each in positions), ZERO)
        return view_of(
            self._risk.settings,
            now_ms=now_ms,
            steady_ms=now_ms,
            equity=_whole(account["equity"]),
            available=max(wallet - margins, ZERO),
            positions=positions,
            entering=[past.symbol for _, past in self._at(entering)],
            candles={past.symbol: past.window(int(held[at]["row"])) for at, past in self._at({*entering, *open_})},
            tickers={past.symbol: past.ticker(int(held[at]["row"]), now_ms) for at, past in self._at(entering)},
            markets=self._markets,
            validation={past.symbol: past.tried(int(held[at]["row"])) for at, past in self._at(entering)},
            closed=tuple(self._recent),
        )

    def _at(self, places: Sequence[int] | set[int]) -> list[tuple[int, Past]]:
        return [(at, self._pasts[at]) for at in sorted(places)]

    def _position(self, symbol: str, own: Any) -> Position:
        return Position(
            symbol=symbol,
            direction=_direction(own["sign"]),
            quantity=_whole(own["quantity"]),
            entry_price=exact(float(own["price"])),
            mark_price=exact(float(own["mark"])),
            leverage=self._risk.settings.leverage,
        )


def _settings_of(settings: TradingSettings, rules: Rules, timeframe: Timeframe) -> TradingSettings:
    """The settings that this run is judged by: the rules of a backtest go before those of the daemon."""
    changes: dict[str, Any] = {
        "timeframe": str(timeframe),
        "direction": rules.direction,
        "leverage": int(rules.leverage),
    }
    if rules.sizing == "all_in":
        # A size larger than any account, of which risk takes what the margin allows.
        everything = settings.sizing.model_copy(update={"model": "fixed", "amount_usd": _UNLIMITED})
        changes |= {"sizing": everything, "max_position_usd": _UNLIMITED}
    return settings.model_copy(update=changes)


def _direction(sign: int) -> Direction:
    return Direction.LONG if sign > 0 else Direction.SHORT


def _whole(value: float) -> Decimal:
    """Every digit of a float: what is left of nearly equal sums is judged, so none may be rounded away."""
    return Decimal(repr(float(value)))
