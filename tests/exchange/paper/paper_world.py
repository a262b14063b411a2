"""The real ccxt client before the server of the test, on a clock that the test moves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from random import Random

from binance_server import BinanceServer, symbol_of

from gobot.core import ManualClock, OrderRequest, OrderType, Side
from gobot.exchange.ccxt_client import make_client
from gobot.exchange.ccxt_public import CcxtPublic
from gobot.exchange.limiter import RateLimiter
from gobot.exchange.paper import PaperExchange
from gobot.exchange.terms import terms_of
from gobot.settings.trading import RateLimiterSettings

BTC, ETH = symbol_of("BTC"), symbol_of("ETH")


class World:
    """One process before the server: clock, limiter, client, public data and, if ``store`` is given, an account."""

    def __init__(
        self, server: BinanceServer, store: Path | None = None, limits=None, rest: str | None = None, **account
    ) -> None:
        self.server = server
        self.clock = ManualClock(server.now_ms)
        terms = terms_of("binanceusdm")
        self.limiter = RateLimiter(RateLimiterSettings(), self.clock, tariff=terms.tariff, store=limits)
        self.client = make_client("binanceusdm", self.limiter, terms, rest=rest or server.url)
        self.client.timeout_on_exit = 0
        self.client.timeout = 5_000
        self.public = CcxtPublic(self.client, self.clock, Random(1))
        self.paper = (
            PaperExchange(self.public, store, self.clock, start_equity=Decimal(1000), **account) if store else None
        )

    def at(self, ms: int) -> None:
        """Move the venue's clock and ours."""
        self.server.now_ms = ms
        self.clock.move_to(ms)

    def after(self, seconds: float) -> int:
        """Move both on; returns the time."""
        self.at(self.server.now_ms + round(seconds * 1000))
        return self.server.now_ms

    @property
    def served(self) -> list[tuple[str, int, str]]:
        """Endpoint, weight and priority of what the limiter let through so far."""
        return [
            (one.endpoint.removeprefix("GET /fapi/v1/"), one.weight, one.priority)
            for one in self.limiter.snapshot().recent
        ]

    async def close(self) -> None:
        await (self.paper or self.public).close()


@asynccontextmanager
async def world(server: BinanceServer, store: Path | None = None, **keywords):
    """A `World` that is closed afterwards."""
    made = World(server, store, **keywords)
    try:
        yield made
    finally:
        await made.close()


async def until(condition: Callable[[], object]) -> None:
    """Wait for what the server's thread does."""
    while not condition():  # noqa: ASYNC110 - the server is another thread
        await asyncio.sleep(0.001)


def market(side: Side, quantity: str, *, symbol: str = BTC, client_id: str = "entry", **more) -> OrderRequest:
    return OrderRequest(
        client_id=client_id, symbol=symbol, side=side, type=OrderType.MARKET, quantity=Decimal(quantity), **more
    )


def guard(
    kind: OrderType, trigger: float, *, side: Side = Side.SELL, symbol: str = BTC, client_id: str = ""
) -> OrderRequest:
    """A stop or target of the whole position."""
    return OrderRequest(
        client_id=client_id or kind.value,
        symbol=symbol,
        side=side,
        type=kind,
        trigger=Decimal(str(trigger)),
        closes_position=True,
    )
