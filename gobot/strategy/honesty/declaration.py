"""Whether a strategy declares its parameters and its warm-up so that others can work with them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from gobot.core import GobotError
from gobot.strategy.base import Strategy
from gobot.strategy.honesty.findings import Finding
from gobot.strategy.param import Param

_NAME = re.compile(r"[A-Za-z]\w*")


def declaration(found: type[Strategy]) -> Finding:
    """Types, ranges, steps, defaults and constraints of the parameters, the name, the warm-up."""
    wrong = [
        *_class(found),
        *(f"{name} {fault}" for name, param in found.parameters.items() for fault in _param(param)),
    ]
    if not wrong:
        wrong = list(_instance(found))
    if wrong:
        return Finding("declaration", False, "; ".join(wrong), "correct the declaration")
    ranged = sum(
        param.low is not None or bool(param.choices) or param.kind is bool for param in found.parameters.values()
    )
    free = len(found.parameters) - ranged
    return Finding(
        "declaration",
        True,
        f"{len(found.parameters)} parameters" + (f", {free} of them without a range to search" if free else ""),
    )


def _class(found: type[Strategy]) -> Iterator[str]:
    if not _NAME.fullmatch(found.name):
        yield f"the name {found.name!r} is no name: letters, digits and _"
    for name in found.parameters:
        if hasattr(Strategy, name):
            yield f"the parameter {name} hides Strategy.{name}"


def _param(param: Param[Any]) -> Iterator[str]:
    kind = param.kind
    if kind not in (bool, int, float, str):
        yield f"is a {kind.__name__}: bool, int, float and str can be declared"
        return
    numbers = {"low": param.low, "high": param.high, "step": param.step}
    for what, value in numbers.items():
        if value is not None and not (type(value) is kind or (kind is float and type(value) is int)):
            yield f"has a {what} of {value!r}, which is no {kind.__name__} like its default"
            return
    if param.low is not None and param.high is not None and param.low > param.high:
        yield f"has a low of {param.low} above its high of {param.high}"
    elif param.step is not None and param.step <= 0:
        yield f"has a step of {param.step}, which goes nowhere"
    else:
        try:
            param.coerce(param.default)
        except (ValueError, TypeError):
            yield f"has a default of {param.default!r}, but must be {param.allowed}"


def _instance(found: type[Strategy]) -> Iterator[str]:
    try:
        strategy = found()
        warmup = strategy.warmup
        lengths = {name: strategy.warmup_for(name) for name in strategy.timeframes}
    except GobotError as error:
        yield str(error)
    except Exception as error:  # noqa: BLE001  # whatever the user's own code raises is what was asked for
        yield f"{type(error).__name__}: {error}"
    else:
        for name, count in {"": warmup, **lengths}.items():
            if type(count) is not int or count < 1:
                yield f"the warm-up{' for ' + name if name else ''} is {count!r}, not a whole number of candles"
