"""The operator's chat: alerts and commands through Telegram.  Import it only when it is enabled."""

from gobot.telegram.bot import Pace, TelegramBot

__all__ = ["Pace", "TelegramBot"]
