"""Weights, windows, 429 with its silence, and bans that grow."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest
from sandbox_client import Trader, connected

from gobot.core import ManualClock
from gobot.sandbox import Ceilings, Sandbox

MINUTE = 60_000


@pytest.fixture
async def sandbox(clock: ManualClock) -> AsyncIterator[Sandbox]:
    """One whose limits are soon reached."""
    ceilings = Ceilings(weight_per_minute=100, orders_per_10_seconds=3, orders_per_minute=5, patience=2)
    async with Sandbox(symbols=2, clock=clock, ceilings=ceilings) as running:
        yield running


async def get(sandbox: Sandbox, path: str) -> tuple[int, dict[str, str]]:
    async with aiohttp.ClientSession() as session, session.get(sandbox.rest + path) as answer:
        await answer.read()
        return answer.status, dict(answer.headers)


@pytest.mark.parametrize(
    ("path", "weight"),
    [
        ("/fapi/v1/time", 1),
        ("/fapi/v1/klines?symbol=BTCUSDT&interval=1m&limit=99", 1),
        ("/fapi/v1/klines?symbol=BTCUSDT&interval=1m&limit=499", 2),
        ("/fapi/v1/klines?symbol=BTCUSDT&interval=1m", 5),
        ("/fapi/v1/klines?symbol=BTCUSDT&interval=1m&limit=1500", 10),
        ("/fapi/v1/ticker/24hr?symbol=BTCUSDT", 1),
        ("/fapi/v1/ticker/24hr", 40),
        ("/fapi/v1/premiumIndex", 10),
        ("/fapi/v1/ticker/bookTicker", 5),
        ("/fapi/v1/depth?symbol=BTCUSDT&limit=1000", 20),
    ],
)
async def test_each_page_has_its_weight(sandbox: Sandbox, path: str, weight: int) -> None:
    status, headers = await get(sandbox, path)
    assert (status, headers["X-MBX-USED-WEIGHT-1M"]) == (200, str(weight))


async def test_too_much_weight_is_refused_until_the_minute_is_over(sandbox: Sandbox, clock: ManualClock) -> None:
    for _ in range(2):
        assert (await get(sandbox, "/fapi/v1/ticker/24hr"))[0] == 200
    status, headers = await get(sandbox, "/fapi/v1/ticker/24hr")
    assert (status, headers["Retry-After"], headers["X-MBX-USED-WEIGHT-1M"]) == (429, "30", "120")
    clock.move_to(clock.now_ms() + 30_000)
    status, headers = await get(sandbox, "/fapi/v1/time")
    assert (status, headers["X-MBX-USED-WEIGHT-1M"]) == (200, "1")
    assert sandbox.limits.document()["highest_weight"] == 120


async def test_who_does_not_stop_is_banned_and_each_ban_is_longer(sandbox: Sandbox, clock: ManualClock) -> None:
    lengths = []
    for _ in range(2):
        status, headers = 200, {}
        while status != 418:
            status, headers = await get(sandbox, "/fapi/v1/ticker/24hr")
        lengths.append(int(headers["Retry-After"]))
        assert (await get(sandbox, "/fapi/v1/ping"))[0] == 418
        clock.move_to(clock.now_ms() + lengths[-1] * 1000)
        assert (await get(sandbox, "/fapi/v1/ping"))[0] == 200
        clock.move_to(clock.now_ms() + MINUTE)
    assert lengths == [120, 480]
    document = sandbox.state()["limits"]["futures"]
    assert document["requests_during_bans"] == 2
    assert len(document["bans"]) == 2


async def test_orders_have_limits_of_their_own(trader: Trader, clock: ManualClock) -> None:
    sandbox = trader.sandbox
    await trader.client.load_markets()
    clock.move_to(clock.now_ms() + MINUTE)
    for _ in range(3):
        await trader.buy(0.001)
    headers = trader.client.last_response_headers
    assert (headers["X-MBX-ORDER-COUNT-10S"], headers["X-MBX-ORDER-COUNT-1M"]) == ("3", "3")
    assert headers["X-MBX-USED-WEIGHT-1M"] == "0"
    with pytest.raises(Exception, match="-1015"):
        await trader.buy(0.001)
    assert float(sandbox.state()["positions"]["BTCUSDT"]["quantity"]) == pytest.approx(0.003)
    clock.move_to(clock.now_ms() + 10_000)
    await trader.buy(0.001)


async def test_the_limits_are_announced(sandbox: Sandbox) -> None:
    async with connected(sandbox) as client:
        rows = (await client.fapiPublicGetExchangeInfo())["rateLimits"]
    limits = {(row["rateLimitType"], int(row["intervalNum"]), row["interval"]): int(row["limit"]) for row in rows}
    assert limits == {("REQUEST_WEIGHT", 1, "MINUTE"): 100, ("ORDERS", 1, "MINUTE"): 5, ("ORDERS", 10, "SECOND"): 3}
