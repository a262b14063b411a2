"""How the kernels are compiled: one place for numba's options and the reasons for them.

What is compiled is kept on disk: see `gobot.matching.kept`.

``nogil``: several threads run kernels at the same time.
``error_model``: a division by zero gives infinity or NaN, as in numpy; the check of every divisor stood in the way of
all other optimisation.
``_nrt``: kernels are given their arrays and make none, so nobody counts who refers to them; that took three quarters
of the time of a sweep.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt
from numba import njit

from gobot.matching.kept import KernelCache, directory

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "_nrt": False}


def compiled(function: F) -> F:
    """A function that is called: numbers and arrays in, numbers out."""
    return _kept(function, **_OPTIONS)


def inlined(function: F) -> F:
    """A small function that becomes part of its callers: handing on all columns of a market takes longer than it."""
    return _kept(function, **_OPTIONS, forceinline=True)


def unordered(function: F) -> F:
    """A sum, or an extreme of numbers without NaN, whose order does not matter: computed in whole vectors."""
    return _kept(function, **_OPTIONS, fastmath={"reassoc", "nnan", "nsz", "contract"})


def allocating(function: F) -> F:
    """A function that makes the arrays it returns, or room for itself."""
    return _kept(function, nogil=True)


def _kept(function: F, **options: Any) -> F:
    dispatcher: Any = njit(**options)(function)
    # What was typed into a notebook has no file that could tell one version from another.
    if directory() is not None and Path(function.__code__.co_filename).is_file():
        # Where `njit(cache=True)` puts numba's own.
        dispatcher._cache = KernelCache(function)  # noqa: SLF001
    return cast("F", dispatcher)


def ready(column: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """``column`` in the one form that kernels are compiled for.

    Columns of DataFrames and of files may be marked as read-only, for which numba would compile everything once more.
    No kernel writes to what it is given to read, so they are looked at without that mark, and not copied.
    """
    values = np.ascontiguousarray(column, np.float64)
    return values if values.flags.writeable else np.asarray(_Unmarked(values))


class _Unmarked:
    def __init__(self, values: npt.NDArray[np.float64]) -> None:
        self._values = values  # which owns the memory
        address, _ = values.__array_interface__["data"]
        self.__array_interface__ = {**values.__array_interface__, "data": (address, False)}
