"""Asking back before something that cannot be undone."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from gobot.core import Clock

Action = Callable[[], Awaitable[str]]

_SECONDS = 60.0
_PENDING = 32


@dataclass(frozen=True, slots=True)
class _Pending:
    who: str
    action: Action
    until: float


class Confirmations:
    """Actions that wait for a yes from the person who asked, for a minute and within this process only.

    An old button, a second press or a press after a restart does nothing.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._pending: OrderedDict[str, _Pending] = OrderedDict()

    def ask(self, who: str, action: Action) -> str:
        """Keep ``action`` until ``who`` confirms; returns the key that confirms it."""
        key = secrets.token_urlsafe(8)
        self._pending[key] = _Pending(who, action, self._clock.monotonic() + _SECONDS)
        while len(self._pending) > _PENDING:
            self._pending.popitem(last=False)
        return key

    def redeem(self, who: str, key: str) -> Action | None:
        """The action behind ``key``, once; None if it is gone, too old or somebody else's."""
        pending = self._pending.get(key)
        if pending is None or pending.who != who:
            return None
        del self._pending[key]
        return pending.action if self._clock.monotonic() <= pending.until else None
