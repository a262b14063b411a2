"""Asking Telegram for what the operator wrote.

The library's own polling ends for good when a proxy answers 404, and stops only after its pause is over; a daemon
that is left alone needs neither.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from telegram import Bot, Update
from telegram.ext import Application

from gobot.core import Clock
from gobot.telegram.access import Access
from gobot.telegram.trouble import Trouble
from gobot.telegram.waiting import unless

_KINDS = ("message", "callback_query")
_SHORTEST_POLL = 1.0

AnyApplication = Application[Any, Any, Any, Any, Any, Any]


class Poller:
    """Hands each update from an admitted chat to the application's handlers, in order, one at a time."""

    def __init__(self, application: AnyApplication, access: Access, clock: Clock, *, poll_seconds: float) -> None:
        self._application = application
        self._bot: Bot = application.bot
        self._access = access
        self._clock = clock
        self._poll_seconds = round(poll_seconds)
        self._trouble = Trouble("commands", self._bot.token)
        self._offset = 0

    async def run(self, stopping: asyncio.Event) -> None:
        """Poll until ``stopping`` is set; an update in hand is dealt with first.  No answer of the server ends it."""
        while not stopping.is_set():
            asked_at = self._clock.monotonic()
            try:
                updates = await unless(stopping, self._updates(self._poll_seconds))
            except Exception as error:  # noqa: BLE001  beside its own errors the library raises what bad answers cause
                await unless(stopping, self._clock.sleep(self._trouble.pause_after(error)))
                continue
            self._trouble.over()
            for update in updates or ():
                self._offset = update.update_id + 1
                if self._access.admits(update):
                    await self._application.process_update(update)
            if not updates and self._clock.monotonic() - asked_at < _SHORTEST_POLL:
                # A server that does not hold the line open is not asked in a tight loop.
                await unless(stopping, self._clock.sleep(_SHORTEST_POLL))

    async def confirm(self) -> None:
        """Tell Telegram which updates were dealt with, so that the next start is not given them again."""
        if self._offset:
            await self._updates(0)

    async def _updates(self, seconds: int) -> Sequence[Update]:
        return await self._bot.get_updates(offset=self._offset, timeout=seconds, allowed_updates=_KINDS)
