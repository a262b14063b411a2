"""A daemon that kills itself: ``python child.py KILL_AT COUNT_FILE gobot-arguments…``.

Every place where a crash could hurt is a numbered point: before and after each commit of the ledger and of the
simulated venue, each fsync and rename, each order sent (before it reaches the venue, and after the venue took it but
before the daemon knows), and each phase.  At point ``KILL_AT`` the process sends itself SIGKILL; 0 means never.  The
number of points passed is written to ``COUNT_FILE`` at a regular end.
"""

from __future__ import annotations

import os
import signal
import sqlite3
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


class PointedConnection(sqlite3.Connection):
    """A database connection with points around every COMMIT, however it is asked for."""

    def commit(self) -> None:
        point()
        super().commit()
        point()

    def execute(self, sql: str, *args: Any) -> sqlite3.Cursor:  # type: ignore[override]
        if not sql.lstrip().upper().startswith("COMMIT"):
            return super().execute(sql, *args)
        point()
        cursor = super().execute(sql, *args)
        point()
        return cursor


def connect(*args: Any, **keywords: Any) -> sqlite3.Connection:
    """`sqlite3.connect` with points."""
    return plain_connect(*args, **{**keywords, "factory": PointedConnection})


plain_connect = sqlite3.connect
sqlite3.connect = connect  # type: ignore[assignment]
sqlite3.dbapi2.connect = connect  # type: ignore[attr-defined]
os.fsync = around(os.fsync)
os.replace = around(os.replace)
os.rename = around(os.rename)
os.link = around(os.link)

from gobot.cli import main  # noqa: E402  # after the patches
from gobot.daemon.logbook import Logbook  # noqa: E402
from gobot.exchange.sim import SimExchange  # noqa: E402

SimExchange.create = around_async(SimExchange.create)  # type: ignore[method-assign]
SimExchange.cancel = around_async(SimExchange.cancel)  # type: ignore[method-assign]
Logbook.checkpoint = around(Logbook.checkpoint)  # type: ignore[method-assign]

try:
    main(sys.argv[3:])
finally:
    COUNT_FILE.write_text(str(passed))
