"""Words and numbers for a chat: HTML escaped, with units, never longer than a message may be."""

from __future__ import annotations

import html
from collections.abc import Iterable
from decimal import Decimal

from gobot.core import iso, plain

MESSAGE_LIMIT = 4000  # Telegram takes 4096 characters after parsing; the rest is room for notices
_SENTENCE_LIMIT = 700


def escape(text: str, limit: int = _SENTENCE_LIMIT) -> str:
    """``text`` as HTML content, cut to ``limit`` characters."""
    return html.escape(text if len(text) <= limit else text[: limit - 1] + "…", quote=False)


def bold(text: str) -> str:
    """A headline."""
    return f"<b>{escape(text)}</b>"


def money(amount: Decimal) -> str:
    """An amount in USDT; amounts below a cent keep what makes them visible."""
    digits = 2 if amount == 0 or abs(amount) >= Decimal("0.01") else 6
    return f"{amount:,.{digits}f} USDT"


def gain(amount: Decimal) -> str:
    """A profit or loss in USDT, always with its sign."""
    return ("+" if amount > 0 else "") + money(amount)


def percent(value: float | Decimal) -> str:
    """A change in percent, always with its sign."""
    return f"{value:+.2f} %"


def number(value: Decimal) -> str:
    """A price or a quantity with at most eight significant digits."""
    return f"{Decimal(plain(Decimal(f'{value:.8g}'))):,f}"


def moment(ms: int) -> str:
    """A time as ``2024-11-30 23:45 UTC``."""
    return iso(ms)[:16].replace("T", " ") + " UTC"


def clock_time(ms: int) -> str:
    """A time of day as ``23:45:05 UTC``."""
    return iso(ms)[11:19] + " UTC"


def counted(count: int, noun: str) -> str:
    """``1 trade``, ``2 trades``."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def fit(blocks: Iterable[str], noun: str, limit: int = MESSAGE_LIMIT) -> str:
    """The ``blocks`` joined by lines, as many as one message holds, and how many more there are."""
    kept: list[str] = []
    left, rest = limit - 40, 0
    for block in blocks:
        left -= len(block) + 1
        if rest or left < 0:
            rest += 1
        else:
            kept.append(block)
    return "\n".join([*kept, f"… and {counted(rest, f'more {noun}')}"] if rest else kept)
