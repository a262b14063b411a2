"""Parameter combinations as columns: one row per combination, no Python object for any."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from gobot.core import StrategyError
from gobot.strategy import Constraint, Strategy

Grid = Mapping[str, npt.NDArray[Any]]
"""Equally long columns of values, one for each parameter that differs between combinations."""


def combinations(strategy: type[Strategy], **values: Iterable[object]) -> Grid:
    """Every combination of the given values that the strategy's constraints allow, the last parameter fastest.

    >>> grid = combinations(SmaCross, fast=range(5, 50, 5), slow=range(20, 200, 10))

    Raises `StrategyError` for unknown parameters and values not allowed.
    """
    columns = {name: _allowed(strategy, name, given) for name, given in values.items()}
    mesh = np.meshgrid(*columns.values(), indexing="ij")
    grid = {name: axis.ravel() for name, axis in zip(columns, mesh, strict=True)}
    whole = completed(strategy, grid)
    kept = np.ones(_rows(grid), bool)
    for constraint in strategy.constraints:
        kept &= _holds(constraint, whole)
    return {name: column[kept] for name, column in grid.items()}


def completed(strategy: type[Strategy], grid: Grid) -> Grid:
    """The columns of all parameters: those of ``grid`` checked, the others at their defaults.

    Raises `StrategyError` for unknown parameters, values not allowed and columns of different lengths.
    """
    lengths = {name: len(column) for name, column in grid.items()}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} has {length}" for name, length in lengths.items())
        raise StrategyError(f"{strategy.name}: a row of a grid is a combination, but {listed}")
    for name, column in grid.items():
        _allowed(strategy, name, np.unique(column).tolist())
    rows = _rows(grid)
    return {
        name: np.asarray(grid[name]) if name in grid else np.full(rows, parameter.default)
        for name, parameter in strategy.parameters.items()
    }


def require_constraints(strategy: type[Strategy], whole: Grid) -> None:
    """Raise `StrategyError` for the first combination of ``whole`` that a constraint forbids."""
    for constraint in strategy.constraints:
        holds = _holds(constraint, whole)
        if not holds.all():
            wrong = int(holds.argmin())
            values = ", ".join(f"{name} {column[wrong]}" for name, column in whole.items())
            raise StrategyError(f"{strategy.name}: {constraint.text} must hold, but combination {wrong} has {values}")


def _allowed(strategy: type[Strategy], name: str, values: Iterable[object]) -> npt.NDArray[Any]:
    if name not in strategy.parameters:
        known = ", ".join(strategy.parameters) or "none"
        raise StrategyError(f"{strategy.name} has no parameter {name!r}: it has {known}")
    parameter, found = strategy.parameters[name], []
    for value in values:
        try:
            found.append(parameter.coerce(value))
        except (ValueError, TypeError) as error:
            raise StrategyError(f"{strategy.name}: {name} must be {parameter.allowed}, not {value!r}") from error
    return np.array(found)


def _holds(constraint: Constraint, whole: Grid) -> npt.NDArray[np.bool_]:
    """Whether it holds, for each combination; one that does not work on columns is asked row by row."""
    rows = _rows(whole)
    try:
        holds = np.asarray(constraint.holds(whole))
    except (TypeError, ValueError):
        holds = np.empty(0)
    if holds.shape != (rows,) or holds.dtype != bool:
        names = list(whole)
        each = zip(*(column.tolist() for column in whole.values()), strict=True)
        holds = np.fromiter((constraint.holds(dict(zip(names, row, strict=True))) for row in each), bool, rows)
    return holds


def _rows(grid: Grid) -> int:
    return len(next(iter(grid.values()))) if grid else 1
