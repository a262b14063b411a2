"""Backtests of several symbols that share one account, in the order of time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from gobot.backtest.account import NO_LIMITS, Limits
from gobot.backtest.events import events_in
from gobot.backtest.metrics import measure
from gobot.backtest.result import Leg, Result
from gobot.backtest.review import Reviewer
from gobot.backtest.rules import Rules
from gobot.backtest.shared import SharedAccount
from gobot.core import DataError, Timeframe, UsageError
from gobot.settings import TradingSettings
from gobot.strategy import evaluate


def portfolio(legs: Sequence[Leg], rules: Rules, *, risk: TradingSettings | None = None) -> Result:
    """Run every leg on one account.

    Entries of one time are tried from the most confident on; their spans may differ and have gaps.  With ``risk`` every
    entry has to pass `gobot.risk.Risk.review` under these settings, which then decide sizes (but for those of rules
    that go ``all_in``), stops and targets, and an account that breaks their limits is treated as the daemon treats it.
    Raises `DataError` and `UsageError` for legs that do not go together, `StrategyError` for a strategy's own faults.
    """
    timeframe = _require_legs(legs)
    signals = [evaluate(leg.strategy, leg.candles) for leg in legs]
    account = SharedAccount(legs, rules)
    reviewer = None if risk is None else Reviewer(legs, signals, rules, risk, timeframe)
    run = account.trade(
        [events_in(one) for one in signals],
        [one.confidence for one in signals],
        _own_limits(rules) if risk is None else _limits_of(rules, risk),
        reviewer,
    )
    refusals = {check: count for check, count in run.refusals.most_common() if count}
    return Result(
        legs=tuple(legs),
        rules=rules,
        timeframe=timeframe,
        times=account.times,
        trades=run.trades,
        equity=run.equity,
        metrics=measure(account.on_line(run.trades), run.equity, timeframe, rules.start_equity),
        refusals=refusals,
        limits={} if risk is None else _told(risk),
    )


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


def _own_limits(rules: Rules) -> Limits:
    """What the rules alone allow; nobody is asked."""
    share = rules.max_exposure_percent
    return NO_LIMITS._replace(
        max_open=rules.max_open_positions or 0, exposure=math.inf if share is None else share / 100.0
    )


def _limits_of(rules: Rules, risk: TradingSettings) -> Limits:
    """Where risk has to be asked under these settings, and when a day is won or lost."""
    manager, day = risk.risk_manager, risk.orchestrator.completion_targets
    return NO_LIMITS._replace(
        asks=True,
        drawdown=manager.max_drawdown_pct / 100.0,
        floor=rules.start_equity * (1.0 - manager.portfolio_stop_pct / 100.0),
        closes=manager.emergency == "close",
        profit=float(day.daily_profit_target),
        loss=float(day.max_daily_loss),
        for_good=risk.orchestrator.on_target == "exit",
    )


def _told(risk: TradingSettings) -> dict[str, Any]:
    """The settings that decide what risk refuses."""
    orchestrator, manager = risk.orchestrator, risk.risk_manager.model_dump(mode="json")
    validation = {f"validation_{name}": value for name, value in risk.validation.model_dump().items()}
    return {
        **manager,
        **orchestrator.completion_targets.model_dump(),
        "on_target": orchestrator.on_target,
        **validation,
    }
