"""Trouble with the Bot API: how long to wait after it, and one line in the log instead of a flood."""

from __future__ import annotations

import logging
from datetime import timedelta

from loguru import logger
from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError

_CONFLICT_PAUSE = 30.0
_TOKEN_PAUSE = 300.0
_LONGEST_PAUSE = 300.0


def silence_libraries() -> None:
    """Keep the token out of the log: httpx and the library write URLs and errors that contain it.

    What goes wrong is reported by gobot itself, redacted.
    """
    for name, level in (("httpx", logging.WARNING), ("httpcore", logging.WARNING), ("telegram", logging.CRITICAL)):
        logging.getLogger(name).setLevel(level)


def redacted(text: str, token: str) -> str:
    """``text`` without the secret half of ``token``."""
    secret = token.partition(":")[2] or token
    return text.replace(secret, "***") if secret else text


class Trouble:
    """The state of one line to Telegram: ``what`` it is for, how often it failed, what was said about it."""

    def __init__(self, what: str, token: str) -> None:
        self._what = what
        self._token = token
        self._failures = 0
        self._told = ""

    def pause_after(self, error: Exception) -> float:
        """Seconds to wait before the next try.  The first error of each sort is logged, its repetitions are not."""
        self._failures += 1
        sort = type(error).__name__
        if sort != self._told:
            self._told = sort
            logger.warning("Telegram {}: {}", self._what, self._sentence(error))
        backoff = min(_LONGEST_PAUSE, 2.0 ** min(self._failures - 1, 16))
        match error:
            case RetryAfter():
                wait = error.retry_after
                return (wait.total_seconds() if isinstance(wait, timedelta) else float(wait)) + 0.5
            case Conflict():
                return max(_CONFLICT_PAUSE, backoff)
            case InvalidToken():
                return _TOKEN_PAUSE
            case _:
                return backoff

    def over(self) -> None:
        """It works."""
        if self._failures:
            logger.info("Telegram {}: works again after {} failures", self._what, self._failures)
        self._failures, self._told = 0, ""

    def _sentence(self, error: Exception) -> str:
        if isinstance(error, Conflict):
            return (
                "another process reads the commands of this bot (two daemons with one token, or a webhook): "
                "commands may reach the other one until it is stopped; alerts still go out"
            )
        if isinstance(error, InvalidToken):
            return "the Bot API no longer accepts the token; trying again every 5 minutes"
        message = error.message if isinstance(error, TelegramError) else repr(error)
        return redacted(message, self._token)[:300]
