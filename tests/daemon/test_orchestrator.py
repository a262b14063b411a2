"""The loop in trouble: emergencies, dead venues, broken strategies, bugs; and what an operator does about it."""

from __future__ import annotations

from gobot.core import StrategyError, VenueUnavailable
from gobot.daemon.events import BreakerChanged, ErrorHappened, LoopSlowed, TradeEnded, TradeOpened, TradingPaused
from gobot.risk import EmergencyStop


def latch(driven) -> None:
    stop = EmergencyStop(at_ms=driven.house.clock.now_ms(), reason="the test says so")
    driven.house.desk.fold(driven.loop.tuning.risk, [stop])


async def test_an_emergency_closes_everything_and_stays_latched_until_reset(make_daemon) -> None:
    driven = make_daemon()
    await driven.loop.start()
    await driven.until_open()
    latch(driven)
    await driven.cycles(1)
    assert driven.loop.picture.positions == ()
    assert await driven.house.exchange.positions() == []
    assert [event.new for event in driven.told(BreakerChanged)] == ["latched"]
    opened = len(driven.told(TradeOpened))
    await driven.cycles(40)
    assert len(driven.told(TradeOpened)) == opened
    refusals = [d for d in driven.loop.picture.decisions if d.verdict == "refused"]
    assert any("the test says so" in reason for d in refusals for reason in d.reasons)
    assert driven.daemon.operator.reset_breaker("looked at it") == "latched"
    await driven.until_open()


async def test_an_emergency_may_keep_what_is_protected(make_daemon) -> None:
    driven = make_daemon(trading__risk_manager__emergency="keep_protected")
    await driven.loop.start()
    await driven.until_open()
    latch(driven)
    await driven.loop.guard(driven.house.clock.now_ms())
    assert driven.loop.picture.positions
    assert all(position.stop is not None for position in driven.loop.picture.positions)


async def test_a_one_off_run_ends_after_an_emergency(make_daemon) -> None:
    driven = make_daemon(trading__orchestrator__on_target="exit")
    await driven.loop.start()
    await driven.until_open()
    latch(driven)
    await driven.loop.guard(driven.house.clock.now_ms())
    assert driven.loop.stopping.is_set()
    assert driven.loop.finish() == "emergency_stop"


async def test_a_dead_venue_slows_the_loop_down_and_is_told(make_daemon, monkeypatch) -> None:
    driven = make_daemon()
    await driven.loop.start()
    await driven.cycles(1)

    async def unreachable(*_, **__):
        raise VenueUnavailable("sim: no route to the venue")

    with monkeypatch.context() as dead:
        dead.setattr(driven.house.exchange, "tickers", unreachable)
        await driven.cycles(8)
    progress = driven.loop.logbook.progress
    assert progress.last_error == "cycle: sim: no route to the venue"
    assert progress.cycle < 9, "some cycles were left out"
    assert [event.repeated for event in driven.told(ErrorHappened)][:3] == [1, 2, 3]
    assert driven.told(LoopSlowed)
    await driven.cycles(20)
    assert driven.loop.logbook.progress.last_error_count == 0


async def test_a_failing_strategy_has_no_ideas_and_hurts_nobody(make_daemon, monkeypatch) -> None:
    driven = make_daemon()
    await driven.loop.start()

    def broken(*_):
        raise StrategyError("sma_cross failed at line 3")

    monkeypatch.setattr("gobot.daemon.idea.evaluate", broken)
    await driven.cycles(3)
    assert driven.loop.logbook.progress.cycle == 3
    assert not driven.told(TradeOpened)


async def test_a_bug_in_one_phase_is_noted_and_the_guard_goes_on(make_daemon, monkeypatch) -> None:
    driven = make_daemon()
    await driven.loop.start()
    await driven.until_open()
    monkeypatch.setattr("gobot.daemon.cycle.adjust", lambda *_, **__: 1 / 0)
    await driven.cycles(200)
    assert "ZeroDivisionError" in driven.loop.logbook.progress.last_error
    assert driven.told(TradeEnded), "the stop or the target still ended the trade, and it was booked"


async def test_a_notifier_that_raises_changes_nothing(make_daemon) -> None:
    driven = make_daemon()

    class Broken:
        def publish(self, event) -> None:
            raise RuntimeError("telegram is on fire")

    driven.house.announcer.add(Broken())
    await driven.loop.start()
    await driven.until_open()


async def test_paused_means_no_entries_but_exits(make_daemon) -> None:
    driven = make_daemon()
    await driven.loop.start()
    await driven.until_open()
    driven.daemon.operator.pause("lunch")
    opened = len(driven.told(TradeOpened))
    await driven.cycles(60)
    assert driven.told(TradingPaused)
    assert len(driven.told(TradeOpened)) == opened
    assert driven.loop.picture.positions == ()
    driven.daemon.operator.resume("back")
    await driven.until_open()


async def test_closing_by_hand(make_daemon) -> None:
    driven = make_daemon()
    await driven.loop.start()
    await driven.until_open()
    symbol = driven.loop.picture.positions[0].symbol
    assert symbol in await driven.daemon.operator.close_position(symbol, "closed by test")
    assert symbol not in {position.symbol for position in driven.loop.picture.positions}
    assert driven.told(TradeEnded)[-1].reason == "close"
    await driven.daemon.operator.close_all("closed by test")
    assert driven.loop.picture.positions == ()
    assert await driven.daemon.operator.close_all("closed by test") == "There is nothing to close."
    assert await driven.house.exchange.open_orders() == []
