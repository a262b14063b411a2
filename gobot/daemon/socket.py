"""The way into a running daemon: a Unix socket in the state directory, mode 0600, one JSON line each way.

Request ``{"command": "pause", "by": "cli", …}``, answer ``{"ok": true, "result": …}`` or ``{"ok": false, "error": …}``.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
from loguru import logger

from gobot.core import GobotError, StateError, UsageError
from gobot.daemon.control import Control

SOCKET_NAME = "control.sock"
_MAX_LINE = 1 << 20
_ANSWER_TIMEOUT = 30.0

Handler = Callable[[Control, Mapping[str, Any]], Awaitable[Any]]


async def _status(control: Control, _: Mapping[str, Any]) -> Any:
    return control.snapshot().document()


async def _explain_risk(control: Control, request: Mapping[str, Any]) -> Any:
    size = request.get("size")
    if size is not None and not isinstance(size, int | float):
        raise UsageError(f"a size is a number, not {size!r}")
    return await control.explain_risk(str(request.get("symbol", "")), str(request.get("side", "")), size)


async def _risk(control: Control, _: Mapping[str, Any]) -> Any:
    return control.risk()


async def _pause(control: Control, request: Mapping[str, Any]) -> Any:
    return control.pause(_by(request), str(request.get("reason", "")))


async def _resume(control: Control, request: Mapping[str, Any]) -> Any:
    return control.resume(_by(request))


async def _stop(control: Control, request: Mapping[str, Any]) -> Any:
    return control.stop(_by(request))


async def _close(control: Control, request: Mapping[str, Any]) -> Any:
    return await control.close(_by(request), str(request.get("symbol", "")))


async def _close_all(control: Control, request: Mapping[str, Any]) -> Any:
    return await control.close_all(_by(request))


async def _reset_breaker(control: Control, request: Mapping[str, Any]) -> Any:
    return control.reset_breaker(_by(request), str(request.get("reason", "")))


HANDLERS: Mapping[str, Handler] = {
    "status": _status,
    "risk": _risk,
    "explain_risk": _explain_risk,
    "pause": _pause,
    "resume": _resume,
    "stop": _stop,
    "close": _close,
    "close_all": _close_all,
    "reset_breaker": _reset_breaker,
}


def _by(request: Mapping[str, Any]) -> str:
    return str(request.get("by", "socket"))[:64]


async def answer(control: Control, line: bytes) -> bytes:
    """Carry out one request line and return the answer line; a bad request is answered, never raised."""
    try:
        request = orjson.loads(line)
        handler = HANDLERS.get(str(request.get("command"))) if isinstance(request, dict) else None
        if handler is None:
            raise UsageError(f"unknown command; known are {', '.join(sorted(HANDLERS))}")
        reply: dict[str, Any] = {"ok": True, "result": await handler(control, request)}
    except orjson.JSONDecodeError:
        reply = {"ok": False, "error": 'a request is one line of JSON, such as {"command": "status"}'}
    except GobotError as error:
        reply = {"ok": False, "error": str(error)}
    return orjson.dumps(reply) + b"\n"


class ControlServer:
    """Serves `Control` on the socket for as long as it is open."""

    def __init__(self, control: Control, state: Path) -> None:
        self._control = control
        self._state = state
        self._server: asyncio.Server | None = None
        self._path = state / SOCKET_NAME

    async def open(self) -> None:
        """Bind the socket, replacing a dead one; the single-instance lock is held, so it can only be dead."""
        self._path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        before = os.umask(0o177)
        try:
            with _short(self._path) as address:
                listener.bind(address)
        except OSError as error:
            listener.close()
            raise StateError(f"{self._path}: cannot open the control socket: {error.strerror or error}") from error
        finally:
            os.umask(before)
        listener.setblocking(False)
        self._server = await asyncio.start_unix_server(self._serve, sock=listener, limit=_MAX_LINE)

    async def close(self) -> None:
        """Stop serving and remove the socket."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(await answer(self._control, line))
                await writer.drain()
        except (OSError, ValueError) as error:  # ValueError: a line beyond the limit
            logger.warning("control connection dropped", error=str(error))
        finally:
            writer.close()


def ask(state: Path, command: str, **arguments: Any) -> Any:
    """Send one command to the daemon of ``state`` and return its result.

    Raises `StateError` when no daemon answers there and `UsageError` with the daemon's own sentence when it declines.
    """
    path = state / SOCKET_NAME
    request = orjson.dumps({"command": command, "by": "cli", **arguments}) + b"\n"
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(_ANSWER_TIMEOUT)
            with _short(path) as address:
                connection.connect(address)
            connection.sendall(request)
            with connection.makefile("rb") as stream:
                reply = orjson.loads(stream.readline(_MAX_LINE) or b"null")
    except (OSError, orjson.JSONDecodeError) as error:
        raise StateError(f"no daemon answers at {path} ({error}): start one with `gobot run`") from error
    if not isinstance(reply, dict):
        raise StateError(f"the daemon at {path} closed the connection without an answer: see its log")
    if not reply.get("ok"):
        raise UsageError(str(reply.get("error")))
    return reply.get("result")


@contextmanager
def _short(path: Path) -> Iterator[str]:
    """A name for ``path`` that fits the 108 bytes of a socket address, however deep the state directory lies."""
    if len(os.fsencode(path)) < 100:
        yield str(path)
        return
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{directory}/{path.name}"
    finally:
        os.close(directory)
