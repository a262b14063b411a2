"""Keeping quiet after the venue has said so: 429 and 418, and the way back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from gobot.exchange.priority import Priority

TOO_MANY_REQUESTS = 429
BANNED = 418
# Where the venue does not say how long: the first pause, what later ones grow to, and Binance's shortest ban.
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 300.0
_SHORTEST_BAN = 120.0
_LONGEST_BAN = 3 * 86_400.0
# What asks for more than this is nonsense, and must not silence us for ever.
_LONGEST_SILENCE = 7 * 86_400.0
_MOST_STRIKES = 10


class Silence:
    """When nobody may pass, and how slowly to start again.  Times in seconds of one monotonic clock.

    Each refusal is a strike.  It silences everyone for as long as the venue says, and at least for a pause that
    grows by ``multiplier`` with each strike.  After it, requests go one by one, a pause apart, and every success
    takes a strike back until nothing holds them any more.  CRITICAL ones keep the silence, but not the pace.
    """

    def __init__(self, multiplier: float) -> None:
        self.multiplier = multiplier
        self.strikes = 0
        self.status = 0
        """What the venue silenced us with last, 429 or 418."""
        self.until = -math.inf
        """When the silence ends."""
        self._since = -math.inf
        self._struck = -math.inf
        self._passed = -math.inf

    def __repr__(self) -> str:
        return f"<Silence {self.status} until {self.until:.3f}, {self.strikes} strikes>"

    def delay(self, priority: Priority, now: float) -> float:
        """Seconds until a request of ``priority`` may pass; 0 if it may now."""
        until = self.until
        if self.strikes and priority is not Priority.CRITICAL:
            until = max(until, self._passed + self._pause())
        return until - now if until > now else 0.0

    def remaining(self, now: float) -> float:
        """Seconds of silence left."""
        return max(0.0, self.until - now)

    def passed(self, now: float) -> None:
        """A request was let through: while recovering, the next one keeps its distance from it."""
        self._passed = now

    def refused(self, status: int, retry_after: float | None, sent: float, now: float) -> bool:
        """The venue answered ``status`` (429 or 418) to a request let through at ``sent``.  True if that is news.

        Answers to what was sent before the last strike belong to it: they can make the silence longer, but they are
        no further strike.
        """
        strike = sent > self._struck
        if strike:
            self._struck = now
            if self.strikes < _MOST_STRIKES and self._pause() < _LONGEST_PAUSE:
                self.strikes += 1
        if status == BANNED and not retry_after:
            silence = self._grown(_SHORTEST_BAN, _LONGEST_BAN)
        else:
            silence = min(max(self._pause(), retry_after or 0.0), _LONGEST_SILENCE)
        longer = now + silence - self.until
        if longer > 0:
            self._since, self.until, self.status = now, now + silence, status
        return strike or longer >= 1.0

    def succeeded(self, sent: float) -> bool:
        """A request let through at ``sent`` succeeded; True if that ended the recovery."""
        if not self.strikes or sent <= self._struck:
            return False
        self.strikes -= 1
        return self.strikes == 0

    def document(self, now: float, now_ms: int) -> dict[str, Any]:
        """What a restart must know, times as ms UTC."""
        return {
            "status": self.status,
            "since_ms": now_ms - round((now - self._since) * 1000) if self.remaining(now) else None,
            "until_ms": now_ms + round(self.remaining(now) * 1000) if self.remaining(now) else None,
            "strikes": self.strikes,
        }

    def restore(self, document: Mapping[str, Any], now: float, now_ms: int) -> None:
        """Go on with the silence that an earlier process kept.

        A clock that was set back cannot make it longer than it was.  A document that is not understood may have said
        anything: it silences for the shortest ban.
        """
        since_ms, until_ms, strikes = (document.get(key) for key in ("since_ms", "until_ms", "strikes"))
        if until_ms is None and isinstance(strikes, int):
            self.strikes = max(0, min(strikes, _MOST_STRIKES))
            return
        if not (isinstance(since_ms, int) and isinstance(until_ms, int) and isinstance(strikes, int)):
            since_ms, until_ms, strikes = now_ms, now_ms + round(_SHORTEST_BAN * 1000), 1
        self.status = document["status"] if isinstance(document.get("status"), int) else BANNED
        self.strikes = max(0, min(strikes, _MOST_STRIKES))
        left = min(until_ms - now_ms, until_ms - since_ms) / 1000
        self._since, self.until = now, now + min(left, _LONGEST_SILENCE)

    def _pause(self) -> float:
        return self._grown(_FIRST_PAUSE, _LONGEST_PAUSE)

    def _grown(self, first: float, longest: float) -> float:
        return float(min(first * self.multiplier ** max(0, self.strikes - 1), longest))


def retry_after_of(headers: Mapping[str, str] | None, now_ms: int, *, told: float | None = None) -> float | None:
    """Seconds to wait, as ``told`` or else by the header, which holds seconds or an HTTP date; None if neither says."""
    seconds = told
    if seconds is None:
        text = next((value for name, value in (headers or {}).items() if name.lower() == "retry-after"), "")
        seconds = _seconds(text.strip(), now_ms)
    return max(0.0, seconds) if seconds is not None and math.isfinite(seconds) else None


def _seconds(text: str, now_ms: int) -> float | None:
    try:
        return float(text)
    except ValueError:
        pass  # a date, then
    try:
        return parsedate_to_datetime(text).timestamp() - now_ms / 1000
    except ValueError:
        return None
