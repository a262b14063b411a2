"""Backtests of one symbol: a strategy over candles under rules, and the short look back that every live idea gets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gobot.backtest.conditions import conditions_of
from gobot.backtest.events import events_in, events_of
from gobot.backtest.kernel import CLOSED, FINAL, LOSS, PROFIT, TOTALS, simulate
from gobot.backtest.light import is_light, simulate_light
from gobot.backtest.metrics import measure, profit_factor
from gobot.backtest.records import ENDINGS, TRADE, Conditions, Events, Floats, Trades
from gobot.backtest.result import Leg, Result
from gobot.backtest.rules import Rules
from gobot.core import DataError, Market
from gobot.market import Candles, FundingRates
from gobot.strategy import Signals, Strategy

__all__ = ["ENDINGS", "RecentResult", "Result", "backtest", "recent", "replay", "run_events", "summary"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecentResult:
    """The recent window in three figures: closed trades, their profit factor (NaN without any), return in percent."""

    trades: int
    profit_factor: float
    return_pct: float


def backtest(
    strategy: Strategy,
    candles: Candles,
    rules: Rules,
    *,
    symbol: str = "",
    market: Market | None = None,
    funding: FundingRates | None = None,
) -> Result:
    """Run ``strategy`` over ``candles``.

    ``symbol`` says whose maintenance tiers apply, ``market`` whose steps and minimums (without, nothing is rounded).
    Raises `DataError` for fewer than two candles, `StrategyError` for the strategy's own faults.
    """
    if len(candles) < 2:
        raise DataError(f"a backtest of {strategy.name} needs at least two candles, there are {len(candles)}")
    conditions = conditions_of(candles, rules, symbol=symbol, market=market, funding=funding)
    trades, equity = run_events(events_of(strategy, candles), conditions)
    timeframe = candles.step()
    return Result(
        legs=(Leg(strategy=strategy, candles=candles, symbol=symbol, market=market, funding=funding),),
        rules=rules,
        timeframe=timeframe,
        times=candles.time,
        trades=trades,
        equity=equity,
        metrics=measure(trades, equity, timeframe, rules.start_equity),
    )


def recent(signals: Signals, candles: Candles, rules: Rules, *, window: int | None = None) -> RecentResult:
    """How ``signals`` did on the last ``window`` of ``candles`` (all by default), cheap enough for every live idea."""
    if window is not None:
        signals, candles = signals[-window:], candles[-window:]
    return summary(events_in(signals), conditions_of(candles, rules))


def summary(events: Events, conditions: Conditions) -> RecentResult:
    """A run in three figures."""
    totals = np.zeros(TOTALS)
    light = is_light(conditions, levels=bool(len(events.stop) or len(events.limit)))
    if not (light and simulate_light(conditions, events, totals, None)):
        simulate(conditions, events, totals, None, None)
    return RecentResult(
        trades=int(totals[CLOSED]),
        profit_factor=profit_factor(float(totals[PROFIT]), float(totals[LOSS])),
        return_pct=100.0 * (float(totals[FINAL]) / conditions.rules.start_equity - 1.0),
    )


def replay(signals: Signals, candles: Candles, rules: Rules) -> tuple[Trades, Floats]:
    """Every trade that ``signals`` make on ``candles``, and the equity at every close."""
    return run_events(events_in(signals), conditions_of(candles, rules))


def run_events(events: Events, conditions: Conditions) -> tuple[Trades, Floats]:
    """Every trade that ``events`` make, an open one last, and the equity at every close."""
    trades, equity = np.zeros(len(events.row), TRADE), np.empty(len(conditions.bars.close))
    count = simulate(conditions, events, np.zeros(TOTALS), trades, equity)
    return trades[:count], equity
