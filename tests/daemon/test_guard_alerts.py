"""What the guard tells of a venue that goes away, and of symbols that it ceases to trade."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gobot.core import VenueUnavailable
from gobot.daemon.events import ErrorHappened, ReconciliationFound, Recovered, StepWorks


async def turns(driven, count: int) -> None:
    """So many turns of the guard, five seconds apart."""
    clock = driven.house.clock
    for _ in range(count):
        clock.move_to(clock.now_ms() + 5_000)
        await driven.loop.guard(clock.now_ms())


async def test_one_alert_when_the_venue_goes_and_one_when_it_is_back(make_daemon, monkeypatch) -> None:
    driven = make_daemon()
    await driven.loop.start()
    asked = []

    async def unreachable():
        asked.append(driven.house.clock.now_ms())
        raise VenueUnavailable("sim: no route to the venue")

    with monkeypatch.context() as dead:
        dead.setattr(driven.house.exchange, "open_orders", unreachable)
        await turns(driven, 60)
    assert [event.where for event in driven.told(ErrorHappened)] == ["guard"]
    assert len(asked) < 16, "a venue that is down is asked less and less often"

    await turns(driven, 8)
    assert [event.where for event in driven.told(StepWorks)] == ["guard"]
    assert driven.told(StepWorks)[0].seconds == pytest.approx(300, abs=40)
    await turns(driven, 20)
    assert (len(driven.told(ErrorHappened)), len(driven.told(StepWorks))) == (1, 1)


async def test_a_symbol_that_is_not_traded_any_more_is_told_once(make_daemon) -> None:
    driven = make_daemon()
    await driven.loop.start()
    await driven.until_open()
    symbol = driven.loop.picture.positions[0].symbol
    markets = driven.house.exchange._markets
    before = len(driven.told(ReconciliationFound))
    markets[symbol] = replace(markets[symbol], active=False)

    await turns(driven, 4)

    (event,) = driven.told(ReconciliationFound)[before:]
    assert event.differences[0].startswith(f"sim does not trade {symbol} any more: no entries; the position in it")


async def test_what_a_start_puts_right_is_reported_everywhere(make_daemon) -> None:
    first = make_daemon()
    await first.loop.start()
    await first.until_open()
    house = first.house
    stop = next(order for order in await house.exchange.open_orders() if order.type == "stop")
    await house.exchange.cancel(stop.symbol, stop.client_id)
    await house.exchange.close()
    house.ledger.close()

    again = make_daemon()
    await again.loop.start()

    (event,) = again.told(Recovered)
    assert any("had no stop on the venue" in line for line in event.lines)
    assert any(line.startswith("settled: stop") for line in event.lines)
    assert again.loop.snapshot().document()["recovery"] == list(event.lines)
    assert again.loop.snapshot().document()["quarantined"] == {}


async def test_a_start_without_trouble_reports_nothing(make_daemon) -> None:
    driven = make_daemon()
    await driven.loop.start()

    assert driven.told(Recovered) == []
