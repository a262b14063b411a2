"""The kernel and the simulated venue, trade by trade, on random markets under random rules."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from venue_player import VenuePlayer

from gobot.backtest import Rules
from gobot.backtest.conditions import conditions_of
from gobot.backtest.events import events_in
from gobot.backtest.run import run_events
from gobot.daemon.comparison import RoundTrip, compare, kernel_trips
from gobot.market import Candles, FundingRates
from gobot.strategy import EXIT_LONG, EXIT_SHORT, Signals

SYMBOL = "SOL/USDT:USDT"
START, STEP = 1_735_689_600_000, 900_000


def market(seed: int, rows: int, wild: float, *, holes: bool) -> Candles:
    """Candles on a grid of cents: jumps between them, some without a body, some missing."""
    chance = np.random.RandomState(seed)
    close = 100.0 * np.exp(np.cumsum(chance.normal(0.0, wild, rows)))
    jump = np.where(chance.uniform(size=rows) < 0.2, chance.normal(0.0, 2 * wild, rows), 0.0)
    open_ = np.concatenate([[100.0], close[:-1]]) * np.exp(jump)
    wick = np.abs(chance.normal(0.0, wild, (2, rows))) * (chance.uniform(size=(2, rows)) < 0.8)
    columns = [open_, np.maximum(open_, close) * (1 + wick[0]), np.minimum(open_, close) * (1 - wick[1]), close]
    prices = [np.maximum(np.round(column, 2), 0.01) for column in columns]
    keep = np.ones(rows, bool)
    if holes:
        keep[2:-2] = chance.uniform(size=rows - 4) > 0.05
    return Candles.from_columns(*(column[keep] for column in (START + STEP * np.arange(rows), *prices, np.ones(rows))))


def random_signals(seed: int, candles: Candles, levels: float) -> Signals:
    """Entries on two rows of five; ``levels`` is the share of them that come with a stop, and with a target."""
    chance = np.random.RandomState(seed)
    rows = len(candles)
    entry = chance.choice([-1, 0, 0, 0, 1], rows).astype(np.int8)
    exit_ = chance.choice([0, 0, 0, 0, EXIT_LONG, EXIT_SHORT, EXIT_LONG | EXIT_SHORT], rows).astype(np.int8)
    exit_[entry > 0], exit_[entry < 0] = EXIT_SHORT, EXIT_LONG
    away = np.round(candles.close * chance.uniform(0.0, 0.05, (2, rows)), 2)
    stop, target = candles.close - entry * away[0], candles.close + entry * away[1]
    for level in (stop, target):
        level[(chance.uniform(size=rows) > levels) | (entry == 0)] = np.nan
    return Signals(entry, exit_, np.round(stop, 2), np.round(target, 2), np.where(entry != 0, 1.0, 0.0))


def settled(seed: int, candles: Candles) -> FundingRates:
    """A settlement every eight hours, some milliseconds late as they really are."""
    chance = np.random.RandomState(seed)
    stamps = np.arange(START, int(candles.time[-1]), 8 * 3_600_000) + chance.randint(0, 20, 1)[0]
    return FundingRates(stamps, np.round(chance.normal(0.0, 0.001, len(stamps)), 6))


def kernel(candles: Candles, signals: Signals, rules: Rules, funding: FundingRates | None) -> list[RoundTrip]:
    trades, _ = run_events(events_in(signals), conditions_of(candles, rules, symbol=SYMBOL, funding=funding))
    return kernel_trips(trades, SYMBOL, candles)


percents = st.none() | st.sampled_from([0.5, 1.0, 2.5, 6.0])
sizes = st.sampled_from([("all_in", 0.0), ("fixed", 2_000.0), ("fixed", 1e9), ("fraction", 0.4)])


@st.composite
def rules(draw) -> Rules:
    """Everything that the kernel and the venue both know."""
    sizing, size = draw(sizes)
    return Rules(
        fee=draw(st.sampled_from([0.0, 0.0005, 0.002])),
        slippage=draw(st.sampled_from([0.0, 0.0003, 0.002])),
        direction=draw(st.sampled_from(["both", "both", "long", "short"])),
        sizing=sizing,
        size=size,
        leverage=float(draw(st.sampled_from([1, 1, 3, 10, 25]))),
        stop_loss_percent=draw(percents),
        take_profit_percent=draw(percents),
        trailing_percent=draw(st.none() | st.sampled_from([0.4, 1.5, 5.0])),
        break_even_percent=draw(st.none() | st.sampled_from([0.3, 1.0, 3.0])),
        max_candles=draw(st.none() | st.integers(1, 12)),
    )


seeds = st.integers(0, 2**31)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    rules=rules(),
    seed=seeds,
    wild=st.sampled_from([0.001, 0.005, 0.02, 0.06]),
    levels=st.sampled_from([0.0, 0.5, 1.0]),
    holes=st.booleans(),
    pays=st.booleans(),
)
def test_the_venue_makes_every_trade_of_the_kernel(rules, seed, wild, levels, holes, pays):
    candles = market(seed, 90, wild, holes=holes)
    signals = random_signals(seed + 1, candles, levels)
    funding = settled(seed + 2, candles) if pays else None
    with tempfile.TemporaryDirectory() as directory:
        player = VenuePlayer(SYMBOL, candles, rules, Path(directory) / "sim.db", funding)
        traded = player.play(signals)
    found = compare(kernel(candles, signals, rules, funding), traded)
    assert found.equal, "\n".join(difference.sentence for difference in found.differences)


def test_the_markets_above_show_every_way_to_end():
    """What is compared is worth comparing: each ending occurs, and most runs trade."""
    endings, counts = set(), []
    for seed in range(40):
        candles = market(seed, 90, (0.001, 0.005, 0.02, 0.06)[seed % 4], holes=False)
        chosen = Rules(
            leverage=(1.0, 10.0, 25.0)[seed % 3],
            trailing_percent=(None, 1.5)[seed % 2],
            take_profit_percent=6.0,
            stop_loss_percent=(None, 2.5)[seed // 2 % 2],
        )
        trips = kernel(candles, random_signals(seed + 1, candles, 0.5), chosen, None)
        endings |= {trip.exit_reason for trip in trips}
        counts.append(len(trips))
    assert endings >= {"signal", "stop", "target", "liquidation", None}
    assert sum(counts) > 400
