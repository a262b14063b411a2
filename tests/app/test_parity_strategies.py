"""Promise: the backtest is what the bot does.  Kernel, simulated venue and daemon, for every shipped strategy."""

from __future__ import annotations

from pathlib import Path

import pytest
from loguru import logger
from swinging import swinging
from venue_player import VenuePlayer

from gobot.app.histories import History
from gobot.app.rehearsal import Rehearsal, rehearse
from gobot.backtest import Rules
from gobot.core import Timeframe
from gobot.daemon.comparison import backtest_trips, compare
from gobot.settings import Loaded, Override, load_settings
from gobot.strategy import SHIPPED, Strategy, evaluate, load_strategy

SYMBOL = "BTC/USDT:USDT"
M15 = Timeframe.parse("15m")
TRADED = 360
LEAST_TRADES = 5

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _quiet():
    logger.disable("gobot")
    yield
    logger.enable("gobot")


def settings_of(home: Path, **changes: str) -> Loaded:
    """Settings with ``backtest__risk="off"`` and its like."""
    overrides = [Override(key.replace("__", "."), value, "test") for key, value in changes.items()]
    return load_settings(home, overrides=overrides, environment={})


def history(strategy: Strategy, symbol: str = SYMBOL, seed: int = 20, traded: int = TRADED) -> History:
    """As many candles as the warm-up takes, and ``traded`` more."""
    candles = swinging(seed, strategy.warmup_on(M15) + traded)
    return History(symbol=symbol, timeframe=M15, candles=candles, source="a made-up market")


def told(rehearsal: Rehearsal) -> str:
    """Why a rehearsal failed."""
    errors = list(rehearsal.daemon["errors"])
    return "\n".join([*(one.sentence for one in rehearsal.comparison.differences), *errors])


@pytest.mark.parametrize("name", SHIPPED)
def test_kernel_venue_and_daemon_make_the_same_trades(name: str, tmp_path: Path):
    loaded = settings_of(
        tmp_path,
        backtest__risk="off",
        backtest__slippage="0.0004",
        trading__leverage="3",
        trading__sizing__model="fraction",
        trading__sizing__fraction="0.8",
    )
    strategy = load_strategy(name, {}, tmp_path)
    played = history(strategy)
    rehearsal = rehearse(loaded, strategy, [played])
    assert rehearsal.complete
    assert rehearsal.comparison.equal, told(rehearsal)
    assert rehearsal.comparison.compared >= LEAST_TRADES
    assert rehearsal.daemon["final_equity"] == pytest.approx(float(rehearsal.result.equity[-1]), rel=1e-9)

    player = VenuePlayer(SYMBOL, played.candles, Rules.from_settings(loaded.settings), tmp_path / "sim.db")
    by_hand = compare(backtest_trips(rehearsal.result), player.play(evaluate(strategy, played.candles)))
    assert by_hand.equal, "\n".join(one.sentence for one in by_hand.differences)
    assert by_hand.compared == rehearsal.comparison.compared


# Limits that are reached: with those that come with gobot hardly anything would be traded here.
TIGHT = {
    "trading__max_position_usd": "1000",
    "trading__validation__min_profit_factor": "0.3",
    "trading__risk_manager__max_open_positions": "2",
    "trading__risk_manager__loss_cooldown_minutes": "60",
    "trading__orchestrator__completion_targets__daily_profit_target": "150",
    "trading__orchestrator__completion_targets__max_daily_loss": "-60",
}


# A made-up market swings more than any real one, and a day of it is too short to wait for hours.
RESTLESS = {
    "trading__risk_manager__max_volatility_pct": "null",
    "trading__risk_manager__max_atr_percentile": "100",
    "trading__risk_manager__low_liquidity_hours": "null",
    "trading__risk_manager__stop_out_cooldown_minutes": "15",
}


def test_with_all_checks_of_the_risk_manager(tmp_path: Path):
    strategy = load_strategy("sma_cross", {"fast": 3, "slow": 9}, tmp_path)
    rehearsal = rehearse(
        settings_of(tmp_path, backtest__slippage="0.0004", **TIGHT, **RESTLESS), strategy, [history(strategy, seed=2)]
    )
    assert rehearsal.comparison.equal, told(rehearsal)
    assert rehearsal.comparison.compared >= LEAST_TRADES
    assert {trip.exit_reason for trip in backtest_trips(rehearsal.result)} >= {"signal", "stop"}
    assert len(rehearsal.result.refusals) >= 3, "several checks had something to refuse"


@pytest.mark.parametrize("risk", ["off", "on"])
def test_several_symbols_on_one_account(risk: str, tmp_path: Path):
    strategy = load_strategy("macd_cross", {}, tmp_path)
    names = ("BTC/USDT:USDT", "ETH/USDT:USDT", "SOL/USDT:USDT")
    played = [history(strategy, name, seed, 240) for seed, name in enumerate(names, 6)]
    rehearsal = rehearse(settings_of(tmp_path, backtest__risk=risk, **TIGHT), strategy, played)
    assert rehearsal.comparison.equal, told(rehearsal)
    assert rehearsal.comparison.compared >= 2 * LEAST_TRADES
    assert len({trip.symbol for trip in backtest_trips(rehearsal.result)}) == len(names)


def test_a_daemon_that_sizes_otherwise_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The comparison can fail: here the daemon pays a fee that the backtest does not know of."""
    from gobot.app import rehearsal as room

    made = room.rehearsal_settings

    def dearer(*given):
        loaded = made(*given)
        loaded.settings.sim.__dict__["fee"] = 0.001
        return loaded

    monkeypatch.setattr(room, "rehearsal_settings", dearer)
    strategy = load_strategy("sma_cross", {}, tmp_path)
    rehearsal = rehearse(settings_of(tmp_path, backtest__risk="off"), strategy, [history(strategy, traded=120)])
    assert not rehearsal.comparison.equal
    assert {one.name for difference in rehearsal.comparison.differences for one in difference.disagreements} == {
        "fees",
        "pnl",
    }
