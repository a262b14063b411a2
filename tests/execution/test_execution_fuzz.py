"""Anything may fail at any time; once the venue answers again, everything is in order."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest
from execution_cases import BTC, ETH, FIRST, TF_MS, dump, leave, long, short
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from loguru import logger
from reaper import Killed, Reaper
from scripted_venue import Fault, ScriptedVenue

from gobot.core import Direction, ManualClock, OrderStatus, OrderType, Side, VenueUnavailable
from gobot.execution import Execution
from gobot.ledger import Ledger
from gobot.ledger import database as database_module

SYMBOLS = (BTC, ETH)
SETTLE_MS = 6_000

decisions = st.sampled_from(["long", "short", "leave long", "leave short", "hold"])
writing = st.sampled_from([Fault.LOSE_REPLY, Fault.LOSE_REQUEST, Fault.ARRIVE_LATE, Fault.REFUSE])
faults = st.one_of(
    st.tuples(st.sampled_from(["create stop", "create entry", "create target", "create exit", "create"]), writing),
    st.tuples(st.just("cancel"), st.sampled_from([Fault.LOSE_REPLY, Fault.LOSE_REQUEST, Fault.REFUSE])),
    st.tuples(st.sampled_from(["order", "open_orders", "fills", "funding", "positions"]), st.just(Fault.UNAVAILABLE)),
)
humans = st.tuples(st.sampled_from(SYMBOLS), st.sampled_from(["buy 0.2", "sell 0.5", "sell 1", "close", "close"]))


def seldom(events: st.SearchStrategy) -> st.SearchStrategy:
    """One of ``events`` now and then, mostly None: too much of it would hide everything else."""
    return st.integers(0, 7).flatmap(lambda dice: events if dice == 7 else st.none())


cycles = st.fixed_dictionaries(
    {
        "decided": st.tuples(decisions, decisions),
        "prices": st.tuples(st.integers(88, 112), st.integers(88, 112)),
        "faults": st.lists(faults, min_size=1, max_size=3),
        "killed": seldom(st.integers(1, 60)),
        "deliver": st.booleans(),
        "human": seldom(humans),
        "stop gone": seldom(st.sampled_from(SYMBOLS)),
        "guard after ms": st.sampled_from([0, 1_000, SETTLE_MS, 120_000]),
    }
)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(database_module, "_WRITER_PRAGMAS", ("journal_mode=WAL", "synchronous=OFF", "foreign_keys=ON"))
    logger.disable("gobot")
    yield
    logger.enable("gobot")


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],  # shrinking a story takes longer than reading it
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(cycles, min_size=2, max_size=7))
def test_everything_is_in_order_in_the_end(story: list[dict]):
    with tempfile.TemporaryDirectory() as directory:
        venue = ScriptedVenue(ManualClock(FIRST), dict.fromkeys(SYMBOLS, Decimal(100)), settle_after_ms=SETTLE_MS)
        asyncio.run(_run(venue, Path(directory), story))


async def _run(venue: ScriptedVenue, path: Path, story: list[dict]) -> None:
    for cycle, told in enumerate(story, 1):
        venue.faults = {}
        for key, fault in told["faults"]:
            venue.faults.setdefault(key, []).append(fault)
        await _cycle(venue, path, cycle, told)
    venue.faults = {}
    venue.deliver()
    with closing(Ledger.open(f"sqlite:///{path}/gobot.db")) as ledger:
        execution = Execution(venue, ledger, venue.clock, bot="main", leverage=1)
        for _ in range(4):
            venue.clock.move_to(venue.clock.now_ms() + TF_MS)
            reconciliation = await execution.reconcile()
        before = dump(ledger)
        again = await execution.reconcile()

        assert dump(ledger) == before
        assert again.differences == reconciliation.differences
        _in_order(venue, ledger, again.quarantined)


async def _cycle(venue: ScriptedVenue, path: Path, cycle: int, told: dict) -> None:
    """One cycle as the daemon would go through it; a killed one is not resumed."""
    candle_ms = FIRST + (cycle - 1) * TF_MS
    venue.clock.move_to(candle_ms + TF_MS)
    for symbol, price in zip(SYMBOLS, told["prices"], strict=True):
        venue.move(symbol, price)
    if told["human"]:
        _interfere(venue, *told["human"])
    if told["stop gone"] and venue.stops(told["stop gone"]):
        venue._end(venue.stops(told["stop gone"])[0].client_id, OrderStatus.CANCELED)
    reaper = Reaper(at=[told["killed"]] if told["killed"] else [])
    with closing(Ledger.open(f"sqlite:///{path}/gobot.db")) as ledger:
        reaper.watch_ledger(ledger)
        execution = Execution(reaper.watch_venue(venue), ledger, venue.clock, bot="main", leverage=1)
        try:
            await execution.reconcile()
            wanted = [_approved(*each, candle_ms, venue) for each in zip(SYMBOLS, told["decided"], strict=True)]
            orders = execution.plan([each for each in wanted if each is not None], candle_ms)
            ledger.decide(cycle, candle_ms, venue.clock.now_ms(), orders, [])
            await execution.execute(cycle)
            ledger.finish_cycle(cycle, at_ms=venue.clock.now_ms(), equity=None)
            venue.clock.move_to(venue.clock.now_ms() + told["guard after ms"])
            if told["deliver"]:
                venue.deliver()
            await execution.reconcile()
        except (Killed, VenueUnavailable):
            pass


def _interfere(venue: ScriptedVenue, symbol: str, wish: str) -> None:
    """A human trades on the account, or closes what is open there."""
    held, _ = venue.held.get(symbol, (Decimal(0), Decimal(0)))
    side, _, quantity = wish.partition(" ")
    if quantity:
        venue.human(symbol, Side(side), quantity)
    elif held:
        venue.human(symbol, Side.SELL if held > 0 else Side.BUY, abs(held))


def _approved(symbol: str, decision: str, candle_ms: int, venue: ScriptedVenue):
    price = venue.prices[symbol]
    levels = {"stop": price - 4, "target": price + 6}
    if decision == "long":
        return long(symbol, candle_ms=candle_ms, **levels)
    if decision == "short":
        return short(symbol, candle_ms=candle_ms, stop=price + 4, target=price - 6)
    if decision == "hold":
        return None
    return leave(symbol, Direction(decision.split()[1]), candle_ms=candle_ms)


def _in_order(venue: ScriptedVenue, ledger: Ledger, quarantined: dict[str, str]) -> None:
    assert len(set(venue.taken)) == len(venue.taken), "a client id was used twice"
    trades = ledger.open_trades()
    ours = {trade.symbol: trade.open_quantity * trade.direction.sign for trade in trades}
    assert ours == {symbol: quantity for symbol, (quantity, _) in venue.held.items()}
    own = {trade.symbol: trade for trade in trades if not trade.is_external}
    assert set(quarantined) == ours.keys() - own.keys()
    resting = [order for order in venue.book.values() if order.status is OrderStatus.OPEN]
    for order in resting:
        assert order.symbol in own, "an order rests without a position"
        assert order.side is own[order.symbol].direction.exit_side
    for symbol, trade in own.items():
        stops = [order for order in resting if order.symbol == symbol and order.type is OrderType.STOP]
        assert [stop.trigger for stop in stops] == [trade.stop]
    assert all(row.status in ("open", "filled") for row in ledger.unsettled())
    held = sum((trade.cost * trade.direction.sign for trade in trades), Decimal(0))
    worth = sum((quantity * entry for quantity, entry in venue.held.values()), Decimal(0))
    booked = sum((trade.pnl for trade in (*trades, *ledger.closed_trades())), Decimal(0))
    assert abs(booked - held - (venue.wallet - 10_000 - worth)) < Decimal("1e-9")
