"""Downloads behind the real limiter: counted by weight, last in line, silent when the venue wants silence."""

from __future__ import annotations

from collections.abc import AsyncIterator
from random import Random

import pytest
from futures_server import FuturesServer
from made_up import ms

from gobot.app.download import LowPriority
from gobot.core import ManualClock, Timeframe, VenueRefused
from gobot.exchange import Priority, RateLimiter
from gobot.market import CandleStore, Series, repair
from gobot.market.ccxt_history import CcxtHistory
from gobot.market.ccxt_venue import make_client
from gobot.market.history import History
from gobot.market.retry import Retries
from gobot.settings import TradingSettings

NOW = ms("2025-01-02T03:04:30")
QUARTER = Timeframe.parse("15m")
BITCOIN = Series(venue="binance", symbol="BTC/USDT:USDT", timeframe=QUARTER)


class Desk:
    """A venue, the limiter of its allowance, and history that passes it."""

    def __init__(self, server: FuturesServer) -> None:
        self.server = server
        self.clock = ManualClock(NOW)
        self.limiter = RateLimiter(TradingSettings().rate_limiter, self.clock)
        client = make_client("binanceusdm", rest=server.rest_url)
        client.timeout_on_exit = 0
        self.rest = CcxtHistory(client, self.clock, LowPriority(self.limiter))
        self.history = History(self.rest, Retries(self.clock, Random(1), attempts=8))

    def used(self) -> int:
        return next(limit.used for limit in self.limiter.snapshot().limits if limit.name == "weight/1m")


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with FuturesServer(["BTC"], NOW) as server:
        made = Desk(server)
        yield made
        await made.rest.close()


async def test_the_limiter_counts_what_the_venue_counts(desk):
    await desk.history.fetch(BITCOIN, ms("2024-12-20"), NOW)
    assert desk.server.weight == 1 + 1 + 3 * 2
    # Never less; a little more where it cannot know in which of two windows the venue has counted.
    assert desk.server.weight <= desk.used() <= desk.server.weight + 2


async def test_the_venues_own_count_is_believed_when_it_is_larger(desk):
    desk.server.weight = 900
    await desk.history.fetch(BITCOIN, ms("2025-01-01"), NOW)
    assert desk.used() >= 900


@pytest.mark.parametrize(("status", "kind"), [(429, "429"), (418, "418")])
async def test_nobody_is_heard_before_retry_after(desk, status, kind):
    await desk.history.now_ms()
    desk.server.faults = ["", str(status)]
    before = desk.clock.monotonic()
    found = await desk.history.fetch(BITCOIN, ms("2025-01-02"), NOW)
    assert len(found) == 12
    assert desk.clock.monotonic() - before >= 9
    assert desk.limiter.snapshot().errors[kind] == 1


async def test_an_endpoint_that_fails_for_long_is_left_alone_and_then_tried_again(desk):
    await desk.history.first_ms(BITCOIN.symbol, QUARTER)
    desk.server.faults = ["500"] * 5
    assert len(await desk.history.fetch(BITCOIN, ms("2025-01-02"), NOW)) == 12
    assert desk.clock.monotonic() >= 30


async def test_a_refusal_is_no_failure_of_the_endpoint(desk):
    for _ in range(20):
        with pytest.raises(VenueRefused):
            await desk.history.first_ms("NOPE/USDT:USDT", QUARTER)
    assert desk.limiter.snapshot().resting == {}


async def test_history_waits_behind_everybody(desk):
    order: list[str] = []

    async def other() -> None:
        async with desk.limiter.slot(Priority.CRITICAL, "DELETE /fapi/v1/order", 1):
            order.append("close")

    async with desk.limiter.slot(Priority.NORMAL, "GET /fapi/v1/time", 1079):
        pass
    await desk.history.fetch(BITCOIN, ms("2025-01-02"), NOW)
    order.append("history")
    assert desk.clock.monotonic() >= 30
    await other()
    assert order == ["history", "close"]


async def test_holes_are_repaired_from_the_history(desk, tmp_path):
    store = CandleStore(tmp_path, clock=desk.clock)
    whole = await desk.history.fetch(BITCOIN, ms("2025-01-01"), NOW)
    store.add(BITCOIN, whole[:20])
    store.add(BITCOIN, whole[30:])
    desk.server.lacking = {("BTC", int(whole.time[25]))}
    repaired = await repair(store, BITCOIN, desk.history)
    assert (repaired.filled, repaired.lacking) == (9, 1)
    assert [gap.start_ms for gap in store.known_gaps(BITCOIN)] == [whole.time[25]]
