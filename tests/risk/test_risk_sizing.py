"""Properties of sizes, stops and targets."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from risk_cases import settings

from gobot.core import Direction, Market
from gobot.risk import Entry, Purse, RecentTrade, protect, size_position, wrong_side
from gobot.risk.sizing import adapted, kelly_wanted, wanted_value

money = st.decimals(0, 1_000_000, places=2)
steps = st.sampled_from(
    [Decimal(0), Decimal("0.00001"), Decimal("0.001"), Decimal("0.1"), Decimal(1), Decimal("0.003")]
)
prices = st.decimals(Decimal("0.0001"), 200_000, places=4)


MODELS = st.fixed_dictionaries(
    {
        "model": st.sampled_from(["fixed", "fraction", "risk", "volatility", "kelly"]),
        "fraction": st.floats(0.01, 1),
        "amount_usd": st.just(Decimal(500)),
        "risk_pct": st.floats(0.01, 100),
        "target_volatility_pct": st.floats(1, 1000),
        "kelly_cap": st.floats(0.01, 1),
        "kelly_min_trades": st.integers(2, 10),
        "adapt": st.fixed_dictionaries({"enabled": st.booleans(), "step": st.floats(0.01, 1)}),
    }
)
TRADES = st.lists(st.tuples(st.decimals(-99, 99, places=2), st.decimals(1, 1000, places=2)), max_size=20).map(
    lambda found: tuple(
        RecentTrade(symbol="X", direction=Direction.LONG, closed_ms=at, pnl=pnl, value=value, exit_reason="signal")
        for at, (pnl, value) in enumerate(found)
    )
)


@given(
    price=prices,
    stop=st.floats(0.5, 1.5),
    slip=st.decimals(1, Decimal("1.01"), places=4),
    purse=st.builds(
        Purse,
        equity=money,
        available=money,
        leverage=st.integers(1, 125),
        exposure=money,
        in_symbol=money,
        in_direction=money,
        trades=TRADES,
    ),
    step=steps,
    fee=st.decimals(0, Decimal("0.01"), places=4),
    share=st.decimals(Decimal("0.1"), 1, places=2),
    volatility=st.none() | st.floats(0, 1000),
    sizing=MODELS,
)
def test_a_size_keeps_every_cap_and_wastes_less_than_one_step(
    price, stop, slip, purse, step, fee, share, volatility, sizing
):
    rules = settings(
        max_position_usd=Decimal(1_000),
        sizing=sizing,
        risk_manager={"max_symbol_exposure_pct": 70, "max_direction_exposure_pct": 80, "max_total_exposure_pct": 90},
    )
    market = Market(symbol="X", quantity_step=step, taker_fee=fee)
    entry = Entry(price=price, fill=price * slip, stop=price * Decimal(stop), volatility_pct=volatility)
    size = size_position(rules, market, purse, entry, share=share)
    value, leverage = size.quantity * price, purse.leverage
    _, wanted = wanted_value(rules, market, purse, entry)
    adapt = adapted(rules.sizing.adapt, purse.trades)
    assert Decimal("0.5") <= adapt <= Decimal("1.5")
    whole = purse.equity * leverage
    rounding = Decimal("1e-18")  # of the 28 digits a Decimal carries

    def left(amount):  # what rounding has left over is nothing
        return amount if amount > purse.equity * Decimal("1e-9") else Decimal(0)

    caps = [
        wanted * share * adapt,
        1_000 * share,
        left(whole * Decimal("0.7") - purse.in_symbol),
        left(whole * Decimal("0.8") - purse.in_direction),
        left(whole * Decimal("0.9") - purse.exposure),
        left(purse.available) * leverage / (1 + fee * leverage) / slip,
    ]
    assert size.quantity >= 0
    assert all(value <= max(Decimal(0), cap) + rounding for cap in caps)
    assert value * slip / leverage + value * slip * fee <= purse.available + rounding
    if step:
        assert size.quantity % step == 0
    more = size.quantity + (step or Decimal("1e-12") + size.quantity * Decimal("1e-15"))
    assert more * price > min(caps) - rounding


@given(
    price=prices,
    near=st.floats(0.001, 0.5),
    far=st.floats(0.001, 0.5),
    fee=st.floats(0, 0.01),
    sign=st.sampled_from([1, -1]),
)
def test_a_stop_further_away_never_makes_a_position_larger(price, near, far, fee, sign):
    near, far = sorted((near, far))
    rules = settings(sizing={"model": "risk"}, max_position_usd=Decimal(10**12))
    purse = Purse(equity=Decimal(10_000), available=Decimal(10**12))

    def size(distance):
        entry = Entry(price=price, fill=price, stop=price * (1 - sign * Decimal(distance)))
        return size_position(rules, Market(symbol="X", taker_fee=Decimal(fee)), purse, entry).quantity

    assert size(far) <= size(near)


@given(price=prices, distance=st.floats(0.001, 0.5), slip=st.floats(1, 1.01), fee=st.floats(0, 0.01))
def test_a_stop_out_costs_what_the_model_risk_says_fees_included(price, distance, slip, fee):
    rules = settings(
        sizing={"model": "risk", "risk_pct": 1.5},
        max_position_usd=Decimal(10**12),
        risk_manager={
            "max_symbol_exposure_pct": 12_500,
            "max_direction_exposure_pct": 12_500,
            "max_total_exposure_pct": 12_500,
        },
    )
    purse = Purse(equity=Decimal(10_000), available=Decimal(10**12))
    fill, stop = price * Decimal(slip), price * (1 - Decimal(distance))
    found = size_position(
        rules, Market(symbol="X", taker_fee=Decimal(fee)), purse, Entry(price=price, fill=fill, stop=stop)
    )
    loss = found.quantity * (fill - stop) + found.quantity * Decimal(fee) * (fill + stop)
    if found.decided_by == "the size wanted":
        assert float(loss) == pytest.approx(150, rel=1e-9)
    else:
        assert loss < 150


def test_without_a_distance_to_the_stop_and_without_fees_nothing_is_wanted():
    rules = settings(sizing={"model": "risk"})
    entry = Entry(price=Decimal(100), fill=Decimal(100), stop=Decimal(100))
    size = size_position(rules, Market(symbol="X"), Purse(equity=Decimal(1), available=Decimal(1)), entry)
    assert size.quantity == 0


def test_the_position_that_swings_as_much_as_is_wanted():
    rules = settings(sizing={"model": "volatility", "target_volatility_pct": 12})
    purse = Purse(equity=Decimal(10_000), available=Decimal(10_000))
    entry = Entry(price=Decimal(100), fill=Decimal(100), stop=Decimal(98), volatility_pct=80.0)
    assert size_position(rules, Market(symbol="X"), purse, entry).quantity == 15  # 12 % / 80 % of 10,000 USDT
    calm = replace(entry, volatility_pct=0.0)
    assert size_position(rules, Market(symbol="X"), purse, calm).quantity == 0


def results(*pnls, value=100):
    return tuple(
        RecentTrade(
            symbol="X", direction=Direction.LONG, closed_ms=at, pnl=Decimal(pnl), value=Decimal(value), exit_reason=""
        )
        for at, pnl in enumerate(pnls)
    )


KELLY = settings(sizing={"model": "kelly", "fraction": 0.15, "kelly_min_trades": 6}).sizing


@pytest.mark.parametrize(
    ("trades", "words", "share"),
    [
        (results(2, 2, 2, -1, -1), "the fraction, while 5 of 6 trades are known,", 0.15),
        # four wins of 2 in six, against losses of 1.6: 2/3 - 1/3 × 0.8 = 0.4, half of that, at most a fifth
        (results(2, 2, 2, 2, "-1.6", "-1.6"), "the Kelly share of 0.200", 0.2),
        (results(1, 1, 1, -1, -1, "-0.7"), "the Kelly share of 0.025", 0.025),
        (results(2, -2, 2, -2, 2, -2), "the Kelly share of 0.020", 0.02),  # no edge: a tenth of the cap
        (results(-2, -2, -2, -2, -2, -2), "the Kelly share of 0.020", 0.02),
        (results(2, 2, 2, 2, 2, 2), "the Kelly share of 0.200", 0.2),
        (results(0, 2, 2, "-1.9", "-1.9", 0), "the fraction, while 4 of 6 trades are known,", 0.15),
        (results(2, 2, 2, 2, 2, 2, value=0), "the fraction, while 0 of 6 trades are known,", 0.15),
    ],
)
def test_kelly(trades, words, share):
    found = kelly_wanted(KELLY, trades)
    assert found == (words, pytest.approx(max(share, 0.02)))


def test_the_fraction_that_stands_in_for_kelly_keeps_its_cap():
    assert kelly_wanted(KELLY.model_copy(update={"fraction": 0.9}), ())[1] == 0.2


@pytest.mark.parametrize(
    ("pnls", "factor"),
    [
        ((), "1"),
        ((5, 5, 5), "1.3"),
        ((-5, 5, -5, -5), "0.8"),
        ((0, 0, 5), "1.1"),
        ((5,) * 30, "1.5"),
        ((-5,) * 30, "0.5"),
        ((-5,) * 30 + (5,) * 4, "0.8"),  # of the last ten, four won and six lost
    ],
)
def test_sizes_follow_the_last_results_within_bounds(pnls, factor):
    rules = settings(sizing={"adapt": {"enabled": True}}).sizing.adapt
    assert adapted(rules, results(*pnls)) == Decimal(factor)
    assert adapted(rules, results(*pnls)[::-1]) == Decimal(factor), "whatever the order they are told in"
    assert adapted(settings().sizing.adapt, results(*pnls)) == 1


@given(
    price=prices,
    direction=st.sampled_from(list(Direction)),
    tick=steps,
    stop=st.none() | st.floats(0.0001, 250_000),
    target=st.none() | st.floats(0.0001, 250_000),
)
def test_protection_is_on_ticks_and_on_the_right_side_or_refused(price, direction, tick, stop, target):
    market = Market(symbol="X", price_step=tick)
    protection = protect(settings(), market, direction, price=price, stop=stop, target=target)
    if tick:
        assert protection.stop % tick == 0
        assert protection.target % tick == 0
    low, high = sorted((protection.stop, protection.target))
    right = 0 < low < price < high and (protection.stop < protection.target) == (direction is Direction.LONG)
    assert (wrong_side(protection, direction, price) is None) == right


@pytest.mark.parametrize(
    ("direction", "stop", "target"),
    [(Direction.LONG, Decimal("98.0"), Decimal("104.0")), (Direction.SHORT, Decimal("102.0"), Decimal("96.0"))],
)
def test_percentages_of_the_settings_apply_where_the_strategy_sets_nothing(direction, stop, target):
    protection = protect(settings(), Market(symbol="X", price_step=Decimal("0.5")), direction, price=Decimal(100))
    assert (protection.stop, protection.target) == (stop, target)


def test_the_price_of_the_strategy_wins():
    protection = protect(settings(), Market(symbol="X"), Direction.LONG, price=Decimal(100), stop=97.3, target=101.1)
    assert (protection.stop, protection.target) == (Decimal("97.3"), Decimal("101.1"))


def test_without_a_percentage_there_is_no_target():
    rules = settings(take_profit_percent=None)
    protection = protect(rules, Market(symbol="X"), Direction.SHORT, price=Decimal(100))
    assert (protection.stop, protection.target) == (Decimal("102.0"), None)
    assert wrong_side(protection, Direction.SHORT, Decimal(100)) is None
    own = protect(rules, Market(symbol="X"), Direction.SHORT, price=Decimal(100), target=90.0)
    assert own.target == Decimal("90.0")


def test_what_is_paid_beyond_the_price_comes_out_of_the_margin():
    rules = settings(max_position_usd=Decimal(10**9), sizing={"amount_usd": Decimal(10**9)}, leverage=1)
    fill, fee = Decimal("100.3"), Decimal("0.0005")
    size = size_position(
        rules,
        Market(symbol="X", taker_fee=fee),
        Purse(equity=Decimal(10**10), available=Decimal(1_000)),
        Entry(price=Decimal(100), fill=fill, stop=Decimal(98)),
    )
    assert size.decided_by == "the margin available"
    assert Decimal("999.999999") < size.quantity * fill * (1 + fee) <= 1_000


def test_two_thousand_on_ten_thousand():
    rules = settings(max_position_usd=Decimal(2_000))
    size = size_position(
        rules,
        Market(symbol="X", quantity_step=Decimal("0.001")),
        Purse(equity=Decimal(10_000), available=Decimal(10_000)),
        Entry(price=Decimal(43_210), fill=Decimal(43_210), stop=Decimal(42_000)),
    )
    assert (size.quantity, size.decided_by) == (Decimal("0.046"), "the size wanted")


def test_what_rounding_has_left_of_the_margin_opens_nothing():
    rules = settings(max_position_usd=Decimal("1e12"), sizing={"model": "fixed", "amount_usd": Decimal("1e12")})
    purse = Purse(equity=Decimal(10_000), available=Decimal("3e-24"), exposure=Decimal(5_000))
    entry = Entry(price=Decimal(100), fill=Decimal(100), stop=Decimal(98))
    assert size_position(rules, Market(symbol="X"), purse, entry).quantity == 0
