"""How a strategy behaves: the same every time, hands off its input, at ease in odd markets, levels on their side."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import numpy as np
import pandas as pd

from gobot.core import StrategyError, Timeframe
from gobot.market import resample
from gobot.strategy.evaluate import evaluate, frame_for
from gobot.strategy.honesty.findings import Finding
from gobot.strategy.honesty.markets import odd_markets
from gobot.strategy.honesty.subject import Subject, differing, differing_columns
from gobot.strategy.honesty.suspects import Habit, Suspect, pointers
from gobot.strategy.signals import Signals


def determinism(subjects: Sequence[Subject], suspects: Sequence[Suspect]) -> Finding:
    """The same candles, asked again, by another instance, after other candles: the same to the last bit."""
    clock = [suspect for suspect in suspects if suspect.habit is Habit.CLOCK]
    if clock:
        return Finding(
            "determinism", False, "it reads the clock, which a backtest does not have", pointers(clock, Habit.CLOCK)
        )
    for subject in subjects:
        for how, signals in _again(subject):
            changes = {
                **differing_columns(signals.frame, subject.whole.frame),
                **differing(signals, subject.whole, 0.0),
            }
            if changes:
                return Finding(
                    "determinism",
                    False,
                    f"the same candles {how} gave another {next(iter(changes))}",
                    pointers(suspects, Habit.CHANCE, Habit.MEMORY, otherwise="keep nothing from call to call"),
                )
    return Finding("determinism", True, "the same candles give the same signals")


def untouched_input(subject: Subject) -> Finding:
    """The candles and the frame are as they were after the strategy has read them."""
    for what, frame, read in _readings(subject):
        before = frame.copy()
        read(frame)
        added = [str(name) for name in frame if name not in before]
        changed = [str(name) for name in before if name not in frame or not frame[name].equals(before[name])]
        if added or changed:
            did = f"added {', '.join(added)} to" if added else f"changed {', '.join(changed)} of"
            return Finding("input", False, f"it {did} {what}", "return new columns, write to none that were given")
    return Finding("input", True, "what it is given stays as it was")


def odd_market(subject: Subject) -> Finding:
    """Markets that stand still, jump, have holes: no error, and no entry where there is no price."""
    troubles = []
    for name, candles in odd_markets(subject.candles):
        try:
            signals = evaluate(subject.strategy, candles)
        except StrategyError as error:
            troubles.append(f"{name}: {error}")
        else:
            if (np.isnan(candles.close) & (signals.entry != 0)).any():
                troubles.append(f"{name}: it enters there")
    if troubles:
        return Finding("odd markets", False, "; ".join(troubles), "expect NaN, zero ranges and zero volume")
    return Finding("odd markets", True, "still, flat, silent, holed, tiny and jumping markets are no trouble")


def levels(subjects: Sequence[Subject]) -> Finding:
    """Stops on the losing side of the close, targets on the winning side."""
    entries = 0
    for subject in subjects:
        side, close = subject.whole.entry, subject.candles.close
        entries += int(np.count_nonzero(side))
        for what, ahead in (("stop", -1), ("target", 1)):
            wrong = np.flatnonzero((side != 0) & (ahead * side * (getattr(subject.whole, what) - close) <= 0))
            if wrong.size:
                row = int(wrong[0])
                level, kind = getattr(subject.whole, what)[row], "long" if side[row] > 0 else "short"
                return Finding(
                    "levels",
                    False,
                    f"{wrong.size} entries have a {what} on the wrong side, such as {level:.6g} for a {kind} at "
                    f"{close[row]:.6g} on {subject.when(row)}",
                    f"put the {what} {'behind' if ahead < 0 else 'ahead of'} the close, or leave it NaN",
                )
    return Finding("levels", True, f"stops and targets of {entries} entries are on their side")


def _readings(subject: Subject) -> Iterator[tuple[str, pd.DataFrame, Callable[[pd.DataFrame], object]]]:
    """What the strategy is given, in words, as a copy, and the method that reads it."""
    strategy, candles = subject.strategy, subject.candles
    yield "the candles given to indicators", candles.frame(), strategy.indicators
    for name in strategy.timeframes:
        longer = resample(candles, candles.step(), Timeframe.parse(name))
        yield f"the {name} candles", longer.frame(), partial(strategy.indicators_for, name)
    frame, _ = frame_for(strategy, candles)
    if frame is not None:
        yield "the frame given to signals", frame, strategy.signals


def _again(subject: Subject) -> Iterator[tuple[str, Signals]]:
    strategy, candles = subject.strategy, subject.candles
    with _chance(1):
        yield "asked again", evaluate(strategy, candles)
    with _chance(2):
        yield "seen by another instance", evaluate(type(strategy)(**strategy.params), candles)
        evaluate(strategy, candles[: len(candles) // 2])
        yield "after some others", evaluate(strategy, candles)


@contextmanager
def _chance(seed: int) -> Iterator[None]:
    """Other luck inside, and as if nothing had been afterwards."""
    ours, numpys = random.getstate(), np.random.get_state()
    random.seed(seed)
    np.random.seed(seed)
    try:
        yield
    finally:
        random.setstate(ours)
        np.random.set_state(numpys)
