"""What the simulated venue refuses, with Binance's codes; a refused order has done nothing."""

from decimal import Decimal

import pytest
from sim_scenarios import BUY, CALM, SELL, enter, limit, stop, target
from sim_world import SYMBOL, World, order

from gobot.core import Market, OrderStatus, VenueRefused

STEPS = Market(
    symbol=SYMBOL,
    quantity_step=Decimal("0.01"),
    price_step=Decimal("0.1"),
    min_quantity=Decimal("0.02"),
    min_notional=Decimal(5),
    max_leverage=50,
)
LONG = [enter()]

# What was sent before, the order that is refused, and the code.
REFUSALS = [
    ("more than the account can carry", [], enter(quantity=1001), -2019),
    ("a limit order more than the account can carry", [], limit(50, quantity=2001), -2019),
    ("what a resting order has reserved", [limit(50, name="first", quantity=1999)], enter(quantity=2), -2019),
    ("closing nothing", [], order("x", SELL, "market", 1, reduce=True), -2022),
    ("closing in the direction of the position", LONG, order("x", BUY, "market", 1, reduce=True), -2022),
    ("a limit that closes nothing", [], limit(105, SELL, reduce=True), -2022),
    ("a sell stop at the price", LONG, stop(100), -2021),
    ("a sell stop above the price", LONG, stop(101), -2021),
    ("a buy stop below the price", [enter(SELL)], stop(99, BUY), -2021),
    ("a sell target below the price", LONG, target(99), -2021),
    ("a buy target above the price", [enter(SELL)], target(101, BUY), -2021),
    ("too little money", [], order("x", BUY, "market", "0.04"), -4164),
    ("too little quantity", [], order("x", BUY, "market", "0.01"), -4003),
    ("a quantity off the step", [], order("x", BUY, "market", "1.001"), -1111),
    ("a price off the step", [], limit("99.95"), -4014),
    ("a trigger off the step", [], stop("95.05"), -4014),
    ("a client id that is open", [stop(95)], stop(94), -4116),
    ("a post-only order that would trade", [], limit(102, post=True), -5022),
    ("a symbol nobody knows", [], order("x", BUY, "market", 1, symbol="NONE/USDT:USDT"), -1121),
    ("a trailing stop without a distance", LONG, order("x", SELL, "trailing", closes=True), -1102),
]


@pytest.mark.parametrize(
    ("before", "request_", "code"), [row[1:] for row in REFUSALS], ids=[row[0] for row in REFUSALS]
)
def test_refused(tmp_path, before, request_, code):
    world = World([CALM, CALM], tmp_path / "sim.db", market=STEPS)
    world.at(0)
    for request in before:
        world.send(request)
    known = (world.balance(), world.fills(), world.run(world.venue.open_orders()), world.position())
    with pytest.raises(VenueRefused) as refusal:
        world.send(request_)
    assert refusal.value.code == str(code)
    assert (world.balance(), world.fills(), world.run(world.venue.open_orders()), world.position()) == known


def test_nothing_trades_in_a_gap_but_protection_can_be_placed(tmp_path):
    world = World([CALM, None, (100, 101, 90, 95)], tmp_path / "sim.db")
    world.at(0)
    world.send(enter())
    world.at(1)
    with pytest.raises(VenueRefused) as refusal:
        world.send(order("exit", SELL, "market", 1, reduce=True))
    assert refusal.value.code == "-4140"
    assert world.send(stop(95)).status is OrderStatus.OPEN
    world.close_of(2)
    assert world.order("stop").status is OrderStatus.FILLED


def test_exits_may_be_below_the_minimum(tmp_path):
    world = World([CALM, CALM], tmp_path / "sim.db", market=STEPS)
    world.at(0)
    world.send(enter(quantity="0.06"))
    assert world.send(order("exit", SELL, "market", "0.01", reduce=True)).filled == Decimal("0.01")


def test_a_client_id_may_be_used_again_once_its_order_is_final(tmp_path):
    world = World([CALM], tmp_path / "sim.db")
    world.at(0)
    first = world.send(enter())
    second = world.send(enter())
    assert world.order("entry").venue_id == second.venue_id != first.venue_id


def test_cancelling(tmp_path):
    world = World([CALM], tmp_path / "sim.db")
    world.at(0)
    world.send(limit(95))
    assert world.run(world.venue.cancel(SYMBOL, "limit")).status is OrderStatus.CANCELED
    assert world.run(world.venue.cancel(SYMBOL, "limit")).status is OrderStatus.CANCELED
    world.send(enter())
    assert world.run(world.venue.cancel(SYMBOL, "entry")).status is OrderStatus.FILLED
    for symbol, client_id in ((SYMBOL, "never"), ("BTC/USDT:USDT", "limit")):
        with pytest.raises(VenueRefused) as refusal:
            world.run(world.venue.cancel(symbol, client_id))
        assert refusal.value.code == "-2011"


@pytest.mark.parametrize(
    ("symbol", "leverage", "code"), [(SYMBOL, 51, "-4028"), (SYMBOL, 0, "-4028"), ("X", 1, "-1121")]
)
def test_leverage_that_is_not_offered(tmp_path, symbol, leverage, code):
    world = World([CALM], tmp_path / "sim.db")
    with pytest.raises(VenueRefused) as refusal:
        world.run(world.venue.set_leverage(symbol, leverage))
    assert refusal.value.code == code
