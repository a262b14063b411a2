"""Who may ask: API keys, signatures, and timestamps inside the receive window."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import parse_qsl

from gobot.sandbox.errors import ApiError
from gobot.sandbox.parameters import Parameters

KEY = hashlib.sha256(b"gobot sandbox key").hexdigest()
SECRET = hashlib.sha256(b"gobot sandbox secret").hexdigest()
"""The same for every sandbox: they guard nothing."""

_DEFAULT_WINDOW_MS, _LONGEST_WINDOW_MS, _MOST_AHEAD_MS = 5_000, 60_000, 1_000


def read_parameters(query: str, body: str) -> Parameters:
    """The parameters of query string and form body together."""
    return Parameters(dict(parse_qsl(query, keep_blank_values=True) + parse_qsl(body, keep_blank_values=True)))


def require_key(headers: Mapping[str, str], key: str) -> None:
    """Refuse a missing (-2014) or wrong (-2015) key."""
    given = headers.get("X-MBX-APIKEY", "")
    if not given:
        raise ApiError(-2014)
    if not hmac.compare_digest(given, key):
        raise ApiError(-2015)


def require_signed(query: str, body: str, parameters: Parameters, *, secret: str, now_ms: int, speed: float) -> None:
    """Refuse a wrong signature (-1022) or a timestamp outside of the window (-1021)."""
    if "timestamp" not in parameters:
        raise ApiError(-1102, "timestamp")
    given = parameters.text("signature")
    signed = query + body
    payload, _, _ = signed.rpartition("&signature=") if "&signature=" in signed else ("", "", "")
    expected = hmac.new(secret.encode(), payload.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(given.encode(), expected.encode()):
        raise ApiError(-1022)
    require_in_time(parameters, now_ms=now_ms, speed=speed)


def require_in_time(parameters: Parameters, *, now_ms: int, speed: float) -> None:
    """Refuse a timestamp outside of the receive window (-1021).

    The window is measured in real time, for that is what the way over the network takes: at ``speed`` 60 a client on
    the same clock is a minute behind for every second that the request was under way.
    """
    timestamp, window = parameters.integer("timestamp"), parameters.integer("recvWindow")
    if timestamp is None:
        raise ApiError(-1102, "timestamp")
    if window is not None and window > _LONGEST_WINDOW_MS:
        raise ApiError(-1131, text=f"recvWindow must be less than {_LONGEST_WINDOW_MS}")
    behind = (now_ms - timestamp) / speed
    if -behind >= _MOST_AHEAD_MS:
        raise ApiError(-1021, text="Timestamp for this request was 1000ms ahead of the server's time.")
    if behind > (_DEFAULT_WINDOW_MS if window is None else window):
        raise ApiError(-1021)
