"""Bringing the alerts of one chat to it, through whatever happens to the network."""

from __future__ import annotations

from loguru import logger
from telegram import Bot
from telegram.error import BadRequest, ChatMigrated, Forbidden, TelegramError

from gobot.core import Clock
from gobot.telegram.outbox import Alert, Outbox
from gobot.telegram.trouble import Trouble
from gobot.telegram.waiting import unless


class Courier:
    """One chat's line: takes from ``outbox``, at most one message per ``interval`` seconds (what waits is joined).

    A message is tried again until Telegram has taken it or proved that it never will.
    """

    def __init__(self, bot: Bot, chat_id: int, outbox: Outbox, clock: Clock, *, interval: float) -> None:
        self._bot = bot
        self._chat_id = chat_id
        self._outbox = outbox
        self._clock = clock
        self._interval = interval
        self._trouble = Trouble(f"alerts to chat {chat_id}", bot.token)

    async def run(self) -> None:
        """Deliver until the outbox is closed and everything in it has been tried."""
        while not (self._outbox.closed.is_set() and not len(self._outbox)):
            if alert := self._outbox.take():
                await self._deliver(alert)
                await self._pause(self._interval)
            else:
                await self._outbox.wait()

    async def _deliver(self, alert: Alert) -> None:
        while True:
            try:
                await self._bot.send_message(self._chat_id, alert.text, disable_notification=not alert.loud)
            except ChatMigrated as error:
                logger.warning(
                    "Telegram: chat {} is now {}: write that into telegram.chat_ids", self._chat_id, error.new_chat_id
                )
                self._chat_id = error.new_chat_id
            except (BadRequest, Forbidden) as error:
                # Proof that this message will never arrive: an unknown chat, a blocked bot.
                self._trouble.pause_after(error)
                return
            except TelegramError as error:
                pause = self._trouble.pause_after(error)
                if self._outbox.closed.is_set():
                    return
                await self._pause(pause)
            except Exception as error:  # noqa: BLE001  an answer that cannot be read: the message may well have arrived
                self._trouble.pause_after(error)
                return
            else:
                self._trouble.over()
                return

    async def _pause(self, seconds: float) -> None:
        if not self._outbox.closed.is_set():
            await unless(self._outbox.closed, self._clock.sleep(seconds))
