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
from typing import NoReturn

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
            return _run(entry)
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
            tree = ast.parse(path.read_bytes(), filename=str(path))
        except SyntaxError as error:
            broken.append(f"{path}, line {error.lineno}: {error.msg}")
        except (OSError, ValueError) as error:
            broken.append(f"{path} cannot be read: {error}")
        else:
            found += _classes(tree, path)
    return found, broken


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


def _run(entry: StrategyFile) -> type[Strategy]:
    """Run the file and take the class out of it."""
    module_name = f"gobot_strategies.{entry.path.stem}"
    loader = _SourceLoader(module_name, str(entry.path))
    module = importlib.util.module_from_spec(importlib.machinery.ModuleSpec(module_name, loader))
    module.__file__ = str(entry.path)
    # Dataclasses and pickling look their module up by name.
    sys.modules[module_name] = module
    try:
        loader.exec_module(module)
    except Exception as error:
        del sys.modules[module_name]
        if isinstance(error, GobotError):
            raise
        lines = [call.lineno for call in traceback.extract_tb(error.__traceback__) if call.filename == str(entry.path)]
        where = f"{entry.path}, line {lines[-1]}" if lines else str(entry.path)
        raise StrategyError(f"{where}: {type(error).__name__}: {error}") from error
    found = getattr(module, entry.class_name)
    if not (inspect.isclass(found) and issubclass(found, Strategy)):
        raise StrategyError(f"{entry.path}, line {entry.line}: {entry.class_name} is no gobot.strategy.Strategy")
    if inspect.isabstract(found):
        missing = ", ".join(sorted(found.__abstractmethods__))
        raise StrategyError(f"{entry.path}, line {entry.line}: {entry.class_name} does not define {missing}")
    return found
