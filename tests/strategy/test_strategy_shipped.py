"""The strategies that gobot ships: honest, described, and saying the same as ever."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from gobot.core import Timeframe
from gobot.market import Candles
from gobot.strategy import SHIPPED, evaluate, idea, load_strategy, strategy_class
from gobot.strategy.describe import describe, summary
from gobot.strategy.honesty import examine

# A hash of every signal of each strategy on fixed candles, and how many entries there are.  A change here is a change
# of what the strategy trades: it has to be meant.
FINGERPRINTS = {
    "adx_trend": ("2eedb1937d3e", 362),
    "bollinger_reversion": ("f9d22d65a24c", 381),
    "donchian_breakout": ("7f53e42e1ceb", 321),
    "macd_cross": ("0c47f0c1ccf1", 492),
    "multi_stoch_rsi": ("741685765942", 308),
    "rsi_reversion": ("cd3d196c2346", 281),
    "sma_cross": ("6508135eba4c", 342),
    "template": ("52b5782fc6ba", 348),
}


@pytest.fixture(scope="module")
def fixed(random_walk):
    walk = random_walk(2024, 12_000)
    volume = np.exp(np.random.RandomState(2025).normal(0.0, 0.5, len(walk)))
    return Candles.from_columns(walk.time, walk.open, walk.high, walk.low, walk.close, volume)


def fingerprint(signals):
    digest = hashlib.sha256()
    for row in np.flatnonzero(signals.entry):
        levels = (signals.stop[row], signals.target[row], signals.confidence[row])
        digest.update(f"{row} {signals.entry[row]} {' '.join(f'{level:.5g}' for level in levels)}\n".encode())
    digest.update(np.packbits(signals.exit > 0).tobytes())
    return digest.hexdigest()[:12], int(np.count_nonzero(signals.entry))


@pytest.mark.parametrize("name", SHIPPED)
def test_what_it_says_is_what_it_always_said(fixed, name):
    assert fingerprint(evaluate(load_strategy(name, {}, Path()), fixed)) == FINGERPRINTS[name]


@pytest.mark.parametrize("name", SHIPPED)
def test_it_passes_its_own_examination(name):
    examination = examine(strategy_class(name, Path()))
    assert [finding for finding in examination.findings if not finding.passed] == []
    assert examination.document()["passed"]


@pytest.mark.parametrize("name", SHIPPED)
def test_it_is_declared_and_described(name):
    found = strategy_class(name, Path())
    told = describe(found)
    assert told["name"] == name
    assert len(summary(found)) > 40
    for param in told["params"]:
        assert param["description"].endswith(".")
        assert param["choices"] or (param["low"] < param["default"] < param["high"] and param["step"])


@pytest.mark.parametrize("name", SHIPPED)
def test_every_signal_has_its_reason_in_words(fixed, name):
    strategy = load_strategy(name, {}, Path())
    whole = evaluate(strategy, fixed)
    needed = strategy.warmup_on(Timeframe.parse("15m"))
    reasons = set()
    for row in np.flatnonzero(whole.entry)[-12:]:
        live = fixed[row - needed + 1 : row + 1]
        found = idea(strategy, live, symbol="BTC/USDT:USDT", branch="b", holding=None)
        assert (found.direction.sign if found.direction else 0) == whole.entry[row]
        assert len(found.reason) > 30
        reasons.add(found.reason)
    assert len(reasons) == 12


@pytest.mark.parametrize("name", [name for name in SHIPPED if name != "sma_cross"])
def test_stop_and_target_are_its_own(fixed, name):
    signals = evaluate(load_strategy(name, {}, Path()), fixed)
    entering = signals.entry != 0
    assert np.isfinite(signals.stop[entering]).all()
    assert np.isfinite(signals.target[entering]).all()


def test_holes_in_the_data_are_no_reason_to_doubt_it(random_walk):
    """An hour with a hole is no hour: beside holes a window holds fewer hours than candles / 4."""
    whole = random_walk(8, 4000)
    parts = [whole[:1500], whole[1505:2600], whole[2601:3100], whole[3111:]]
    examination = examine(strategy_class("multi_stoch_rsi", Path()), {}, [("holed.csv", Candles.concatenate(parts))])
    assert examination.passed
