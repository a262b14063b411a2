"""What the streams tell is what REST tells, and closed candles are never left out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

import aiohttp
import pytest
from sandbox_client import BTC, ETH, Trader

from gobot.sandbox import Sandbox

MINUTE = 60_000


class Listener:
    """A WebSocket client by hand."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def ask(self, method: str, *names: str) -> Any:
        await self.socket.send_json({"method": method, "params": list(names), "id": 1})
        return await self.hear()

    async def hear(self) -> Any:
        return await asyncio.wait_for(self.socket.receive_json(), 10)


async def heard(waiting: Awaitable[Any]) -> Any:
    return await asyncio.wait_for(waiting, 10)


async def test_closed_candles_are_all_told(trader: Trader) -> None:
    sandbox = trader.sandbox
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{sandbox.ws}/market/ws/0") as socket:
        listener = Listener(socket)
        assert await listener.ask("SUBSCRIBE", "btcusdt@kline_1m") == {"result": None, "id": 1}
        trader.pass_time(5 * MINUTE)
        told = [await listener.hear() for _ in range(6)]
    asked = await trader.client.fetch_ohlcv(BTC, "1m", limit=6)
    closed = [message["k"] for message in told[:5]]
    assert all(candle["x"] for candle in closed)
    assert not told[5]["k"]["x"]
    rows = [[candle["t"], *(float(candle[name]) for name in "ohlcv")] for candle in closed]
    assert rows == asked[:5]


async def test_subscriptions_are_listed_and_ended(sandbox: Sandbox) -> None:
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{sandbox.ws}/public/ws/0") as socket:
        listener = Listener(socket)
        assert "error" in await listener.ask("SUBSCRIBE", "nopeusdt@bookTicker")
        await listener.ask("SUBSCRIBE", "btcusdt@bookTicker", "ethusdt@bookTicker")
        await listener.ask("UNSUBSCRIBE", "btcusdt@bookTicker")
        assert (await listener.ask("LIST_SUBSCRIPTIONS"))["result"] == ["ethusdt@bookTicker"]
        await socket.send_str("hello")
        assert "error" in await listener.hear()


async def test_combined_streams_name_themselves(trader: Trader) -> None:
    sandbox = trader.sandbox
    url = f"{sandbox.ws}/stream?streams=btcusdt@aggTrade/btcusdt@markPrice@1s"
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
        await heard(sandbox.hub.joined.wait())
        trader.pass_time(1_000)
        told = [await Listener(socket).hear() for _ in range(2)]
    assert {one["stream"] for one in told} == {"btcusdt@aggTrade", "btcusdt@markPrice@1s"}
    prices = {one["data"]["e"]: float(one["data"]["p"]) for one in told}
    assert prices["markPriceUpdate"] == trader.price()


async def test_ccxt_watches_the_market(trader: Trader) -> None:
    client = trader.client
    watching = [
        asyncio.create_task(client.watch_ohlcv(BTC, "1m")),
        asyncio.create_task(client.watch_bids_asks([BTC, ETH])),
        asyncio.create_task(client.watch_mark_prices([BTC])),
        asyncio.create_task(client.watch_trades(BTC)),
        asyncio.create_task(client.watch_ticker(BTC)),
    ]
    await client.load_markets()
    while not all(task.done() for task in watching):
        trader.pass_time(3_000)
        await asyncio.sleep(0)
    candles, quotes, marks, trades, ticker = [task.result() for task in watching]
    assert candles[-1][0] <= trader.sandbox.clock.now_ms()
    assert all(quote["bid"] < quote["ask"] for quote in quotes.values())
    assert marks[BTC]["markPrice"] > 0
    assert trades[-1]["price"] > 0
    assert ticker["last"] > 0


async def test_an_order_book_that_is_kept_by_changes_stays_right(trader: Trader) -> None:
    client = trader.client
    watching = asyncio.create_task(client.watch_order_book(BTC))
    await asyncio.wait_for(trader.sandbox.hub.joined.wait(), 10)
    while not watching.done():
        trader.pass_time(100)
        await asyncio.sleep(0)
    for _ in range(20):
        watching = asyncio.create_task(client.watch_order_book(BTC))
        await asyncio.sleep(0)
        trader.pass_time(700)
        kept = await asyncio.wait_for(watching, 10)
    asked = await client.fetch_order_book(BTC, 100)
    assert kept["bids"][:20] == asked["bids"][:20]
    assert kept["asks"][:20] == asked["asks"][:20]
    assert kept["bids"][0][0] < trader.price() * 1.001


async def test_a_private_stream_needs_a_key_that_lives(trader: Trader) -> None:
    sandbox = trader.sandbox
    key = (await trader.client.fapiPrivatePostListenKey())["listenKey"]
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(f"{sandbox.ws}/private/ws?listenKey=none")
        async with session.ws_connect(f"{sandbox.ws}/private/ws?listenKey={key}") as socket:
            await heard(sandbox.hub.joined.wait())
            trader.pass_time(50 * MINUTE)
            await trader.client.fapiPrivatePutListenKey()
            trader.pass_time(50 * MINUTE)
            await trader.buy(0.001)
            assert (await Listener(socket).hear())["e"] == "ORDER_TRADE_UPDATE"
            trader.pass_time(11 * MINUTE)
            while (event := await Listener(socket).hear())["e"] != "listenKeyExpired":
                pass
            assert event["listenKey"] == key
            await trader.buy(0.001)
            assert not any(one.account for one in sandbox.hub.connections), "an old key hears nothing more"


async def test_the_account_hears_every_step_in_order(trader: Trader, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[dict[str, Any]] = []
    monkeypatch.setattr(trader.sandbox.hub, "tell_user", told.append)
    await trader.buy(0.01, newClientOrderId="entry")
    await trader.stop(trader.price() * 0.99, "stop")
    trader.sandbox.human.act("move", {"symbol": BTC, "factor": 0.98})
    trader.pass_time(1_000)
    steps = [(one["e"], (one.get("o") or {}).get("X"), (one.get("o") or {}).get("x")) for one in told]
    assert steps == [
        ("ORDER_TRADE_UPDATE", "NEW", "NEW"),
        ("ACCOUNT_UPDATE", None, None),
        ("ORDER_TRADE_UPDATE", "FILLED", "TRADE"),
        ("ALGO_UPDATE", "NEW", None),
        ("ALGO_UPDATE", "TRIGGERED", None),
        ("ORDER_TRADE_UPDATE", "NEW", "NEW"),
        ("ACCOUNT_UPDATE", None, None),
        ("ORDER_TRADE_UPDATE", "FILLED", "TRADE"),
        ("ALGO_UPDATE", "FINISHED", None),
    ]
    closing = told[-2]["o"]
    assert (closing["c"], closing["ot"], closing["R"]) == ("stop", "STOP_MARKET", True)
    assert told[-3]["a"]["P"][0]["pa"] == "0"


async def test_a_position_in_danger_is_called(trader: Trader, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[dict[str, Any]] = []
    monkeypatch.setattr(trader.sandbox.hub, "tell_user", told.append)
    await trader.client.set_leverage(20, BTC)
    await trader.buy(0.5)
    (position,) = await trader.client.fetch_positions([BTC])
    near = 1 + 0.97 * (position["liquidationPrice"] / trader.price() - 1)
    trader.sandbox.human.act("move", {"symbol": BTC, "factor": near})
    trader.pass_time(1_000)
    trader.pass_time(1_000)
    (call,) = [one for one in told if one["e"] == "MARGIN_CALL"]
    assert call["p"][0]["s"] == "BTCUSDT"
    assert await trader.position() == 0.5
