"""Who listens: WebSocket connections, what they subscribed, and the messages on their way to them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import orjson
from aiohttp import WSCloseCode, WSMsgType, web

from gobot.sandbox.market_streams import MarketStreams
from gobot.sandbox.ws_api import SUBSCRIBE, WsApi

_MOST_WAITING = 10_000
# A pause of the publisher longer than this is not made up for.
_LONGEST_PAUSE_MS = 600_000


class Connection:
    """One client.

    ``account`` is the one that it hears of ("futures", "spot", or "" for none), beside the streams it subscribed.
    """

    def __init__(
        self, socket: web.WebSocketResponse, transport: asyncio.Transport | None, *, account: str, combined: bool
    ) -> None:
        self.socket = socket
        self.account = account
        self.combined = combined
        self.streams: dict[str, int] = {}
        self._transport = transport
        self._waiting: asyncio.Queue[bytes] = asyncio.Queue(_MOST_WAITING)

    def put(self, message: Any, stream: str = "") -> None:
        """Send a message as soon as the client takes it; one that never does is dropped."""
        document = {"stream": stream, "data": message} if self.combined and stream else message
        try:
            self._waiting.put_nowait(orjson.dumps(document))
        except asyncio.QueueFull:
            self.drop()

    async def send_waiting(self) -> None:
        """Send until the connection ends."""
        with suppress(ConnectionError):
            while True:
                await self.socket.send_str((await self._waiting.get()).decode())

    def drop(self) -> None:
        """Hang up without a word."""
        if self._transport is not None:
            self._transport.abort()


class Hub:
    """All connections.

    While the hub is silent (``silent_until_ms`` by ``clock``) connections stay open and hear nothing; what happens
    meanwhile is lost to them.  ``joined`` is set when somebody begins to listen; who waits for it clears it.
    """

    def __init__(self, streams: MarketStreams, clock: Callable[[], int]) -> None:
        self.connections: set[Connection] = set()
        self.joined = asyncio.Event()
        self.silent_until_ms = 0
        self._streams = streams
        self._clock = clock
        self._now_ms = 0

    async def serve(self, request: web.Request, *, account: str, now_ms: int) -> web.WebSocketResponse:
        """Talk to one client of the streams until it leaves."""
        socket = web.WebSocketResponse(autoping=True, heartbeat=None)
        await socket.prepare(request)
        combined = request.path.endswith("/stream")
        connection = Connection(socket, request.transport, account=account, combined=combined)
        for name in filter(None, request.query.get("streams", "").split("/")):
            connection.streams[name] = now_ms
        for name in filter(None, request.match_info.get("streams", "").split("/")):
            if "@" in name or name.startswith("!"):
                connection.streams[name] = now_ms
        self.joined.set()
        await self._talk(connection, lambda text: self._obey(connection, text, self._now_ms))
        return socket

    async def serve_requests(
        self, request: web.Request, api: WsApi, *, before: Callable[[], object]
    ) -> web.WebSocketResponse:
        """Answer one client's requests until it leaves, each after ``before``.

        It may ask to hear of the spot account.
        """
        socket = web.WebSocketResponse(autoping=True, heartbeat=None)
        await socket.prepare(request)
        connection = Connection(socket, request.transport, account="", combined=False)

        def answer(text: str) -> None:
            before()
            document, change = api.answer(text)
            if change:
                connection.account = "spot" if change == SUBSCRIBE else ""
                self.joined.set()
            connection.put(document)

        await self._talk(connection, answer)
        return socket

    async def _talk(self, connection: Connection, obey: Callable[[str], None]) -> None:
        self.connections.add(connection)
        sender = asyncio.create_task(connection.send_waiting())
        try:
            async for message in connection.socket:
                if message.type is WSMsgType.TEXT:
                    obey(message.data)
        finally:
            self.connections.discard(connection)
            sender.cancel()
            with suppress(asyncio.CancelledError):
                await sender

    def tell_user(self, event: dict[str, Any]) -> None:
        """An event of the futures account, to everybody who hears of it."""
        self._tell("futures", event)

    def end_user(self) -> None:
        """Nobody hears of the futures account any more."""
        for connection in self.connections:
            if connection.account == "futures":
                connection.account = ""

    def tell_spot_user(self, event: dict[str, Any]) -> None:
        """An event of the spot account."""
        self._tell("spot", {"subscriptionId": 0, "event": event})

    def _tell(self, account: str, message: dict[str, Any]) -> None:
        if self._clock() < self.silent_until_ms:
            return
        for connection in self.connections:
            if connection.account == account:
                connection.put(message)

    def publish(self, now_ms: int) -> None:
        """What the market streams have to say since the last time."""
        self._now_ms = now_ms
        if self._clock() < self.silent_until_ms:
            return
        told: dict[tuple[str, int], list[Any]] = {}
        for connection in self.connections:
            for name, since_ms in connection.streams.items():
                since = max(since_ms, now_ms - _LONGEST_PAUSE_MS)
                if (name, since) not in told:
                    told[name, since] = self._streams.messages(name, since, now_ms)
                for message in told[name, since]:
                    connection.put(message, name)
                connection.streams[name] = now_ms

    def drop(self) -> None:
        """Hang up on everybody."""
        for connection in list(self.connections):
            connection.drop()

    async def close(self) -> None:
        """Say good-bye to everybody."""
        for connection in list(self.connections):
            await connection.socket.close(code=WSCloseCode.GOING_AWAY)

    def _obey(self, connection: Connection, text: str, now_ms: int) -> None:
        """SUBSCRIBE, UNSUBSCRIBE and LIST_SUBSCRIPTIONS."""
        try:
            command = orjson.loads(text)
            number, method, names = command.get("id"), command["method"], command.get("params") or []
        except (orjson.JSONDecodeError, KeyError, AttributeError):
            connection.put({"error": {"code": 2, "msg": "Invalid request"}})
            return
        if method == "SUBSCRIBE":
            unknown = [name for name in names if not self._streams.known(name)]
            if unknown:
                connection.put(
                    {"error": {"code": 2, "msg": f"Invalid request: unknown stream {unknown[0]}"}, "id": number}
                )
                return
            connection.streams |= dict.fromkeys(names, now_ms)
        elif method == "UNSUBSCRIBE":
            for name in names:
                connection.streams.pop(name, None)
        result = list(connection.streams) if method == "LIST_SUBSCRIPTIONS" else None
        connection.put({"result": result, "id": number})
