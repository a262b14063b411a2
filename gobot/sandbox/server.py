"""The sandbox: a venue on loopback that speaks Binance's protocol for USDⓈ-M futures and for spot.

>>> async with Sandbox(symbols=3) as sandbox:
...     client = ccxt.pro.binanceusdm({"apiKey": sandbox.key, "secret": sandbox.secret})
...     # exchange.url_override: {rest: sandbox.rest, ws: sandbox.ws}
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from decimal import Decimal
from typing import Any, Self

import orjson
from aiohttp import web

from gobot.core import Clock, exact
from gobot.exchange.feed import MarketFeed
from gobot.sandbox.admin import Admin
from gobot.sandbox.api import Call
from gobot.sandbox.clock import FastClock
from gobot.sandbox.faults import Fault
from gobot.sandbox.limits import Ceilings
from gobot.sandbox.security import KEY, SECRET
from gobot.sandbox.world import Conditions, World

_TICK = 0.05


class Sandbox(World):
    """A Binance of our own for the tests and rehearsals of one account.

    Prices come from ``feed``, or else from a synthetic market of ``symbols`` symbols and ``seed`` on candles of
    ``step``.  ``clock`` is the venue's; by default one that runs ``speed`` times as fast as the host's.  ``deposit``
    (USDT) is what the account begins with, on either venue; ``taker``, ``maker`` and ``slippage`` are fractions;
    ``largest_fill`` (USDT) splits what is larger; ``ceilings`` are the futures venue's limits.  ``faults`` go wrong as
    their rules say, by chance with ``fault_seed`` (by default ``seed``).
    """

    def __init__(
        self,
        *,
        feed: MarketFeed | None = None,
        symbols: int = 3,
        seed: int = 7,
        step: str = "1m",
        speed: float = 1.0,
        clock: Clock | None = None,
        port: int = 0,
        key: str = KEY,
        secret: str = SECRET,
        deposit: Decimal | int = 10_000,
        taker: Decimal = Decimal("0.0005"),
        maker: Decimal = Decimal("0.0002"),
        slippage: float = 0.0,
        largest_fill: Decimal | None = None,
        ceilings: Ceilings | None = None,
        faults: Iterable[Fault] = (),
        fault_seed: int | None = None,
    ) -> None:
        self.key, self.secret, self.port = key, secret, port
        conditions = Conditions(
            feed=feed,
            symbols=symbols,
            seed=seed,
            step=step,
            speed=speed,
            key=key,
            secret=secret,
            deposit=exact(deposit),
            taker=taker,
            maker=maker,
            slippage=slippage,
            largest_fill=largest_fill,
            ceilings=ceilings or Ceilings(),
            faults=faults,
            fault_seed=fault_seed,
        )
        super().__init__(clock or FastClock.start(speed), conditions)
        self._admin = Admin(self.human, self.faults, self.state, self.clock_document, self.lift)
        self._runner: web.AppRunner | None = None
        self._ticker: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"Sandbox({self.rest})"

    @property
    def rest(self) -> str:
        """The address for `exchange.url_override.rest`."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws(self) -> str:
        """The address for `exchange.url_override.ws`."""
        return f"ws://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen, on a free port where none was given; from now on the venue advances by itself."""
        app = web.Application()
        for path in ("/{category:public|market|private}", ""):
            for tail in ("/ws", "/ws/{streams:.*}", "/stream"):
                app.router.add_get(path + tail, self._stream)
        app.router.add_get("/ws-{venue:fapi/v1|api/v3}", self._requests)
        app.router.add_route("*", "/sandbox/{page:.*}", self._inspect)
        app.router.add_route("*", "/{path:.*}", self._rest)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = self._runner.addresses[0][1]
        self._ticker = asyncio.create_task(self._tick())

    async def stop(self) -> None:
        """Hang up and close the port."""
        if self._ticker is not None:
            self._ticker.cancel()
            with suppress(asyncio.CancelledError):
                await self._ticker
        await self.hub.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _tick(self) -> None:
        while True:
            self.advance()
            await asyncio.sleep(_TICK)

    async def _rest(self, request: web.Request) -> web.StreamResponse:
        body = (await request.read()).decode()
        query = request.rel_url.raw_query_string
        call = Call(method=request.method, path=request.path, query=query, body=body, headers=request.headers)
        self.engine.advance()
        api = self.spot_api if request.path.startswith(("/api/", "/sapi/")) else self.futures_api
        reply = api.answer(call)
        if reply.delay:
            await asyncio.sleep(reply.delay)
        if reply.broken and request.transport is not None:
            request.transport.abort()
        return web.Response(body=reply.body, status=reply.status, headers=reply.headers, content_type=reply.kind)

    async def _inspect(self, request: web.Request) -> web.StreamResponse:
        body = (await request.read()).decode()
        status, document = self._admin.answer(request.method, request.path, request.query, body)
        return web.Response(body=orjson.dumps(document), status=status, content_type="application/json")

    async def _requests(self, request: web.Request) -> web.StreamResponse:
        api = self.spot_ws if request.match_info["venue"] == "api/v3" else self.futures_ws
        return await self.hub.serve_requests(request, api, before=self.engine.advance)

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        self.engine.advance()
        category, tail = request.match_info.get("category", ""), request.match_info.get("streams", "")
        # The listen key stands in the query, as Binance wants it now, or in the path, as it was.
        key = request.query.get("listenKey") or ("" if category in ("public", "market") or "@" in tail else tail)
        known = bool(key) and self.listen_keys.valid(key)
        if category == "private" and not known:
            document: dict[str, Any] = {"code": -1125, "msg": "This listenKey does not exist."}
            return web.json_response(document, status=400)
        return await self.hub.serve(request, account="futures" if known else "", now_ms=self.engine.now_ms)
