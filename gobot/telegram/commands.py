"""What the operator can say, and what it does: every command ends in `gobot.daemon.control.Control`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from traceback import format_exception
from typing import Any

from loguru import logger
from telegram import BotCommand, InlineKeyboardButton, InlineKeyboardMarkup, Message, Update
from telegram.error import TelegramError
from telegram.ext import BaseHandler, CallbackContext, CallbackQueryHandler, CommandHandler, MessageHandler, filters

from gobot.core import Clock, GobotError
from gobot.daemon.control import Control
from gobot.telegram import replies
from gobot.telegram.confirmations import Action, Confirmations
from gobot.telegram.text import escape
from gobot.telegram.trouble import redacted

Context = CallbackContext[Any, Any, Any, Any]
Handler = BaseHandler[Any, Any, Any]
Callback = Callable[[Update, Context], Coroutine[Any, Any, None]]
Order = Callable[[Message, str, list[str]], Awaitable[None]]

# A command that changes something counts for this long: one that waited while the daemon was away is not obeyed.
_FRESH_MS = 120_000
_TRADES = 5
_MOST_TRADES = 30


class Commands:
    """The handlers behind the chat's commands."""

    def __init__(self, control: Control, clock: Clock, token: str) -> None:
        self._control = control
        self._clock = clock
        self._token = token
        self._confirmations = Confirmations(clock)
        answers: list[tuple[str, str, Callable[[list[str]], str]]] = [
            ("status", "the daemon at a glance", lambda _: replies.status(control.snapshot())),
            ("positions", "what is open, with stops and targets", lambda _: replies.positions(control.snapshot())),
            ("balance", "equity and free margin", lambda _: replies.balance(control.snapshot())),
            ("profit", "what was won and lost", lambda _: replies.profit(control.snapshot())),
            ("trades", "the newest closed trades: /trades 10", self._trades),
            ("risk", "breaker and limits", lambda _: replies.risk(control.snapshot(), control.risk())),
            ("help", "this list", lambda _: self._help()),
        ]
        orders: list[tuple[str, str, Order]] = [
            ("pause", "no new entries; what is open stays protected", self._pause),
            ("resume", "allow entries again", self._resume),
            ("close", "close a position at market: /close BTC or /close all", self._close),
            ("reset", "reset the breaker: /reset and why trading is safe again", self._reset),
            ("stop", "end the daemon; protective stops stay on the venue", self._stop),
        ]
        self.menu = [BotCommand(name, text) for name, text, _ in (*answers, *orders)]
        self.handlers: list[Handler] = [
            *(_command(name, self._answering(reply)) for name, _, reply in answers),
            *(_command(name, self._obeying(order)) for name, _, order in orders),
            _command("start", self._answering(lambda _: self._help())),
            CallbackQueryHandler(self._pressed),
            MessageHandler(filters.UpdateType.MESSAGE & filters.COMMAND, self._answering(lambda _: _UNKNOWN)),
        ]

    async def failed(self, update: object, context: Context) -> None:
        """Report a command that failed: to the log, and to the chat if it can still be reached."""
        error = context.error
        if isinstance(error, TelegramError):
            logger.warning("Telegram: an answer did not get through: {}", redacted(str(error), self._token))
            return
        sentence = str(error) if isinstance(error, GobotError) else "This failed; the log says why."
        if not isinstance(error, GobotError):
            # Written out here: a log that shows the values of variables would show the token, too.
            logger.error("Telegram: a command failed\n{}", redacted("".join(format_exception(error)), self._token))
        if isinstance(update, Update) and update.effective_chat is not None:
            try:
                await update.effective_chat.send_message(escape(sentence))
            except TelegramError as unreachable:
                logger.warning("Telegram: an answer did not get through: {}", redacted(str(unreachable), self._token))

    def _answering(self, reply: Callable[[list[str]], str]) -> Callback:
        async def answer(update: Update, context: Context) -> None:
            await _message(update).reply_text(reply(context.args or []))

        return answer

    def _obeying(self, order: Order) -> Callback:
        async def obey(update: Update, context: Context) -> None:
            message = _message(update)
            age_ms = self._clock.now_ms() - int(message.date.timestamp() * 1000)
            if age_ms > _FRESH_MS:
                await message.reply_text(f"Not done: this was sent {age_ms // 60_000} minutes ago. Send it again.")
                return
            await order(message, _who(update), context.args or [])

        return obey

    def _help(self) -> str:
        return "\n".join(f"/{entry.command}: {escape(entry.description)}" for entry in self.menu)

    def _trades(self, arguments: list[str]) -> str:
        wanted = int(arguments[0]) if arguments and arguments[0].isdecimal() else _TRADES
        return replies.trades(self._control.trades(max(1, min(wanted, _MOST_TRADES))))

    async def _pause(self, message: Message, who: str, arguments: list[str]) -> None:
        await message.reply_text(escape(self._control.pause(who, " ".join(arguments))))

    async def _resume(self, message: Message, who: str, _: list[str]) -> None:
        await message.reply_text(escape(self._control.resume(who)))

    async def _stop(self, message: Message, who: str, _: list[str]) -> None:
        async def stop() -> str:
            return self._control.stop(who)

        await self._ask(message, who, "End the daemon? Nobody trades until it is started again.", "Yes, stop", stop)

    async def _reset(self, message: Message, who: str, arguments: list[str]) -> None:
        async def reset() -> str:
            return self._control.reset_breaker(who, " ".join(arguments))

        if not arguments:
            await message.reply_text("Say why trading is safe again: /reset data feed fixed")
            return
        await self._ask(message, who, "Reset the breaker and allow entries again?", "Yes, reset", reset)

    async def _close(self, message: Message, who: str, arguments: list[str]) -> None:
        held = [position.symbol for position in self._control.snapshot().positions]
        wanted = arguments[0].upper() if arguments else ""
        if wanted == "ALL" and held:
            await self._ask(
                message, who, f"Close {len(held)} at market: {', '.join(held)}?", "Yes, close all",
                lambda: self._control.close_all(who),
            )  # fmt: skip
            return
        matching = [symbol for symbol in held if wanted in (symbol.upper(), symbol.split("/")[0].upper())]
        if len(matching) != 1:
            await message.reply_text(f"Which one? Open: {escape(', '.join(held)) or 'none'}. /close BTC or /close all")
            return
        symbol = matching[0]
        await self._ask(
            message, who, f"Close {symbol} at market?", "Yes, close", lambda: self._control.close(who, symbol)
        )

    async def _ask(self, message: Message, who: str, question: str, yes: str, action: Action) -> None:
        key = self._confirmations.ask(who, action)
        buttons = [InlineKeyboardButton(yes, callback_data=key), InlineKeyboardButton("No", callback_data="no")]
        await message.reply_text(escape(question), reply_markup=InlineKeyboardMarkup([buttons]))

    async def _pressed(self, update: Update, _: Context) -> None:
        query = update.callback_query
        if query is None or query.data is None:
            return
        if query.data == "no":
            text = "Nothing was done."
        elif action := self._confirmations.redeem(_who(update), query.data):
            # First the deed: a closing must not wait for an answer that does not get through.
            text = await action()
        else:
            text = "This question is no longer open; nothing was done. Give the command again."
        await query.answer()
        await query.edit_message_text(escape(text))


_UNKNOWN = "Unknown command; /help lists them."


def _command(name: str, callback: Callback) -> Handler:
    # Without the filter an edited old message would be obeyed, too.
    return CommandHandler(name, callback, filters=filters.UpdateType.MESSAGE)


def _message(update: Update) -> Message:
    message = update.effective_message
    if message is None:
        raise TypeError(f"an update without a message reached a command: {update.update_id}")
    return message


def _who(update: Update) -> str:
    source = update.effective_user or update.effective_chat
    return f"telegram:{source.id if source else 'unknown'}"
