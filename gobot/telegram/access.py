"""Who is answered: listed chats and, if any are listed, only listed users in them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection

from loguru import logger
from telegram import Update

from gobot.core import Clock

_REMEMBERED = 256
_LINES_PER_HOUR = 20


class Access:
    """The allow-list.  A stranger gets no answer at all and one line in the log, at most 20 lines an hour."""

    def __init__(self, chat_ids: Collection[int], user_ids: Collection[int], clock: Clock) -> None:
        self._chats = frozenset(chat_ids)
        self._users = frozenset(user_ids)
        self._clock = clock
        self._strangers: OrderedDict[tuple[int, int], None] = OrderedDict()
        self._hour = -1
        self._lines = 0

    def admits(self, update: Update) -> bool:
        """Whether ``update`` comes from where commands may come from."""
        chat = update.effective_chat.id if update.effective_chat else 0
        user = update.effective_user.id if update.effective_user else 0
        if chat in self._chats and (not self._users or user in self._users):
            return True
        self._note(chat, user)
        return False

    def _note(self, chat: int, user: int) -> None:
        hour = int(self._clock.monotonic() // 3600)
        if hour != self._hour:
            self._hour, self._lines = hour, 0
        if (chat, user) in self._strangers or self._lines >= _LINES_PER_HOUR:
            return
        self._lines += 1
        self._strangers[chat, user] = None
        while len(self._strangers) > _REMEMBERED:
            self._strangers.popitem(last=False)
        logger.warning(
            "Telegram: ignored a stranger, chat {} user {}; telegram.chat_ids lists who is answered", chat, user
        )
