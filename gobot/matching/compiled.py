"""How the kernels are compiled: one place for numba's options and the reasons for them.

``cache``: what is compiled is kept on disk.  Numba keeps it beside the file of a function and looks at that file only;
`gobot.backtest.fresh` looks at the others whose code went into it.
``nogil``: several threads run kernels at the same time.
``error_model``: a division by zero gives infinity or NaN, as in numpy; the check of every divisor stood in the way of
all other optimisation.
``_nrt``: kernels are given their arrays and make none, so nobody counts who refers to them; that took three quarters
of the time of a sweep.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy", "_nrt": False}


def compiled(function: F) -> F:
    """A function that is called: numbers and arrays in, numbers out."""
    return cast("F", njit(**_OPTIONS)(function))


def inlined(function: F) -> F:
    """A small function that becomes part of its callers: handing on all columns of a market takes longer than it."""
    return cast("F", njit(**_OPTIONS, forceinline=True)(function))


def unordered(function: F) -> F:
    """A sum, or an extreme of numbers without NaN, whose order does not matter: computed in whole vectors."""
    return cast("F", njit(**_OPTIONS, fastmath={"reassoc", "nnan", "nsz", "contract"})(function))
