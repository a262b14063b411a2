"""Warm-up: what lies before it must not matter."""

from __future__ import annotations

from collections.abc import Sequence

from gobot.core import StrategyError
from gobot.strategy.evaluate import evaluate
from gobot.strategy.honesty.findings import Finding
from gobot.strategy.honesty.subject import Subject, differing
from gobot.strategy.honesty.suspects import Habit, Suspect, pointers

# Recursive indicators never quite forget; so much of a stop or a confidence is nothing.
_FORGOTTEN = 1e-6
# Candles after which something that has not been forgotten never will be.
_TELLING = 1000


def warm_up(subjects: Sequence[tuple[Subject, int]], suspects: Sequence[Suspect]) -> Finding:
    """Let the data begin later, at many places: after the declared warm-up the signals are the same."""
    begins = changed = 0
    enough, forgets, example = 0, True, ""
    for subject, count in subjects:
        for row in map(int, subject.sample(count, subject.needed)):
            begin = subject.latest_beginning(row)
            try:
                late = evaluate(subject.strategy, subject.candles[begin:])[row - begin :]
            except StrategyError as error:
                return Finding("warm-up", False, f"it fails on data that begin later: {error}", "let it run anywhere")
            begins += 1
            changes = differing(late, subject.whole[row:], _FORGOTTEN)
            if not changes:
                continue
            changed += 1
            settled = max(len(rows) - int(rows[::-1].argmax()) for rows in changes.values())
            enough = max(enough, row - begin + 1 + settled)
            # Near the end of the data there is no telling.
            forgets &= settled < len(late) // 2 or len(late) < _TELLING
            column, rows = next(iter(changes.items()))
            example = example or f"{column} on {subject.when(row + int(rows.argmax()))}"
    if not changed:
        return Finding("warm-up", True, f"data that begin later, at {begins} places, give the same signals")
    mend = (
        f"declare a warmup of at least {enough} candles"
        if forgets
        else "let it forget: windows, no sums from the start"
    )
    pointed = pointers(suspects, Habit.BEGINNING)
    mend = f"{mend}; {pointed}" if pointed else mend
    return Finding(
        "warm-up", False, f"at {changed} of {begins} places the beginning still matters after it, as in {example}", mend
    )
