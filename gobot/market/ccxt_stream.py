"""Live candles through ccxt.pro: subscribe, pass on what comes, and say when the connection has ended.

No memory, no reconnecting and no judgement here: those are `gobot.market.live` and the assembler.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from gobot.core import Clock, Timeframe, VenueRefused
from gobot.market.candle import Candle
from gobot.market.ccxt_venue import in_our_words, load_markets
from gobot.market.retry import TryLater

Receive = Callable[[str, Candle, bool | None], None]
"""Called with symbol, candle, and whether the venue says that it has closed (None: the venue does not say)."""

# Binance's servers fall silent at a message of more than 4,088 bytes, and a name in it has at most 40.
_NAMES_IN_A_MESSAGE = 100
_GOODBYE_SECONDS = 1.0


class KlineStream(Protocol):
    """A connection for live candles.  It can be used again after it has ended."""

    async def listen(self, symbols: Sequence[str], receive: Receive) -> None:
        """Subscribe and pass on everything until the connection ends, which raises `VenueUnavailable`.

        Raises `VenueRefused` where the venue does not want the subscription.  Cancelled, it closes the connection.
        """

    async def close(self) -> None:
        """Give up everything that belongs to it."""


def make_stream(client: Any, catalogue: Any, timeframe: Timeframe, clock: Clock) -> CcxtStream:
    """The stream that fits the venue of ``client``, a ccxt client that it owns from now on.

    ``catalogue`` is another client of the same venue that knows its markets, or will be asked to load them: one for
    all streams.
    """
    import ccxt.pro

    kind = BinanceStream if isinstance(client, ccxt.pro.binance) else CcxtStream
    return kind(client, catalogue, timeframe, clock)


class CcxtStream:
    """One connection of any venue with ``watchOHLCVForSymbols``."""

    def __init__(self, client: Any, catalogue: Any, timeframe: Timeframe, clock: Clock) -> None:
        self._client = client
        self._catalogue = catalogue
        self._timeframe = str(timeframe)
        self._clock = clock
        self._goodbyes: set[asyncio.Task[None]] = set()
        # ccxt would remember a thousand candles of each symbol.
        client.options["OHLCVLimit"] = 4
        client.on_error = _without_pauses(client, client.on_error)

    async def listen(self, symbols: Sequence[str], receive: Receive) -> None:
        """See `KlineStream`."""
        try:
            with self._words():
                await load_markets(self._catalogue)
            self._client.set_markets_from_exchange(self._catalogue)
            unknown = next((symbol for symbol in symbols if symbol not in self._client.markets), None)
            if unknown:
                raise VenueRefused(f"{self._client.id} has no market {unknown}: take it out of trading.symbols")
            await self._pass_on(symbols, receive)
        finally:
            self._hang_up()

    async def close(self) -> None:
        """See `KlineStream`."""
        self._hang_up()
        if self._goodbyes:
            await asyncio.wait(self._goodbyes, timeout=_GOODBYE_SECONDS)
        await self._client.close()

    async def _pass_on(self, symbols: Sequence[str], receive: Receive) -> None:
        wanted = [[symbol, self._timeframe] for symbol in symbols]
        # What is left from before the connection broke may lack the end of a candle.
        self._client.ohlcvs.clear()
        while True:
            with self._words():
                answer = await self._client.watch_ohlcv_for_symbols(wanted)
            for symbol, frames in answer.items():
                for row in frames.get(self._timeframe, ()):
                    receive(symbol, Candle(*row[:6]), None)

    def _words(self) -> Any:
        return in_our_words(self._client.id, self._clock.now_ms())

    def _hang_up(self) -> None:
        """Close the connections without waiting for it: a venue that has fallen silent does not say goodbye either."""
        connections, self._client.clients = self._client.clients, {}
        for connection in connections.values():
            goodbye = asyncio.ensure_future(connection.close())
            self._goodbyes.add(goodbye)
            goodbye.add_done_callback(self._goodbyes.discard)


class BinanceStream(CcxtStream):
    """One connection to Binance, which tells when a candle has closed.

    ccxt does not pass that on, and its way of waiting for the next message looks at every symbol for each of them.  So
    messages are taken where ccxt has just read them; its own call serves to subscribe and to hear of the end.
    """

    async def _pass_on(self, symbols: Sequence[str], receive: Receive) -> None:
        client, timeframe = self._client, self._timeframe
        names = {client.market(symbol)["id"]: symbol for symbol in symbols}

        def handle_ohlcv(connection: Any, message: dict[str, Any]) -> None:  # noqa: ARG001 - ccxt's signature
            try:
                kline = message["k"]
                candle = Candle(int(kline["t"]), *(float(kline[name]) for name in "ohlcv"))
                symbol, closed = names[kline["s"]], kline["x"] is True
            except (KeyError, TypeError, ValueError):
                return  # not a candle of ours: what it should have been is asked for later
            receive(symbol, candle, closed)

        client.handle_ohlcv = handle_ohlcv
        parts = [symbols[at : at + _NAMES_IN_A_MESSAGE] for at in range(0, len(symbols), _NAMES_IN_A_MESSAGE)]
        await self._until_ended([[[symbol, timeframe] for symbol in part] for part in parts])

    async def _until_ended(self, subscriptions: Sequence[list[list[str]]]) -> None:
        """Subscribe, and wait for what nothing but the end of the connection, or a refusal, resolves."""
        ends = [asyncio.ensure_future(self._client.watch_ohlcv_for_symbols(wanted)) for wanted in subscriptions]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            with self._words():
                for end in ends:
                    if end.done() and not end.cancelled():
                        end.result()
        finally:
            for end in ends:
                end.cancel()
        raise TryLater(f"{self._client.id} has ended the connection")


def _without_pauses(client: Any, on_error: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    """Take back the pause of up to 30 s that ccxt makes before it dials again, unless the venue has asked for one."""

    def heard(connection: Any, error: Any) -> None:
        on_error(connection, error)
        if not connection.last_retry_after:
            client.ws_dial_backoff.pop(connection.url, None)

    return heard
