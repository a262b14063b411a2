"""Alerts on their way to one chat: bounded, in order, floods counted instead of told."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from dataclasses import dataclass

from gobot.core import Clock
from gobot.telegram.text import MESSAGE_LIMIT, counted
from gobot.telegram.waiting import unless

_TOPICS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One thing to tell.  Alerts of one ``topic`` are told once and then counted; without a topic each is told."""

    text: str
    loud: bool = True
    topic: str = ""


@dataclass(slots=True)
class _Told:
    """When a topic was told last (seconds, monotonic) and what came of it since."""

    at: float
    again: int = 0
    latest: Alert | None = None


class Outbox:
    """What one chat has yet to hear.

    `put` never waits: beyond ``capacity`` the oldest alert makes room and is counted.  A topic that was told
    within the last ``repeat_window`` seconds is held back; its count is told when the window ends.
    After `close` everything that is held back is told at once.
    """

    def __init__(self, clock: Clock, *, capacity: int = 200, repeat_window: float = 3600.0) -> None:
        self._clock = clock
        self._capacity = capacity
        self._window = repeat_window
        self._waiting: deque[Alert] = deque()
        self._told: OrderedDict[str, _Told] = OrderedDict()
        self._dropped = 0
        self._wake = asyncio.Event()
        self.closed = asyncio.Event()

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, alert: Alert) -> None:
        """Take in one alert."""
        self._release()
        if alert.topic:
            told = self._told.get(alert.topic)
            if told is not None:
                told.again += 1
                told.latest = alert
                return
            self._told[alert.topic] = _Told(self._clock.monotonic())
            while len(self._told) > _TOPICS:
                self._told.popitem(last=False)
        self._append(alert)

    def take(self) -> Alert | None:
        """As many of the oldest alerts as one message holds, as one; None if there is nothing to tell."""
        self._release()
        if not self._waiting:
            return None
        texts, loud = [], False
        if self._dropped:
            texts.append(f"{counted(self._dropped, 'older alert')} did not get through and had to make room.")
            self._dropped = 0
        size = sum(map(len, texts))
        while self._waiting and (not size or size + len(self._waiting[0].text) + 2 <= MESSAGE_LIMIT):
            alert = self._waiting.popleft()
            texts.append(alert.text)
            size += len(alert.text) + 2
            loud = loud or alert.loud
        return Alert(text="\n\n".join(texts), loud=loud)

    async def wait(self) -> None:
        """Until there may be something to take, or the outbox is closed."""
        self._wake.clear()
        if not self._waiting and not self.closed.is_set():
            due = min((told.at + self._window for told in self._told.values() if told.again), default=None)
            if due is None:
                await self._wake.wait()
            else:
                await unless(self._wake, self._clock.sleep(max(0.0, due - self._clock.monotonic())))

    def close(self) -> None:
        """Say that what is in it now is the last."""
        self._window = 0.0
        self._release()
        self.closed.set()
        self._wake.set()

    def _append(self, alert: Alert) -> None:
        self._waiting.append(alert)
        if len(self._waiting) > self._capacity:
            self._waiting.popleft()
            self._dropped += 1
        self._wake.set()

    def _release(self) -> None:
        """Tell the counts of the topics whose window has ended; a topic that came no more is forgotten."""
        now = self._clock.monotonic()
        for name, told in list(self._told.items()):
            if now - told.at < self._window:
                continue
            if told.latest is None:
                del self._told[name]
                continue
            minutes = max(1, round((now - told.at) / 60))
            times = "once more" if told.again == 1 else f"{told.again} times more"
            self._append(Alert(text=f"{told.latest.text}\n({times} in {minutes} min)", loud=told.latest.loud))
            self._told[name] = _Told(now)
