"""What a strategy is, for people and programs who choose one."""

from __future__ import annotations

import inspect
from typing import Any

from gobot.strategy.base import Strategy
from gobot.strategy.param import Param


def describe(found: type[Strategy]) -> dict[str, Any]:
    """Name, summary, parameters with their ranges, constraints, timeframes and warm-up, ready for JSON.

    Raises `StrategyError` when its own defaults are not allowed.
    """
    strategy = found()
    return {
        "name": found.name,
        "summary": summary(found),
        "timeframes": list(strategy.timeframes),
        "warmup": strategy.warmup,
        "params": [_param(param) for param in found.parameters.values()],
        "constraints": [constraint.text for constraint in found.constraints],
    }


def summary(found: type[Strategy]) -> str:
    """The first sentence of its docstring."""
    text = inspect.cleandoc(found.__doc__ or "").partition("\n\n")[0]
    return " ".join(text.split())


def _param(param: Param[Any]) -> dict[str, Any]:
    return {
        "name": param.name,
        "type": param.kind.__name__,
        "default": param.default,
        "low": param.low,
        "high": param.high,
        "step": param.step,
        "choices": list(param.choices),
        "description": param.description,
    }
