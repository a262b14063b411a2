"""Indicators computed once for many parameter combinations over the same candles."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import pandas as pd

from gobot.market import Candles

P = ParamSpec("P")
R = TypeVar("R")


class IndicatorCache:
    """Remembers results of indicators; a sweep makes one per symbol and hands it to every `evaluate`.

    >>> cache = IndicatorCache()
    >>> for fast, slow in combinations:
    ...     signals = evaluate(SmaCross(fast=fast, slow=slow), candles, cache)

    Only what follows from the very candles given is remembered: a series is known by the memory it lies in, so
    ``rsi(close)`` and then ``lowest(rsi(close), 14)`` are found again, ``rsi(close * 2)`` is computed anew.  Results
    are handed out as copies that share their values until someone writes to one.  Beyond ``max_bytes`` those not used
    for longest are dropped.  For one thread at a time.
    """

    def __init__(self, max_bytes: int = 256 * 2**20) -> None:
        self.hits = 0
        self._max_bytes = max_bytes
        self._bytes = 0
        self._results: OrderedDict[Hashable, Any] = OrderedDict()
        # Every known series has a number: its memory may be used again once it is dropped, its number never is.
        self._numbers: dict[Hashable, int] = {}
        self._count = 0

    def __repr__(self) -> str:
        return f"IndicatorCache({len(self._results)} results, {self._bytes:,} bytes, {self.hits} hits)"

    @contextmanager
    def used(self) -> Iterator[None]:
        """Inside, every indicator is looked up here first."""
        token = _active.set(self)
        try:
            yield
        finally:
            _active.reset(token)

    def find(self, function: Callable[..., R], args: tuple[Any, ...], keywords: dict[str, Any]) -> R:
        """What ``function`` gives for these arguments, from memory if it was asked before."""
        names = tuple(map(self._name, (*args, *keywords.values())))
        if None in names:
            return function(*args, **keywords)
        key = (function, names, tuple(keywords))
        if key in self._results:
            self.hits += 1
            self._results.move_to_end(key)
            result = self._results[key]
        else:
            result = function(*args, **keywords)
            self._add(key, result)
        return _copied(result)  # type: ignore[no-any-return]

    def _name(self, value: Any) -> Hashable | None:
        """What an argument is known by, None when it is not known."""
        if isinstance(value, pd.Series | pd.DataFrame):
            return self._numbers.get(_place(value))
        if not isinstance(value, Candles):
            return (type(value), value)
        place = _place(value)
        if place not in self._numbers:
            self._add(place, value)
        return self._numbers[place]

    def _add(self, key: Hashable, result: Any) -> None:
        self._results[key] = result
        self._bytes += sum(map(_size, _parts(result)))
        for part in _parts(result):
            self._count += 1
            self._numbers[_place(part)] = self._count
        while self._bytes > self._max_bytes and len(self._results) > 1:
            _, dropped = self._results.popitem(last=False)
            self._bytes -= sum(map(_size, _parts(dropped)))
            for part in _parts(dropped):
                self._numbers.pop(_place(part), None)


_active: ContextVar[IndicatorCache | None] = ContextVar("indicator_cache", default=None)


def shared(function: Callable[P, R]) -> Callable[P, R]:
    """A pure function of candles, series and plain values, made one whose results an `IndicatorCache` keeps."""

    @wraps(function)
    def found(*args: P.args, **keywords: P.kwargs) -> R:
        cache = _active.get()
        return function(*args, **keywords) if cache is None else cache.find(function, args, keywords)

    return found


def _parts(result: Any) -> list[Any]:
    """Everything in a result that may become an argument: a frame and its columns, the lines of a tuple."""
    if isinstance(result, pd.DataFrame):
        return [result, *(result[name] for name in result)]
    return list(result) if isinstance(result, tuple) else [result]


def _copied(result: Any) -> Any:
    if isinstance(result, pd.Series | pd.DataFrame):
        return result.copy(deep=False)
    return type(result)(*map(_copied, result)) if isinstance(result, tuple) else result


def _place(part: Candles | pd.Series | pd.DataFrame) -> Hashable:
    """Where the values lie, and the times they belong to."""
    if isinstance(part, Candles):
        return id(part)
    if not isinstance(part.index, pd.DatetimeIndex):
        return None
    values, times = part.to_numpy(), part.index.asi8
    return (values.ctypes.data, values.shape, values.strides, values.dtype, times.ctypes.data, times.shape)


def _size(part: Candles | pd.Series | pd.DataFrame) -> int:
    # The columns of a frame are views of it, and the candles were there before.
    return int(part.to_numpy().nbytes) if isinstance(part, pd.Series) else 0
