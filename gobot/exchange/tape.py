"""What was traded since the last look: the open candle seen twice, and the difference between the two.

A venue that is asked every few seconds shows the minute under way again and again, each time a little longer.  What
its candle had already reached when we last looked must not count again: an order that came in between has not seen
it.  So each look gives *stretches*, candles of only what is new:

* the minute that we had seen in part: from the price then, with its high and low only where they moved since;
* every minute that has ended since, whole;
* the minute under way, as far as it has come.

Nothing between two looks is missed, however long the pause, but for a price that comes back within one minute to
where it had been in the same minute before, and leaves again between two looks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gobot.exchange.ccxt_public import MINUTE, CcxtPublic, Minute
from gobot.exchange.feed import Bar


@dataclass(frozen=True, slots=True)
class Stretch:
    """What was traded up to ``until_ms``, as a candle."""

    bar: Bar
    until_ms: int


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at a symbol has shown: stretches in order of time, and the minute that came last."""

    symbol: str
    stretches: Sequence[Stretch]
    last: Minute | None


class Tape:
    """Remembers per symbol how far it has been seen.

    `look` reads and changes nothing; `keep` takes note of a look when it has been dealt with.
    """

    def __init__(self, public: CcxtPublic) -> None:
        self._public = public
        self._seen: dict[str, Minute] = {}

    async def look(self, symbol: str, *, since_ms: int) -> Look:
        """What is new in ``symbol``; where nothing was seen before, from the minute of ``since_ms`` on.

        Raises `VenueUnavailable`.
        """
        seen = self._seen.get(symbol)
        now = self._public.now_ms()
        minutes = await self._public.minutes(symbol, since_ms=seen.open_ms if seen else MINUTE.floor(since_ms))
        return Look(symbol, stretches(minutes, seen, now_ms=now), minutes[-1] if minutes else seen)

    def keep(self, look: Look) -> None:
        """The look has been dealt with: what it showed is not new any more."""
        if look.last is not None:
            self._seen[look.symbol] = look.last

    def forget_all_but(self, symbols: Iterable[str]) -> None:
        """Nobody is interested in the others any more."""
        self._seen = {symbol: self._seen[symbol] for symbol in symbols if symbol in self._seen}


def stretches(minutes: Sequence[Minute], seen: Minute | None, *, now_ms: int) -> list[Stretch]:
    """What ``minutes``, as they were at ``now_ms``, have that is not in ``seen``."""
    found = []
    for place, minute in enumerate(minutes):
        end_ms = minute.open_ms + MINUTE.ms
        # One that has a successor is over, whatever our clock says.
        closed = end_ms <= now_ms or place + 1 < len(minutes)
        found.append(Stretch(_new_in(minute, seen), end_ms if closed else now_ms))
    return found


def _new_in(minute: Minute, seen: Minute | None) -> Bar:
    if seen is None or seen.open_ms != minute.open_ms:
        return Bar(*minute[1:])
    ends = (seen.close, minute.close)
    high = minute.high if minute.high > seen.high else max(ends)
    low = minute.low if minute.low < seen.low else min(ends)
    return Bar(seen.close, high, low, minute.close)
