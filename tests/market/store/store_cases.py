"""Candles that tell each other apart, the obvious model of a store, and system calls that fail."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from gobot.core import Timeframe
from gobot.market import Candles, Series

M1 = Timeframe.parse("1m")
START = 1_735_689_600_000
BITCOIN = Series(venue="binance", symbol="BTC/USDT:USDT", timeframe=M1)

Model = dict[int, int]
"""Minutes after START, and a number that all values of that candle follow from."""


def candles(*minutes: int, version: int = 0) -> Candles:
    """Candles that open so many minutes after START."""
    return candles_of(dict.fromkeys(minutes, version))


def candles_of(model: Mapping[int, int]) -> Candles:
    """The candles of a model, in order."""
    minutes = np.array(sorted(model), np.int64)
    base = 100.0 + minutes / 7 + np.array([model[minute] for minute in minutes.tolist()], np.float64)
    return Candles.from_columns(START + M1.ms * minutes, base, base + 0.3, base - 0.2, base + 0.1, base * 3)


def model_of(found: Candles) -> Model:
    """What model ``found`` is; fails when a value is not what it should be."""
    minutes = ((found.time - START) // M1.ms).tolist()
    versions = np.rint(found.open - 100.0 - np.array(minutes) / 7).astype(int).tolist()
    model = dict(zip(minutes, versions, strict=True))
    assert len(model) == len(found)
    assert equal(found, candles_of(model))
    return model


def added(model: Model, given: Mapping[int, int], *, replace: bool = False, keep: int | None = None) -> Model:
    """The model with ``given`` added to it, of which the newest ``keep`` stay."""
    whole = {**model, **given} if replace else {**given, **model}
    return {minute: whole[minute] for minute in sorted(whole)[-keep if keep else None :]}


def equal(one: Candles, other: Candles) -> bool:
    """Whether every bit is the same."""
    return all(np.array_equal(getattr(one, f.name), getattr(other, f.name)) for f in fields(one))


CALLS = ("open", "pwrite", "ftruncate", "fsync", "replace", "unlink", "mkdir")
"""What the store asks of the system when it writes."""


def intercept(patch: Callable[[Any, str, Any], None], before: Callable[[str, tuple[Any, ...]], None]) -> None:
    """Call ``before`` with name and arguments ahead of each of `CALLS`; ``patch`` is like `monkeypatch.setattr`."""
    for name in CALLS:
        patch(os, name, _after(before, name, getattr(os, name)))


def _after(before: Callable[[str, tuple[Any, ...]], None], name: str, call: Callable[..., Any]) -> Callable[..., Any]:
    def intercepted(*args: Any, **keywords: Any) -> Any:
        before(name, args)
        return call(*args, **keywords)

    return intercepted


def half_of(args: tuple[Any, ...], pwrite: Callable[..., int], share: float) -> None:
    """Carry out a part of an `os.pwrite`: what a crash in the middle of it leaves behind."""
    descriptor, data, offset = args
    pwrite(descriptor, data[: int(len(data) * share)], offset)


def contents(names: Iterable[os.DirEntry[str]]) -> dict[str, bytes]:
    """What is in each file."""
    found = {}
    for entry in names:
        if entry.is_file():
            with open(entry.path, "rb") as file:  # noqa: PTH123
                found[entry.name] = file.read()
    return found
