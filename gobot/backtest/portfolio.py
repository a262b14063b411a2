"""Backtests of several symbols that share one account, in the order of time."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from gobot.backtest.account import ACCOUNT, HELD, RULES, Course, Limits
from gobot.backtest.book import advance, mark_open
from gobot.backtest.conditions import bars_of, conditions_of
from gobot.backtest.events import events_in
from gobot.backtest.metrics import measure
from gobot.backtest.records import TRADE, Conditions, Events, Floats, Funding, Ints, Trades
from gobot.backtest.result import Leg, Result
from gobot.backtest.review import Reviewer
from gobot.backtest.rules import Rules
from gobot.core import DAY_MS, DataError, Timeframe, UsageError
from gobot.market import Candles
from gobot.settings import TradingSettings
from gobot.strategy import Signals, evaluate


def portfolio(legs: Sequence[Leg], rules: Rules, *, risk: TradingSettings | None = None) -> Result:
    """Run every leg on one account.

    Entries of one time are tried from the most confident on; their spans may differ and have gaps.  With ``risk`` every
    entry has to pass `gobot.risk.Risk.review` under these settings, which then decide sizes, stops and targets, and an
    account that breaks their limits is treated as the daemon treats it.  Raises `DataError` and `UsageError` for legs
    that do not go together, `StrategyError` for a strategy's own faults.
    """
    timeframe = _require_legs(legs)
    signals = [evaluate(leg.strategy, leg.candles) for leg in legs]
    run = _Run(legs, signals, rules, risk, timeframe)
    run.finish()
    trades, equity, times = run.trades, run.equity, run.course.times
    return Result(
        legs=tuple(legs),
        rules=rules,
        timeframe=timeframe,
        times=times,
        trades=trades,
        equity=equity,
        metrics=measure(_on_line(trades, run.course), equity, timeframe, rules.start_equity),
        refusals=run.refusals,
    )


class _Run:
    """One run on its way: the compiled part goes on until it has to ask."""

    def __init__(
        self,
        legs: Sequence[Leg],
        signals: Sequence[Signals],
        rules: Rules,
        risk: TradingSettings | None,
        timeframe: Timeframe,
    ) -> None:
        met = [
            conditions_of(leg.candles, rules, symbol=leg.symbol, market=leg.market, funding=leg.funding) for leg in legs
        ]
        self.course = _course_of([leg.candles for leg in legs], signals, met)
        self._rules = np.array([tuple(one.rules) for one in met], RULES)
        self._limits = _limits_of(rules, risk)
        self._held = np.zeros(len(legs), HELD)
        self._held["row"] = self.course.rows[:-1]
        self._held["event"], self._held["settled"] = self.course.signals[:-1], self.course.settlements[:-1]
        self._account = np.zeros(1, ACCOUNT)
        for money in ("cash", "equity", "peak", "day_start"):
            self._account[money] = rules.start_equity
        self._account["day"] = self.course.times[0] // DAY_MS
        self._trades = np.zeros(len(self.course.events.row) + 1, TRADE)
        self.equity = np.empty(len(self.course.times))
        self._reviewer = None if risk is None else Reviewer(legs, signals, rules, risk, timeframe)

    def finish(self) -> None:
        """Go through all candles."""
        course, account, at = self.course, self._account[0], 0
        while (at := self._go_on(at)) < len(course.times) and self._reviewer is not None:
            self._reviewer.look(int(course.times[at]), self._held, account, self._trades)
        mark_open(course, self._held, account, self._trades)

    def _go_on(self, at: int) -> int:
        """To the end, or to where somebody has to be asked."""
        account = self._account[0]
        return advance(self.course, self._rules, self._limits, self._held, account, self._trades, self.equity, at)

    @property
    def trades(self) -> Trades:
        """Every trade in the order of entry."""
        trades = self._trades[: int(self._account["made"][0])]
        entered = self.course.when[self.course.rows[trades["symbol"]] + trades["entry_row"]]
        return trades[np.lexsort((trades["symbol"], entered))]

    @property
    def refusals(self) -> Mapping[str, int]:
        """How many entries were refused, by the first check that refused them; most first."""
        if self._reviewer is None:
            return {}
        account, found = self._account[0], self._reviewer.refusals
        found.update({"emergency_stop": int(account["barred"]), "paused": int(account["paused"])})
        return {check: count for check, count in found.most_common() if count}


def _require_legs(legs: Sequence[Leg]) -> Timeframe:
    if not legs:
        raise UsageError("a portfolio needs one symbol at least")
    for at, leg in enumerate(legs):
        if len(leg.candles) < 2:
            raise DataError(f"a backtest of {leg.strategy.name} needs at least two candles of {leg.symbol}")
        if leg.symbol in {other.symbol for other in legs[:at]}:
            raise UsageError(f"{leg.symbol!r} stands there more than once; one account holds one position per symbol")
    steps = {leg.symbol: leg.candles.step() for leg in legs}
    if len(set(steps.values())) > 1:
        listed = ", ".join(f"{symbol} has {step}" for symbol, step in steps.items())
        raise UsageError(f"all candles of one account must have one length, but {listed}")
    return steps[legs[0].symbol]


def _course_of(candles: Sequence[Candles], signals: Sequence[Signals], met: Sequence[Conditions]) -> Course:
    """The symbols one behind the other."""
    times = np.unique(np.concatenate([series.time for series in candles]))
    rows = _starts([len(series) for series in candles])
    events = [events_in(one) for one in signals]
    row = np.concatenate([one.row + first for one, first in zip(events, rows, strict=False)])
    place = np.concatenate([np.full(len(one.row), at) for at, one in enumerate(events)])
    own = row - rows[place]
    funding = [one.funding for one in met]
    longest = max(len(one.tiers) for one in met)
    return Course(
        times=times,
        when=times.searchsorted(np.concatenate([series.time for series in candles])),
        bars=bars_of(*candles),
        events=Events(
            row,
            np.concatenate([one.act for one in events]),
            _of_events([one.stop for one in signals], own, place),
            _of_events([one.target for one in signals], own, place),
            np.empty(0),
        ),
        confidence=_of_events([one.confidence for one in signals], own, place),
        funding=Funding(
            np.concatenate([one.row + first for one, first in zip(funding, rows, strict=False)]),
            np.concatenate([one.inside for one in funding]),
            np.concatenate([one.rate for one in funding]),
            np.concatenate([one.price for one in funding]),
        ),
        volatility=np.concatenate([one.volatility for one in met]),
        # The last tier again and again changes nothing.
        tiers=np.stack([np.pad(one.tiers, ((0, longest - len(one.tiers)), (0, 0)), "edge") for one in met]),
        rows=rows,
        signals=_starts([len(one.row) for one in events]),
        settlements=_starts([len(one.row) for one in funding]),
        step=candles[0].step().ms,
    )


def _starts(lengths: Sequence[int]) -> Ints:
    """Where each part begins when they lie one behind the other, and where the last one ends."""
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def _of_events(columns: Sequence[Floats], own: Ints, place: Ints) -> Floats:
    """The values of ``columns`` in the candles of the events; empty where all are NaN."""
    found = np.empty(len(own))
    for at, column in enumerate(columns):
        mine = place == at
        found[mine] = column[own[mine]]
    return found[:0] if np.isnan(found).all() else found


def _limits_of(rules: Rules, risk: TradingSettings | None) -> Limits:
    share = math.inf if rules.max_exposure_percent is None else rules.max_exposure_percent / 100.0
    if risk is None:
        return Limits(
            rules.max_open_positions or 0, share, False, math.inf, -math.inf, False, math.inf, -math.inf, False
        )
    manager, day = risk.risk_manager, risk.orchestrator.completion_targets
    return Limits(
        max_open=0,
        exposure=math.inf,
        asks=True,
        drawdown=manager.max_drawdown_pct / 100.0,
        floor=-math.inf,
        closes=manager.emergency == "close",
        profit=float(day.daily_profit_target),
        loss=float(day.max_daily_loss),
        for_good=risk.orchestrator.on_target == "exit",
    )


def _on_line(trades: Trades, course: Course) -> Trades:
    """The trades with the rows of the equity instead of their symbols'."""
    moved = trades.copy()
    for row in ("entry_row", "exit_row"):
        moved[row] = course.when[course.rows[trades["symbol"]] + trades[row]]
    return moved
