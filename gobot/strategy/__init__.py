"""Strategies: the base class, indicators, conditions, signals, and the shipped ones."""

from gobot.strategy.base import Strategy
from gobot.strategy.conditions import (
    alignment,
    crossover,
    crossunder,
    falling,
    lasting,
    overbought,
    oversold,
    recently,
    rising,
)
from gobot.strategy.evaluate import evaluate, idea
from gobot.strategy.indicators.cache import IndicatorCache
from gobot.strategy.load import SHIPPED, load_strategy, strategies_in, strategy_class, users_strategies
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
    "alignment",
    "crossover",
    "crossunder",
    "evaluate",
    "falling",
    "idea",
    "lasting",
    "load_strategy",
    "overbought",
    "oversold",
    "recently",
    "rising",
    "signal_frame",
    "strategies_in",
    "strategy_class",
    "users_strategies",
]
