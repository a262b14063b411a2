"""What holds for the simulated venue whatever the market does and whatever is sent."""

import tempfile
from decimal import Decimal
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from sim_world import DELAY, M15, START, SYMBOL, World, order

from gobot.core import Side, VenueRefused

OTHER = "BTC/USDT:USDT"
CENTRE = 200  # twice the price around which the mirrored market is turned

prices = st.integers(180, 220).map(lambda steps: steps / 2)
bars = st.lists(
    st.one_of(st.none(), st.tuples(prices, prices, prices, prices).map(lambda p: (p[0], max(p), min(p), p[3]))),
    min_size=3,
    max_size=8,
).map(lambda rows: [(100.0, 101.0, 99.0, 100.0), *rows])


@st.composite
def requests(draw, kinds=("market", "limit", "stop", "take_profit", "trailing")):
    """An order of any kind, sensible or not."""
    kind = draw(st.sampled_from(kinds))
    closes = draw(st.booleans()) and kind not in ("market", "limit")
    rest = {"symbol": draw(st.sampled_from([SYMBOL, OTHER])), "closes": closes}
    if kind == "limit":
        rest |= {"price": draw(prices), "post": draw(st.booleans())}
    elif kind == "trailing":
        rest |= {"callback": draw(st.sampled_from(["0.01", "0.05"]))}
    elif kind != "market":
        rest |= {"trigger": draw(prices)}
    if not closes:
        rest |= {"quantity": draw(st.integers(1, 4)), "reduce": draw(st.booleans())}
    return {"side": draw(st.sampled_from(["buy", "sell"])), "kind": kind, **rest}


scripts = st.lists(st.tuples(st.integers(0, 8), requests()), max_size=14)


class Play:
    """One script against one market; ``each`` is called after every step."""

    def __init__(self, first, second, script, *, mirrored=False, restart_at=frozenset(), each=None, **world):
        with tempfile.TemporaryDirectory() as directory:
            self.world = World(first, Path(directory) / "sim.db", others={OTHER: second}, **world)
            self.refused = []
            for candle in range(len(first)):
                self.world.at(candle)
                for number, (when, request) in enumerate(script):
                    if when == candle:
                        self.send(f"o{number}", request, mirrored)
                        self.step(each, restart=number in restart_at)
                self.world.close_of(candle)
                self.step(each, restart=-candle in restart_at)
            self.fills = self.world.fills()
            self.end = (self.fills, self.refused, self.view(), self.world.balance())
            self.world.run(self.world.venue.close())

    def send(self, client_id, request, mirrored):
        fields = dict(request)
        if mirrored:
            fields["side"] = Side(fields["side"]).opposite
            fields |= {name: CENTRE - fields[name] for name in ("price", "trigger") if name in fields}
        try:
            self.world.send(order(client_id, fields.pop("side"), fields.pop("kind"), **fields))
        except VenueRefused as refusal:
            self.refused.append((client_id, refusal.code))

    def step(self, each, *, restart):
        if restart:
            self.world.balance()
            self.world.restart()
        if each is not None:
            each(self.world)

    def view(self):
        venue = self.world.venue
        return self.world.run(venue.open_orders()), self.world.run(venue.positions()), venue.venue_time


def turned(rows):
    return [row and (CENTRE - row[0], CENTRE - row[2], CENTRE - row[1], CENTRE - row[3]) for row in rows]


@settings(max_examples=80, deadline=None)
@given(bars, bars, scripts)
def test_equity_is_the_cash_flow_of_the_fills_plus_what_is_held(first, second, script):
    def check(world):
        balance, positions = world.balance(), world.run(world.venue.positions())
        cash = Decimal(100_000)
        held = {}
        for fill in world.fills():
            sign = 1 if fill.side is Side.BUY else -1
            cash -= sign * fill.price * fill.quantity + fill.fee
            held[fill.symbol] = held.get(fill.symbol, 0) + sign * fill.quantity
        found = {position.symbol: position.direction.sign * position.quantity for position in positions}
        assert found == {symbol: quantity for symbol, quantity in held.items() if quantity}
        value = sum(position.mark_price * found[position.symbol] for position in positions)
        assert abs(balance.equity - cash - value) < Decimal("1e-12")
        assert abs(balance.equity - balance.wallet - sum(p.unrealized for p in positions)) < Decimal("1e-12")
        assert balance.available <= balance.wallet

    Play(first, second, script, each=check, fee="0.0005", maker_fee="0.0002", slippage=0.001)


@settings(max_examples=80, deadline=None)
@given(bars, bars, scripts)
def test_no_fill_lies_outside_its_candle(first, second, script):
    played = Play(first, second, script)
    market = {SYMBOL: first, OTHER: second}
    for fill in played.fills:
        at_once = (fill.time_ms - START) % M15.ms == DELAY
        candle = (fill.time_ms - START) // M15.ms
        open_, high, low, _ = market[fill.symbol][candle]
        if at_once:
            assert fill.price == Decimal(str(open_))
        elif not fill.client_id.startswith("autoclose"):
            assert Decimal(str(low)) <= fill.price <= Decimal(str(high))


@settings(max_examples=80, deadline=None)
@given(
    bars,
    bars,
    st.lists(st.tuples(st.integers(0, 8), requests(("market", "limit", "stop", "take_profit"))), max_size=14),
)
def test_a_mirrored_market_gives_mirrored_fills(first, second, script):
    plain = Play(first, second, script)
    mirrored = Play(turned(first), turned(second), script, mirrored=True)
    assert mirrored.refused == plain.refused
    assert [(f.client_id, f.time_ms, f.side.opposite, CENTRE - f.price, f.quantity) for f in mirrored.fills] == [
        (f.client_id, f.time_ms, f.side, f.price, f.quantity) for f in plain.fills
    ]


@settings(max_examples=60, deadline=None)
@given(bars, bars, scripts, st.sets(st.integers(-8, 13), min_size=1))
def test_a_restart_at_any_step_changes_nothing(first, second, script, restarts):
    world = {"fee": "0.0005", "slippage": 0.001, "leverage": 3}
    assert Play(first, second, script, restart_at=restarts, **world).end == Play(first, second, script, **world).end


@settings(max_examples=60, deadline=None)
@given(bars, bars, scripts)
def test_looking_changes_nothing(first, second, script):
    def look(world):
        world.balance()
        world.run(world.venue.open_orders())

    assert Play(first, second, script, each=look).end == Play(first, second, script).end


@settings(max_examples=80, deadline=None)
@given(bars, bars, scripts)
def test_no_order_that_only_closes_outlives_its_position(first, second, script):
    """Nor does one ever open anything."""

    def check(world):
        placed = {report.client_id: report for report in world.run(world.venue.open_orders())}
        for fill in world.fills():
            if fill.client_id in placed:
                raise AssertionError(f"{fill.client_id} filled and rests")

    played = Play(first, second, script, each=check)
    quantity = {SYMBOL: 0, OTHER: 0}
    only_closes = {f"o{n}" for n, (_, request) in enumerate(script) if request.get("reduce") or request.get("closes")}
    for fill in played.fills:
        sign = 1 if fill.side is Side.BUY else -1
        before = quantity[fill.symbol]
        quantity[fill.symbol] += sign * fill.quantity
        if fill.client_id in only_closes:
            assert abs(quantity[fill.symbol]) < abs(before)
            assert quantity[fill.symbol] * before >= 0
