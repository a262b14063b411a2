"""Compiled code that is older than the rules in it is thrown away.

Numba keeps compiled kernels in ``__pycache__`` and compiles anew when the file of a kernel changes.  It does not see
that a kernel contains functions of other files: after an update in place it would go on trading by the old fill rules,
or fail on a type that has moved.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

_ROOM = Path(__file__).parent
# What is compiled into the kernels of this room beside the fill rules, and where their types come from.
_INLINED = ("conditions.py", "curve.py", "entry.py", "kernel.py", "light.py", "records.py", "trip.py")


def forget_stale_kernels(room: Path = _ROOM, sources: Iterable[Path] | None = None) -> None:
    """Remove what was compiled in ``room`` before the newest of ``sources`` was written; a read-only room is left."""
    if sources is None:
        sources = [*(room.parent / "matching").glob("*.py"), *(room / name for name in _INLINED)]
        sources.append(room.parent / "strategy" / "plan.py")
    newest = max(source.stat().st_mtime_ns for source in sources)
    for index in (room / "__pycache__").glob("*.nbi"):
        try:
            if index.stat().st_mtime_ns < newest:
                index.unlink()
        except OSError:  # somebody else was quicker, or nobody may
            continue
