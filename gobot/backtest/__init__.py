"""Backtests: rules, the compiled kernels, metrics and results."""

from gobot.backtest.fresh import forget_stale_kernels

forget_stale_kernels()

from gobot.backtest.grid import Grid, combinations  # noqa: E402  # nothing may be loaded before that
from gobot.backtest.metrics import Metrics, measure  # noqa: E402
from gobot.backtest.records import TRADE, Trades  # noqa: E402
from gobot.backtest.result import Leg, Result  # noqa: E402
from gobot.backtest.rules import Rules  # noqa: E402
from gobot.backtest.run import RecentResult, backtest, recent, replay  # noqa: E402
from gobot.backtest.sweep import sweep  # noqa: E402
from gobot.backtest.sweep_result import Sweep  # noqa: E402
from gobot.backtest.warm import warm_up  # noqa: E402

__all__ = [
    "TRADE",
    "Grid",
    "Leg",
    "Metrics",
    "RecentResult",
    "Result",
    "Rules",
    "Sweep",
    "Trades",
    "backtest",
    "combinations",
    "measure",
    "recent",
    "replay",
    "sweep",
    "warm_up",
]
