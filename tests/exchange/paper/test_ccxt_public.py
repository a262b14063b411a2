"""Public data through the real ccxt client: what it says, what it costs, and what becomes of every fault."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import numpy as np
import pytest
from binance_server import HOUR, START
from paper_world import BTC, ETH, until, world

from gobot.core import GobotError, Market, Ticker, Timeframe, VenueUnavailable
from gobot.exchange.ccxt_client import priority
from gobot.exchange.ccxt_markets import markets_of
from gobot.exchange.ccxt_public import Settlement
from gobot.exchange.priority import Priority
from gobot.memory import JsonFile

MINUTE, QUARTER = Timeframe.parse("1m"), Timeframe.parse("15m")


async def test_markets_have_the_venues_steps_minimums_and_fees(server):
    server.status["ETH"] = "SETTLING"
    async with world(server) as w:
        markets = await w.public.markets()
    assert markets[BTC] == Market(
        symbol=BTC,
        quantity_step=Decimal("0.001"),
        price_step=Decimal("0.01"),
        min_quantity=Decimal("0.001"),
        min_notional=Decimal(5),
        maker_fee=Decimal("0.0002"),
        taker_fee=Decimal("0.0005"),
        max_leverage=125,
        active=True,
    )
    assert not markets[ETH].active


def described(**changes):
    limits = {"amount": {"min": 1.0}, "cost": {"min": None}, "leverage": {"max": 20.0}}
    return {
        "X": {
            "precision": {"amount": 1.0, "price": 2.0},
            "limits": limits,
            "inverse": False,
            "option": False,
            **changes,
        }
    }


def test_precision_is_a_step_or_a_number_of_decimals_and_contracts_become_base_units():
    tick = markets_of(described(contractSize=0.01), 4)["X"]
    assert (tick.quantity_step, tick.min_quantity, tick.price_step) == (Decimal("0.01"), Decimal("0.01"), Decimal(2))
    assert tick.max_leverage == 20
    decimals = markets_of(described(), 2)["X"]
    assert (decimals.quantity_step, decimals.price_step) == (Decimal("0.1"), Decimal("0.01"))
    assert markets_of(described(), 3)["X"].price_step == 0
    assert not markets_of(described(inverse=True), 4)
    assert not markets_of(described(option=True), 4)


async def test_markets_are_read_once_an_hour(server):
    async with world(server) as w:
        for _ in range(3):
            await w.public.markets()
        assert server.counts["exchangeInfo"] == 1
        server.coins = ("BTC",)
        w.after(3600)
        assert list(await w.public.markets()) == [BTC]
        assert server.counts["exchangeInfo"] == 2


@pytest.mark.parametrize("into_the_minute", [0, 1, 59_999])
async def test_the_open_candle_is_never_returned(server, into_the_minute):
    server.now_ms = START + 10 * 60_000 + into_the_minute
    async with world(server) as w:
        candles = await w.public.candles(BTC, MINUTE, limit=3)
        assert candles.time.tolist() == [START + n * 60_000 for n in (7, 8, 9)]
        assert (await w.public.candles(BTC, QUARTER, limit=1)).time.tolist() == [START - 15 * 60_000]


@pytest.mark.parametrize("ahead_ms", [-30_000, 30_000])
async def test_it_is_the_venues_clock_that_closes_a_candle(server, ahead_ms):
    server.now_ms = START + 60_000 + 10_000
    async with world(server) as w:
        w.clock.move_to(server.now_ms)
        server.now_ms += ahead_ms
        newest = (await w.public.candles(BTC, MINUTE, limit=1)).time.tolist()
        assert newest == [server.now_ms // 60_000 * 60_000 - 60_000]
        assert w.public.now_ms() == server.now_ms


async def test_candles_hold_what_was_traded(server):
    server.trade("BTC", START + 10_000, 103.0, 97.0, 101.0)
    server.now_ms = START + 60_000
    async with world(server) as w:
        one = await w.public.candles(BTC, MINUTE, limit=1)
    assert [one.open[0], one.high[0], one.low[0], one.close[0], one.volume[0]] == [100.0, 103.0, 97.0, 101.0, 10.0]


async def test_more_candles_than_fit_into_one_answer(server):
    async with world(server) as w:
        candles = await w.public.candles(BTC, MINUTE, limit=2_500)
        assert len(candles) == 2_500
        assert (np.diff(candles.time) == 60_000).all()
        assert server.counts["klines"] == 3


async def test_minutes_include_the_one_under_way(server):
    server.now_ms = START + 90_000
    server.trade("BTC", START + 70_000, 105.0)
    async with world(server) as w:
        minutes = await w.public.minutes(BTC, since_ms=START)
    assert [(m.open_ms, m.close) for m in minutes] == [(START, 100.0), (START + 60_000, 105.0)]


async def test_tickers_have_bid_ask_and_funding(server):
    async with world(server) as w:
        tickers = await w.public.tickers([ETH, BTC, "NOPE/USDT:USDT"])
        assert list(tickers) == [ETH, BTC]
        assert tickers[BTC] == Ticker(
            symbol=BTC,
            last=Decimal(100),
            bid=Decimal("99.95"),
            ask=Decimal("100.05"),
            time_ms=server.now_ms,
            funding_rate=Decimal("0.0001"),
        )
        assert await w.public.tickers(["NOPE/USDT:USDT"]) == {}
        assert (await w.public.quote(BTC)).funding_rate is None


async def test_a_symbol_without_quotes_is_missing(server):
    server.prices["BTC"] = [(0, 0.05)]
    async with world(server) as w:
        assert list(await w.public.tickers([BTC, ETH])) == [ETH]
        assert await w.public.quote(BTC) is None


async def test_funding_that_comes_and_funding_that_was(server):
    server.now_ms = START + 9 * HOUR
    async with world(server) as w:
        assert await w.public.next_funding(BTC) == Settlement(START + 16 * HOUR, 0.0001)
        settled = await w.public.settled_funding(BTC, after_ms=START, until_ms=START + 16 * HOUR)
        assert settled == [Settlement(START + 8 * HOUR, 0.0001)]


async def test_an_unknown_symbol_is_told_with_the_way_out(server):
    async with world(server) as w:
        with pytest.raises(VenueUnavailable, match=r"no market BTC/USDT: correct trading.symbols"):
            await w.public.candles("BTC/USDT", MINUTE, limit=3)


async def test_every_call_passes_the_limiter_at_the_venues_weight(server):
    async with world(server) as w:
        await w.public.tickers([BTC, ETH])
        await w.public.tickers([BTC])
        await w.public.candles(BTC, MINUTE, limit=97)
        await w.public.candles(BTC, MINUTE, limit=400)
        with priority(Priority.CRITICAL):
            await w.public.quote(BTC)
        await w.public.time()
        assert w.served == [
            ("exchangeInfo", 1, Priority.NORMAL),
            ("time", 1, Priority.NORMAL),
            ("premiumIndex", 10, Priority.NORMAL),
            ("ticker/bookTicker", 5, Priority.NORMAL),
            ("premiumIndex", 1, Priority.NORMAL),
            ("ticker/bookTicker", 2, Priority.NORMAL),
            ("klines", 1, Priority.NORMAL),
            ("klines", 2, Priority.NORMAL),
            ("ticker/bookTicker", 2, Priority.CRITICAL),
            ("time", 1, Priority.NORMAL),
        ]
        assert len(server.requests) == len(w.served)


async def test_the_venues_own_count_and_limits_are_heeded(server):
    server.limits = [
        {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 600},
        {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 30},
    ]
    server.weight = 400
    async with world(server) as w:
        await w.public.markets()
        used = {limit.name: (limit.used, limit.ceiling) for limit in w.limiter.snapshot().limits}
        assert used["weight/1m"] == (402, 600)
        assert used["orders/10s"] == (0, 30)


async def test_limits_that_cannot_be_read_change_nothing(server):
    server.limits = [{"rateLimitType": "REQUEST_WEIGHT", "interval": "FORTNIGHT"}]
    async with world(server) as w:
        assert BTC in await w.public.markets()


FAULTS = ["500", "502", "html", "cut", "short", "empty", "reset", "slow", "403"]
CALLS = {
    "exchangeInfo": lambda public: public.markets(),
    "time": lambda public: public.time(),
    "klines": lambda public: public.candles(BTC, MINUTE, limit=3),
    "ticker/bookTicker": lambda public: public.tickers([BTC, ETH]),
    "premiumIndex": lambda public: public.next_funding(BTC),
    "fundingRate": lambda public: public.settled_funding(BTC, after_ms=START, until_ms=START + HOUR),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("what", CALLS)
async def test_a_fault_that_stays_is_unavailable_and_one_that_passes_is_not_seen(server, what, fault):
    async with world(server) as w:
        if what != "exchangeInfo":
            await w.public.markets()
        w.client.timeout = 50 if fault == "slow" else 5_000
        server.fail(what, *[fault] * 3)
        with pytest.raises(VenueUnavailable, match="binanceusdm"):
            await CALLS[what](w.public)
        # Whoever gives up quickly may do so before the server has heard him.
        assert fault == "slow" or not server.faults[what]
        server.faults[what].clear()
        w.client.timeout = 5_000
        server.fail(what, *([fault] if fault != "slow" else []))
        await CALLS[what](w.public)
        assert w.limiter.snapshot().in_flight == 0


async def test_candles_with_holes_are_not_left_out(server):
    async with world(server) as w:
        await w.public.markets()
        server.fail("klines", *["odd"] * 3)
        with pytest.raises(VenueUnavailable, match="cannot be read"):
            await w.public.candles(BTC, MINUTE, limit=3)


async def test_nothing_but_our_own_errors_gets_out_whatever_the_answer(server):
    """JSON of every wrong shape."""
    async with world(server) as w:
        await w.public.markets()
        for document in ({}, [], [[]], [[1]], {"symbol": None}, [None], [[None] * 6], {"a": [1]}, [["x"] * 12]):
            server.answer = lambda what, query, document=document: document
            for call in CALLS.values():
                try:
                    await call(w.public)
                except GobotError as error:
                    assert isinstance(error, VenueUnavailable)


async def test_an_endpoint_that_keeps_failing_is_left_alone(server):
    async with world(server) as w:
        await w.public.markets()
        server.fail("klines", *["html"] * 6)
        for _ in range(2):
            with pytest.raises(VenueUnavailable):
                await w.public.candles(BTC, MINUTE, limit=3)
        with pytest.raises(VenueUnavailable, match="is left alone"):
            await w.public.candles(BTC, MINUTE, limit=3)
        assert server.counts["klines"] == 5


async def test_after_429_nobody_asks_before_it_is_time(server):
    async with world(server) as w:
        await w.public.markets()
        server.fail("klines", "429", Retry_After="20")
        began = w.clock.now_ms()
        asked = asyncio.gather(*(w.public.candles(BTC, MINUTE, limit=3) for _ in range(3)))
        await asked
        assert w.clock.now_ms() - began >= 20_000
        assert w.limiter.snapshot().errors == {"429": 1}


async def test_a_ban_is_answered_at_once_and_outlives_a_restart(server, tmp_path):
    limits = JsonFile(tmp_path / "limits.json", 1)
    async with world(server, limits=limits) as w:
        await w.public.markets()
        server.fail("klines", "418", Retry_After="3600")
        with pytest.raises(VenueUnavailable, match="wants to hear nothing for another 3600 s"):
            await w.public.candles(BTC, MINUTE, limit=3)
        assert server.counts["klines"] == 1
    async with world(server, limits=JsonFile(tmp_path / "limits.json", 1)) as w:
        with pytest.raises(VenueUnavailable, match="exchangeInfo was not asked"):
            await w.public.markets()
        assert server.counts["exchangeInfo"] == 1


async def test_who_waits_for_a_ban_is_not_kept_until_its_end(server, monkeypatch):
    async with world(server) as w:
        await w.public.markets()

        async def never(seconds):
            await asyncio.Event().wait()

        w.clock.sleep = never
        server.fail("klines", "418", Retry_After="60")
        asking = asyncio.create_task(w.public.candles(BTC, MINUTE, limit=3))
        await until(w.limiter.silent_for)
        monkeypatch.setattr("gobot.exchange.ccxt_client._LONGEST_WAIT", 0.05)
        w.limiter.silent_for = lambda: 0.0
        waiting = asyncio.create_task(w.public.time())
        with pytest.raises(VenueUnavailable, match="no turn came"):
            await waiting
        asking.cancel()
        await asyncio.wait([asking])
        assert sum(w.limiter.snapshot().waiting.values()) == 0


async def test_whoever_gives_up_leaves_nothing_behind(server):
    async with world(server) as w:
        await w.public.markets()
        server.fail("klines", "slow")
        asking = asyncio.create_task(w.public.candles(BTC, MINUTE, limit=3))
        await until(lambda: server.counts["klines"])
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert w.limiter.snapshot().in_flight == 0
        assert len(await w.public.candles(BTC, MINUTE, limit=3)) == 3


async def test_one_who_gives_up_does_not_take_the_markets_from_the_others(server):
    async with world(server) as w:
        server.fail("exchangeInfo", "slow")
        first = asyncio.create_task(w.public.markets())
        await until(lambda: server.counts["exchangeInfo"])
        second = asyncio.create_task(w.public.markets())
        await asyncio.sleep(0)
        first.cancel()
        assert BTC in await second


async def test_ccxt_keeps_its_table_of_futures_errors_at_another_address(server):
    import ccxt

    async with world(server) as w:
        server.fail("time", "400:-2021")
        with pytest.raises(ccxt.OrderImmediatelyFillable):
            await w.client.fetch_time()


async def test_nobody_at_the_address(server):
    async with world(server, rest="http://127.0.0.1:9") as w:
        with pytest.raises(VenueUnavailable, match=r"binanceusdm does not answer: GET .*Cannot connect to host 127"):
            await w.public.markets()
