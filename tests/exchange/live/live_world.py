"""A `CcxtExchange` on a sandbox: the real ccxt client, the real limiter, a clock that the test moves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from random import Random

from gobot.core import ManualClock, OrderRequest, OrderType, Side
from gobot.exchange.ccxt_client import Keys, make_client
from gobot.exchange.ccxt_exchange import CcxtExchange
from gobot.exchange.ccxt_public import CcxtPublic
from gobot.exchange.limiter import RateLimiter
from gobot.exchange.quirks import quirks_of
from gobot.exchange.terms import terms_of
from gobot.sandbox import Sandbox
from gobot.settings.trading import RateLimiterSettings

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
START = 1_767_225_600_000
"""2026-01-01 00:00 UTC."""


class World:
    """One process with an account at ``sandbox``."""

    def __init__(self, sandbox: Sandbox, clock: ManualClock, *, streaming: bool = False, **options) -> None:
        self.sandbox, self.clock = sandbox, clock
        terms = terms_of("binanceusdm")
        self.limiter = RateLimiter(RateLimiterSettings(endpoint_failures=1000), clock, tariff=terms.tariff)
        keys = Keys(api_key=options.pop("key", sandbox.key), secret=options.pop("secret", sandbox.secret))
        self.client = make_client(
            "binanceusdm",
            self.limiter,
            terms,
            rest=options.pop("rest", sandbox.rest),
            ws=sandbox.ws,
            keys=keys,
            testnet=options.pop("testnet", False),
            streaming=streaming,
        )
        self.client.timeout = 5_000
        self.public = CcxtPublic(self.client, clock, Random(1))
        self.exchange = CcxtExchange(
            self.public,
            self.client,
            quirks_of("binanceusdm"),
            clock,
            **{"symbols": (BTC, ETH), "leverage": 3, **options},
        )

    async def after(self, seconds: float) -> None:
        """Let time pass for both sides."""
        self.clock.move_to(self.clock.now_ms() + round(seconds * 1000))
        self.sandbox.advance()

    async def price(self, symbol: str = BTC) -> Decimal:
        return (await self.exchange.tickers([symbol]))[symbol].last

    def served(self, *names: str) -> list[str]:
        """The names of the endpoints that the limiter let through lately."""
        recent = [one.endpoint.rpartition("/")[2] for one in self.limiter.snapshot().recent]
        return [name for name in recent if not names or name in names]


@asynccontextmanager
async def living(sandbox: Sandbox, clock: ManualClock, *, start: bool = True, **options) -> AsyncIterator[World]:
    """A `World` that is ready to trade, closed afterwards."""
    world = World(sandbox, clock, **options)
    world.client.timeout_on_exit = 0
    try:
        if start:
            assert await world.exchange.start() == {}
        yield world
    finally:
        await world.exchange.close()


def market(side: Side, quantity: str, *, symbol: str = BTC, client_id: str = "gb-entry", **more) -> OrderRequest:
    return OrderRequest(
        client_id=client_id, symbol=symbol, side=side, type=OrderType.MARKET, quantity=Decimal(quantity), **more
    )


def stop(trigger: Decimal, *, symbol: str = BTC, side: Side = Side.SELL, client_id: str = "gb-stop") -> OrderRequest:
    """A stop of the whole position."""
    return OrderRequest(
        client_id=client_id, symbol=symbol, side=side, type=OrderType.STOP, trigger=trigger, closes_position=True
    )
