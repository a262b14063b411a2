"""The sandbox: a venue on loopback that speaks Binance's protocol for USDⓈ-M futures.

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

from gobot.core import Clock, Timeframe, exact
from gobot.exchange.feed import MarketFeed
from gobot.sandbox.account_pages import AccountPages
from gobot.sandbox.admin import Admin
from gobot.sandbox.algo_pages import AlgoPages
from gobot.sandbox.api import Api, Call
from gobot.sandbox.clock import FastClock
from gobot.sandbox.endpoints import futures_endpoints
from gobot.sandbox.engine import Engine
from gobot.sandbox.faults import Fault, FaultPlan
from gobot.sandbox.feeds import shift_to_now, synthetic_feed
from gobot.sandbox.hub import Hub
from gobot.sandbox.human import Human
from gobot.sandbox.inspection import inspect
from gobot.sandbox.journal import Journal
from gobot.sandbox.limits import Ceilings, LimitKeeper
from gobot.sandbox.liquidity import Liquidity
from gobot.sandbox.listen_keys import ListenKeys
from gobot.sandbox.listings import list_markets
from gobot.sandbox.market_pages import MarketPages
from gobot.sandbox.market_streams import MarketStreams
from gobot.sandbox.parameters import Parameters
from gobot.sandbox.prices import Prices
from gobot.sandbox.security import KEY, SECRET
from gobot.sandbox.setting_pages import SettingPages
from gobot.sandbox.trade_pages import TradePages

_TICK = 0.05


class Sandbox:
    """A Binance of our own for the tests and rehearsals of one account.

    Prices come from ``feed``, or else from a synthetic market of ``symbols`` symbols and ``seed`` on candles of
    ``step``.  ``clock`` is the venue's; by default one that runs ``speed`` times as fast as the host's.  ``deposit``
    (USDT) is what the account begins with; ``taker``, ``maker`` and ``slippage`` are fractions; ``largest_fill``
    (USDT) splits what is larger.  ``faults`` go wrong as their rules say, by chance with ``fault_seed`` (by default
    ``seed``).
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
        self.clock: Clock = clock or FastClock.start(speed)
        self.key, self.secret, self.port = key, secret, port
        now = self.clock.now_ms()
        source = feed or synthetic_feed(symbols, seed, Timeframe.parse(step), now)
        shift = 0 if feed is None else shift_to_now(source, now)
        raw = Prices(source, source.markets, shift_ms=shift)
        listings = list_markets(
            source.markets, {symbol: raw.price(symbol, now) for symbol in source.markets}, taker=taker, maker=maker
        )
        self.journal = Journal()
        self.faults = FaultPlan(seed if fault_seed is None else fault_seed)
        self.faults.add(faults)
        self.limits = LimitKeeper(self.clock.now_ms, ceilings or Ceilings())
        self.engine = Engine(
            Prices(source, {listing.market.symbol: listing.market for listing in listings}, shift_ms=shift),
            listings,
            self.clock,
            deposit=exact(deposit),
            slippage=slippage,
            listener=self._tell_user,
            liquidity=Liquidity(self.clock.now_ms, largest_fill),
        )
        market = MarketPages(self.engine, self.limits.ceilings)
        self.hub = Hub(MarketStreams(self.engine, market))
        self.settings = SettingPages(self.engine)
        self.listen_keys = ListenKeys(self.clock.now_ms, self._listen_key_expired)
        self.human = Human(self.engine)
        self.api = Api(
            self.engine,
            futures_endpoints(
                market,
                AccountPages(self.engine),
                self.settings,
                TradePages(self.engine, self.journal, self.settings.in_hedge_mode),
                AlgoPages(self.engine, self.journal, self.settings.in_hedge_mode),
                self.listen_keys,
            ),
            self.limits,
            self.faults,
            self._effect,
            key=key,
            secret=secret,
            speed=speed,
        )
        self._admin = Admin(self.human, self.faults, self.state, self.clock_document, self.limits.lift)
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

    def state(self) -> dict[str, Any]:
        """Orders, fills, positions, money, and how politely it was asked: everything that ``/sandbox/state`` shows."""
        self.engine.advance()
        return inspect(self.engine, self.journal, {"futures": self.limits}, self.faults, {"futures": self.api})

    def clock_document(self) -> dict[str, Any]:
        """The anchor of the clock, from which another process can read the same time (see `FastClock`)."""
        document: dict[str, Any] = {"now_ms": self.clock.now_ms()}
        if isinstance(self.clock, FastClock):
            document |= self.clock.anchor
        return document

    def advance(self) -> None:
        """Bring the venue to its clock's time and tell the streams; happens by itself all the time."""
        now = self.engine.advance()
        self.listen_keys.expire_old()
        self.hub.publish(now)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen, on a free port where none was given."""
        app = web.Application()
        for path in ("/{category:public|market|private}", ""):
            for tail in ("/ws", "/ws/{streams:.*}", "/stream"):
                app.router.add_get(path + tail, self._stream)
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
        call = Call(
            method=request.method,
            path=request.path,
            query=request.rel_url.raw_query_string,
            body=body,
            headers=request.headers,
        )
        self.engine.advance()
        reply = self.api.answer(call)
        if reply.delay:
            await asyncio.sleep(reply.delay)
        if reply.broken and request.transport is not None:
            request.transport.abort()
        return web.Response(body=reply.body, status=reply.status, headers=reply.headers, content_type=reply.kind)

    async def _inspect(self, request: web.Request) -> web.StreamResponse:
        body = (await request.read()).decode()
        status, document = self._admin.answer(request.method, request.path, request.query, body)
        return web.Response(body=orjson.dumps(document), status=status, content_type="application/json")

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        self.engine.advance()
        category, tail = request.match_info.get("category", ""), request.match_info.get("streams", "")
        # The listen key stands in the query, as Binance wants it now, or in the path, as it was.
        key = request.query.get("listenKey") or ("" if category in ("public", "market") or "@" in tail else tail)
        user = bool(key) and self.listen_keys.valid(key)
        if category == "private" and not user:
            return web.json_response({"code": -1125, "msg": "This listenKey does not exist."}, status=400)
        return await self.hub.serve(request, user=user, now_ms=self.engine.now_ms)

    def _effect(self, fault: Fault, parameters: Parameters) -> None:
        """A fault that changes something else than an answer."""
        now, length = self.engine.now_ms, int(fault.seconds * 1000)
        client_id = parameters.optional("newClientOrderId") or parameters.optional("clientAlgoId") or ""
        match fault.kind:
            case "drop":
                self.hub.drop()
            case "silence":
                self.hub.silent_until_ms = now + length
            case "skew":
                self.engine.skew_ms = length
            case "partial":
                self.engine.liquidity.let_down(client_id, fault.fraction, fault.seconds)
            case "hidden":
                self.engine.book.hidden[client_id] = now + length

    def _tell_user(self, event: dict[str, Any]) -> None:
        # The deposit is booked before anybody can listen.
        if hasattr(self, "hub"):
            self.hub.tell_user(event)

    def _listen_key_expired(self, key: str) -> None:
        self.hub.tell_user({"e": "listenKeyExpired", "E": self.engine.now_ms, "listenKey": key})
