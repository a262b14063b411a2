"""Live candles over a real WebSocket and the real ccxt client: none lost, none twice, all in order."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from random import Random

import pytest
from futures_server import MINUTE, FuturesServer, symbol_of
from live_rig import Rig, Weather
from made_up import ms

from gobot.market.live import LiveStatus

START = ms("2025-03-05T23:30")
COINS = ["BTC", "ETH", "SOL"]


@pytest.fixture
async def server() -> AsyncIterator[FuturesServer]:
    async with FuturesServer(COINS, START) as serving:
        yield serving


async def minutes(rig: Rig, count: int, first: int = 0) -> None:
    """``count`` minutes of fair weather."""
    weather = Weather(rig.server, 1, lost=0, twice=0, late=0)
    for minute in range(first, first + count):
        await weather.minute(minute, rig.start_ms + minute * MINUTE.ms, rig.server.coins, 0.02)


@pytest.mark.parametrize("plain", [False, True], ids=["Binance's stream", "any venue's stream"])
async def test_closed_candles_are_handed_on_as_they_close(server, plain):
    async with Rig(server, plain=plain) as rig:
        await rig.connected()
        await minutes(rig, 20)
        await rig.arrival(19)
    rig.verify(19)
    status = rig.live.status()
    assert (status.connections, status.reconnects, status.tally.missing) == (1, 0, 0)
    if not plain:
        assert status.tally.filled < status.tally.closed / 2


async def test_spot_markets_are_followed_the_same_way(server):
    async with Rig(server, spot=True) as rig:
        await rig.connected()
        await minutes(rig, 5)
        await rig.arrival(5)
    rig.verify(5)
    status = rig.live.status()
    assert status.tally.filled < status.tally.closed / 2


async def test_a_connection_that_breaks_is_made_again_and_nothing_is_lost(server):
    async with Rig(server) as rig:
        await rig.connected()
        await minutes(rig, 3)
        server.drop()
        server.accepting = False
        await minutes(rig, 5, first=3)
        assert rig.live.status().connected == 0 or not rig.live.status().troubles
        server.accepting = True
        assert await rig.until(lambda: server.sockets) < 5
        await rig.connected()
        await minutes(rig, 3, first=8)
        await rig.arrival(11)
    rig.verify(11)
    assert rig.live.status().reconnects >= 1


async def test_a_silent_connection_counts_as_down(server):
    async with Rig(server, silence=0.15) as rig:
        await rig.connected()
        await minutes(rig, 3)
        await rig.until(lambda: server.connects >= 2)
        status: LiveStatus = rig.live.status()
        assert status.connected == 0
        assert "said nothing" in status.troubles[0]
        await rig.connected()
        await minutes(rig, 3, first=3)
        await rig.arrival(6)
        assert rig.live.status().connected == 1
    rig.verify(6)


async def test_without_a_stream_the_history_is_polled(server):
    async with Rig(server, stream=False) as rig:
        await minutes(rig, 15)
        await rig.arrival(15)
    rig.verify(15)


async def test_a_venue_that_refuses_connections_is_polled_too(server):
    server.accepting = False
    async with Rig(server) as rig:
        await minutes(rig, 15)
        await rig.arrival(15)
        assert rig.live.status().troubles
    rig.verify(15)


async def test_history_that_fails_and_lags_delays_and_loses_nothing(server):
    async with Rig(server) as rig:
        await rig.connected()
        await minutes(rig, 2)
        server.drop()
        server.faults = ["500", "html", "cut", "429", "break"]
        server.lagging_ms = 10_000
        await minutes(rig, 4, first=2)
        await rig.arrival(6)
    rig.verify(6)
    assert rig.live.status().unanswered == 0


async def test_what_was_missed_before_the_start_comes_first(server):
    rig = Rig(server)
    server.now_ms += 700 * MINUTE.ms
    async with rig:
        await rig.arrival(700)
    rig.verify(700)


async def test_what_the_venue_lacks_is_passed_over(server):
    gone = START + 4 * MINUTE.ms
    async with Rig(server) as rig:
        await rig.connected()
        await minutes(rig, 4)
        server.lacking = {("ETH", gone), ("ETH", gone + MINUTE.ms)}
        for minute in range(4, 8):
            server.now_ms = START + (minute + 1) * MINUTE.ms
            coins = [coin for coin in COINS if (coin, START + minute * MINUTE.ms) not in server.lacking]
            await server.publish(coins, START + minute * MINUTE.ms, closed=True)
            await asyncio.sleep(0.02)
        await rig.arrival(8)
    rig.verify(8)
    assert rig.live.status().tally.missing == 2


async def test_many_symbols_are_spread_so_that_the_venue_takes_them():
    # With long names, as 1000000MOG has one.
    coins = [f"{n:03d}COINWITHNAME" for n in range(250)]
    async with FuturesServer(coins, START) as server, Rig(server, silence=30) as rig:
        await rig.connected()
        await minutes(rig, 2)
        await rig.arrival(2)
        assert server.refused == []
        assert len(server.sockets) == 2
        assert rig.live.status().connected == 2
    rig.verify(2)


async def test_ten_thousand_candles_in_foul_weather():
    """40 symbols for 252 minutes: drops, silence, loss, duplicates, late and disordered candles."""
    coins = [f"COIN{n:02d}" for n in range(40)]
    chance = Random(5)
    async with FuturesServer(coins, START) as server, Rig(server, silence=0.2, group=20) as rig:
        weather = Weather(server, 6, lost=0.01, twice=0.02, late=0.02)
        await rig.connected()
        for minute in range(252):
            if chance.random() < 0.02:
                server.drop()
            if chance.random() < 0.02:
                server.accepting = not server.accepting
            weather.silent = 120 <= minute < 140
            await weather.minute(minute, START + minute * MINUTE.ms, coins, 0.02)
        server.accepting, weather.silent = True, False
        await rig.arrival(252)
        status = rig.live.status()
    rig.verify(252)
    assert sum(len(got) for got in rig.got.values()) >= 10_000
    assert status.tally.missing == 0
    assert status.reconnects >= 2
    assert status.tally.filled > 0


async def test_nothing_grows_with_time(server):
    async with Rig(server) as rig:
        await rig.connected()
        await minutes(rig, 10)
        # What the server remembers is not the point.
        rig.expected("BTC", 200), rig.expected("ETH", 200), rig.expected("SOL", 200)
        gc.collect()
        before = len(gc.get_objects())
        await minutes(rig, 150, first=10)
        await rig.arrival(159)
        rig.got.clear()
        gc.collect()
        assert len(gc.get_objects()) < before + 500
        assert rig.live.status().waiting == 0


async def test_following_ends_without_leaving_anything_open(server):
    async with Rig(server) as rig:
        await rig.connected()
        await minutes(rig, 1)
    await asyncio.sleep(0.05)
    assert not server.sockets
    assert symbol_of("BTC") in rig.got
