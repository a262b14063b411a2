"""When held symbols are settled, and at which rate.

The venue publishes a rate some seconds after its settlement, but states all along what the next one will be.  So the
next settlement of every held symbol is asked for each minute, and is known when its moment comes.  What passed while
nobody watched is read from history.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from loguru import logger

from gobot.core import Timeframe, VenueUnavailable
from gobot.exchange.ccxt_public import CcxtPublic, Settlement

# Every venue settles at full hours, though not at each.
_HOUR = Timeframe(3_600_000)
_ASK_AGAIN_MS = 60_000


class Due(NamedTuple):
    """A settlement of a symbol that has to be booked."""

    at_ms: int
    symbol: str
    rate: float


class _Known(NamedTuple):
    asked_ms: int
    coming: Settlement | None


class FundingWatch:
    """The settlements of whatever is held."""

    def __init__(self, public: CcxtPublic) -> None:
        self._public = public
        self._known: dict[str, _Known] = {}

    async def due(self, symbols: Iterable[str], *, after_ms: int, until_ms: int) -> list[Due]:
        """Settlements of ``symbols`` with ``after_ms < time <= until_ms``.  Raises `VenueUnavailable`."""
        found: list[Due] = []
        for symbol in symbols:
            known = self._known.get(symbol)
            if known is not None and known.coming is not None and known.coming.at_ms > after_ms:
                settled = [known.coming] if known.coming.at_ms <= until_ms else []
            elif _HOUR.floor(until_ms) > after_ms:
                settled = await self._public.settled_funding(symbol, after_ms=after_ms, until_ms=until_ms)
            else:
                settled = []
            found += [Due(one.at_ms, symbol, one.rate) for one in settled]
        return found

    async def ask(self, symbols: Collection[str], *, now_ms: int) -> None:
        """Ask what comes next for ``symbols``, where that may have changed, and forget the others.

        A venue that does not answer is asked again with the next call: nothing depends on it until the settlement.
        """
        self._known = {symbol: self._known[symbol] for symbol in symbols if symbol in self._known}
        for symbol in symbols:
            known = self._known.get(symbol)
            passed = known is not None and known.coming is not None and known.coming.at_ms <= now_ms
            if known is not None and not passed and now_ms - known.asked_ms < _ASK_AGAIN_MS:
                continue
            try:
                self._known[symbol] = _Known(now_ms, await self._public.next_funding(symbol))
            except VenueUnavailable as error:
                logger.warning("the next funding is not known", symbol=symbol, error=str(error))
