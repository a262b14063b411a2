"""Backtests: rules, the compiled kernel, metrics and results."""

from gobot.backtest.metrics import Metrics, measure
from gobot.backtest.rules import Rules
from gobot.backtest.run import RecentResult, Result, backtest, recent, replay
from gobot.backtest.warm import warm_up

__all__ = ["Metrics", "RecentResult", "Result", "Rules", "backtest", "measure", "recent", "replay", "warm_up"]
