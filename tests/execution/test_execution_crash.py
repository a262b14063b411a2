"""Killed at every commit and at every call: the end is the same as if nothing had happened."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import pytest
from execution_cases import BTC, ETH, FIRST, SOL, TF_MS, House, leave, long, short
from loguru import logger
from reaper import Killed, Reaper
from scripted_venue import Fault, ScriptedVenue

from gobot.core import ManualClock, OrderReport, OrderStatus, OrderType, Side, client_order_id
from gobot.execution import Execution
from gobot.ledger import Ledger, Leg
from gobot.ledger import database as database_module
from gobot.risk import Approved

Command = Callable[[Execution], Awaitable[object]]
World = Callable[[ScriptedVenue], None]


@dataclass(frozen=True)
class Step:
    """One cycle: what the world does first, what is decided, and what an operator wants afterwards."""

    world: World = lambda venue: None
    decided: Callable[[int], Sequence[Approved]] = lambda candle: ()
    command: Command | None = None


def _take_stop_away(venue: ScriptedVenue) -> None:
    venue._end(venue.stops(ETH)[0].client_id, OrderStatus.CANCELED)


def _stop_missed(venue: ScriptedVenue) -> None:
    venue._end(venue.stops(ETH)[0].client_id, OrderStatus.EXPIRED)
    venue.move(ETH, 92)


_SABOTAGE = (_take_stop_away, _stop_missed)
STORY = (
    Step(decided=lambda c: [long(BTC, candle_ms=c), short(ETH, candle_ms=c)]),
    Step(
        world=lambda venue: venue.move(BTC, 104),
        decided=lambda c: [leave(BTC, candle_ms=c), long(SOL, candle_ms=c)],
    ),
    Step(world=lambda venue: venue.move(ETH, 106), decided=lambda c: [long(BTC, candle_ms=c)]),
    Step(
        world=lambda venue: venue.move(SOL, 111),
        decided=lambda c: [long(BTC, candle_ms=c), long(ETH, stop="95", target="115", candle_ms=c)],
    ),
    Step(
        world=lambda venue: venue.pay_funding(BTC, "-0.02"),
        decided=lambda c: [leave(BTC, candle_ms=c), short(BTC, stop="110", candle_ms=c)],
    ),
    Step(world=_take_stop_away),
    Step(world=_stop_missed, decided=lambda c: [long(SOL, stop="105", target="110", candle_ms=c)]),
    Step(
        world=lambda venue: venue.move(BTC, 100),
        decided=lambda c: [long(ETH, stop="90", target=None, candle_ms=c)],
        command=lambda execution: execution.move_stop(BTC, Decimal(107)),
    ),
    Step(
        world=lambda venue: venue.human(ETH, Side.SELL, "0.2"),
        command=lambda execution: execution.close_all("emergency"),
    ),
)


def _faults() -> dict[str, Fault]:
    """Lost replies and refusals by client id, so that a second try meets the same."""

    def order(cycle: int, symbol: str, leg: Leg, attempt: int = 1) -> str:
        return client_order_id("main", FIRST + (cycle - 1) * TF_MS, symbol, leg, attempt)

    return {
        order(1, BTC, Leg.STOP): Fault.LOSE_REPLY,
        order(1, ETH, Leg.ENTRY): Fault.LOSE_REPLY,
        order(2, BTC, Leg.EXIT): Fault.LOSE_REPLY,
        order(2, SOL, Leg.TARGET): Fault.LOSE_REPLY,
        order(3, BTC, Leg.ENTRY): Fault.REFUSE,
        order(4, ETH, Leg.STOP, 2): Fault.LOSE_REPLY,
        order(5, BTC, Leg.STOP): Fault.LOSE_REPLY,
        order(5, BTC, Leg.STOP, 2): Fault.LOSE_REPLY,
        order(5, BTC, Leg.CLOSE): Fault.LOSE_REPLY,
    }


async def live(venue: ScriptedVenue, path: Path, reaper: Reaper) -> None:
    """One life of the daemon: it goes on where the ledger says that the last one ended."""
    ledger = Ledger.open(f"sqlite:///{path}/gobot.db")
    reaper.watch_ledger(ledger)
    try:
        await _live(venue, ledger, Execution(reaper.watch_venue(venue), ledger, venue.clock, bot="main", leverage=3))
    finally:
        ledger.close()


async def _live(venue: ScriptedVenue, ledger: Ledger, execution: Execution) -> None:
    await execution.reconcile()
    for cycle, step in enumerate(STORY, 1):
        row = ledger.cycle(cycle)
        if row is not None and row.finished_ms is not None:
            continue
        candle_ms = FIRST + (cycle - 1) * TF_MS
        venue.clock.move_to(candle_ms + TF_MS)
        if venue.leverage.setdefault("steps of the world", 0) < cycle:
            venue.leverage["steps of the world"] = cycle
            step.world(venue)
        await execution.reconcile()
        if not ledger.decided(cycle):
            orders = execution.plan(step.decided(candle_ms), candle_ms)
            ledger.decide(cycle, candle_ms, venue.clock.now_ms(), orders, [])
        await execution.execute(cycle)
        if step.command is not None:
            await step.command(execution)
        await execution.reconcile()
        balance = await venue.balance()
        ledger.finish_cycle(cycle, at_ms=venue.clock.now_ms(), equity=balance.equity)


@pytest.fixture
def blank(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty ledger to copy; thousands of commits need not wait for the disk here."""
    monkeypatch.setattr(database_module, "_WRITER_PRAGMAS", ("journal_mode=WAL", "synchronous=OFF", "foreign_keys=ON"))
    logger.disable("gobot")
    Ledger.open(f"sqlite:///{tmp_path}/blank.db").close()
    yield tmp_path / "blank.db"
    logger.enable("gobot")


def run(blank: Path, name: str, *kills: Reaper) -> tuple[dict, ScriptedVenue]:
    """The whole story in as many lives as it takes; ``kills`` are the reapers of the first ones."""
    path = blank.parent / name
    path.mkdir()
    shutil.copy(blank, path / "gobot.db")
    clock = ManualClock(FIRST + TF_MS)
    venue = ScriptedVenue(clock, dict.fromkeys((BTC, ETH, SOL), Decimal(100)), always=_faults())
    for reaper in (*kills, Reaper()):
        try:
            asyncio.run(live(venue, path, reaper))
            break
        except Killed:
            continue
    house = House.on(venue, path)
    rows = house.dump()
    house.ledger.close()
    shutil.rmtree(path)
    return rows, venue


def test_the_story_is_worth_telling(blank: Path):
    """Every kind of ending occurs, and nothing is left at the end."""
    rows, venue = run(blank, "undisturbed")

    reasons = [row[-2] for row in rows["trades"]]
    assert sorted(reasons) == ["close", "close", "signal", "signal", "stop", "stop", "target", "target"]
    assert venue.held == {}
    assert all(order.status is not OrderStatus.OPEN for order in venue.book.values())


_SHARDS = 4


@pytest.mark.slow
@pytest.mark.parametrize("shard", range(_SHARDS))
def test_killed_anywhere_the_end_is_the_same(blank: Path, shard: int):
    calm = Reaper()
    expected, undisturbed = run(blank, "calm", calm)
    assert calm.moment > 400

    for moment in range(1 + shard, calm.moment + 1, _SHARDS):
        rows, venue = run(blank, "killed", Reaper(at=[moment]))

        where = f"killed at moment {moment}, {calm.seen[moment - 1]}"
        assert venue.taken == undisturbed.taken, where
        assert len(set(venue.taken)) == len(venue.taken), where
        for table, content in expected.items():
            assert rows[table] == content, f"{where}: {table}"


@pytest.mark.slow
@pytest.mark.parametrize("every", [2, 3, 5, 9, 17, 40])
def test_killed_again_and_again_the_end_is_the_same(blank: Path, every: int):
    """Each life lasts a little longer than the one before, for a start takes some steps of its own."""
    expected, undisturbed = run(blank, "calm")

    reapers = [Reaper(at=[every + life]) for life in range(400)]
    rows, venue = run(blank, "killed", *reapers)

    assert venue.taken == undisturbed.taken
    assert rows == expected


async def test_no_moment_without_a_stop(blank: Path, monkeypatch: pytest.MonkeyPatch):
    """Whenever the process may die, every position on the venue has its stop."""
    nobody_interferes = [replace(step, world=Step.world) if step.world in _SABOTAGE else step for step in STORY]
    monkeypatch.setattr(sys.modules[__name__], "STORY", nobody_interferes)
    venue = ScriptedVenue(ManualClock(FIRST + TF_MS), dict.fromkeys((BTC, ETH, SOL), Decimal(100)), always=_faults())
    moments: list[set[str]] = []

    class Witness(Reaper):
        def __call__(self, what: str) -> None:
            guarded = {(stop.symbol, stop.side is Side.SELL) for stop in venue.book.values() if _is_stop(stop)}
            held = {(symbol, quantity > 0) for symbol, (quantity, _) in venue.held.items()}
            moments.append(held - guarded)

    await live(venue, blank.parent, Witness())

    assert len(moments) > 300
    assert not any(moments)


def _is_stop(order: OrderReport) -> bool:
    return order.type is OrderType.STOP and order.status is OrderStatus.OPEN
