"""Strategies by name: shipped ones, and classes in the user's own ``strategies/*.py``."""

from __future__ import annotations

import ast
import difflib
import importlib
import importlib.machinery
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import NoReturn, TypeGuard

from gobot.core import GobotError, StrategyError
from gobot.strategy.base import Strategy

_CLASSES = {
    "adx_trend": "AdxTrend",
    "bollinger_reversion": "BollingerReversion",
    "donchian_breakout": "DonchianBreakout",
    "macd_cross": "MacdCross",
    "multi_stoch_rsi": "MultiStochRsi",
    "rsi_reversion": "RsiReversion",
    "sma_cross": "SmaCross",
    "template": "Template",
}

SHIPPED: Mapping[str, str] = {name: f"gobot.strategy.shipped.{name}:{found}" for name, found in _CLASSES.items()}
"""Where the shipped strategies live, by name; imported when they are asked for."""


@dataclass(frozen=True, slots=True)
class StrategyFile:
    """A class found in a user's file, which has been read but not run."""

    path: Path
    name: str
    class_name: str
    line: int


def load_strategy(name: str, params: Mapping[str, object], directory: Path) -> Strategy:
    """The strategy called ``name`` with ``params``: a shipped one, or a class in a file of ``directory``.

    Of the user's files only the one that holds the class is run.  Raises `StrategyError`, in one sentence with file
    and line where there is one, for a name nobody has, a file that does not run, and parameters not allowed.
    """
    return strategy_class(name, directory)(**params)


def strategy_class(name: str, directory: Path) -> type[Strategy]:
    """The class behind ``name``.  Raises `StrategyError`."""
    if name in SHIPPED:
        module, _, class_name = SHIPPED[name].partition(":")
        shipped: type[Strategy] = getattr(importlib.import_module(module), class_name)
        return shipped
    found, broken = scan(directory)
    for entry in found:
        if name in (entry.name, entry.class_name):
            return _strategy(_run(entry.path), entry)
    if broken:
        raise StrategyError(f"no strategy {name!r}, and {broken[0]}")
    known = sorted([*SHIPPED, *(entry.name for entry in found)])
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}"
    raise StrategyError(f"no strategy {name!r}, shipped or in {directory}: {hint}")


def scan(directory: Path) -> tuple[list[StrategyFile], list[str]]:
    """The classes in the files of ``directory``, and a sentence for each file that cannot be read.  Runs nothing."""
    found: list[StrategyFile] = []
    broken: list[str] = []
    for path in sorted(directory.glob("*.py")):
        try:
            found += _read(path)
        except StrategyError as error:
            broken.append(str(error))
    return found, broken


def strategies_in(path: Path) -> list[type[Strategy]]:
    """The strategies in one file, which is run.  Raises `StrategyError` for one that holds none or does not run."""
    entries = _read(path)
    found = _strategies(_run(path), entries)
    if not found:
        raise StrategyError(f"{path} holds no strategy: derive a class from gobot.strategy.Strategy")
    return found


def users_strategies(directory: Path) -> tuple[list[type[Strategy]], list[str]]:
    """The strategies in the files of ``directory``, which are run, and a sentence for each that does not run."""
    found: list[type[Strategy]] = []
    broken: list[str] = []
    for path in sorted(directory.glob("*.py")):
        try:
            entries = _read(path)
            found += _strategies(_run(path), entries) if entries else []
        except StrategyError as error:
            broken.append(str(error))
    return found, broken


def _read(path: Path) -> list[StrategyFile]:
    try:
        tree = ast.parse(path.read_bytes(), filename=str(path))
    except SyntaxError as error:
        raise StrategyError(f"{path}, line {error.lineno}: {error.msg}") from error
    except (OSError, ValueError) as error:
        raise StrategyError(f"{path} cannot be read: {error}") from error
    return list(_classes(tree, path))


def _classes(tree: ast.Module, path: Path) -> Iterator[StrategyFile]:
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.bases:
            names = (
                item.value.value
                for item in node.body
                if isinstance(item, ast.Assign)
                and isinstance(item.value, ast.Constant)
                and any(isinstance(target, ast.Name) and target.id == "name" for target in item.targets)
            )
            yield StrategyFile(path, str(next(names, node.name)), node.name, node.lineno)


class _SourceLoader(SourceFileLoader):
    """Reads the source every time: compiled files tell an edit only by a second and a size."""

    def path_stats(self, path: object) -> NoReturn:
        raise OSError(f"{path} is never taken from a compiled file")


def _run(path: Path) -> ModuleType:
    """Run the file."""
    module_name = f"gobot_strategies.{path.stem}"
    loader = _SourceLoader(module_name, str(path))
    module = importlib.util.module_from_spec(importlib.machinery.ModuleSpec(module_name, loader))
    module.__file__ = str(path)
    # Dataclasses and pickling look their module up by name.
    sys.modules[module_name] = module
    try:
        loader.exec_module(module)
    except Exception as error:
        del sys.modules[module_name]
        if isinstance(error, GobotError):
            raise
        lines = [call.lineno for call in traceback.extract_tb(error.__traceback__) if call.filename == str(path)]
        where = f"{path}, line {lines[-1]}" if lines else str(path)
        raise StrategyError(f"{where}: {type(error).__name__}: {error}") from error
    return module


def _strategies(module: ModuleType, entries: list[StrategyFile]) -> list[type[Strategy]]:
    """Those of the classes that are strategies; one that is only a base for others is passed over."""
    classes = [getattr(module, entry.class_name) for entry in entries]
    return [found for found in classes if _is_strategy(found) and not inspect.isabstract(found)]


def _strategy(module: ModuleType, entry: StrategyFile) -> type[Strategy]:
    """The class that was asked for.  Raises `StrategyError` when it is none that could run."""
    found = getattr(module, entry.class_name)
    if not _is_strategy(found):
        raise StrategyError(f"{entry.path}, line {entry.line}: {entry.class_name} is no gobot.strategy.Strategy")
    if inspect.isabstract(found):
        missing = ", ".join(sorted(found.__abstractmethods__))
        raise StrategyError(f"{entry.path}, line {entry.line}: {entry.class_name} does not define {missing}")
    return found


def _is_strategy(found: object) -> TypeGuard[type[Strategy]]:
    return inspect.isclass(found) and issubclass(found, Strategy)
