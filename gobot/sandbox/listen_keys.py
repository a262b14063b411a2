"""Listen keys: the ticket to the user stream, good for an hour unless it is renewed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from gobot.sandbox.errors import ApiError
from gobot.sandbox.parameters import Parameters

_LIFE_MS = 3_600_000


class ListenKeys:
    """One key at a time, as each account has; asking for another renews the one that lives.

    ``on_ended`` is told the key that has just died, and whether it died of age.  The hour is a real one: clients renew
    their keys by timers of their own, which know nothing of a venue's ``speed``.
    """

    def __init__(self, clock: Callable[[], int], on_ended: Callable[[str, bool], None], *, speed: float) -> None:
        self._clock = clock
        self._on_ended = on_ended
        self._life_ms = int(_LIFE_MS * speed)
        self._number = 0
        self._key: str | None = None
        self._ends_ms = 0

    def create(self, _: Parameters) -> dict[str, Any]:
        """A key, good for an hour from now."""
        self.expire_old()
        if self._key is None:
            self._number += 1
            self._key = hashlib.sha256(f"listen key {self._number}".encode()).hexdigest()
        self._ends_ms = self._clock() + self._life_ms
        return {"listenKey": self._key}

    def renew(self, _: Parameters) -> dict[str, Any]:
        """Another hour."""
        self.expire_old()
        if self._key is None:
            raise ApiError(-1125)
        return self.create(_)

    def close(self, _: Parameters) -> dict[str, Any]:
        """The key is good for nothing from now on."""
        self._end(aged=False)
        return {}

    def valid(self, key: str) -> bool:
        """Whether the key opens the user stream."""
        self.expire_old()
        return key == self._key

    def expire(self) -> None:
        """End the key, as the venue does when nobody renews it."""
        self._end(aged=True)

    def expire_old(self) -> None:
        """End a key whose hour is over."""
        if self._clock() >= self._ends_ms:
            self.expire()

    def _end(self, *, aged: bool) -> None:
        if self._key is not None:
            key, self._key = self._key, None
            self._on_ended(key, aged)
