"""Trying again: what may be asked once more, how long to wait before it, and when to give up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from random import Random
from typing import TypeVar

from gobot.core import Clock, VenueUnavailable

Answer = TypeVar("Answer")


class TryLater(VenueUnavailable):
    """Nothing was learned this time: no answer, a broken one, or a request to come back later.

    ``status`` is the HTTP status if there was one, ``retry_after`` the seconds that the venue asked for.
    """

    def __init__(self, message: str, *, status: int | None = None, retry_after: float = 0.0) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


def retry_after(headers: Mapping[str, str], now_ms: int) -> float:
    """Seconds that the ``Retry-After`` of an answer asks for, 0 where it does not.

    It is a number of seconds or a date; anything else counts as not said.  ``headers`` must not mind the case of names.
    """
    said = headers.get("Retry-After", "").strip()
    if said.isascii() and said.isdigit():
        return float(said)
    try:
        return max(0.0, parsedate_to_datetime(said).timestamp() - now_ms / 1000)
    except ValueError:
        return 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Pauses that double from ``first`` to ``most`` seconds, each shortened at random by up to a half.

    The randomness keeps many callers that failed together from coming back together.
    """

    first: float = 1.0
    most: float = 60.0

    def pause(self, failures: int, random: Random) -> float:
        """Seconds to wait after so many failures in a row, one or more."""
        longest = min(self.most, self.first * 2.0 ** min(failures - 1, 32))
        return random.uniform(longest / 2, longest)


@dataclass(frozen=True, slots=True)
class Retries:
    """How often to try, and the pauses in between.  The clock and the random source are the caller's."""

    clock: Clock
    random: Random
    attempts: int = 6
    backoff: Backoff = Backoff()

    async def until_answered(self, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        """What ``ask`` returns, however often it raises `TryLater` before; the last one is raised on."""
        failures = 0
        while True:
            try:
                return await ask()
            except TryLater as error:
                failures += 1
                if failures >= self.attempts:
                    raise
                await self.clock.sleep(max(error.retry_after, self.backoff.pause(failures, self.random)))
