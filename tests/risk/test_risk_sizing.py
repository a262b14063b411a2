"""Properties of sizes, stops and targets."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from risk_cases import settings

from gobot.core import Direction, Market
from gobot.risk import exposure_limit, protect, size_position, wrong_side

money = st.decimals(0, 1_000_000, places=2)
steps = st.sampled_from(
    [Decimal(0), Decimal("0.00001"), Decimal("0.001"), Decimal("0.1"), Decimal(1), Decimal("0.003")]
)
prices = st.decimals(Decimal("0.0001"), 200_000, places=4)


@given(
    price=prices,
    equity=money,
    available=money,
    exposure=money,
    leverage=st.integers(1, 125),
    step=steps,
    fee=st.decimals(0, Decimal("0.01"), places=4),
    share=st.decimals(Decimal("0.1"), 1, places=2),
    sizing=st.fixed_dictionaries(
        {
            "model": st.sampled_from(["fixed", "fraction"]),
            "fraction": st.floats(0.01, 1),
            "amount_usd": st.just(Decimal(500)),
        }
    ),
)
def test_a_size_keeps_every_cap_and_wastes_less_than_one_step(
    price, equity, available, exposure, leverage, step, fee, share, sizing
):
    rules = settings(max_position_usd=Decimal(1_000), leverage=leverage, sizing=sizing)
    market = Market(symbol="X", quantity_step=step, taker_fee=fee)
    size = size_position(
        rules,
        market,
        price=price,
        fill=price,
        equity=equity,
        available=available,
        exposure=exposure,
        leverage=leverage,
        share=share,
    )
    value = size.quantity * price
    wanted = (Decimal(500) if sizing["model"] == "fixed" else Decimal(f"{sizing['fraction']:.15g}") * equity) * share
    room = exposure_limit(rules, equity, leverage) - exposure
    rounding = Decimal("1e-18")  # of the 28 digits a Decimal carries
    assert size.quantity >= 0
    assert value <= wanted + rounding
    assert value <= 1_000 * share + rounding
    assert value <= max(Decimal(0), room) + rounding
    assert value / leverage + value * fee <= available + rounding
    if step:
        assert size.quantity % step == 0
    more = size.quantity + (step or Decimal("1e-12") + size.quantity * Decimal("1e-15"))
    caps = (wanted, 1_000 * share, room, available * leverage / (1 + fee * leverage))
    assert more * price > min(caps) - rounding


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
        price=Decimal(100),
        fill=fill,
        equity=Decimal(10**10),
        available=Decimal(1_000),
        exposure=Decimal(0),
        leverage=1,
    )
    assert size.decided_by == "the margin available"
    assert Decimal("999.999999") < size.quantity * fill * (1 + fee) <= 1_000


def test_two_thousand_on_ten_thousand():
    rules = settings(max_position_usd=Decimal(2_000))
    size = size_position(
        rules,
        Market(symbol="X", quantity_step=Decimal("0.001")),
        price=Decimal(43_210),
        fill=Decimal(43_210),
        equity=Decimal(10_000),
        available=Decimal(10_000),
        exposure=Decimal(0),
        leverage=1,
    )
    assert (size.quantity, size.decided_by) == (Decimal("0.046"), "the size wanted")


def test_what_rounding_has_left_of_the_margin_opens_nothing():
    rules = settings(max_position_usd=Decimal("1e12"), sizing={"model": "fixed", "amount_usd": Decimal("1e12")})
    size = size_position(
        rules, Market(symbol="X"), price=Decimal(100), fill=Decimal(100), equity=Decimal(10_000),
        available=Decimal("3e-24"), exposure=Decimal(5_000), leverage=1,
    )  # fmt: skip
    assert size.quantity == 0
