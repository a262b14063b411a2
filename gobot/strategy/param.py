"""Parameters of a strategy: declared once, checked strictly, read as plain attributes.

    class MyStrategy(Strategy):
        period = Param(14, low=2, high=100, description="Candles of the RSI.")
        constraints = (Constraint("fast < slow", lambda p: p["fast"] < p["slow"]),)

Values come from YAML, from the command line (as text) or from an optimizer; all go through `Param.coerce`.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, overload

from gobot.core import StrategyError

if TYPE_CHECKING:
    from gobot.strategy.base import Strategy

Value = bool | int | float | str
T = TypeVar("T", bool, int, float, str)

_TRUTH = {"true": True, "false": False}  # what YAML and the command line call them


class Param(Generic[T]):
    """One parameter; its type is that of ``default``: bool, int, float, or a choice of texts.

    ``low`` and ``high`` are the allowed range, both included; ``step`` is the grid that searches walk on (values
    between its points are allowed).  ``choices`` names every allowed text.  On an instance of the strategy the
    attribute is the value itself.
    """

    def __init__(
        self,
        default: T,
        *,
        low: T | None = None,
        high: T | None = None,
        step: T | None = None,
        choices: tuple[T, ...] = (),
        description: str = "",
    ) -> None:
        self.default: T = default
        self.low: T | None = low
        self.high: T | None = high
        self.step: T | None = step
        self.choices: tuple[T, ...] = choices
        self.description = description
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: Strategy, owner: type) -> T: ...
    def __get__(self, instance: Strategy | None, owner: type) -> Self | T:
        return self if instance is None else instance.params[self.name]

    def __set__(self, instance: Strategy, value: object) -> None:
        raise AttributeError(f"{self.name} is a parameter: make a new {type(instance).__name__} to change it")

    def __repr__(self) -> str:
        return f"Param({self.name}={self.default!r}, {self.allowed})"

    @property
    def kind(self) -> type[Value]:
        """bool, int, float or str."""
        return type(self.default)

    @property
    def allowed(self) -> str:
        """What values are allowed, in words: ``a whole number in 2..200``."""
        if self.kind is bool:
            return "true or false"
        if self.choices:
            return f"one of {', '.join(map(str, self.choices))}"
        noun = {int: "a whole number", float: "a number", str: "a text"}[self.kind]
        match (self.low, self.high):
            case (None, None):
                return noun
            case (low, None):
                return f"{noun} of at least {low}"
            case (None, high):
                return f"{noun} of at most {high}"
            case (low, high):
                return f"{noun} in {low}..{high}"

    def coerce(self, value: object) -> T:
        """``value`` as this parameter's type.  Raises ValueError when it is of another kind or out of range."""
        converted: Any = _converted(self.kind, value)
        if self.choices and converted not in self.choices:
            raise ValueError
        if (self.low is not None and converted < self.low) or (self.high is not None and converted > self.high):
            raise ValueError
        return converted  # type: ignore[no-any-return]  # T is the type of the default, and so is this


@dataclass(frozen=True, slots=True)
class Constraint:
    """What must hold between parameters: in words, and as a test on all of them."""

    text: str
    holds: Callable[[Mapping[str, Any]], bool]


def bind(
    strategy: str, declared: Mapping[str, Param[Any]], constraints: tuple[Constraint, ...], given: Mapping[str, object]
) -> dict[str, Any]:
    """All parameters of ``strategy`` in the order declared: ``given`` values checked and converted, else defaults.

    Raises `StrategyError` naming the parameter, the value and what is allowed.
    """
    for name in given:
        if name not in declared:
            raise StrategyError(f"{strategy} has no parameter {name!r}: it has {', '.join(declared) or 'none'}")
    values: dict[str, Any] = {}
    for name, param in declared.items():
        value = given.get(name, param.default)
        try:
            values[name] = param.coerce(value)
        except (ValueError, TypeError) as error:
            raise StrategyError(f"{strategy}: {name} must be {param.allowed}, not {value!r}") from error
    for constraint in constraints:
        if not constraint.holds(values):
            named = " and ".join(
                f"{name} is {value}" for name, value in values.items() if name in constraint.text.split()
            )
            raise StrategyError(f"{strategy}: {constraint.text} must hold, but {named}")
    return values


def _converted(kind: type[Value], value: Any) -> Value:
    """``value`` as a ``kind``, without guessing: 1 is no bool, 10.5 and true are no int.  ValueError, TypeError."""
    if kind is bool:
        truth = _TRUTH.get(value.strip().lower()) if isinstance(value, str) else value
        if isinstance(truth, bool):
            return truth
    elif kind is str:
        if isinstance(value, str):
            return value
    elif isinstance(value, bool):
        pass
    elif kind is int:
        return int(value) if isinstance(value, str) else operator.index(value)
    elif math.isfinite(number := float(value)):
        return number
    raise ValueError
