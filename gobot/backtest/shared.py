"""One account and the candles of several symbols, ready to be traded once or many times."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gobot.backtest.account import ACCOUNT, HELD, RULES, Course, Limits
from gobot.backtest.book import advance, mark_open
from gobot.backtest.conditions import bars_of, conditions_of
from gobot.backtest.records import NO_EVENTS, NONE, TRADE, Conditions, Events, Floats, Funding, Ints, Trades
from gobot.backtest.result import Leg
from gobot.backtest.review import Reviewer
from gobot.backtest.rules import Rules
from gobot.core import DAY_MS


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Traded:
    """What became of an account: trades in the order of entry, equity at every close, refused entries by check."""

    trades: Trades
    equity: Floats
    refusals: Counter[str]


class SharedAccount:
    """The candles of ``legs`` on one line of time (``times``, opens in ms UTC), under ``rules``."""

    def __init__(self, legs: Sequence[Leg], rules: Rules) -> None:
        met = [
            conditions_of(leg.candles, rules, symbol=leg.symbol, market=leg.market, funding=leg.funding) for leg in legs
        ]
        self._course = _course_of(legs, met)
        self._rules = np.array([tuple(one.rules) for one in met], RULES)
        self._start = rules.start_equity

    @property
    def times(self) -> Ints:
        """When candles open, of all symbols together."""
        return self._course.times

    def trade(
        self,
        events: Sequence[Events],
        confidence: Sequence[Floats],
        limits: Limits,
        reviewer: Reviewer | None = None,
    ) -> Traded:
        """Go through all candles with the ``events`` of each symbol and the ``confidence`` of each of its candles.

        A ``reviewer`` is asked where the ``limits`` say so.
        """
        course = _with_events(self._course, events, confidence)
        held, accounts = np.zeros(len(events), HELD), np.zeros(1, ACCOUNT)
        held["row"], held["event"], held["settled"] = course.rows[:-1], course.signals[:-1], course.settlements[:-1]
        for money in ("cash", "equity", "peak", "day_start"):
            accounts[money] = self._start
        account = accounts[0]
        account["day"] = course.times[0] // DAY_MS
        trades, equity = np.zeros(len(course.events.row) + 1, TRADE), np.empty(len(course.times))
        at = advance(course, self._rules, limits, held, account, trades, equity, 0)
        while at < len(course.times) and reviewer is not None:
            reviewer.look(int(course.times[at]), held, account, trades)
            at = advance(course, self._rules, limits, held, account, trades, equity, at)
        mark_open(course, held, account, trades)
        refusals = Counter() if reviewer is None else reviewer.refusals
        refusals.update({"emergency_stop": int(account["barred"]), "paused": int(account["paused"])})
        made = trades[: account["made"]]
        order = np.lexsort((made["symbol"], self.on_line(made)["entry_row"]))
        return Traded(trades=made[order], equity=equity, refusals=refusals)

    def on_line(self, trades: Trades) -> Trades:
        """The trades with the rows of `times` instead of their symbols'."""
        moved = trades.copy()
        for row in ("entry_row", "exit_row"):
            moved[row] = self._course.when[self._course.rows[trades["symbol"]] + trades[row]]
        return moved


def _course_of(legs: Sequence[Leg], met: Sequence[Conditions]) -> Course:
    """The symbols one behind the other, without any events."""
    candles = [leg.candles for leg in legs]
    times = np.unique(np.concatenate([series.time for series in candles]))
    rows, funding = _starts([len(series) for series in candles]), [one.funding for one in met]
    longest = max(len(one.tiers) for one in met)
    return Course(
        times=times,
        when=times.searchsorted(np.concatenate([series.time for series in candles])),
        bars=bars_of(*candles),
        events=NO_EVENTS,
        confidence=NONE,
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
        signals=rows,
        settlements=_starts([len(one.row) for one in funding]),
        step=candles[0].step().ms,
    )


def _with_events(course: Course, events: Sequence[Events], confidence: Sequence[Floats]) -> Course:
    joined = Events(
        np.concatenate([one.row + first for one, first in zip(events, course.rows, strict=False)]),
        np.concatenate([one.act for one in events]),
        _levels([one.stop for one in events], events),
        _levels([one.target for one in events], events),
        NONE,
    )
    return course._replace(
        events=joined,
        confidence=np.concatenate([each[one.row] for each, one in zip(confidence, events, strict=True)]),
        signals=_starts([len(one.row) for one in events]),
    )


def _levels(prices: Sequence[Floats], events: Sequence[Events]) -> Floats:
    """The prices of all events, NaN for those of a symbol that has none; empty where no symbol has any."""
    if not any(map(len, prices)):
        return NONE
    none = (np.full(len(one.row), np.nan) for one in events)
    return np.concatenate([own if len(own) else empty for own, empty in zip(prices, none, strict=True)])


def _starts(lengths: Sequence[int]) -> Ints:
    """Where each part begins when they lie one behind the other, and where the last one ends."""
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
