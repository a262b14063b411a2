"""A backtest as the settings want it: one symbol or several on one account, with or without the risk rules."""

from __future__ import annotations

from collections.abc import Sequence

from gobot.app.histories import History
from gobot.backtest import Leg, Result, Rules, backtest, portfolio
from gobot.settings import Settings
from gobot.strategy import Strategy


def run_backtest(settings: Settings, strategy: Strategy, histories: Sequence[History]) -> Result:
    """Run ``strategy`` on all ``histories`` with one account.

    With ``backtest.risk`` every entry has to pass the checks that the daemon would make.  Raises `GobotError` for
    candles that cannot be run and for the strategy's own faults.
    """
    settled = settings.backtest.funding
    legs = [
        Leg(
            strategy=strategy,
            candles=each.candles,
            symbol=each.symbol,
            funding=each.funding if settled else None,
        )
        for each in histories
    ]
    return run_legs(settings, legs)


def run_legs(settings: Settings, legs: Sequence[Leg]) -> Result:
    """Run ``legs``, which may trade by different strategies, on one account; raises as `run_backtest` does."""
    rules = Rules.from_settings(settings)
    if settings.backtest.risk or len(legs) > 1:
        return portfolio(legs, rules, risk=settings.trading if settings.backtest.risk else None)
    alone = legs[0]
    return backtest(alone.strategy, alone.candles, rules, symbol=alone.symbol, funding=alone.funding)
