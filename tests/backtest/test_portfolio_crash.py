"""Markets that fall apart, under the default limits: what is lost below the portfolio stop is the gap itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from portfolio_cases import START, STEP, leg_of

from gobot.backtest import Rules, portfolio
from gobot.market import Candles, FundingRates
from gobot.settings import TradingSettings
from gobot.strategy import Signals

ROWS, START_EQUITY, FEE = 400, 10_000.0, 0.0005
FLOOR = START_EQUITY * 0.95
RULES = Rules(fee=FEE, sizing="fixed", size=2_500.0, leverage=3.0, start_equity=START_EQUITY)


def risk(**manager: object) -> TradingSettings:
    """The defaults, but for room for four large positions, the trial on the recent past and the limit of a day."""
    return TradingSettings.model_validate(
        {
            "max_position_usd": "2500",
            "leverage": 3,
            "sizing": {"model": "fixed", "amount_usd": "2500"},
            "stop_loss_percent": 4,
            "validation": {"enabled": False},
            "orchestrator": {"completion_targets": {"daily_profit_target": 1e9, "max_daily_loss": -1e9}},
            "risk_manager": {"max_cluster_exposure_pct": 100, "max_consecutive_losses": 1000, **manager},
        }
    )


def crashing(seed: int, crashes: dict[int, float], *, frozen: range = range(0)) -> list[Candles]:
    """Four symbols that move as one; at each row of ``crashes`` they open so much lower (a fraction)."""
    chance = np.random.default_rng(seed)
    common = chance.normal(0, 0.003, ROWS)
    found = []
    for _ in range(4):
        change = common + chance.normal(0, 0.0005, ROWS)
        jump = np.array([np.log1p(-crashes.get(row, 0.0)) for row in range(ROWS)])
        close = 100 * np.exp(np.cumsum(change + jump))
        open_ = np.concatenate([[100.0], close[:-1]]) * np.exp(jump)
        high, low = np.maximum(open_, close) * 1.0005, np.minimum(open_, close) * 0.9995
        keep = ~np.isin(np.arange(ROWS), frozen)
        time = START + np.arange(ROWS) * STEP
        found.append(Candles.from_columns(*(column[keep] for column in (time, open_, high, low, close, np.ones(ROWS)))))
    return found


def longs(seed: int, rows: int) -> Signals:
    """Now and then into a long position, and now and then out of it."""
    chance = np.random.default_rng(seed)
    none = np.full(rows, np.nan)
    entry = (chance.random(rows) < 0.1).astype(np.int8)
    leave = ((chance.random(rows) < 0.02) & (entry == 0)).astype(np.int8) * 3
    return Signals(entry, leave, none, none, np.where(entry > 0, 0.5, 0.0))


def run(candles: list[Candles], seed: int, manager: dict[str, object], funding: FundingRates | None = None):
    legs = [
        leg_of(series, longs(seed + place, len(series)), f"C{place}/USDT", funding)
        for place, series in enumerate(candles)
    ]
    return portfolio(legs, RULES, risk=risk(**manager))


def below_the_floor(found) -> int | None:
    under = np.flatnonzero(found.equity < FLOOR)
    return int(under[0]) if len(under) else None


def assert_only_the_gap_is_lost(found) -> None:
    """From the candle in which the floor is broken on, everything is closed at the next open and nothing is opened."""
    first = below_the_floor(found)
    if first is None:
        return
    fees = float(found.trades["fees"].sum())
    moved = found.equity[first + 2 :] - found.equity[first + 1] if first + 2 < len(found.equity) else np.zeros(1)
    np.testing.assert_allclose(moved, 0.0, atol=1e-6)
    assert found.equity[-1] >= found.equity[first] - fees
    latest = max(int(np.searchsorted(found.times, START + int(row) * STEP)) for row in found.trades["entry_row"])
    assert latest <= first + 1


@hypothesis_settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**31), at=st.integers(120, ROWS - 5), depth=st.floats(0.05, 0.6))
def test_a_crash_in_one_candle(seed, at, depth):
    found = run(crashing(seed, {at: depth}), seed, {})
    assert_only_the_gap_is_lost(found)
    first = below_the_floor(found)
    if first is not None:
        exposed = 4 * 2_500.0 * 1.2
        assert found.equity.min() >= FLOOR - exposed * (depth + 0.05) - 100


def test_a_fall_of_thirty_percent_is_survived_where_no_stop_could_be_met():
    found = run(crashing(11, {300: 0.3}), 11, {})
    first = below_the_floor(found)
    assert first is not None, "all four positions were open"
    assert_only_the_gap_is_lost(found)
    assert found.refusals["emergency_stop"] > 0


def test_a_fall_that_begins_while_the_feed_stands_still():
    found = run(crashing(11, {300: 0.3}, frozen=range(285, 306)), 11, {})
    assert_only_the_gap_is_lost(found)
    assert below_the_floor(found) is not None


def test_one_fall_after_another():
    found = run(crashing(11, dict.fromkeys(range(300, 320, 4), 0.08)), 11, {})
    assert_only_the_gap_is_lost(found)


def test_what_moves_together_counts_as_one():
    wide = run(crashing(11, {300: 0.3}), 11, {})
    narrow = run(crashing(11, {300: 0.3}), 11, {"max_cluster_exposure_pct": 10})
    assert narrow.refusals["correlation"] > 0
    assert narrow.equity.min() > wide.equity.min()


@pytest.mark.parametrize(("rate", "refused"), [(0.0001, False), (0.01, True)])
def test_a_funding_spike_is_not_entered(rate, refused):
    stamps = START + np.arange(1, 13) * 32 * STEP
    rates = np.full(12, 0.0001)
    rates[5:8] = rate
    found = run(crashing(11, {}), 11, {}, FundingRates(stamps, rates))
    assert ("funding" in found.refusals) is refused
