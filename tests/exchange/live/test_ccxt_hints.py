"""The user stream says when to look, and does no harm when it is gone."""

from __future__ import annotations

import asyncio
from random import Random

from live_world import living, market

from gobot.core import Side, SystemClock
from gobot.exchange.ccxt_hints import CcxtHints
from gobot.sandbox.faults import Fault


async def until(condition) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - the stream lives on the real clock
            await asyncio.sleep(0.01)


async def test_a_change_of_the_account_is_hinted_at(sandbox, clock):
    async with living(sandbox, clock, streaming=True) as world:
        hints = CcxtHints(world.client, SystemClock(), Random(1))
        assert not hints.alive
        await hints.open()
        await until(lambda: hints.alive)
        waiting = asyncio.create_task(hints.wait())
        await world.exchange.create(market(Side.BUY, "0.1"))
        await asyncio.wait_for(waiting, 10)
        assert "listenKey" in world.served(), "what the stream asks for passes the limiter"
        await hints.close()


async def test_a_stream_that_drops_is_taken_up_again(sandbox, clock):
    async with living(sandbox, clock, streaming=True) as world:
        hints = CcxtHints(world.client, SystemClock(), Random(1))
        await hints.open()
        await until(lambda: hints.alive)
        sandbox.faults.add([Fault(kind="drop", endpoint="GET /fapi/v1/ping", calls=(1,))])
        await world.client.fapiPublicGetPing()
        await asyncio.wait_for(hints.wait(), 30)
        await until(lambda: hints.alive)
        await hints.close()
        assert not hints.alive


async def test_without_a_stream_there_is_an_account_all_the_same(sandbox, clock):
    sandbox.faults.add([Fault(kind="error", endpoint="POST /fapi/v1/listenKey", every=1)])
    async with living(sandbox, clock, streaming=True) as world:
        hints = CcxtHints(world.client, SystemClock(), Random(1))
        await hints.open()
        await asyncio.wait_for(hints.wait(), 30)
        assert not hints.alive
        assert await world.exchange.positions() == []
        await hints.close()
