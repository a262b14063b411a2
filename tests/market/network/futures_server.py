"""A server on loopback that speaks what Binance speaks about candles of USDT-M futures, and of spot: REST, WebSocket.

Its time is whatever `now_ms` is set to; its candles are made up (see `made_up`).

>>> async with FuturesServer(["BTC", "ETH"], ms("2025-01-01")) as server:
...     server.now_ms += 60_000
...     await server.publish(minute_ms, closed=True)
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, Self

from aiohttp import WSMsgType, web
from made_up import made_up, ms

from gobot.core import DAY_MS, Timeframe

MINUTE = Timeframe(60_000)
_LONGEST_MESSAGE = 4_088
_MOST_STREAMS = 200
_BLOCK = 256
_COLUMNS = ("open", "high", "low", "close", "volume")


@cache
def _block(coin: str, timeframe: Timeframe, number: int) -> list[list[float]]:
    start_ms = number * _BLOCK * timeframe.ms
    candles = made_up(symbol_of(coin), timeframe, start_ms, start_ms + _BLOCK * timeframe.ms)
    return [
        list(row) for row in zip(candles.time.tolist(), *(getattr(candles, n).tolist() for n in _COLUMNS), strict=True)
    ]


def symbol_of(coin: str, *, spot: bool = False) -> str:
    return f"{coin}/USDT" if spot else f"{coin}/USDT:USDT"


class FuturesServer:
    """Markets of ``coins`` against USDT, all listed at ``listed_ms``.

    ``faults`` befall the next REST requests, one each: a status, "html", "cut" (JSON), "break" (the connection), "" for
    none.  ``accepting`` False refuses WebSocket connections.  ``lagging_ms`` is how long a candle takes after its close
    to appear in the history, ``lacking`` are those (coin, time) that never do.
    """

    def __init__(self, coins: Sequence[str], now_ms: int, *, listed_ms: int = ms("2019-09-08T17:57")) -> None:
        self.coins = list(coins)
        self.now_ms = now_ms
        self.listed_ms = listed_ms
        self.lagging_ms = 0
        self.lacking: set[tuple[str, int]] = set()
        self.accepting = True
        self.faults: list[str] = []
        self.requests: Counter[str] = Counter()
        self.weight = 0
        self.connects = 0
        self.refused: list[str] = []
        self.sockets: dict[web.WebSocketResponse, set[str]] = {}
        self.rest_url = self.ws_url = ""
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/{market:fapi/v1|api/v3}/{what}", self._rest)
        app.router.add_get("/{prefix:.*}ws/{number}", self._stream)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        port = self._runner.addresses[0][1]
        self.rest_url, self.ws_url = f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self.drop()
        assert self._runner is not None
        await self._runner.cleanup()

    # Candles

    def candle(self, coin: str, time_ms: int, timeframe: Timeframe = MINUTE) -> list[float]:
        """The finished candle that opens at ``time_ms``."""
        block, row = divmod(time_ms // timeframe.ms, _BLOCK)
        return _block(coin, timeframe, block)[row]

    def klines(self, coin: str, timeframe: Timeframe, since_ms: int | None, limit: int) -> list[list[Any]]:
        """What the history answers: the candle that is still open comes last, unfinished."""
        step, listed = timeframe.ms, timeframe.floor(self.listed_ms + timeframe.ms - 1)
        newest = timeframe.floor(self.now_ms - self.lagging_ms)
        first = max(newest - (limit - 1) * step if since_ms is None else -(-since_ms // step) * step, listed)
        found: list[list[Any]] = []
        while first <= newest and len(found) < limit:
            if (coin, first) not in self.lacking:
                time, *values = self.candle(coin, first, timeframe)
                if first + step > self.now_ms:
                    values = [values[0], values[0], values[0], values[0], values[4] / 2]
                found.append([time, *map(str, values), time + step - 1, "0", 9, "0", "0", "0"])
            first += step
        return found

    # REST

    async def _rest(self, request: web.Request) -> web.StreamResponse:
        what = request.match_info["what"]
        self.requests[what] += 1
        await asyncio.sleep(0)
        fault = self.faults.pop(0) if self.faults else ""
        query = request.query
        limit = int(query.get("limit", 500))
        tariff = ((99, 1), (499, 2), (1000, 5)) if what == "klines" else ((limit, 1),)
        self.weight += next((weight for most, weight in tariff if limit <= most), 10)
        headers = {"X-MBX-USED-WEIGHT-1M": str(self.weight)}
        if fault.isdigit():
            return web.json_response(
                {"code": -1003, "msg": "Too many requests."}, status=int(fault), headers={"Retry-After": "9"}
            )
        if fault == "html":
            return web.Response(text="<html>Are you a robot?</html>", content_type="text/html")
        document: Any
        if what == "exchangeInfo":
            document = self._exchange_info(spot="api/v3" in request.path)
        elif what == "time":
            document = {"serverTime": self.now_ms}
        elif what == "fundingRate":
            document = self._funding_rates(int(query["startTime"]), limit)
        else:
            coin = query["symbol"].removesuffix("USDT")
            since = int(query["startTime"]) if "startTime" in query else None
            document = self.klines(coin, Timeframe.parse(query["interval"]), since, limit)
        body = json.dumps(document)
        if fault == "cut":
            body = body[: len(body) // 2]
        if fault == "break":
            answer = web.StreamResponse(headers={"Content-Length": str(len(body))})
            await answer.prepare(request)
            await answer.write(body[: len(body) // 2].encode())
            assert request.transport is not None
            request.transport.abort()
            return answer
        return web.Response(text=body, content_type="application/json", headers=headers)

    def _exchange_info(self, *, spot: bool) -> dict[str, Any]:
        filters = [
            {"filterType": "PRICE_FILTER", "minPrice": "0.01", "maxPrice": "1000000", "tickSize": "0.01"},
            {"filterType": "LOT_SIZE", "minQty": "0.001", "maxQty": "1000", "stepSize": "0.001"},
        ]
        symbols = [
            {
                "symbol": f"{coin}USDT",
                "pair": f"{coin}USDT",
                **({} if spot else {"contractType": "PERPETUAL"}),
                "deliveryDate": 4133404800000,
                "onboardDate": self.listed_ms,
                "status": "TRADING",
                "baseAsset": coin,
                "quoteAsset": "USDT",
                "marginAsset": "USDT",
                "pricePrecision": 2,
                "quantityPrecision": 3,
                "filters": filters,
                **({"isSpotTradingAllowed": True, "permissions": ["SPOT"]} if spot else {}),
            }
            for coin in self.coins
        ]
        return {"timezone": "UTC", "serverTime": self.now_ms, "rateLimits": [], "symbols": symbols}

    def _funding_rates(self, since_ms: int, limit: int) -> list[dict[str, Any]]:
        step = DAY_MS // 3
        first = max(-(-since_ms // step) * step, -(-self.listed_ms // step) * step)
        times = range(first, self.now_ms + 1, step)[:limit]
        return [
            {"symbol": "BTCUSDT", "fundingTime": time + 1, "fundingRate": f"{(time // step) % 97 / 1e6:.8f}"}
            for time in times
        ]

    # WebSocket

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        if not self.accepting:
            return web.Response(status=503)
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        self.connects += 1
        self.sockets[socket] = set()
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    await self._command(socket, message.data)
        finally:
            self.sockets.pop(socket, None)
        return socket

    async def _command(self, socket: web.WebSocketResponse, text: str) -> None:
        if len(text) > _LONGEST_MESSAGE:
            self.refused.append(f"{len(text)} bytes in one message")
            return  # as in reality: no answer and no data
        command = json.loads(text)
        streams = self.sockets[socket]
        if command["method"] == "SUBSCRIBE":
            streams |= set(command["params"])
        else:
            streams -= set(command["params"])
        if len(streams) > _MOST_STREAMS:
            self.refused.append(f"{len(streams)} streams on one connection")
            await socket.close(code=1008)
            return
        await socket.send_json({"result": None, "id": command["id"]})

    async def publish(self, coins: Iterable[str], time_ms: int, *, closed: bool, part: float = 1.0) -> None:
        """Send the state of the candle that opens at ``time_ms`` to everyone who has subscribed to it."""
        for coin in coins:
            name = f"{coin.lower()}usdt@kline_1m"
            text = ""
            for socket, streams in list(self.sockets.items()):
                if name in streams and not socket.closed:
                    text = text or self.message(coin, time_ms, closed=closed, part=part)
                    try:
                        await socket.send_str(text)
                    except ConnectionError:
                        self.sockets.pop(socket, None)

    def message(self, coin: str, time_ms: int, *, closed: bool, part: float) -> str:
        """The event as Binance words it; before the close only ``part`` of the volume has been traded."""
        _, first, high, low, last, volume = self.candle(coin, time_ms)
        if not closed:
            high, low, last, volume = first, first, first, round(volume * part, 3)
        return (
            f'{{"e":"kline","E":{self.now_ms},"s":"{coin}USDT","k":{{"t":{time_ms},"T":{time_ms + 59_999},'
            f'"s":"{coin}USDT","i":"1m","f":1,"L":9,"o":"{first}","c":"{last}","h":"{high}","l":"{low}","v":"{volume}",'
            f'"n":9,"x":{str(closed).lower()},"q":"0","V":"0","Q":"0","B":"0"}}}}'
        )

    def drop(self) -> None:
        """Cut every WebSocket connection without a goodbye."""
        for socket in list(self.sockets):
            transport = socket._req.transport if socket._req is not None else None
            if transport is not None:
                transport.abort()
        self.sockets.clear()
