"""The day that is over beside the backtest of it."""

from __future__ import annotations

from gobot.core import DAY_MS
from gobot.daemon.events import HindsightTold


async def a_day(driven, cycles: int = 104) -> HindsightTold | None:
    """Run past midnight, and let the day be looked back on."""
    await driven.cycles(cycles)
    at_ms = driven.house.clock.now_ms()
    await driven.loop.hindsight(at_ms - at_ms % DAY_MS + 360_000)
    told = driven.told(HindsightTold)
    return told[-1] if told else None


async def test_a_day_in_simulation_is_that_of_the_backtest(make_daemon) -> None:
    driven = make_daemon()
    await driven.loop.start()
    told = await a_day(driven)
    assert told is not None
    assert told.compared >= 8, "a day worth looking back on"
    assert (told.missing, told.extra, told.differing) == (0, 0, 0), told.differences
    assert told.matched == told.compared
    assert abs(told.slippage_pct) < 1e-9
    assert driven.loop.snapshot().hindsight == f"{told.day}: All {told.compared} trades are those of the backtest."


async def test_positions_that_were_carried_over_and_refused_ideas_are_not_held_against_it(make_daemon) -> None:
    driven = make_daemon(trading__risk_manager__max_open_positions="1", trading__stop_loss_percent="0.7")
    await driven.loop.start()
    await a_day(driven)
    told = await a_day(driven, 96)
    assert told is not None
    assert told.refused > 0
    assert told.matched == told.compared > 0, told.differences


async def test_what_the_operator_does_is_seen(make_daemon) -> None:
    driven = make_daemon()
    await driven.loop.start()
    await driven.until_open()
    symbol = driven.loop.picture.positions[0].symbol
    await driven.daemon.operator.close_position(symbol, "by hand")
    told = await a_day(driven)
    assert told is not None
    assert told.differing + told.missing + told.extra > 0
    assert any(symbol in sentence for sentence in told.differences)


async def test_it_can_be_switched_off(make_daemon) -> None:
    driven = make_daemon(trading__orchestrator__hindsight="off")
    await driven.loop.start()
    assert await a_day(driven, 3) is None


async def test_a_venue_without_candles_is_no_error(make_daemon, monkeypatch) -> None:
    from gobot.core import VenueUnavailable

    driven = make_daemon()
    await driven.loop.start()
    await driven.cycles(3)

    async def silent(*_, **__):
        raise VenueUnavailable("no route to the venue")

    monkeypatch.setattr(driven.house.exchange, "candles", silent)
    await driven.loop.hindsight(driven.house.clock.now_ms())
    assert not driven.told(HindsightTold)
    assert "could be read" in driven.loop.snapshot().hindsight
    assert not driven.loop.snapshot().last_error
