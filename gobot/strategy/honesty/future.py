"""Look-ahead and repainting: what a row says must not change when later candles come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from gobot.core import StrategyError
from gobot.strategy.evaluate import evaluate
from gobot.strategy.honesty.findings import Finding
from gobot.strategy.honesty.subject import Subject, differing, differing_columns
from gobot.strategy.honesty.suspects import Habit, Suspect, pointers
from gobot.strategy.signals import Signals

_HONEST = "let every row use its own candle and those before it only"


@dataclass(slots=True)
class _Seen:
    """What cutting the future off has shown so far."""

    cuts: int = 0
    changed: int = 0
    moved: int = 0
    reach: int = 0
    columns: dict[str, None] = field(default_factory=dict)
    example: str = ""
    error: str = ""


def future(subjects: Sequence[tuple[Subject, int]], suspects: Sequence[Suspect]) -> list[Finding]:
    """Cut the candles off at many places and compare what is left: two findings.

    ``subjects`` come with the number of cuts to make.  No past row may change, neither in signals nor in indicators;
    and the newest row, which is all that is known live, must say what history shows later.
    """
    seen = _Seen()
    for subject, cuts in subjects:
        for row in map(int, subject.sample(cuts, subject.needed - 1)):
            try:
                cut = evaluate(subject.strategy, subject.candles[: row + 1])
            except StrategyError as error:
                seen.error = seen.error or f"with {row + 1} candles: {error}"
            else:
                _compare(seen, subject, cut, row)
    pointed = pointers(suspects, Habit.FUTURE, otherwise=_HONEST)
    return [_look_ahead(seen, pointed), _repainting(seen, pointed)]


def _compare(seen: _Seen, subject: Subject, cut: Signals, newest: int) -> None:
    whole = subject.whole[: newest + 1]
    changes = {**differing_columns(cut.frame, whole.frame), **differing(cut, whole)}
    seen.cuts += 1
    seen.changed += bool(changes)
    seen.moved += bool(cut.entry[-1] != whole.entry[-1] or cut.exit[-1] != whole.exit[-1])
    for column, rows in changes.items():
        first = int(rows.argmax())
        seen.columns.setdefault(column)
        seen.reach = max(seen.reach, newest - first + 1)
        if not seen.example:
            last = len(rows) - 1 - int(rows[::-1].argmax())
            then, now = (_value(each, column, last) for each in (cut, whole))
            seen.example = f"{column} on {subject.when(last)} was {then} at first, {now} in the end"


def _look_ahead(seen: _Seen, pointed: str) -> Finding:
    if seen.error:
        return Finding("look-ahead", False, f"it fails on fewer candles: {seen.error}", "let it run on any number")
    if not seen.changed:
        return Finding("look-ahead", True, f"nothing in the past changed at {seen.cuts} cuts")
    columns = ", ".join(list(seen.columns)[:4])
    reach = f"{seen.reach} candle{'s' if seen.reach > 1 else ''} back"
    return Finding(
        "look-ahead",
        False,
        f"{columns} changed up to {reach} when the future was cut off; {seen.example}",
        pointed,
    )


def _repainting(seen: _Seen, pointed: str) -> Finding:
    if seen.moved:
        said = f"on {seen.moved} of {seen.cuts} candles the signal at the close is not the one that history shows"
        return Finding("repainting", False, said, pointed)
    return Finding("repainting", True, f"what was said at {seen.cuts} closes still stands")


def _value(signals: Signals, column: str, row: int) -> str:
    if signals.frame is not None and column in signals.frame:
        value = signals.frame[column].iloc[row]
    else:
        value = getattr(signals, column)[row]
    return f"{value:.6g}" if isinstance(value, int | float) else str(value)
