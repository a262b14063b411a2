"""The operator's chat, run inside the daemon's loop without ever being in its way."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass

from loguru import logger
from telegram import LinkPreviewOptions
from telegram.constants import ParseMode
from telegram.error import InvalidToken, TelegramError
from telegram.ext import ApplicationBuilder, Defaults

from gobot.core import Clock
from gobot.daemon.control import Control
from gobot.daemon.events import Event, Level
from gobot.settings.model import TelegramSettings
from gobot.telegram.access import Access
from gobot.telegram.commands import Commands
from gobot.telegram.courier import Courier
from gobot.telegram.messages import describe, kind, topic
from gobot.telegram.outbox import Alert, Outbox
from gobot.telegram.poller import AnyApplication, Poller
from gobot.telegram.quiet import is_quiet
from gobot.telegram.trouble import Trouble, redacted, silence_libraries
from gobot.telegram.waiting import unless

_TOKEN = re.compile(r"\d+:[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How patient the chat is, in seconds.  Telegram allows a bot 20 messages a minute to one group."""

    poll: float = 25.0
    request: float = 10.0
    interval: float = 3.0
    repeat_window: float = 3600.0
    farewell: float = 5.0


class TelegramBot:
    """Answers the listed chats and tells them what happens.

    ``clock`` is the host's, in simulation too: quiet hours and pauses are those of people.  `publish` may be called
    from the first moment on; what happens before Telegram is reached waits in a bounded queue.
    """

    def __init__(self, settings: TelegramSettings, control: Control, clock: Clock, *, pace: Pace | None = None) -> None:
        self._settings = settings
        self._control = control
        self._clock = clock
        self._pace = pace or Pace()
        self._token = settings.token.get_secret_value().strip() if settings.token else ""
        self._outboxes = {
            chat: Outbox(clock, repeat_window=self._pace.repeat_window) for chat in dict.fromkeys(settings.chat_ids)
        }
        self._task: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()
        self._off = ""

    @property
    def off(self) -> str:
        """Why Telegram is off, in a sentence; empty while it is on."""
        return self._off

    def publish(self, event: Event) -> None:
        """Queue an alert about ``event``.  Returns at once and never raises."""
        if self._off:
            return
        try:
            alert = self._alert(event)
        except Exception:  # noqa: BLE001  telling must never stop trading
            logger.exception("Telegram: no words for {}", event)
            return
        if alert is not None:
            for outbox in self._outboxes.values():
                outbox.put(alert)

    async def open(self) -> None:
        """Begin, in the background.  A missing or wrong token is reported and leaves Telegram off."""
        silence_libraries()
        if not _TOKEN.fullmatch(self._token):
            state = "has not the form 123456:ABC…" if self._token else "is not set"
            self._switch_off(f"the token GOBOT_TELEGRAM__TOKEN {state}")
            return
        if not self._outboxes:
            logger.warning("Telegram: telegram.chat_ids is empty, so nobody is answered and nobody is alerted")
        self._task = asyncio.create_task(self._run(), name="telegram")

    async def close(self) -> None:
        """Deliver what still waits if that is possible within a few seconds, and end."""
        self._stopping.set()
        for outbox in self._outboxes.values():
            outbox.close()
        if self._task is None:
            return
        await asyncio.wait({self._task}, timeout=self._pace.farewell)
        self._task.cancel()
        await asyncio.wait({self._task})

    def _alert(self, event: Event) -> Alert | None:
        loudness = getattr(self._settings.levels, kind(event))
        if loudness == "never":
            return None
        quiet = is_quiet(self._settings.quiet_hours, self._clock.now_ms()) and event.level < Level.CRITICAL
        return Alert(text=describe(event), loud=loudness == "loud" and not quiet, topic=topic(event))

    def _switch_off(self, reason: str) -> None:
        self._off = reason
        logger.error("Telegram stays off until the daemon is started again: {}", reason)

    async def _run(self) -> None:
        """Connect and serve; whatever breaks the line is reported once and the line is built anew."""
        trouble = Trouble("connection", self._token)
        commands = Commands(self._control, self._clock, self._token)
        while not (self._off or self._stopping.is_set()):
            try:
                await self._session(commands)
            except InvalidToken:
                self._switch_off(f"{self._settings.base_url} does not know the token GOBOT_TELEGRAM__TOKEN")
            except Exception as error:  # noqa: BLE001  the daemon goes on whatever the library does
                await unless(self._stopping, self._clock.sleep(trouble.pause_after(error)))

    async def _session(self, commands: Commands) -> None:
        """One application from its connection to its end."""
        application = self._application(commands)
        try:
            await self._connect(application, commands)
            await self._serve(application)
        finally:
            await application.bot.shutdown()

    async def _connect(self, application: AnyApplication, commands: Commands) -> None:
        """Raises `InvalidToken` if the Bot API does not know the token, and other errors of the library."""
        await application.initialize()
        try:
            # A webhook left behind by other software would keep every command from arriving here.
            await application.bot.delete_webhook()
            await application.bot.set_my_commands(commands.menu)
        except TelegramError as error:
            logger.warning("Telegram: the list of commands was not shown: {}", redacted(str(error), self._token))

    async def _serve(self, application: AnyApplication) -> None:
        """Alerts and commands until `close`."""
        logger.info("Telegram: connected as @{}", application.bot.username)
        access = Access(self._settings.chat_ids, self._settings.user_ids, self._clock)
        poller = Poller(application, access, self._clock, poll_seconds=self._pace.poll)
        async with asyncio.TaskGroup() as group:
            group.create_task(poller.run(self._stopping), name="telegram commands")
            for chat, outbox in self._outboxes.items():
                courier = Courier(application.bot, chat, outbox, self._clock, interval=self._pace.interval)
                group.create_task(courier.run(), name=f"telegram alerts {chat}")
        try:
            await poller.confirm()
        except TelegramError as error:
            logger.warning("Telegram: the last commands may come again: {}", redacted(str(error), self._token))

    def _application(self, commands: Commands) -> AnyApplication:
        base = self._settings.base_url.rstrip("/")
        wait = self._pace.request
        application: AnyApplication = (
            ApplicationBuilder()
            .token(self._token)
            .base_url(f"{base}/bot")
            .base_file_url(f"{base}/file/bot")
            .connect_timeout(wait)
            .read_timeout(wait)
            .write_timeout(wait)
            .get_updates_connect_timeout(wait)
            .get_updates_read_timeout(wait)
            .get_updates_write_timeout(wait)
            .defaults(Defaults(parse_mode=ParseMode.HTML, link_preview_options=LinkPreviewOptions(is_disabled=True)))
            .updater(None)
            .job_queue(None)
            .build()
        )
        application.add_handlers(commands.handlers)
        application.add_error_handler(commands.failed)
        return application
