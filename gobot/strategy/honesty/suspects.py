"""Lines of a strategy's source that often are the reason when a check fails: pointers, not proofs."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from gobot.strategy.base import Strategy


class Habit(StrEnum):
    """What a line may be guilty of."""

    FUTURE = "future"
    BEGINNING = "beginning"
    CLOCK = "clock"
    CHANCE = "chance"
    MEMORY = "memory"


@dataclass(frozen=True, slots=True, order=True)
class Suspect:
    """A line and what is suspicious about it."""

    line: int
    habit: Habit
    why: str


_CLOCK = (
    "time.",
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "datetime.datetime.today",
    "datetime.date.today",
    "pandas.Timestamp.now",
    "pandas.Timestamp.utcnow",
    "pandas.Timestamp.today",
)
_CHANCE = ("random.", "numpy.random.", "secrets.", "uuid.uuid1", "uuid.uuid4", "os.urandom")
# Summing up, which is honest in a window only.
_WHOLE = {"min", "max", "mean", "std", "var", "median", "quantile", "rank", "sum", "idxmin", "idxmax"}
_WINDOWS = {"rolling", "expanding", "ewm", "groupby"}
_GROWING = {"cumsum", "cumprod", "cummax", "cummin", "expanding"}
_BACKWARDS = {"bfill", "backfill", "interpolate"}
_TWO_SIDED = {
    "numpy.gradient",
    "numpy.roll",
    "numpy.flip",
    "numpy.convolve",
    "scipy.signal.filtfilt",
    "scipy.signal.savgol_filter",
    "scipy.signal.find_peaks",
    "scipy.signal.argrelextrema",
}


def suspects(found: type[Strategy]) -> list[Suspect]:
    """The suspicious lines of the file that holds ``found``, in order; none when there is no source."""
    source = inspect.getsourcefile(found)
    if source is None:
        return []
    tree = ast.parse(Path(source).read_bytes())
    names = dict(_imports(tree))
    return sorted({suspect for node in ast.walk(tree) for suspect in _judge(node, names)})


def _judge(node: ast.AST, names: dict[str, str]) -> Iterator[Suspect]:
    if isinstance(node, ast.Call):
        yield from _call(node, names)
    elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
        yield from _subscript(node)
    elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and ast.unparse(node.value) == "self":
        yield Suspect(node.lineno, Habit.MEMORY, f"self.{node.attr} is kept from call to call")


def _call(node: ast.Call, names: dict[str, str]) -> Iterator[Suspect]:
    full = _full_name(node.func, names)
    if full.startswith(_CLOCK):
        yield Suspect(node.lineno, Habit.CLOCK, f"{full} reads the clock")
    if full.startswith(_CHANCE):
        yield Suspect(node.lineno, Habit.CHANCE, f"{full} is chance")
    if full in _TWO_SIDED:
        yield Suspect(node.lineno, Habit.FUTURE, f"{full} looks to both sides")
    if isinstance(node.func, ast.Attribute):
        yield from _method(node, node.func)


def _method(node: ast.Call, method: ast.Attribute) -> Iterator[Suspect]:
    name = method.attr
    arguments = {keyword.arg: keyword.value for keyword in node.keywords}
    steps = arguments.get("periods", node.args[0] if node.args else None)
    if name in {"shift", "diff", "pct_change"} and steps is not None and _negative(steps):
        yield Suspect(node.lineno, Habit.FUTURE, f"{name}({ast.unparse(steps)}) reads later candles")
    elif name == "rolling" and _true(arguments.get("center")):
        yield Suspect(node.lineno, Habit.FUTURE, "rolling(center=True) reads later candles")
    elif name in _BACKWARDS:
        yield Suspect(node.lineno, Habit.FUTURE, f"{name} fills with later values")
    elif name == "fillna" and _text(arguments.get("method")) in {"bfill", "backfill"}:
        yield Suspect(node.lineno, Habit.FUTURE, "fillna fills with later values")
    elif name == "resample":
        yield Suspect(
            node.lineno, Habit.FUTURE, 'resample shows candles before they have closed: declare timeframes = ("1h",)'
        )
    elif name == "tail":
        yield Suspect(node.lineno, Habit.FUTURE, "tail takes the last rows, which earlier ones cannot know")
    elif name in _WHOLE and not _windowed(method.value):
        yield Suspect(node.lineno, Habit.FUTURE, f"{name}() of a whole column knows all of it: roll a window")
    elif name in _GROWING:
        yield Suspect(node.lineno, Habit.BEGINNING, f"{name} counts from the first candle there is")


def _subscript(node: ast.Subscript) -> Iterator[Suspect]:
    place = ast.unparse(node.slice)
    if _negative(node.slice):
        yield Suspect(node.lineno, Habit.FUTURE, f"[{place}] is the last row, which earlier ones cannot know")
    elif place == "::-1":
        yield Suspect(node.lineno, Habit.FUTURE, "[::-1] turns time around")
    elif place == "0" and isinstance(node.value, ast.Attribute) and node.value.attr in {"iloc", "iat"}:
        yield Suspect(node.lineno, Habit.BEGINNING, "[0] is the first candle there is")


def _windowed(node: ast.expr) -> bool:
    """Whether something like ``.rolling(…)`` comes before, so that only a window is summed up; or a row of columns."""
    return any(isinstance(part, ast.Attribute) and part.attr in _WINDOWS for part in ast.walk(node))


def _negative(node: ast.expr) -> bool:
    return isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)


def _true(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


def _text(node: ast.expr | None) -> object:
    return node.value if isinstance(node, ast.Constant) else None


def _imports(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """What each imported name stands for: ``np`` is numpy, ``now`` may be datetime.datetime.now."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield (alias.asname, alias.name) if alias.asname else (alias.name.partition(".")[0],) * 2
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def _full_name(node: ast.expr, names: dict[str, str]) -> str:
    """``numpy.random.rand`` for ``np.random.rand``, empty for what does not begin with an imported name."""
    if isinstance(node, ast.Name):
        return names.get(node.id, "")
    if isinstance(node, ast.Attribute):
        head = _full_name(node.value, names)
        return f"{head}.{node.attr}" if head else ""
    return ""


def pointers(suspected: Sequence[Suspect], *habits: Habit, otherwise: str = "") -> str:
    """The first few suspects of these habits in words, or what is said without any."""
    pointed = [f"line {suspect.line}: {suspect.why}" for suspect in suspected if suspect.habit in habits]
    return "; ".join(pointed[:4]) or otherwise
