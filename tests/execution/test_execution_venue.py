"""The worst that a venue and a human can do, with the real ccxt client on the sandbox."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import pytest
from execution_cases import TF_MS, idea

from gobot.core import Action, Direction, ManualClock
from gobot.execution import Accepted, DifferenceKind, Execution, Unknown
from gobot.ledger import ChangeKind, Ledger, Leg
from gobot.risk.verdict import approve_close, approve_open
from gobot.sandbox import Sandbox
from gobot.sandbox.faults import Fault
from gobot.settings.trading import ExternalSettings

sys.path.append(str(Path(__file__).parents[1] / "exchange" / "live"))

from live_world import BTC, ETH, START, World, living

ENTRY = "POST /fapi/v1/order"
STOP = "POST /fapi/v1/algoOrder"


class Desk:
    """A world, its ledger and an execution between them."""

    def __init__(self, world: World, ledger: Ledger, external: ExternalSettings | None = None) -> None:
        self.world, self.ledger, self.sandbox, self.clock = world, ledger, world.sandbox, world.clock
        self.execution = Execution(
            world.exchange, ledger, world.clock, bot="main", leverage=3, external=external, adopted_stop_percent=2.0
        )

    async def plan(self, cycle: int = 1, *, leave: bool = False) -> None:
        """Decide to buy 0.01 bitcoin, or to leave."""
        candle_ms = START + (cycle - 1) * TF_MS
        self.clock.move_to(candle_ms + TF_MS)
        self.sandbox.advance()
        price = await self.world.price()
        level = Decimal(round(price))
        if leave:
            wish = approve_close(idea(BTC, Action.EXIT, candle_ms), Direction.LONG, Decimal("0.01"))
        else:
            wish = approve_open(
                idea(BTC, Action.LONG, candle_ms),
                Direction.LONG,
                quantity=Decimal("0.01"),
                stop=level * Decimal("0.9"),
                target=level * Decimal("1.2"),
                probe=False,
            )
        self.ledger.decide(cycle, candle_ms, self.clock.now_ms(), self.execution.plan([wish], candle_ms), [])

    async def trade(self, cycle: int = 1, *, leave: bool = False):
        await self.plan(cycle, leave=leave)
        executed = await self.execution.execute(cycle)
        self.ledger.finish_cycle(cycle, at_ms=self.clock.now_ms(), equity=None)
        return executed

    async def look(self, after: float = 1.0):
        await self.world.after(after)
        return await self.execution.reconcile()

    def fault(self, kind: str, endpoint: str, **how) -> None:
        self.sandbox.faults.add([Fault(kind=kind, endpoint=endpoint, calls=(1,), **how)])

    def held(self) -> dict[str, Decimal]:
        positions = self.sandbox.state()["positions"].values()
        return {one["symbol"]: Decimal(one["quantity"]) for one in positions}

    def stops(self, symbol: str = "BTCUSDT") -> list[str]:
        resting = [one for one in self.sandbox.state()["algos"] if one["algoStatus"] == "NEW"]
        return [one["clientAlgoId"] for one in resting if (one["symbol"], one["orderType"]) == (symbol, "STOP_MARKET")]

    def sent(self, leg: str) -> int:
        """How many orders of one leg the venue has accepted."""
        return sum(one["client_id"].startswith(f"gb-{leg}-") for one in self.sandbox.state()["journal"])

    async def is_in_order(self) -> None:
        """Ledger and venue are the same, with one stop for each position of gobot's."""
        again = await self.look()
        trades = self.ledger.open_trades()
        assert {t.symbol: t.open_quantity * t.direction.sign for t in trades} == self.held()
        assert (again.outcomes, again.unknown) == ((), ())
        assert self.sandbox.state()["repeated_client_ids"] == []
        assert len(self.stops()) == sum(t.symbol == BTC and not t.is_external for t in trades)


@asynccontextmanager
async def desk_on(path: Path, external: ExternalSettings | None = None) -> AsyncIterator[Desk]:
    clock = ManualClock(START + 30_000)
    async with Sandbox(symbols=3, clock=clock) as sandbox, living(sandbox, clock) as world:
        ledger = Ledger.open(f"sqlite:///{path}/gobot.db")
        ledger.start_run(mode="live", version="1", strategy="", branch="", at_ms=clock.now_ms())
        yield Desk(world, ledger, external)
        ledger.close()


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk_on(tmp_path) as one:
        yield one


async def test_a_bracket_on_the_venue(desk: Desk):
    """Its stop, for the entry's quantity, rests before the entry is sent."""
    await desk.trade()

    kinds = [one["client_id"].split("-")[1] for one in desk.sandbox.state()["journal"]]
    assert kinds == ["stop", "entry", "target"]
    assert desk.sandbox.state()["naked"] == []
    await desk.is_in_order()


async def test_the_venue_refuses_a_stop_before_the_position_only_once(desk: Desk):
    await desk.trade()
    await desk.trade(2, leave=True)
    await desk.trade(3)

    stops = [row for row in desk.ledger.orders() if row.leg is Leg.STOP]
    assert [str(row.status) for row in stops] == ["refused", "canceled", "dropped", "open"]
    assert desk.sandbox.state()["naked"] == []
    await desk.is_in_order()


# The four worst cases


@pytest.mark.parametrize("kind", ["reset", "truncated", "html", "empty"])
async def test_the_answer_is_lost_after_the_entry_was_accepted(desk: Desk, kind: str):
    desk.fault(kind, ENTRY, executed="yes")

    executed = await desk.trade()

    assert all(isinstance(outcome, Accepted) for outcome in executed.outcomes)
    assert desk.sent("entry") == 1
    await desk.is_in_order()


@pytest.mark.parametrize("executed", ["yes", "late"])
async def test_1007_and_the_entry_is_executed(desk: Desk, executed: str):
    """At once, or two seconds after the answer: it is asked for, and never sent a second time."""
    desk.fault("unknown", ENTRY, executed=executed, seconds=2)

    first = await desk.trade()
    assert isinstance(first.outcomes[1], Unknown) == (executed == "late")
    await desk.look(2.5)
    await desk.look(20)

    assert desk.sent("entry") == 1
    assert desk.held() == {BTC: Decimal("0.01")}
    assert desk.sandbox.state()["naked"] == []
    await desk.is_in_order()


async def test_1007_and_the_entry_is_not_executed(desk: Desk):
    desk.fault("unknown", ENTRY, executed="no")
    await desk.trade()

    reconciliation = await desk.look(14)
    assert [row.leg for row in reconciliation.unknown] == [Leg.ENTRY]
    assert reconciliation.blocked == {BTC}
    reconciliation = await desk.look(2)

    assert reconciliation.unknown == ()
    assert (desk.sent("entry"), desk.held(), desk.stops()) == (0, {}, [])
    await desk.is_in_order()


async def test_the_stream_reports_the_fill_before_the_answer_arrives(desk: Desk):
    """A hint leads to a look while the entry is still waiting for its answer: the trade is booked once."""
    desk.fault("slow", ENTRY, seconds=0.5)
    await desk.plan()
    entering = asyncio.create_task(desk.execution.execute(1))
    while not desk.held():
        await asyncio.sleep(0.01)
        assert not entering.done(), "the answer is still on its way when the venue has filled the entry"

    reconciliation, executed = await asyncio.gather(desk.execution.reconcile(), entering)

    changes = [*executed.changes, *reconciliation.changes]
    assert [change.kind for change in changes] == [ChangeKind.OPENED]
    desk.ledger.finish_cycle(1, at_ms=desk.clock.now_ms(), equity=None)
    await desk.is_in_order()


# Exits and stops


@pytest.mark.parametrize("executed", ["yes", "no", "late"])
async def test_an_exit_of_unknown_outcome_closes_once(desk: Desk, executed: str):
    await desk.trade()
    desk.fault("unknown", ENTRY, executed=executed)

    await desk.trade(2, leave=True)
    await desk.look(2.5)
    await desk.look(15)
    await desk.look()

    assert desk.held() == {}
    assert desk.sent("exit") == 1
    assert [trade.exit_reason for trade in desk.ledger.closed_trades()] == ["signal"]
    await desk.is_in_order()


async def test_a_stop_is_moved_where_the_venue_holds_one_of_a_kind(desk: Desk):
    """It refuses a second closing stop (-4130): one for the quantity takes over, and the position is never bare."""
    await desk.trade()
    price = await desk.world.price()
    for share in ("0.92", "0.94", "0.95"):
        await desk.execution.move_stop(BTC, Decimal(round(price * Decimal(share))))
        assert len(desk.stops()) == 1
        await desk.is_in_order()

    assert desk.ledger.open_trades()[0].stop == Decimal(round(price * Decimal("0.95")))
    assert desk.sandbox.state()["naked"] == []


# Humans


async def test_a_human_closes_the_position(desk: Desk):
    await desk.trade()
    desk.sandbox.human.act("close", {"symbol": BTC})

    reconciliation = await desk.look()

    assert [change.trade.exit_reason for change in reconciliation.changes] == ["external"]
    await desk.is_in_order()


async def test_an_exit_after_a_human_has_closed_asks_for_the_position(desk: Desk):
    await desk.trade()
    desk.sandbox.human.act("close", {"symbol": BTC})

    executed = await desk.trade(2, leave=True)
    await desk.look()
    await desk.look(60)

    assert [outcome.order.cause for outcome in executed.outcomes] == ["nothing to close"]
    assert desk.sent("exit") == 0
    rows = [row for row in desk.ledger.orders() if row.leg is Leg.EXIT]
    assert len(rows) == 1, "one refusal is enough"
    await desk.is_in_order()


async def test_a_human_cancels_the_stop_once(desk: Desk):
    await desk.trade()
    desk.sandbox.human.act("cancel", {"symbol": BTC, "kind": "algo", "clientId": desk.stops()[0]})

    reconciliation = await desk.look()

    assert [difference.kind for difference in reconciliation.differences] == [DifferenceKind.STOP_MISSING]
    await desk.is_in_order()


@pytest.mark.parametrize("wish", ["close", "alert"])
async def test_a_human_who_cancels_the_stop_again_is_not_fought(tmp_path: Path, wish: str):
    async with desk_on(tmp_path, ExternalSettings(stops=wish)) as desk:
        await desk.trade()
        for _ in range(2):
            desk.sandbox.human.act("cancel", {"symbol": BTC, "kind": "algo", "clientId": desk.stops()[0]})
            reconciliation = await desk.look()

        assert [difference.kind for difference in reconciliation.differences] == [DifferenceKind.STOP_TAKEN]
        sent = len(desk.sandbox.state()["journal"])
        if wish == "close":
            await desk.is_in_order()
            assert desk.held() == {}
        else:
            assert BTC in reconciliation.quarantined
            await desk.look()
            assert (desk.held(), desk.stops()) == ({BTC: Decimal("0.01")}, [])
        assert len(desk.sandbox.state()["journal"]) == sent


async def test_a_human_adds_to_the_position(desk: Desk):
    """The stop for the entry's quantity no longer covers it: one for the whole position takes over."""
    await desk.trade()
    desk.sandbox.human.act("open", {"symbol": BTC, "side": "buy", "quantity": "0.02"})

    reconciliation = await desk.look()

    assert [change.kind for change in reconciliation.changes] == [ChangeKind.RESIZED]
    assert desk.ledger.open_trades()[0].open_quantity == Decimal("0.03")
    await desk.is_in_order()


@pytest.mark.parametrize("wish", ["adopt", "alert", "ignore"])
async def test_a_human_opens_a_position(tmp_path: Path, wish: str):
    async with desk_on(tmp_path, ExternalSettings(positions=wish)) as desk:
        desk.sandbox.human.act("open", {"symbol": ETH, "side": "sell", "quantity": "0.5"})

        reconciliation = await desk.look()
        again = await desk.look()

        told = [difference.kind for difference in reconciliation.differences]
        assert told == ([] if wish == "ignore" else [DifferenceKind.POSITION_FOREIGN])
        assert (ETH in again.quarantined) == (wish != "adopt")
        assert len(desk.stops("ETHUSDT")) == (wish == "adopt")
        if wish == "adopt":
            await desk.execution.close(ETH, "enough of it")
            assert desk.held() == {}
        await desk.is_in_order()


async def test_a_symbol_is_delisted_with_a_position_in_it(desk: Desk):
    await desk.trade()
    desk.sandbox.human.act("delist", {"symbol": BTC})

    reconciliation = await desk.look()

    assert [change.trade.exit_reason for change in reconciliation.changes] == ["external"]
    await desk.is_in_order()
