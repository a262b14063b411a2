"""Execution and the simulated venue, each with its own file, through a week of trading and many deaths."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path

import pytest
from execution_cases import BTC, ETH, FIRST, SOL, TF_MS, dump, idea
from loguru import logger
from reaper import Killed, Reaper

from gobot.core import Action, Direction, ManualClock, Market, Position, Ticker
from gobot.exchange.sim import SimExchange
from gobot.exchange.synthetic_feed import SyntheticFeed
from gobot.execution import Execution, Reconciliation
from gobot.ledger import Ledger
from gobot.ledger import database as database_module
from gobot.market.synthetic import SyntheticMarket
from gobot.risk import Approved
from gobot.risk.verdict import approve_close, approve_open

SYMBOLS = (BTC, ETH, SOL)
CYCLES = 160


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(database_module, "_WRITER_PRAGMAS", ("journal_mode=WAL", "synchronous=OFF", "foreign_keys=ON"))
    logger.disable("gobot")
    yield
    logger.enable("gobot")


def decide(
    candle_ms: int, positions: Mapping[str, Position], tickers: Mapping[str, Ticker], markets: Mapping[str, Market]
) -> list[Approved]:
    """Whatever a coin says that is tossed once per candle and symbol."""
    approved = []
    for symbol in SYMBOLS:
        coin = random.Random(f"{candle_ms} {symbol}").random()
        market, price = markets[symbol], tickers[symbol].last
        held = positions.get(symbol)
        if held is not None and coin < 0.2:
            word = idea(symbol, Action.EXIT, candle_ms)
            approved.append(approve_close(word, held.direction, held.quantity))
        if (held is None and coin < 0.5) or (held is not None and coin < 0.1):
            direction = Direction.LONG if held is None and coin < 0.25 else Direction.SHORT
            approved.append(
                approve_open(
                    idea(symbol, Action(str(direction)), candle_ms),
                    direction,
                    quantity=market.round_quantity(2000 / price),
                    stop=market.round_price(price * (1 - direction.sign * Decimal("0.004"))),
                    target=market.round_price(price * (1 + direction.sign * Decimal("0.007"))),
                    probe=False,
                )
            )
    return approved


def live(path: Path, reaper: Reaper) -> None:
    """One life: the clock goes on where the venue is, the work where the ledger is."""
    feed = SyntheticFeed(SyntheticMarket(7, SYMBOLS, start_ms=FIRST))
    clock = ManualClock()
    venue = SimExchange(feed, clock, path / "sim.db", start_equity=Decimal(10_000), slippage=0.0002)
    clock.move_to(venue.venue_time)
    ledger = Ledger.open(f"sqlite:///{path}/gobot.db")
    reaper.watch_ledger(ledger)
    try:
        asyncio.run(_live(reaper.watch_venue(venue), ledger, clock))
    finally:
        ledger.close()
        asyncio.run(venue.close())


async def _live(venue: SimExchange, ledger: Ledger, clock: ManualClock) -> None:
    execution = Execution(venue, ledger, clock, bot="main", leverage=2)
    markets = await venue.markets()
    await execution.reconcile()
    newest = ledger.cycle(ledger.last_cycle())
    first = 1 if newest is None else newest.cycle + (newest.finished_ms is not None)
    for cycle in range(first, CYCLES + 1):
        candle_ms = FIRST + cycle * TF_MS
        clock.move_to(candle_ms + TF_MS + 5_000)
        reconciliation = await execution.reconcile()
        assert not reconciliation.quarantined
        if not ledger.decided(cycle):
            approved = decide(candle_ms, reconciliation.positions, await venue.tickers(SYMBOLS), markets)
            ledger.decide(cycle, candle_ms, clock.now_ms(), execution.plan(approved, candle_ms), [])
        await execution.execute(cycle)
        ledger.finish_cycle(cycle, at_ms=clock.now_ms(), equity=(await venue.balance()).equity)


def run(path: Path, *reapers: Reaper) -> dict[str, list[tuple]]:
    path.mkdir()
    for reaper in (*reapers, Reaper()):
        try:
            live(path, reaper)
            break
        except Killed:
            continue
    ledger = Ledger.open(f"sqlite:///{path}/gobot.db", read_only=True)
    rows = dump(ledger)
    ledger.close()
    return rows


def test_a_week_adds_up(tmp_path: Path):
    """The ledger's profit is what the venue's wallet gained."""
    run(tmp_path / "calm")

    venue = SimExchange(
        SyntheticFeed(SyntheticMarket(7, SYMBOLS, start_ms=FIRST)),
        ManualClock(),
        tmp_path / "calm" / "sim.db",
        start_equity=Decimal(10_000),
    )
    ledger = Ledger.open(f"sqlite:///{tmp_path}/calm/gobot.db", read_only=True)
    closed, held = ledger.closed_trades(), ledger.open_trades()
    balance = asyncio.run(venue.balance())
    reasons = {trade.exit_reason for trade in closed}

    assert len(closed) > 60
    assert reasons == {"stop", "target", "signal"}
    assert any(trade.funding for trade in closed)
    assert 10_000 + sum(trade.pnl for trade in (*closed, *held)) == balance.wallet
    positions = {position.symbol: position.quantity for position in asyncio.run(venue.positions())}
    assert {trade.symbol: trade.open_quantity for trade in held} == positions
    ledger.close()
    asyncio.run(venue.close())


@pytest.mark.slow
def test_many_deaths_change_nothing(tmp_path: Path):
    calm = Reaper()
    expected = run(tmp_path / "calm", calm)
    dice = random.Random(11)

    for number in range(5):
        deaths = [Reaper(at=[dice.randint(2, calm.moment // 8)]) for _ in range(8)]
        assert run(tmp_path / f"killed-{number}", *deaths) == expected


async def test_a_look_back_is_the_same_look(tmp_path: Path):
    """Reconciling twice at the same moment finds nothing the second time."""
    feed = SyntheticFeed(SyntheticMarket(7, SYMBOLS, start_ms=FIRST))
    clock = ManualClock(FIRST)
    venue = SimExchange(feed, clock, tmp_path / "sim.db", start_equity=Decimal(10_000))
    ledger = Ledger.open(f"sqlite:///{tmp_path}/gobot.db")
    execution = Execution(venue, ledger, clock, bot="main", leverage=2)
    markets = await venue.markets()
    for cycle in range(1, 30):
        candle_ms = FIRST + cycle * TF_MS
        clock.move_to(candle_ms + TF_MS)
        first = await execution.reconcile()
        second = await execution.reconcile()
        assert second == Reconciliation(positions=first.positions)
        approved = decide(candle_ms, second.positions, await venue.tickers(SYMBOLS), markets)
        ledger.decide(cycle, candle_ms, clock.now_ms(), execution.plan(approved, candle_ms), [])
        await execution.execute(cycle)
        ledger.finish_cycle(cycle, at_ms=clock.now_ms(), equity=None)
    ledger.close()
    await venue.close()
