"""A daemon to be operated without the daemon, and a Bot API server on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Self
from urllib.parse import parse_qsl

import pytest

from gobot.core import GobotError
from gobot.daemon.control import Control
from gobot.daemon.snapshot import OpenPosition, Snapshot

AT = 1_735_689_600_000  # 2025-01-01 00:00 UTC
TOKEN = "123456:AAF-very_secret-part"
OPERATOR = 1001
CHAT = 5005

POSITION = OpenPosition(
    symbol="BTC/USDT:USDT",
    direction="long",
    quantity=Decimal("0.001"),
    entry_price=Decimal(64000),
    mark_price=Decimal(64640),
    unrealized=Decimal("0.64"),
    stop=Decimal(62720),
    target=Decimal(66560),
    opened_ms=AT,
)

SNAPSHOT = Snapshot(
    at_ms=AT,
    mode="sim",
    branch="sma_cross-1f",
    strategy="sma_cross",
    timeframe="15m",
    symbols=12,
    cycle=8,
    iteration=3,
    max_iterations=50,
    phase="idle",
    next_cycle_ms=AT + 900_000,
    equity=Decimal("101.5"),
    available=Decimal("37.5"),
    day_pnl=Decimal("1.5"),
    drawdown_pct=0.5,
    breaker="closed",
    positions=(POSITION,),
    closed_trades=4,
    wins=3,
    realized=Decimal("0.86"),
)

TRADES = [
    {
        "symbol": "ETH/USDT:USDT",
        "direction": "short",
        "pnl": -0.12,
        "return_pct": -1.2,
        "exit_reason": "stop",
        "exit_time": "2025-01-01T00:15:00Z",
    },
    {
        "symbol": "BTC/USDT:USDT",
        "direction": "long",
        "pnl": 0.98,
        "return_pct": 4.1,
        "exit_reason": "target",
        "exit_time": "2025-01-01T00:30:00Z",
    },
]


class FakeDaemon:
    """What the commands reach, with a record of what was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.picture = SNAPSHOT
        self.limits: list[int] = []

    def snapshot(self) -> Snapshot:
        return self.picture

    def recent_trades(self, limit: int) -> Sequence[dict[str, Any]]:
        self.limits.append(limit)
        return TRADES[-limit:]

    def risk_document(self) -> dict[str, Any]:
        return {"breaker": {"state": "closed", "failures": 0}, "max_open_positions": 10, "blocked": []}

    def pause(self, reason: str) -> None:
        self.asked.append(("pause", reason))

    def resume(self, reason: str) -> None:
        self.asked.append(("resume", reason))

    def request_stop(self, reason: str) -> None:
        self.asked.append(("stop", reason))

    def reset_breaker(self, reason: str) -> str:
        self.asked.append(("reset", reason))
        return "open"

    async def close_position(self, symbol: str, reason: str) -> str:
        if symbol != POSITION.symbol:
            raise GobotError(f"{symbol} <is> not open")
        self.asked.append(("close", symbol))
        return f"Closed {symbol}."

    async def close_all(self, reason: str) -> str:
        self.asked.append(("close_all", reason))
        return "Closed 1 position."

    def show(self, **changes: Any) -> None:
        self.picture = replace(self.picture, **changes)


@dataclass
class Call:
    method: str
    params: dict[str, str] = field(default_factory=dict)


class BotApi:
    """Plays updates, records calls, and misbehaves when told to.

    ``script[method]`` holds what the next calls meet: (status, description, parameters), "hang" or "cut";
    ``always[method]`` what all of them meet.
    """

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.script: dict[str, deque] = defaultdict(deque)
        self.always: dict[str, object] = {}
        self._updates: list[dict] = []
        self._changed = asyncio.Event()
        self._lines: dict[asyncio.Task, asyncio.StreamWriter] = {}
        self._server: asyncio.Server | None = None
        self._message_id = 0
        self.now_s = AT // 1000

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_) -> None:
        self._server.close()
        for writer in self._lines.values():
            writer.close()
        self._changed.set()
        await asyncio.gather(*self._lines)
        await self._server.wait_closed()

    def texts(self, method: str = "sendMessage") -> list[str]:
        return [call.params["text"] for call in self.calls if call.method == method]

    def of(self, method: str) -> list[Call]:
        return [call for call in self.calls if call.method == method]

    async def arrival(self) -> None:
        """Wait until something happens."""
        self._changed.clear()
        await self._changed.wait()

    async def seen(self, method: str, count: int = 1) -> list[Call]:
        """Wait until ``method`` was called ``count`` times."""
        async with asyncio.timeout(10):
            while len(self.of(method)) < count:
                await self.arrival()
        return self.of(method)

    def say(self, text: str, *, chat: int = CHAT, user: int = OPERATOR, age_s: int = 0) -> None:
        """Play a message from ``user`` in ``chat``."""
        message = self._message(chat, text, user) | {"date": self.now_s - age_s}
        if text.startswith("/"):
            message["entities"] = [{"type": "bot_command", "offset": 0, "length": len(text.split(maxsplit=1)[0])}]
        self._play({"message": message})

    def press(self, data: str, *, chat: int = CHAT, user: int = OPERATOR) -> None:
        """Play the press of a button."""
        query = {"id": "77", "from": _person(user), "chat_instance": "1", "data": data}
        self._play({"callback_query": query | {"message": self._message(chat, "question", 123456)}})

    def _play(self, update: dict) -> None:
        self._updates.append({"update_id": 900 + len(self._updates), **update})
        self._changed.set()

    def _message(self, chat: int, text: str, user: int) -> dict:
        self._message_id += 1
        return {
            "message_id": self._message_id,
            "date": self.now_s,
            "text": text,
            "chat": {"id": chat, "type": "private", "first_name": "Chat"},
            "from": _person(user),
        }

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._lines[asyncio.current_task()] = writer
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while await self._answer(reader, writer):
                pass
        writer.close()
        del self._lines[asyncio.current_task()]

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
        body = (await reader.readexactly(int(headers.get("content-length", 0)))).decode()
        path = head[0].split()[1]
        method = path.rpartition("/")[2]
        assert path == f"/bot{TOKEN}/{method}", path
        call = Call(method, dict(parse_qsl(body)))
        self.calls.append(call)
        self._changed.set()
        fault = self.script[method].popleft() if self.script[method] else self.always.get(method)
        if fault == "hang":
            await reader.read()
            return False
        if fault == "cut":
            return False
        if fault is None:
            status, answer = 200, {"ok": True, "result": await self._result(call)}
        elif isinstance(fault, str):
            return await self._write(writer, 200, fault.encode())
        else:
            status, description, *rest = fault
            answer = {"ok": False, "error_code": status, "description": description}
            answer |= {"parameters": rest[0]} if rest else {}
        return await self._write(writer, status, json.dumps(answer).encode())

    async def _write(self, writer: asyncio.StreamWriter, status: int, payload: bytes) -> bool:
        writer.write(
            b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
            % (status, len(payload), payload)
        )
        await writer.drain()
        return True

    async def _result(self, call: Call) -> object:
        match call.method:
            case "getMe":
                return {"id": 123456, "is_bot": True, "first_name": "gobot", "username": "my_gobot"}
            case "getUpdates":
                return await self._waiting_updates(
                    int(call.params.get("offset", 0)), int(call.params.get("timeout", 0))
                )
            case "sendMessage":
                return self._message(int(call.params["chat_id"]), call.params["text"], 123456)
            case "editMessageText":
                return self._message(CHAT, call.params["text"], 123456)
        return True

    async def _waiting_updates(self, offset: int, hold: int) -> list[dict]:
        while True:
            if found := [update for update in self._updates if update["update_id"] >= offset]:
                return found
            if not hold or not self._server.is_serving():
                return []
            self._changed.clear()
            await self._changed.wait()


def _person(user: int) -> dict:
    return {"id": user, "is_bot": False, "first_name": "Person"}


@pytest.fixture
def daemon() -> FakeDaemon:
    return FakeDaemon()


@pytest.fixture
def control(daemon) -> Control:
    return Control(daemon)


@pytest.fixture
async def api(monkeypatch):
    """The server; no proxy of the environment stands between it and the bot."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    async with BotApi() as server:
        yield server
