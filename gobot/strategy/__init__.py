"""Strategies: the base class, indicators, conditions, signals, and the shipped ones."""

from gobot.strategy.base import Strategy
from gobot.strategy.conditions import crossover, crossunder, overbought, oversold
from gobot.strategy.evaluate import evaluate, idea
from gobot.strategy.indicators.cache import IndicatorCache
from gobot.strategy.load import SHIPPED, load_strategy, strategy_class
from gobot.strategy.param import Constraint, Param
from gobot.strategy.signals import EXIT_LONG, EXIT_SHORT, Signals, signal_frame

__all__ = [
    "EXIT_LONG",
    "EXIT_SHORT",
    "SHIPPED",
    "Constraint",
    "IndicatorCache",
    "Param",
    "Signals",
    "Strategy",
    "crossover",
    "crossunder",
    "evaluate",
    "idea",
    "load_strategy",
    "overbought",
    "oversold",
    "signal_frame",
    "strategy_class",
]
