"""The money of the simulated account: fees, margin, funding, and what is reported of it."""

from contextlib import asynccontextmanager
from decimal import Decimal

from sim_scenarios import CALM, SELL, enter, limit, stop
from sim_world import DELAY, M15, START, SYMBOL, World, order

from gobot.core import Direction, OrderType, Timeframe
from gobot.exchange import Priority
from gobot.exchange.sim import SimExchange

H8 = 8 * 3_600_000


def test_a_round_trip_costs_its_fees(tmp_path):
    world = World(
        [CALM, (100, 111, 99, 110), CALM], tmp_path / "sim.db", equity="1000", fee="0.0005", maker_fee="0.0002"
    )
    world.at(0)
    world.send(enter(quantity=2))
    assert world.balance().wallet == Decimal("999.9")
    world.send(limit(110, SELL, quantity=2, reduce=True))
    world.close_of(1)
    taker, maker = world.fills()
    assert (taker.fee, taker.maker) == (Decimal("0.1"), False)
    assert (maker.fee, maker.maker) == (Decimal("0.044"), True)
    balance = world.balance()
    assert balance.wallet == balance.equity == balance.available == Decimal("1019.856")


def test_margin_follows_leverage(tmp_path):
    world = World([CALM, (90, 91, 89, 90)], tmp_path / "sim.db", equity="1000", leverage=5)
    world.at(0)
    world.send(enter(quantity=20))
    assert world.balance().available == Decimal(600)
    world.send(limit(50, quantity=10))
    assert world.balance().available == Decimal(500)
    world.at(1)
    balance = world.balance()
    assert (balance.equity, balance.wallet, balance.available) == (Decimal(800), Decimal(1000), Decimal(500))


def test_a_position_is_reported_whole(tmp_path):
    world = World([CALM, (90, 91, 89, 90)], tmp_path / "sim.db", leverage=5)
    world.at(0)
    world.send(enter("sell", 20))
    world.at(1)
    position = world.position()
    assert (position.symbol, position.direction, position.quantity) == (SYMBOL, Direction.SHORT, 20)
    assert (position.entry_price, position.mark_price, position.leverage) == (100, 90, 5)
    assert position.unrealized == 200
    # (400 + 2000) / (20 * 1.015).
    assert position.liquidation_price == Decimal("118.226600985222")


def test_added_quantity_averages_the_entry(tmp_path):
    world = World([CALM, (110, 111, 109, 110)], tmp_path / "sim.db")
    world.at(0)
    world.send(enter())
    world.at(1)
    world.send(order("more", "buy", "market", 3))
    assert (world.position().quantity, world.position().entry_price) == (4, Decimal("107.5"))


def test_liquidation_costs_the_margin_and_no_more(tmp_path):
    world = World([CALM, (70, 75, 69, 72)], tmp_path / "sim.db", equity="1000", leverage=10, fee="0.0005")
    world.at(0)
    world.send(stop(95))
    world.send(enter(quantity=10))
    before = world.balance().wallet
    world.close_of(1)
    assert world.position() is None
    assert world.balance().wallet == before - 100
    liquidation = world.order(world.fills()[-1].client_id)
    assert liquidation.reason == "liquidation"
    assert world.order("stop").reason == "position closed"


def test_funding_is_paid_by_longs_when_the_rate_is_positive(tmp_path):
    bars = [(100 + k, 101 + k, 99 + k, 100 + k) for k in range(70)]
    stamps = [(START + H8 + 3, 0.001), (START + 2 * H8, -0.002)]
    world = World(bars, tmp_path / "sim.db", equity="1000", funding=stamps)
    world.at(0)
    world.send(enter(quantity=2))
    world.at(31)
    assert world.run(world.venue.funding(since_ms=0)) == []
    world.at(69)
    first, second = world.run(world.venue.funding(since_ms=0))
    # 132 is the price at 08:00, 164 at 16:00.
    assert (first.time_ms, first.rate, first.amount) == (START + H8 + 3, Decimal("0.001"), Decimal("-0.264"))
    assert (second.time_ms, second.amount) == (START + 2 * H8, Decimal("0.656"))
    assert world.balance().wallet == Decimal("1000.392")
    assert world.run(world.venue.funding(since_ms=second.time_ms)) == [second]


def test_a_position_opened_at_the_settlement_does_not_pay(tmp_path):
    world = World([CALM] * 34, tmp_path / "sim.db", funding=[(START + H8, 0.001)])
    world.at(32)
    world.send(enter())
    world.at(33)
    assert world.run(world.venue.funding(since_ms=0)) == []


def test_a_stop_in_the_last_candle_before_the_settlement_does_not_pay(tmp_path):
    bars = [CALM] * 31 + [(100, 101, 90, 95), CALM, CALM]
    world = World(bars, tmp_path / "sim.db", funding=[(START + H8, 0.001)])
    world.at(0)
    world.send(stop(95))
    world.send(enter())
    world.at(33)
    assert world.run(world.venue.funding(since_ms=0)) == []


def test_tickers_and_candles_follow_the_clock(tmp_path):
    world = World([CALM, (103, 104, 102, 103), None, CALM], tmp_path / "sim.db")

    def tick():
        return world.run(world.venue.tickers([SYMBOL, "NONE/USDT:USDT"]))

    world.at(1)
    assert set(tick()) == {SYMBOL}
    assert (tick()[SYMBOL].last, tick()[SYMBOL].spread, tick()[SYMBOL].quote_volume) == (103, 0, 100)
    assert world.run(world.venue.candles(SYMBOL, M15, limit=10)).close.tolist() == [100.0]
    world.at(2)
    assert tick() == {}
    world.at(3)
    assert tick()[SYMBOL].last == 100
    assert world.run(world.venue.candles(SYMBOL, M15, limit=1)).close.tolist() == [103.0]
    assert len(world.run(world.venue.candles("NONE/USDT:USDT", M15, limit=1))) == 0
    assert world.run(world.venue.time()) == START + 3 * M15.ms + DELAY


def test_a_position_in_a_gap_is_valued_at_the_last_close(tmp_path):
    world = World([(100, 101, 99, "100.5"), None, CALM], tmp_path / "sim.db")
    world.at(0)
    world.send(enter())
    world.at(1)
    assert world.position().mark_price == Decimal("100.5")


def test_markets_carry_the_fees(tmp_path):
    world = World([CALM], tmp_path / "sim.db", fee="0.0005", maker_fee="-0.0001")
    market = world.run(world.venue.markets())[SYMBOL]
    assert (market.taker_fee, market.maker_fee, market.max_leverage) == (Decimal("0.0005"), Decimal("-0.0001"), 50)


def test_when_the_data_end(tmp_path):
    world = World([CALM, CALM], tmp_path / "sim.db")
    assert world.venue.end_ms == START + 2 * M15.ms
    assert world.venue.next_event_ms(START) == START + M15.ms
    assert world.venue.next_event_ms(START + DELAY) == START + M15.ms
    assert not world.venue.exhausted
    world.close_of(1)
    assert world.venue.exhausted


async def test_every_call_waits_for_its_turn(tmp_path):
    asked = []

    class Watched:
        def slot(self, priority, endpoint, weight=None):
            @asynccontextmanager
            async def turn():
                asked.append((priority, endpoint.split("/")[-1], weight))
                yield

            return turn()

    world = World([CALM, CALM], tmp_path / "sim.db")
    await world.venue.close()
    venue = SimExchange(
        world.venue._feed, world.clock, tmp_path / "other.db", start_equity=Decimal(1000), limiter=Watched()
    )
    world.at(0)
    await venue.set_leverage(SYMBOL, 2)
    await venue.create(stop(95))
    await venue.create(enter())
    await venue.cancel(SYMBOL, "stop")
    await venue.candles(SYMBOL, Timeframe.parse("15m"), limit=500)
    await venue.positions()
    assert asked == [
        (Priority.HIGH, "leverage", None),
        (Priority.CRITICAL, "order", None),
        (Priority.HIGH, "order", None),
        (Priority.CRITICAL, "order", None),
        (Priority.NORMAL, "klines", 5),
        (Priority.NORMAL, "positionRisk", None),
    ]
    await venue.close()


def test_reports_say_what_an_order_is(tmp_path):
    world = World([CALM], tmp_path / "sim.db")
    world.at(0)
    report = world.send(stop(95))
    assert (report.type, report.trigger, report.quantity, report.closes_position) == (OrderType.STOP, 95, 0, True)
    assert report.updated_ms == START + DELAY
    trailing = world.send(order("trail", "sell", "trailing", 1, callback="0.1"))
    assert trailing.trigger == Decimal(90)


def test_fills_since_a_moment_include_it(tmp_path):
    world = World([CALM, CALM], tmp_path / "sim.db")
    world.at(0)
    world.send(enter())
    assert len(world.run(world.venue.fills(since_ms=START + DELAY))) == 1
    assert world.run(world.venue.fills(since_ms=START + DELAY + 1)) == []
