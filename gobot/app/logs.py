"""Logging: one structured line per fact, to stderr (or journald behind it) and to a rotating file.

A line is ``time LEVEL message key=value …``.  Secrets never get this far: every text that leaves is searched for
their values, tracebacks show no variables, and libraries that log URLs with tokens are kept below WARNING.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loguru import logger

if TYPE_CHECKING:
    from loguru import Message, Record

_MASK = "********"
_FILE_SIZE = "10 MB"
_FILES_KEPT = 10
# They log every request, some with credentials in the URL.
_CHATTY = ("httpx", "httpcore", "telegram", "apscheduler", "ccxt", "alembic", "asyncio", "numba", "matplotlib")


def set_up_logging(
    *,
    level: str,
    file: Path | None,
    stderr: bool = True,
    secrets: Sequence[str] = (),
    now_ms: Callable[[], int] | None = None,
) -> None:
    """Send log lines to stderr and ``file``; ``secrets`` are masked wherever they appear.

    ``now_ms`` is the simulated clock where there is one: its time is added to each line as ``sim=``.
    """
    logger.remove()
    hide = _masker(secrets)
    line = _formatter(now_ms)
    if stderr:
        logger.add(_Stderr(hide), level=level, format=line, colorize=False, diagnose=False, backtrace=False)
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        sink = _RotatingFile(file, hide)
        logger.add(sink, level=level, format=line, colorize=False, diagnose=False, backtrace=False)
    _take_over_standard_logging()


def _formatter(now_ms: Callable[[], int] | None) -> Callable[[Record], str]:
    """A loguru format: the keys given to the call follow the message."""
    from gobot.core import iso

    def line(record: Record) -> str:
        extra = record["extra"]
        extra["shown"] = "".join(f" {key}={value}" for key, value in extra.items() if key != "shown")
        if now_ms is not None:
            extra["shown"] += f" sim={iso(now_ms())}"
        return "{time:YYYY-MM-DD HH:mm:ss.SSS} {level:<8} {message}{extra[shown]}\n{exception}"

    return line


def _masker(secrets: Sequence[str]) -> Callable[[Any], str]:
    known = [secret for secret in secrets if len(secret) >= 4]

    def hide(message: Any) -> str:
        text = str(message)
        for secret in known:
            text = text.replace(secret, _MASK)
        return text

    return hide


class _Stderr:
    """Standard error as it is at the moment of writing: tests and panels replace it."""

    def __init__(self, hide: Callable[[Any], str]) -> None:
        self._hide = hide

    def __call__(self, message: Message) -> None:
        sys.stderr.write(self._hide(message))


class _RotatingFile:
    """A size-rotated log file that never stops the program: when the disk is full, lines are lost, not the daemon."""

    def __init__(self, path: Path, hide: Callable[[Any], str]) -> None:
        from logging.handlers import RotatingFileHandler

        self._hide = hide
        self._handler = RotatingFileHandler(
            path, maxBytes=10_000_000, backupCount=_FILES_KEPT, encoding="utf-8", errors="backslashreplace"
        )
        self._handler.terminator = ""

    def __call__(self, message: Message) -> None:
        self._handler.emit(logging.makeLogRecord({"msg": self._hide(message)}))


class _ToLoguru(logging.Handler):
    """Standard logging of libraries, told in the same form."""

    def emit(self, record: logging.LogRecord) -> None:
        logger.opt(exception=record.exc_info).log(
            record.levelname if record.levelno >= logging.WARNING else "DEBUG",
            "{}",
            record.getMessage(),
            source=record.name,
        )


def _take_over_standard_logging() -> None:
    logging.basicConfig(handlers=[_ToLoguru()], level=logging.WARNING, force=True)
    logging.raiseExceptions = False
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    # That a job which is still at work is not begun again is as it should be, every few seconds.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    # It warns of every turn that a long job leaves out; the driver tells that once.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
