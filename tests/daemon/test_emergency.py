"""The emergency protocol: entries stop, positions are closed and verified, whatever else fails."""

from __future__ import annotations

import errno

import pytest

from gobot.core import OrderType, OutcomeUnknown, StateError
from gobot.daemon.events import ErrorHappened
from gobot.memory import jsonfile
from gobot.risk import EmergencyStop, Risk

OPEN = {"trading.risk_manager.low_liquidity_hours": "null", "trading.risk_manager.max_atr_percentile": "100"}


def tightened(driven) -> Risk:
    """The daemon's risk with limits that what is open has already broken."""
    settings = driven.loop.tuning.trading
    rules = settings.risk_manager.model_copy(update={"portfolio_stop_pct": 1e-9})
    return Risk(settings.model_copy(update={"risk_manager": rules}))


async def opened(make_daemon, **settings: str):
    driven = make_daemon(**OPEN, **settings)
    await driven.loop.start()
    await driven.until_open()
    return driven


async def positions(driven):
    return await driven.house.exchange.positions()


async def entries(driven):
    return [order for order in await driven.house.exchange.open_orders() if order.type is OrderType.LIMIT]


async def test_a_broken_limit_closes_everything_in_the_same_look(make_daemon) -> None:
    driven = await opened(make_daemon)
    await driven.house.exchange.positions()

    await driven.loop._guard.look(tightened(driven), driven.house.clock.now_ms())

    assert driven.house.desk.label == "latched"
    assert driven.house.desk.file.peek()["latched"] == driven.house.desk.state.latched
    assert (await positions(driven), await entries(driven)) == ([], [])
    await driven.cycles(5)
    assert await positions(driven) == [], "nothing is opened before an operator has reset it"


async def test_positions_stay_under_their_stops_where_that_is_wanted(make_daemon) -> None:
    driven = await opened(make_daemon, **{"trading.risk_manager.emergency": "keep_protected"})
    held = len(await positions(driven))

    await driven.loop._guard.look(tightened(driven), driven.house.clock.now_ms())

    stops = [order for order in await driven.house.exchange.open_orders() if order.type is OrderType.STOP]
    assert len(await positions(driven)) == held <= len(stops)


async def test_a_close_without_an_answer_is_made_again_until_it_is_verified(make_daemon, monkeypatch) -> None:
    driven = await opened(make_daemon)
    exchange, create, lost = driven.house.exchange, driven.house.exchange.create, []

    async def unanswered(request):
        if len(lost) < 2:
            lost.append(request.client_id)
            raise OutcomeUnknown("the line went dead")
        return await create(request)

    monkeypatch.setattr(exchange, "create", unanswered)
    for _ in range(8):
        driven.house.clock.move_to(driven.house.clock.now_ms() + 5_000)
        await driven.loop._guard.look(tightened(driven), driven.house.clock.now_ms())
    assert (await positions(driven), len(lost)) == ([], 2)


async def test_a_full_disk_keeps_nobody_from_closing(make_daemon, monkeypatch) -> None:
    driven = await opened(make_daemon)

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(jsonfile, "write_synced", full)
        with pytest.raises(StateError, match="cannot write"):
            await driven.loop._guard.look(tightened(driven), driven.house.clock.now_ms())
    assert (await positions(driven), await entries(driven)) == ([], [])
    assert driven.told(ErrorHappened)[-1].message.endswith("every position is closed")
    assert driven.house.desk.file.peek()["latched"] == "", "what the disk did not take is not on it"

    await driven.loop._guard.look(tightened(driven), driven.house.clock.now_ms())
    assert driven.house.desk.file.peek()["latched"]
    assert driven.house.ledger.open_trades() == [], "the ledger learns of it from the fills"


async def test_a_full_disk_without_an_emergency_closes_nothing(make_daemon, monkeypatch) -> None:
    driven = await opened(make_daemon)
    held = await positions(driven)
    driven.house.desk.fold(driven.loop.tuning.risk, [])

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(jsonfile, "write_synced", full)
    driven.house.clock.move_to(driven.house.clock.now_ms() + 900_000)
    with pytest.raises(StateError):
        await driven.loop._guard.look(driven.loop.tuning.risk, driven.house.clock.now_ms())
    assert [one.symbol for one in await positions(driven)] == [one.symbol for one in held]


async def test_a_messenger_that_fails_keeps_nobody_from_closing(make_daemon) -> None:
    driven = await opened(make_daemon)

    class Broken:
        def publish(self, event) -> None:
            raise RuntimeError("the messenger is broken")

    driven.house.announcer.add(Broken())
    await driven.loop._guard.look(tightened(driven), driven.house.clock.now_ms())
    assert await positions(driven) == []


async def test_an_operators_latch_holds_through_a_restart(make_daemon) -> None:
    driven = await opened(make_daemon)
    at_ms = driven.house.clock.now_ms()
    driven.house.desk.fold(driven.loop.tuning.risk, [EmergencyStop(at_ms=at_ms, reason="asked for")])
    driven.daemon.ledger.close()

    again = make_daemon(**OPEN)
    await again.loop.start()
    assert await positions(again) == []
    await again.cycles(10)
    assert await positions(again) == []
    assert again.house.desk.reason == "asked for"
