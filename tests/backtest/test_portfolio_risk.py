"""Backtests under the risk rules: the same checks, the same breaker and the same limits as live."""

from decimal import Decimal

import numpy as np
import pytest
from backtest_cases import candles_of, random_signals, signals_of
from hypothesis import given, settings
from hypothesis import strategies as st
from portfolio_cases import leg_of, random_legs

from gobot.backtest import Rules, portfolio
from gobot.backtest.records import ENDINGS
from gobot.market import Candles
from gobot.settings import TradingSettings

WIDE_OPEN = {
    "max_position_usd": "1e9",
    "validation": {"enabled": False},
    "orchestrator": {"completion_targets": {"daily_profit_target": 1e9, "max_daily_loss": -1e9}},
    "risk_manager": {
        "max_consecutive_losses": 1000,
        "max_drawdown_pct": 100,
        "max_open_positions": 1000,
        "portfolio_stop_pct": 100,
        "max_total_exposure_pct": 12_500,
        "max_symbol_exposure_pct": 12_500,
        "max_direction_exposure_pct": 12_500,
        "max_cluster_exposure_pct": 12_500,
        "max_atr_percentile": 100,
        "max_volatility_pct": None,
        "low_liquidity_hours": None,
        "stop_out_cooldown_minutes": 0,
        "max_funding_pct": 100,
        "max_missing_candles": 100_000,
        "max_spread_pct": 100,
    },
}


def limits(amount="600", **changes):
    """Settings that let everything through, at a fixed size, but for the ``changes``."""
    merged = {**WIDE_OPEN, "sizing": {"model": "fixed", "amount_usd": amount}}
    for name, value in changes.items():
        merged[name] = {**merged[name], **value} if isinstance(value, dict) and name in merged else value
    return TradingSettings.model_validate(merged)


RULES = Rules(fee=0.0, sizing="fixed", size=600.0, start_equity=1000.0)
FLAT = [(100, 101, 99, 100)] * 40


def run(bars, entries, risk, rules=RULES, **columns):
    legs = [
        leg_of(candles_of(rows), signals_of(entry, **columns), f"C{place}/USDT")
        for place, (rows, entry) in enumerate(zip(bars, entries, strict=True))
    ]
    return portfolio(legs, rules, risk=risk)


def entries_at(*rows, count=40):
    return [int(row in rows) for row in range(count)]


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 10),
    count=st.integers(1, 4),
    direction=st.sampled_from(["long", "short", "both"]),
    percents=st.sampled_from([(1.5, 2.5), (3.0, 1.0)]),
    leverage=st.sampled_from([1, 3]),
)
def test_with_every_limit_wide_open_risk_changes_nothing(random_walk, seed, count, direction, percents, leverage):
    legs = []
    for place in range(count):
        candles = random_walk(seed + place, 200)
        legs.append(leg_of(candles, random_signals(seed + place, candles), f"C{place}/USDT"))
    rules = Rules(
        fee=0.001, slippage=0.0005, direction=direction, sizing="fixed", size=900.0, leverage=leverage,
        stop_loss_percent=percents[0], take_profit_percent=percents[1],
    )  # fmt: skip
    risk = limits("900", stop_loss_percent=percents[0], take_profit_percent=percents[1])
    free, judged = portfolio(legs, rules), portfolio(legs, rules, risk=risk)
    assert set(judged.refusals) <= {"protective_stop", "direction"}
    for name in ("symbol", "sign", "entry_row", "exit_row", "ended"):
        np.testing.assert_array_equal(judged.trades[name], free.trades[name])
    np.testing.assert_allclose(judged.trades["quantity"], free.trades["quantity"], rtol=1e-9)
    np.testing.assert_allclose(judged.equity, free.equity, rtol=1e-9)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 10), count=st.integers(1, 4))
def test_under_the_settings_as_shipped_runs_repeat_and_add_up(random_walk, seed, count):
    legs, rules = random_legs(random_walk, seed, count), Rules(fee=0.001, start_equity=1000.0)
    found, again = (portfolio(legs, rules, risk=TradingSettings()) for _ in range(2))
    assert found.trades.tobytes() == again.trades.tobytes()
    assert found.refusals == again.refusals
    assert found.equity[-1] == pytest.approx(1000.0 + found.trades["pnl"].sum(), rel=1e-9)


def test_sizes_follow_the_settings_and_every_cap():
    entry = entries_at(3)
    assert run([FLAT], [entry], limits("250")).trades["quantity"].tolist() == [2.5]
    assert run([FLAT], [entry], limits("250", max_position_usd="100")).trades["quantity"].tolist() == [1.0]
    half = limits(sizing={"model": "fraction", "fraction": 0.5})
    assert run([FLAT], [entry], half).trades["quantity"].tolist() == [5.0]
    everything = run([FLAT], [entry], limits(), Rules(fee=0.001, slippage=0.0005, start_equity=1000.0))
    trade = everything.trades[0]
    assert trade["quantity"] * trade["entry_price"] * 1.001 == pytest.approx(1000.0, rel=1e-12)
    assert not everything.refusals


def test_stops_and_targets_are_those_that_risk_sets():
    trade = run([FLAT], [entries_at(3)], limits(stop_loss_percent=3.0, take_profit_percent=7.0)).trades[0]
    assert (trade["stop"], trade["target"]) == (97.0, 107.0)
    own = run([FLAT], [entries_at(3)], limits(), stop={3: 95.5}, target={3: 120.0}).trades[0]
    assert (own["stop"], own["target"]) == (95.5, 120.0)


def test_positions_at_a_time_and_exposure():
    found = run([FLAT] * 3, [entries_at(3)] * 3, limits("200", risk_manager={"max_open_positions": 2}))
    assert (len(found.trades), dict(found.refusals)) == (2, {"open_positions": 1})
    found = run([FLAT] * 3, [entries_at(3)] * 3, limits("400", risk_manager={"max_total_exposure_pct": 60}))
    assert found.trades["quantity"].tolist() == [4.0, 2.0]
    assert dict(found.refusals) == {"exposure": 1}


def falling(rows, share):
    """Candles that lose ``share`` each, closing at their lows."""
    prices = 100 * (1 - share) ** np.arange(rows + 1)
    return [(prices[row], prices[row], prices[row + 1], prices[row + 1]) for row in range(rows)]


def test_losing_trades_in_a_row_bring_a_pause():
    risk = limits("10", stop_loss_percent=0.5, risk_manager={"max_consecutive_losses": 2, "loss_cooldown_minutes": 60})
    found = run([falling(40, 0.01)], [[1] * 40], risk)
    # The second loss ends in candle 2 and is known at its close: no entry until an hour after that.
    assert found.trades["entry_row"].tolist()[:4] == [1, 2, 7, 12]
    assert found.refusals["consecutive_losses"] > 10


def test_the_drawdown_from_the_peak_latches_and_closes_everything():
    risk = limits(stop_loss_percent=90, risk_manager={"max_drawdown_pct": 10})
    found = run([falling(40, 0.02), FLAT], [[1] * 40, entries_at(2)], risk, Rules(fee=0.0, start_equity=1000.0))
    latched = next(row for row in range(40) if 1 - 0.98 ** (row - 1) >= 0.1)
    assert [(int(t["symbol"]), int(t["exit_row"]), ENDINGS[t["ended"]]) for t in found.trades] == [
        (0, latched, "emergency")
    ]
    assert found.refusals["emergency_stop"] >= 40 - latched - 1
    np.testing.assert_allclose(found.equity[latched:], found.equity[-1])
    kept = run([falling(40, 0.02)], [[1] * 40], limits(stop_loss_percent=90, risk_manager={
        "max_drawdown_pct": 10, "emergency": "keep_protected"}), Rules(fee=0.0, start_equity=1000.0))  # fmt: skip
    assert [ENDINGS[t["ended"]] for t in kept.trades] == ["open"]


def test_what_an_entry_costs_may_latch_too_and_is_seen_at_once():
    risk = limits(risk_manager={"max_drawdown_pct": 0.5}, stop_loss_percent=50)
    found = run([FLAT], [entries_at(3, 9)], risk, Rules(fee=0.01, start_equity=1000.0))
    trade = found.trades[0]
    assert (trade["entry_row"], trade["exit_row"], ENDINGS[trade["ended"]]) == (4, 4, "emergency")
    assert dict(found.refusals) == {"emergency_stop": 1}


def test_a_day_that_is_won_or_lost_ends_its_entries_until_midnight():
    bars, always = [(100, 100, 94, 100)] * 100, [[1] * 100]  # 24 hours are 96 candles
    lost = {"completion_targets": {"daily_profit_target": 1e9, "max_daily_loss": -50}}
    found = run([bars], always, limits(stop_loss_percent=5, orchestrator=lost))
    assert found.trades["entry_row"].tolist() == [1, 2, 96, 97]
    assert dict(found.refusals) == {"paused": 93, "daily_loss": 2}
    ended = run([bars], always, limits(stop_loss_percent=5, orchestrator={**lost, "on_target": "exit"}))
    assert ended.trades["entry_row"].tolist() == [1, 2]
    won = {"completion_targets": {"daily_profit_target": 20, "max_daily_loss": -1e9}}
    rising = [(100, 106, 100, 100)] * 100
    found = run([rising], always, limits(take_profit_percent=5, orchestrator=won))
    assert found.trades["entry_row"].tolist() == [1, 2, 96, 97]


def test_a_strategy_that_did_badly_lately_is_not_followed():
    risk = limits(stop_loss_percent=0.5, validation={"enabled": True, "window": 50, "min_trades": 4})
    found = run([falling(40, 0.01)], [[1] * 40], risk)
    assert len(found.trades) == 4
    assert set(found.refusals) == {"recent_window"}


def test_gaps_make_ideas_old_and_windows_suspect():
    whole = candles_of(FLAT)
    keep = np.arange(40) != 10
    gap = Candles(*(getattr(whole, name)[keep] for name in ("time", "open", "high", "low", "close", "volume")))
    legs = [leg_of(gap, signals_of(entries_at(9, 20, count=39)))]
    found = portfolio(legs, RULES, risk=limits())
    # The candle after that of the first signal is missing; what it asked for is no longer wanted.
    assert found.trades["entry_row"].tolist() == [21]
    suspect = portfolio(legs, RULES, risk=limits(risk_manager={"max_missing_candles": 0}))
    assert (len(suspect.trades), dict(suspect.refusals)) == (0, {"fresh_candles": 1})


def test_a_wide_spread_is_refused():
    found = run([FLAT], [entries_at(3)], limits(risk_manager={"max_spread_pct": 0.5}), Rules(slippage=0.004))
    assert dict(found.refusals) == {"spread": 1}


def test_only_the_direction_that_the_rules_allow():
    found = run([FLAT], [[-1 if row == 3 else 0 for row in range(40)]], limits(), Rules(direction="long"))
    assert (len(found.trades), dict(found.refusals)) == (0, {"direction": 1})


def test_a_reversal_that_is_refused_still_closes():
    entry = [{3: 1, 6: -1}.get(row, 0) for row in range(40)]
    risk = limits(direction="both", stop_loss_percent=2)
    found = run([FLAT], [entry], risk, stop={6: 99.0})
    assert [(int(t["exit_row"]), ENDINGS[t["ended"]]) for t in found.trades] == [(7, "signal")]
    assert dict(found.refusals) == {"protective_stop": 1}


def test_margin_that_is_freed_at_an_open_is_used_at_the_same_open():
    entries = [[{3: 1}.get(row, 0) for row in range(40)], entries_at(6)]
    legs = [
        leg_of(candles_of(FLAT), signals_of(entries[0], [int(row == 6) for row in range(40)]), "A/USDT"),
        leg_of(candles_of(FLAT), signals_of(entries[1]), "B/USDT"),
    ]
    risk = limits("900", risk_manager={"max_open_positions": 1})
    found = portfolio(legs, RULES, risk=risk)
    assert [(int(t["symbol"]), int(t["entry_row"])) for t in found.trades] == [(0, 4), (1, 7)]
    assert found.trades["quantity"][1] == pytest.approx(float(Decimal(9)))
