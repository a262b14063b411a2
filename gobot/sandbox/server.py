"""The sandbox: a venue on loopback that speaks Binance's protocol for USDⓈ-M futures.

>>> async with Sandbox(symbols=3) as sandbox:
...     client = ccxt.pro.binanceusdm({"apiKey": sandbox.key, "secret": sandbox.secret})
...     # exchange.url_override: {rest: sandbox.rest, ws: sandbox.ws}
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from decimal import Decimal
from typing import Any, Self

import orjson
from aiohttp import web

from gobot.core import Clock, Timeframe, exact
from gobot.exchange.feed import MarketFeed
from gobot.sandbox.account_pages import AccountPages
from gobot.sandbox.algo_pages import AlgoPages
from gobot.sandbox.clock import FastClock
from gobot.sandbox.endpoints import Access, Endpoint, futures_endpoints
from gobot.sandbox.engine import Engine
from gobot.sandbox.errors import ApiError
from gobot.sandbox.feeds import shift_to_now, synthetic_feed
from gobot.sandbox.hub import Hub
from gobot.sandbox.journal import Journal
from gobot.sandbox.limits import Ceilings, LimitKeeper, Refused
from gobot.sandbox.listen_keys import ListenKeys
from gobot.sandbox.listings import list_markets
from gobot.sandbox.market_pages import MarketPages
from gobot.sandbox.market_streams import MarketStreams
from gobot.sandbox.prices import Prices
from gobot.sandbox.security import KEY, SECRET, read_parameters, require_key, require_signed
from gobot.sandbox.trade_pages import TradePages

_TICK = 0.05


class Sandbox:
    """A Binance of our own for the tests and rehearsals of one account.

    Prices come from ``feed``, or else from a synthetic market of ``symbols`` symbols and ``seed`` on candles of
    ``step``.  ``clock`` is the venue's; by default one that runs ``speed`` times as fast as the host's.  ``deposit``
    (USDT) is what the account begins with; ``taker``, ``maker`` and ``slippage`` are fractions.
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
        ceilings: Ceilings | None = None,
    ) -> None:
        self.clock: Clock = clock or FastClock.start(speed)
        self.key, self.secret, self.port = key, secret, port
        self._speed = speed
        now = self.clock.now_ms()
        source = feed or synthetic_feed(symbols, seed, Timeframe.parse(step), now)
        shift = shift_to_now(source, now) if feed is not None else 0
        raw = Prices(source, source.markets, shift_ms=shift)
        listings = list_markets(
            source.markets, {symbol: raw.price(symbol, now) for symbol in source.markets}, taker=taker, maker=maker
        )
        prices = Prices(source, {listing.market.symbol: listing.market for listing in listings}, shift_ms=shift)
        self.journal = Journal()
        self.limits = LimitKeeper(self.clock.now_ms, ceilings or Ceilings())
        self.engine = Engine(
            prices, listings, self.clock, deposit=exact(deposit), slippage=slippage, listener=self._tell_user
        )
        market = MarketPages(self.engine, self.limits.ceilings)
        self.account = AccountPages(self.engine)
        self.listen_keys = ListenKeys(self.clock.now_ms, self._listen_key_expired)
        self.hub = Hub(MarketStreams(self.engine, market))
        dual_side = lambda: self.account.dual_side  # noqa: E731
        self._endpoints = futures_endpoints(
            market,
            self.account,
            TradePages(self.engine, self.journal, dual_side),
            AlgoPages(self.engine, self.journal, dual_side),
            self.listen_keys,
        )
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
        """Listen, on a free port where none was given."""
        app = web.Application()
        app.router.add_route("GET", "/{category:(public|market|private)}/ws", self._stream)
        app.router.add_route("GET", "/{category:(public|market|private)}/ws/{streams:.*}", self._stream)
        app.router.add_route("GET", "/{category:(public|market|private)}/stream", self._stream)
        app.router.add_route("GET", "/ws", self._stream)
        app.router.add_route("GET", "/ws/{streams:.*}", self._stream)
        app.router.add_route("GET", "/stream", self._stream)
        app.router.add_route("*", "/{path:.*}", self._rest)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        server: Any = site._server  # noqa: SLF001 - there is no other way to learn the port
        self.port = server.sockets[0].getsockname()[1]
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

    def advance(self) -> None:
        """Bring the venue to its clock's time and tell the streams; happens by itself all the time."""
        now = self.engine.advance()
        self.listen_keys.expire_old()
        self.hub.publish(now)

    async def _tick(self) -> None:
        while True:
            self.advance()
            await asyncio.sleep(_TICK)

    async def _rest(self, request: web.Request) -> web.StreamResponse:
        body = (await request.read()).decode()
        self.engine.advance()
        name = f"{request.method} {request.path}"
        try:
            document = self._answer(request, name, body)
            status, headers = 200, {}
        except Refused as error:
            document, status, headers = error.document, error.status, {"Retry-After": str(error.retry_after)}
        except ApiError as error:
            document, status, headers = error.document, error.status, {}
        endpoint = self._endpoints.get(name)
        counts = self.limits.order_headers if endpoint is not None and endpoint.orders else {}
        return web.Response(
            body=orjson.dumps(document),
            status=status,
            headers={**self.limits.headers, **counts, **headers},
            content_type="application/json",
        )

    def _answer(self, request: web.Request, name: str, body: str) -> Any:
        self.limits.require_not_banned()
        endpoint = self._endpoints.get(name)
        if endpoint is None:
            self.limits.charge(1)
            text = f"Path {request.path}, Method {request.method} is invalid"
            raise ApiError(-5000, text=text, status=404)
        query = request.rel_url.raw_query_string
        parameters = read_parameters(query, body)
        self.limits.charge(endpoint.weight(parameters))
        self._require_access(endpoint, request, query, body)
        if endpoint.orders:
            self.limits.charge_orders(endpoint.orders)
        document = endpoint.page(parameters)
        if endpoint.strict:
            parameters.require_all_read()
        return document

    def _require_access(self, endpoint: Endpoint, request: web.Request, query: str, body: str) -> None:
        if endpoint.access is Access.PUBLIC:
            return
        require_key(request.headers, self.key)
        if endpoint.access is Access.SIGNED:
            now, parameters = self.engine.now_ms, read_parameters(query, body)
            require_signed(query, body, parameters, secret=self.secret, now_ms=now, speed=self._speed)

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        self.engine.advance()
        key = request.query.get("listenKey", "")
        tail = request.match_info.get("streams", "")
        if not key and request.match_info.get("category", "") in ("", "private") and "@" not in tail:
            key = tail
        user = bool(key) and self.listen_keys.valid(key)
        if request.match_info.get("category") == "private" and not user:
            return web.json_response({"code": -1125, "msg": "This listenKey does not exist."}, status=400)
        return await self.hub.serve(request, user=user, now_ms=self.engine.now_ms)

    def _tell_user(self, event: dict[str, Any]) -> None:
        # The deposit is booked before anybody can listen.
        if hasattr(self, "hub"):
            self.hub.tell_user(event)

    def _listen_key_expired(self, key: str) -> None:
        self.hub.tell_user({"e": "listenKeyExpired", "E": self.engine.now_ms, "listenKey": key})
