"""An urgent close does not wait behind a download."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from random import Random

from live_world import BTC, living, market

from gobot.core import OrderStatus, Side, SystemClock, Timeframe, VenueUnavailable
from gobot.exchange.ccxt_client import make_client, priority
from gobot.exchange.ccxt_public import CcxtPublic
from gobot.exchange.priority import Priority
from gobot.exchange.terms import terms_of
from gobot.sandbox import Sandbox
from gobot.sandbox.faults import Fault

SYMBOLS = 550


async def test_an_urgent_close_while_550_symbols_download_history_is_sent_at_once(capsys):
    """On the real clock: what is asserted is who went first; how long it took is printed."""
    clock = SystemClock()
    async with Sandbox(symbols=3, clock=clock) as sandbox, living(sandbox, clock) as world:
        await world.exchange.create(market(Side.BUY, "0.1"))
        # Another part of the same process, behind the same limiter: as many downloads as a scan of all symbols.
        client = make_client("binanceusdm", world.limiter, terms_of("binanceusdm"), rest=sandbox.rest)
        history = CcxtPublic(client, clock, Random(1))
        await history.markets()
        # Downloads that take their time: what is measured is the line, not how fast candles are made here.
        sandbox.faults.add([Fault(kind="slow", endpoint="GET /fapi/v1/klines", every=1, seconds=30.0)])

        async def download() -> None:
            with suppress(VenueUnavailable), priority(Priority.LOW):
                await history.candles(BTC, Timeframe.parse("1m"), limit=1000)

        downloads = [asyncio.create_task(download()) for _ in range(SYMBOLS)]
        # Until all that the limiter lets through has arrived.
        limiter = world.limiter
        while not limiter.snapshot().in_flight or len(sandbox.faults.strikes) < limiter.snapshot().in_flight:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        waiting = world.limiter.snapshot().waiting["low"]
        decided = asyncio.get_running_loop().time()
        closing = market(Side.SELL, "0.1", reduce_only=True, client_id="gb-close")
        report = await world.exchange.create(closing)
        took = asyncio.get_running_loop().time() - decided
        assert report.status is OrderStatus.FILLED
        sent = next(one for one in reversed(world.limiter.snapshot().recent) if one.endpoint == "POST /fapi/v1/order")
        assert sent.priority is Priority.CRITICAL
        assert waiting > SYMBOLS / 2, "the line was long"
        assert world.limiter.snapshot().waiting["low"] == waiting, "and nobody of it went before"
        with capsys.disabled():
            sys.stdout.write(
                f"\nan urgent close: {1000 * sent.waited:.2f} ms at the limiter, {1000 * took:.0f} ms from the "
                f"decision to the answer, with {waiting} downloads waiting\n"
            )
        for task in downloads:
            task.cancel()
        await asyncio.gather(*downloads, return_exceptions=True)
        await history.close()
