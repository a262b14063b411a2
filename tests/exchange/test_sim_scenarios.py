"""Plays every scenario of the table, once in one go and once with the venue killed and restarted at every step."""

from decimal import Decimal

import pytest
from sim_scenarios import SCENARIOS
from sim_world import DELAY, M15, START, World

from gobot.core import OrderStatus


def play(scenario, store, *, restarting):
    world = World([bar and tuple(map(float, bar)) for bar in scenario.bars], store, **scenario.world)
    for candle in range(len(scenario.bars)):
        for request in scenario.orders.get(candle, []):
            world.at(candle)
            world.send(request)
            if restarting:
                world.restart()
        world.close_of(candle)
        if restarting:
            world.balance()
            world.restart()
    return world


def when(kind, candle):
    return START + candle * M15.ms + DELAY if kind == "now" else START + (candle + 1) * M15.ms - 1


@pytest.mark.parametrize("restarting", [False, True], ids=["in one go", "killed at every step"])
@pytest.mark.parametrize("scenario", SCENARIOS, ids=[scenario.name for scenario in SCENARIOS])
def test_scenario(scenario, restarting, tmp_path):
    world = play(scenario, tmp_path / "sim.db", restarting=restarting)
    found = [(fill.time_ms, fill.client_id, fill.price, fill.quantity) for fill in world.fills()]
    expected = [(when(*at), name, Decimal(str(price)), Decimal(str(size))) for at, name, price, size in scenario.fills]
    assert found == expected
    for name, status in scenario.ends.items():
        assert world.order(name).status == OrderStatus(status), name
    resting = {report.client_id for report in world.run(world.venue.open_orders())}
    assert resting.isdisjoint({*scenario.ends, *(fill[1] for fill in found)})
