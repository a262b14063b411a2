"""A download that kills itself: ``python download_child.py KILL_AT COUNT_FILE gobot-arguments…``.

Every place where a crash could hurt is a numbered point: before and after each file that comes from the archive, each
portion that is stored, and each write, fsync, truncation and rename on disk.  At point ``KILL_AT`` the process sends
itself SIGKILL; 0 means never.  The number of points passed is written to ``COUNT_FILE`` at a regular end.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

KILL_AT = int(sys.argv[1])
COUNT_FILE = Path(sys.argv[2])
passed = 0


def point() -> None:
    """One more place where the process may die."""
    global passed  # noqa: PLW0603  # the one counter of this process
    passed += 1
    if passed == KILL_AT:
        os.kill(os.getpid(), signal.SIGKILL)


def around(function: Callable[..., Any]) -> Callable[..., Any]:
    """``function`` with a point before and after it."""

    def wrapped(*args: Any, **keywords: Any) -> Any:
        point()
        result = function(*args, **keywords)
        point()
        return result

    return wrapped


def around_async(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same for a coroutine function."""

    async def wrapped(*args: Any, **keywords: Any) -> Any:
        point()
        result = await function(*args, **keywords)
        point()
        return result

    return wrapped


for name in ("fsync", "replace", "rename", "ftruncate", "pwrite", "link"):
    setattr(os, name, around(getattr(os, name)))

from gobot.cli import main  # noqa: E402  # after the patches
from gobot.market import portions  # noqa: E402
from gobot.market.archive_http import ArchiveClient  # noqa: E402
from gobot.market.portions import Portions  # noqa: E402

# Small portions, so that there are many.
portions._LEAST = 300
ArchiveClient.fetch = around_async(ArchiveClient.fetch)  # type: ignore[method-assign]
Portions.store = around_async(Portions.store)  # type: ignore[method-assign]

try:
    main(sys.argv[3:])
finally:
    COUNT_FILE.write_text(str(passed))
