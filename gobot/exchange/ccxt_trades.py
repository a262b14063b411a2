"""Own fills of every symbol, for as few questions as will do.

A venue such as Binance tells own trades of one symbol at a time, so a bot with hundreds of symbols must know where to
ask.  It asks where something has stirred (an order sent or changed, a position changed, a hint of the user stream),
and goes on for a while, for venues are late; where a position or an order stands, once a minute; and through all the
others in turn, one with every look.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeVar

from gobot.core import ZERO, Fill, VenueUnavailable
from gobot.exchange.ccxt_words import fill_of, number
from gobot.exchange.quirks import Quirks

Answer = TypeVar("Answer")
Ask = Callable[[Callable[[], Awaitable[Answer]]], Awaitable[Answer]]

_LINGER_MS = 15_000
"""So long after something stirred a symbol is asked at every look."""
_LATE_MS = 600_000
"""How late a venue may report a fill: so far back every question goes, beyond what was answered before."""
_WORK_MS = 60_000
_MOST_NAMES = 20_000


@dataclass(slots=True)
class _Symbol:
    """What is known of one symbol: ``fills`` from ``since_ms`` on, as of ``asked_ms``; times in ms UTC."""

    since_ms: int | None = None
    asked_ms: int = 0
    stirred_ms: int = 0
    fills: dict[str, Fill] = field(default_factory=dict)


class OwnTrades:
    """Keeps what was asked lately, and asks for the rest.

    ``ask`` makes one reading call; ``price_in_quote`` gives the worth of one unit of an asset, for fees that are paid
    in another.
    """

    def __init__(
        self,
        client: Any,
        quirks: Quirks,
        *,
        ask: Ask[Any],
        now_ms: Callable[[], int],
        price_in_quote: Callable[[str, int], Awaitable[Decimal]],
    ) -> None:
        self._client = client
        self._quirks = quirks
        self._ask = ask
        self._now_ms = now_ms
        self._price_in_quote = price_in_quote
        self._symbols: OrderedDict[str, _Symbol] = OrderedDict()
        self._names: OrderedDict[str, str] = OrderedDict()

    def know(self, symbols: Iterable[str]) -> None:
        """Symbols that may have fills."""
        for symbol in symbols:
            self._symbols.setdefault(symbol, _Symbol())

    def stir(self, symbol: str) -> None:
        """Something has happened in ``symbol``: there may be fills."""
        self.know([symbol])
        self._symbols[symbol].stirred_ms = self._now_ms()

    def stirred(self) -> set[str]:
        """The symbols in which something has happened lately."""
        now = self._now_ms()
        return {name for name, one in self._symbols.items() if one.stirred_ms and now - one.stirred_ms <= _LINGER_MS}

    def name(self, venue_id: str, client_id: str) -> None:
        """The trades of the order ``venue_id`` belong to ``client_id``."""
        self._names[venue_id] = client_id
        self._names.move_to_end(venue_id)
        if len(self._names) > _MOST_NAMES:
            self._names.popitem(last=False)

    async def since(self, since_ms: int, at_work: Collection[str]) -> list[Fill]:
        """Fills at or after ``since_ms``, oldest first, and older ones that are news; ``at_work`` have something open.

        Raises `VenueUnavailable`; what was learned before that is kept.
        """
        now = self._now_ms()
        since_ms = max(since_ms, now - self._quirks.reach_back_ms)
        self.know(at_work)
        news: list[Fill] = []
        for symbol, from_ms in (await self._questions(since_ms, now, at_work)).items():
            news += await self._look(symbol, from_ms, now)
        kept = [fill for one in self._symbols.values() for fill in one.fills.values() if fill.time_ms >= since_ms]
        found = {(fill.symbol, fill.fill_id): fill for fill in (*news, *kept)}
        for one in self._symbols.values():
            if one.since_ms is not None and one.since_ms < since_ms:
                one.fills = {name: fill for name, fill in one.fills.items() if fill.time_ms >= since_ms}
                one.since_ms = since_ms
        return sorted(found.values(), key=_in_order)

    async def _questions(self, since_ms: int, now: int, at_work: Collection[str]) -> dict[str, int]:
        """The symbols to ask for, each with the time (ms) to begin at."""
        begin: dict[str, int] = {}
        quiet: list[str] = []
        for symbol, one in self._listed():
            stirred = one.stirred_ms and (now - one.stirred_ms <= _LINGER_MS or one.asked_ms <= one.stirred_ms)
            uncovered = one.since_ms is None or one.since_ms > since_ms
            if stirred or (symbol in at_work and (uncovered or now - one.asked_ms >= _WORK_MS)):
                begin[symbol] = since_ms if uncovered else min(since_ms, one.asked_ms - _LATE_MS)
            elif uncovered:
                quiet.append(symbol)
        if quiet:
            begin.update(await self._among_quiet(quiet, since_ms, now))
        elif (idle := next((symbol for symbol, _ in self._listed() if symbol not in begin), None)) is not None:
            self._symbols.move_to_end(idle)
            begin[idle] = min(since_ms, self._symbols[idle].asked_ms - _LATE_MS)
        return begin

    def _listed(self) -> list[tuple[str, _Symbol]]:
        """Those the venue still has: of the others it says nothing any more, and a refusal would hide the rest."""
        return [(symbol, one) for symbol, one in self._symbols.items() if symbol in self._client.markets]

    async def _among_quiet(self, quiet: Sequence[str], since_ms: int, now: int) -> dict[str, int]:
        """Those of many symbols where something was traded, by one question about all of them."""
        traded: Mapping[str, int] = await self._ask(lambda: self._quirks.traded(self._client, since_ms, now))
        for symbol in quiet:
            one = self._symbols[symbol]
            if symbol not in traded:
                one.since_ms, one.asked_ms = since_ms, now
        return {symbol: min(since_ms, traded[symbol]) for symbol in quiet if symbol in traded}

    async def _look(self, symbol: str, from_ms: int, now: int) -> list[Fill]:
        one = self._symbols[symbol]
        rows: dict[str, Mapping[str, Any]] = {}
        start = from_ms
        while start <= now:
            # A clock that runs behind the venue's must not hide the newest.
            end = min(start + self._quirks.trades_span_ms, max(now, start) + self._quirks.receive_window_ms)
            asked = await all_between(self._page_of(symbol), start, end, page=self._quirks.trades_page)
            rows.update({str(row["id"]): row for row in asked})
            start = end + 1
        fills = [await self._fill(symbol, row) for row in rows.values()]
        news = [fill for fill in fills if fill.fill_id not in one.fills]
        one.fills.update({fill.fill_id: fill for fill in news})
        one.since_ms = from_ms if one.since_ms is None else min(from_ms, one.since_ms)
        one.asked_ms = now
        return news

    def _page_of(self, symbol: str) -> Callable[[int, int], Awaitable[Sequence[Mapping[str, Any]]]]:
        async def page(start_ms: int, end_ms: int) -> Sequence[Mapping[str, Any]]:
            limit = self._quirks.trades_page
            rows: Sequence[Mapping[str, Any]] = await self._ask(
                lambda: self._quirks.own_trades(self._client, symbol, start_ms, end_ms, limit)
            )
            return rows

        return page

    async def _fill(self, symbol: str, row: Mapping[str, Any]) -> Fill:
        if (known := self._symbols[symbol].fills.get(str(row["id"]))) is not None:
            return known
        size = number(self._client.market(symbol).get("contractSize")) or Decimal(1)
        return fill_of(row, await self._client_id(symbol, row), size, await self._fee(symbol, row))

    async def _client_id(self, symbol: str, row: Mapping[str, Any]) -> str:
        order_id = str(row["order"])
        if (known := self._names.get(order_id)) is not None:
            return known
        client_id = self._quirks.trade_client_id(row["info"]) or await self._ask(
            lambda: self._quirks.client_id_of(self._client, symbol, order_id)
        )
        self.name(order_id, client_id)
        return client_id

    async def _fee(self, symbol: str, row: Mapping[str, Any]) -> Decimal:
        """What the venue took, in the quote currency: another asset counts at its price when it was taken."""
        fee = row.get("fee") or {}
        cost, asset = number(fee.get("cost")), fee.get("currency")
        quote = self._client.market(symbol)["quote"]
        if not cost or asset in (None, quote):
            return cost or ZERO
        return cost * await self._price_in_quote(str(asset), int(row["timestamp"]))


async def all_between(
    ask: Callable[[int, int], Awaitable[Sequence[Mapping[str, Any]]]], start_ms: int, end_ms: int, *, page: int
) -> list[Mapping[str, Any]]:
    """Every row with ``start_ms <= time <= end_ms``, where one question brings at most ``page`` of them.

    A full page may hide more, before or after it: then each half of the time is asked for.  So nothing is lost
    between pages, whatever the venue's order and however many rows share the millisecond at a page's end.  Raises
    `VenueUnavailable` where a single millisecond has too many.
    """
    rows = await ask(start_ms, end_ms)
    if len(rows) < page:
        return list(rows)
    if start_ms >= end_ms:
        raise VenueUnavailable(f"there are {page} entries or more in one millisecond: they cannot all be read")
    middle = (start_ms + end_ms) // 2
    return [
        *await all_between(ask, start_ms, middle, page=page),
        *await all_between(ask, middle + 1, end_ms, page=page),
    ]


def _in_order(fill: Fill) -> tuple[int, str, int, str]:
    """By time; at the same moment by the venue's own count."""
    number_of = int(fill.fill_id) if fill.fill_id.isdecimal() else 0
    return fill.time_ms, fill.symbol, number_of, fill.fill_id
