"""The socket is private, answers in JSON, and survives rude clients."""

from __future__ import annotations

import asyncio
import socket
import stat
from decimal import Decimal

import orjson
import pytest

from gobot.core import StateError, UsageError
from gobot.daemon.control import Control
from gobot.daemon.lock import InstanceLock
from gobot.daemon.snapshot import Snapshot
from gobot.daemon.socket import SOCKET_NAME, ControlServer, ask


class FakeDaemon:
    """Records what it is asked to do."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []

    def snapshot(self) -> Snapshot:
        return Snapshot(
            at_ms=0,
            mode="sim",
            branch="b",
            strategy="s",
            timeframe="15m",
            symbols=1,
            cycle=4,
            iteration=4,
            max_iterations=50,
            phase="idle",
            next_cycle_ms=0,
            equity=Decimal("100.5"),
            available=Decimal(90),
            day_pnl=Decimal(0),
            drawdown_pct=0.0,
            breaker="closed",
        )

    def recent_trades(self, limit):
        return []

    def risk_document(self):
        return {"breaker": "closed"}

    def pause(self, reason: str) -> None:
        self.calls.append(("pause", reason))

    def resume(self, reason: str) -> None:
        self.calls.append(("resume", reason))

    def request_stop(self, reason: str) -> None:
        self.calls.append(("stop", reason))

    def reset_breaker(self, reason: str) -> str:
        self.calls.append(("reset", reason))
        return "open"

    async def close_position(self, symbol: str, reason: str) -> str:
        self.calls.append(("close " + symbol, reason))
        return "closed"

    async def close_all(self, reason: str) -> str:
        self.calls.append(("close all", reason))
        return "closed"


@pytest.fixture(params=["short", "deep"])
async def served(request, tmp_path):
    state = tmp_path if request.param == "short" else tmp_path / ("d" * 60) / ("e" * 60)
    state.mkdir(parents=True, exist_ok=True)
    daemon = FakeDaemon()
    server = ControlServer(Control(daemon), state)
    await server.open()
    yield state, daemon
    await server.close()
    assert not (state / SOCKET_NAME).exists()


async def call(state, command, **arguments):
    return await asyncio.to_thread(ask, state, command, **arguments)


async def test_commands_reach_the_daemon(served) -> None:
    state, daemon = served
    assert stat.S_IMODE((state / SOCKET_NAME).stat().st_mode) == 0o600
    assert (await call(state, "status"))["equity"] == 100.5
    assert "Paused" in await call(state, "pause")
    assert "Resumed" in await call(state, "resume")
    assert "Stopping" in await call(state, "stop")
    assert await call(state, "close", symbol="BTC/USDT:USDT") == "closed"
    assert "it was open" in await call(state, "reset_breaker", reason="checked by hand")
    assert daemon.calls == [
        ("pause", "paused by cli"),
        ("resume", "resumed by cli"),
        ("stop", "operator_stop: asked by cli"),
        ("close BTC/USDT:USDT", "closed by cli"),
        ("reset", "checked by hand (by cli)"),
    ]


async def test_what_is_declined_says_why(served) -> None:
    state, daemon = served
    with pytest.raises(UsageError, match="needs a reason"):
        await call(state, "reset_breaker", reason="  ")
    with pytest.raises(UsageError, match="unknown command"):
        await call(state, "explode")
    assert daemon.calls == []


@pytest.mark.parametrize(
    "rubbish", [b"\n", b"hello\n", b"[1]\n", b"\xff\xfe\n", b"x" * (1 << 21), b'{"command": ["status"]}\n', b""]
)
async def test_rude_clients_do_not_hurt(served, rubbish: bytes) -> None:
    state, _ = served
    if len(str(state / SOCKET_NAME)) > 100:
        return  # the raw client below cannot name it
    reader, writer = await asyncio.open_unix_connection(str(state / SOCKET_NAME))
    writer.write(rubbish)
    if rubbish.endswith(b"\n"):
        assert orjson.loads(await reader.readline())["ok"] is False
    writer.close()
    assert (await call(state, "status"))["cycle"] == 4


async def test_nobody_home_is_one_sentence(tmp_path) -> None:
    with pytest.raises(StateError, match="start one with `gobot run`"):
        ask(tmp_path, "status")
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / SOCKET_NAME))
    with pytest.raises(StateError, match="no daemon answers"):
        ask(tmp_path, "status")


def test_one_daemon_per_state_directory(tmp_path) -> None:
    lock = InstanceLock(tmp_path)
    with pytest.raises(StateError, match=r"another gobot \(process \d+\) runs on this state directory"):
        InstanceLock(tmp_path)
    lock.release()
    InstanceLock(tmp_path).release()
