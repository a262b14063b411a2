"""The unmodified ccxt client, sent to a sandbox by its addresses alone."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

import aiohttp
import ccxt.pro

from gobot.sandbox import Sandbox

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"


def moved(urls: Any, sandbox: Sandbox) -> Any:
    """Every URL of ccxt at the sandbox's address; the paths stay."""
    if isinstance(urls, dict):
        return {name: moved(url, sandbox) for name, url in urls.items()}
    if not isinstance(urls, str) or "://" not in urls:
        return urls
    address = urlsplit(sandbox.ws if urls.startswith("ws") else sandbox.rest)
    return urlunsplit((*address[:2], *urlsplit(urls)[2:]))


@asynccontextmanager
async def connected(sandbox: Sandbox, venue: str = "binanceusdm", **options: Any) -> AsyncIterator[Any]:
    """A client with the sandbox's keys, on the sandbox's clock."""
    config = {"apiKey": sandbox.key, "secret": sandbox.secret, "enableRateLimit": False, **options}
    client = getattr(ccxt.pro, venue)(config)
    client.urls["api"] = moved(client.urls["api"], sandbox)
    client.milliseconds = sandbox.clock.now_ms
    try:
        yield client
    finally:
        await client.close()


async def ask(
    sandbox: Sandbox, call: str, parameters: dict[str, Any], *, key: str | None = None, sign: bool = True
) -> tuple[int, Any, Any]:
    """Status, document and headers of a request that is made by hand."""
    method, path = call.split()
    values = {"timestamp": sandbox.clock.now_ms(), **{name: str(value) for name, value in parameters.items()}}
    query = urlencode(values)
    if sign:
        query += "&signature=" + hmac.new(sandbox.secret.encode(), query.encode(), hashlib.sha256).hexdigest()
    headers = {"X-MBX-APIKEY": sandbox.key if key is None else key}
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, f"{sandbox.rest}{path}?{query}", headers=headers) as answer,
    ):
        return answer.status, await answer.json(), answer.headers


class Trader:
    """A client and the sandbox that it trades on, with the few calls that tests make all the time."""

    def __init__(self, sandbox: Sandbox, client: Any) -> None:
        self.sandbox = sandbox
        self.client = client

    def pass_time(self, ms: int) -> None:
        """Let the venue's time pass, and what happens meanwhile happen."""
        clock: Any = self.sandbox.clock
        clock.move_to(clock.now_ms() + ms)
        self.sandbox.advance()

    def price(self, symbol: str = BTC) -> float:
        return float(self.sandbox.engine.price(symbol))

    async def buy(self, quantity: float, symbol: str = BTC, **params: Any) -> Any:
        return await self.client.create_order(symbol, "market", "buy", quantity, None, params)

    async def sell(self, quantity: float, symbol: str = BTC, **params: Any) -> Any:
        return await self.client.create_order(symbol, "market", "sell", quantity, None, params)

    async def stop(self, trigger: float, client_id: str = "stop", symbol: str = BTC, **params: Any) -> Any:
        """A stop that closes a long position."""
        given = {"stopLossPrice": trigger, "closePosition": True, "clientAlgoId": client_id, **params}
        return await self.client.create_order(symbol, "market", "sell", None, None, given)

    async def position(self, symbol: str = BTC) -> float:
        """Contracts, below zero for a short."""
        rows = await self.client.fetch_positions([symbol])
        return sum(row["contracts"] * (1 if row["side"] == "long" else -1) for row in rows if row["contracts"])
