"""Backtests: rules, the compiled kernels, metrics and results."""

from gobot.backtest.grid import Grid, combinations
from gobot.backtest.metrics import Metrics, measure
from gobot.backtest.monte_carlo import MonteCarlo, monte_carlo
from gobot.backtest.portfolio import portfolio
from gobot.backtest.records import TRADE, Trades
from gobot.backtest.result import Leg, Result
from gobot.backtest.rules import Rules
from gobot.backtest.run import RecentResult, backtest, recent, replay
from gobot.backtest.sweep import sweep
from gobot.backtest.sweep_result import Sweep
from gobot.backtest.warm import warm_up

__all__ = [
    "TRADE",
    "Grid",
    "Leg",
    "Metrics",
    "MonteCarlo",
    "RecentResult",
    "Result",
    "Rules",
    "Sweep",
    "Trades",
    "backtest",
    "combinations",
    "measure",
    "monte_carlo",
    "portfolio",
    "recent",
    "replay",
    "sweep",
    "warm_up",
]
