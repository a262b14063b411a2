"""Before trading begins: a venue that answers, an account that fits, protection that works."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from loguru import logger

from gobot.core import ConfigError, GobotError, VenueUnavailable
from gobot.daemon.events import ErrorHappened
from gobot.daemon.house import House

PROTECTION_UNPROVED = "the protection test failed"
"""How the reason of a pause begins that only a passed test ends."""
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 5.0, 60.0


async def reach_venue(
    house: House, work: Callable[[], Awaitable[object]], stopping: asyncio.Event, waiting: Callable[[], None]
) -> bool:
    """Do ``work`` as soon as the venue answers; False when the run is to end before it has.

    A venue that is down is told once, not with every try; ``waiting`` is called then.
    """
    pause, told = _FIRST_PAUSE_S, False
    while not stopping.is_set():
        try:
            await work()
        except VenueUnavailable as error:
            if not told:
                sentence = f"gobot waits for the venue and tries again: {error}"
                logger.error("the venue does not answer", error=str(error))
                house.announcer.publish(ErrorHappened(at_ms=house.clock.now_ms(), where="start", message=sentence))
                waiting()
                told = True
            await _pause(house, pause, stopping)
            pause = min(2 * pause, _LONGEST_PAUSE_S)
        else:
            if told:
                logger.info("the venue answers again")
            return True
    return False


async def prepare_account(house: House) -> None:
    """Make the account fit for trading; symbols that cannot be traded are told, and take no entries.

    Raises `ConfigError` for an account or a key that must not be traded with, `VenueUnavailable`.
    """
    if house.readiness is None:
        return
    problems = await house.readiness.prepare()
    if len(problems) == len(house.symbols):
        raise ConfigError(f"none of trading.symbols can be traded: {next(iter(problems.values()))}")
    for symbol, reason in problems.items():
        logger.error("symbol not ready", symbol=symbol, reason=reason)
        house.announcer.publish(
            ErrorHappened(at_ms=house.clock.now_ms(), where=symbol, message=f"it takes no entries: {reason}")
        )


class Protection:
    """Whether the venue is proved to hold protective stops in this run; without that proof there are no entries."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._proved = house.readiness is None
        self._told = False

    async def problem(self) -> str:
        """Why there may be no entries, empty if the test has passed; it is made again until it does."""
        if self._proved or self._house.readiness is None:
            return ""
        try:
            await self._house.readiness.self_test()
        except GobotError as error:
            if not self._told:
                logger.critical("the venue does not hold protection", error=str(error))
            self._told = True
            return f"{PROTECTION_UNPROVED}: {error}"
        self._proved = True
        return ""


async def _pause(house: House, seconds: float, stopping: asyncio.Event) -> None:
    sleeping = asyncio.ensure_future(house.clock.sleep(seconds))
    stopped = asyncio.ensure_future(stopping.wait())
    try:
        await asyncio.wait({sleeping, stopped}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        sleeping.cancel()
        stopped.cancel()
