"""Money that moves without a trade: noticed once it is certain, and neither profit nor loss."""

from __future__ import annotations

from decimal import Decimal

import pytest

from gobot.daemon.events import BreakerChanged, FundsMoved
from gobot.daemon.funds import Funds


def move(driven, amount: int) -> None:
    """Somebody pays money in or out at the simulated venue."""
    driven.house.exchange._state.wallet += Decimal(amount)


def test_one_look_is_a_suspicion_and_two_are_certain():
    funds = Funds()
    assert funds.see(Decimal(1000), Decimal(0)) is None
    assert not funds.see(Decimal(500), Decimal(0)).certain
    assert funds.see(Decimal(510), Decimal(10)).certain
    assert funds.see(Decimal(520), Decimal(20)) is None


def test_a_profit_that_is_booked_late_is_no_payment():
    funds = Funds(Decimal(1000))
    assert not funds.see(Decimal(1050), Decimal(0)).certain
    assert funds.see(Decimal(1050), Decimal(50)) is None


def test_small_change_waits_until_it_adds_up():
    funds = Funds(Decimal(1000))
    assert funds.see(Decimal(995), Decimal(0)) is None
    assert not funds.see(Decimal(985), Decimal(0)).certain


def test_looks_that_never_agree_do_not_keep_the_limits_away_for_ever():
    funds = Funds(Decimal(1000))

    certain = [funds.see(Decimal(1000 + 100 * look), Decimal(0)).certain for look in range(1, 5)]

    assert certain == [False, False, False, True]


@pytest.mark.parametrize("amount", [-5_000, 5_000])
async def test_half_the_balance_moves_and_only_the_operator_hears(make_daemon, amount: int) -> None:
    driven = make_daemon()
    await driven.loop.start()
    await driven.until_open()
    move(driven, amount)
    await driven.cycles(3)

    assert [event.amount for event in driven.told(FundsMoved)] == [amount]
    assert driven.told(BreakerChanged) == []
    assert driven.loop.picture.positions
    assert driven.house.desk.state.drawdown_pct < 5


async def test_a_withdrawal_may_count_as_a_loss(make_daemon) -> None:
    driven = make_daemon(trading__external__funds="alert")
    await driven.loop.start()
    await driven.cycles(1)
    move(driven, -5_000)
    await driven.cycles(2)

    assert len(driven.told(FundsMoved)) == 1
    assert [event.new for event in driven.told(BreakerChanged)] == ["latched"]


async def test_money_that_moved_while_nobody_watched_is_noticed(make_daemon) -> None:
    first = make_daemon()
    await first.loop.start()
    await first.cycles(2)
    move(first, -4_000)
    first.house.exchange._store.save(first.house.exchange._state)
    await first.house.exchange.close()
    first.house.ledger.close()

    again = make_daemon()
    await again.loop.start()
    await again.cycles(2)
    assert [event.amount for event in again.told(FundsMoved)] == [-4_000]
