from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gobot.core import Action, Direction, StrategyError, Timeframe
from gobot.market import Candles
from gobot.strategy import (
    EXIT_LONG,
    EXIT_SHORT,
    SHIPPED,
    Signals,
    Strategy,
    evaluate,
    idea,
    load_strategy,
    signal_frame,
)
from gobot.strategy.shipped.rsi_reversion import RsiReversion
from gobot.strategy.shipped.sma_cross import SmaCross

QUARTER_HOUR = Timeframe.parse("15m")
COLUMNS = ("entry", "exit", "stop", "target", "confidence")


def shipped():
    return [load_strategy(name, {}, Path()) for name in SHIPPED]


def same(one, other, rtol=0.0):
    for name in COLUMNS:
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=rtol, err_msg=name)


class Scripted(Strategy):
    """Says what its test tells it to."""

    columns = MappingProxyType({})

    @property
    def warmup(self):
        return 1

    def indicators(self, candles):
        return {"twice": candles["close"] * 2}

    def signals(self, frame):
        rows = {name: self.columns.get(name, 0.0) for name in COLUMNS}
        return pd.DataFrame(rows, index=frame.index)


def scripted(**columns):
    return type("Scripted", (Scripted,), {"columns": columns})()


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), cut=st.integers(0, 2200))
def test_no_row_knows_the_future(random_walk, seed, cut):
    candles = random_walk(seed, 2200)
    for strategy in shipped():
        same(evaluate(strategy, candles[:cut]), evaluate(strategy, candles)[:cut])


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), begin=st.integers(0, 700))
def test_the_warmup_is_all_that_a_row_depends_on(random_walk, seed, begin):
    candles = random_walk(seed, 2200)
    for strategy in shipped():
        settled = strategy.warmup_on(QUARTER_HOUR) - 1
        part, whole = evaluate(strategy, candles[begin:])[settled:], evaluate(strategy, candles)[begin + settled :]
        same(part, whole, rtol=1e-6)


@pytest.mark.parametrize("strategy", shipped(), ids=repr)
def test_there_is_no_signal_before_the_warmup(random_walk, strategy):
    needed = strategy.warmup_on(QUARTER_HOUR)
    for seed in range(20):
        candles = random_walk(seed, needed + 200)
        early = evaluate(strategy, candles)[: strategy.warmup - 1]
        assert not early.entry.any()
        assert not early.exit.any()
        assert not evaluate(strategy, candles[: strategy.warmup - 1]).entry.any()


@pytest.mark.parametrize("strategy", shipped(), ids=repr)
def test_prices_in_another_unit_make_the_same_decisions(random_walk, strategy):
    one, other = (evaluate(strategy, random_walk(5, 5000, start=start)) for start in (100.0, 0.0123))
    assert one.entry.any()
    np.testing.assert_array_equal(one.entry, other.entry)
    np.testing.assert_allclose(one.confidence, other.confidence, rtol=1e-6)


@pytest.mark.parametrize("strategy", shipped(), ids=repr)
def test_confidence_means_something(random_walk, strategy):
    signals = evaluate(strategy, random_walk(5, 20_000))
    found = signals.confidence[signals.entry != 0]
    assert ((found >= 0) & (found <= 1)).all()
    assert found.std() > 0.05
    assert (signals.confidence[signals.entry == 0] == 0).all()


def test_sma_cross_by_hand():
    close = np.array([10, 9, 8, 9, 11, 12, 9, 6.0])
    candles = Candles.from_columns(np.arange(8), *[close] * 5)
    # fast of 1 is the close, slow of 3: -, -, 9, 8.67, 9.33, 10.67, 10.67, 9
    signals = evaluate(SmaCross(fast=1, slow=3), candles)
    assert signals.entry.tolist() == [0, 0, 0, 1, 0, 0, -1, 0]
    assert signals.exit.tolist() == [0, 0, 0, EXIT_SHORT, 0, 0, EXIT_LONG, 0]
    assert np.isnan(signals.stop).all()
    assert signals.confidence.tolist() == [0, 0, 0, 1, 0, 0, 1, 0]


def test_rsi_reversion_aims_at_the_mean_with_a_stop_behind(random_walk):
    signals = evaluate(RsiReversion(), random_walk(8, 20_000))
    close, frame = signals.frame["close"].to_numpy(), signals.frame
    for sign in (1, -1):
        rows = signals.entry == sign
        assert rows.sum() > 20
        assert (sign * (close - signals.stop)[rows] > 0).all()
        assert (sign * (signals.target - close)[rows] > 0).all()
        np.testing.assert_allclose(signals.target[rows], frame["mean"][rows])
        np.testing.assert_allclose(np.abs(close - signals.stop)[rows], 2 * frame["atr"][rows])


def test_an_entry_closes_the_other_side_and_never_its_own(random_walk):
    entry = np.array([0, 1, -1, 1, 0, 0], float)
    exit_ = np.array([3, 1, 2, 0, 1, 2], float)
    signals = evaluate(scripted(entry=entry, exit=exit_), random_walk(1, 6))
    assert signals.exit.tolist() == [3, EXIT_SHORT, EXIT_LONG, EXIT_SHORT, EXIT_LONG, EXIT_SHORT]
    assert signals.entry.dtype == signals.exit.dtype == np.int8


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"entry": 2.0}, "entry must hold whole numbers in -1..1 only"),
        ({"entry": np.nan}, "entry must hold whole numbers in -1..1 only"),
        ({"exit": 0.5}, "exit must hold whole numbers in 0..3 only"),
        ({"exit": -1.0}, "exit must hold whole numbers in 0..3 only"),
        ({"entry": 1.0, "confidence": 1.2}, "confidence must lie in [0, 1], not 1.2 at 2025-01-01T00:00:00Z"),
        ({"entry": 1.0, "confidence": np.nan}, "confidence must lie in [0, 1], not nan at 2025-01-01T00:00:00Z"),
    ],
)
def test_unusable_signals_are_refused_in_words(random_walk, columns, sentence):
    with pytest.raises(StrategyError) as error:
        evaluate(scripted(**columns), random_walk(1, 5))
    assert str(error.value) == f"Scripted.signals: {sentence}"


def test_prices_that_are_none_leave_the_settings_in_charge(random_walk):
    signals = evaluate(scripted(entry=1.0, confidence=0.5, stop=np.inf, target=-np.inf), random_walk(1, 3))
    assert np.isnan(signals.stop).all()
    assert np.isnan(signals.target).all()


class Broken(Scripted):
    def signals(self, frame):
        return frame["no such column"]


class Short(Scripted):
    def signals(self, frame):
        return signal_frame(frame.index[:-1])


class Bare(Scripted):
    def signals(self, frame):
        return frame


class Thief(Scripted):
    def indicators(self, candles):
        return {"close": candles["open"]}


class Mixed(Scripted):
    """Indicators that are no plain float series."""

    def indicators(self, candles):
        return {"up": candles["close"] > candles["open"], "raw": candles["close"].to_numpy()}

    def signals(self, frame):
        return signal_frame(frame.index, long=frame["up"] & (frame["raw"] > 0), confidence=0.25)


@pytest.mark.parametrize(
    ("strategy", "sentence"),
    [
        (Broken, r"Broken failed at test_strategy_evaluate\.py, line \d+: KeyError: 'no such column'"),
        (Short, "Short.signals has 4 rows for 5 candles"),
        (Bare, "Bare.signals lacks entry, exit, stop, target, confidence: build it with signal_frame"),
        (Thief, "Thief.indicators: close is the candle's own, rename it"),
    ],
)
def test_a_strategy_that_fails_is_named_with_its_line(random_walk, strategy, sentence):
    with pytest.raises(StrategyError, match=f"^{sentence}$"):
        evaluate(strategy(), random_walk(1, 5))


def test_indicators_of_any_type(random_walk):
    candles = random_walk(1, 50)
    signals = evaluate(Mixed(), candles)
    np.testing.assert_array_equal(signals.entry == 1, candles.close > candles.open)


def last(candles, strategy, holding=None, **names):
    return idea(strategy, candles, symbol="BTC/USDT:USDT", branch="b-1", holding=holding, **names)


def test_the_idea_is_the_last_row_of_the_same_signals(random_walk):
    candles, strategy = random_walk(5, 3000), SmaCross()
    signals = evaluate(strategy, candles)
    for row in range(60, 3000, 7):
        found = last(candles[: row + 1], strategy)
        expected = {1: Action.LONG, -1: Action.SHORT, 0: Action.HOLD}[int(signals.entry[row])]
        assert (found.action, found.confidence) == (expected, signals.confidence[row])
        assert (found.candle_ms, found.price) == (candles.time[row], candles.close[row])
        assert (found.stop, found.target) == (None, None)


def test_an_idea_says_why(random_walk):
    strategy, candles = SmaCross(), random_walk(5, 3000)
    row = int(np.flatnonzero(evaluate(strategy, candles).entry == -1)[-1])
    found = last(candles[: row + 1], strategy)
    assert (found.strategy, found.branch, found.direction) == ("sma_cross", "b-1", Direction.SHORT)
    assert found.reason.startswith("SMA 10 (")
    assert "crossed below SMA 50 (" in found.reason
    again = last(candles[: row + 1], strategy, signals=evaluate(strategy, candles)[: row + 1])
    assert again == found


def test_reversion_tells_stop_target_and_depth(random_walk):
    strategy, candles = RsiReversion(), random_walk(8, 20_000)
    signals = evaluate(strategy, candles)
    row = int(np.flatnonzero(signals.entry == 1)[-1])
    found = last(candles[: row + 1][-600:], strategy)
    assert found.action is Action.LONG
    assert found.stop == pytest.approx(signals.stop[row])
    assert found.target == pytest.approx(signals.target[row])
    assert "came back above 30 (lowest " in found.reason


@pytest.mark.parametrize(
    ("exit_", "holding", "action"),
    [
        (EXIT_LONG, Direction.LONG, Action.EXIT),
        (EXIT_LONG, Direction.SHORT, Action.HOLD),
        (EXIT_SHORT, Direction.SHORT, Action.EXIT),
        (EXIT_LONG | EXIT_SHORT, None, Action.HOLD),
        (0, Direction.LONG, Action.HOLD),
    ],
)
def test_exit_is_said_to_the_position_it_means(random_walk, exit_, holding, action):
    found = last(random_walk(1, 5), scripted(exit=float(exit_)), holding)
    assert found.action is action
    assert found.confidence == (1.0 if action is Action.EXIT else 0.0)
    assert found.reason.startswith("Scripted: twice " if action is Action.EXIT else "no signal")


def test_too_few_candles_hold_and_none_are_an_error(random_walk):
    found = last(random_walk(1, 40), SmaCross())
    assert (found.action, found.reason) == (Action.HOLD, "warming up: 11 more candles are needed")
    with pytest.raises(StrategyError, match="no candles of BTC/USDT:USDT"):
        last(Candles.empty(), SmaCross())


def test_slices_of_signals_are_views(random_walk):
    signals = evaluate(SmaCross(), random_walk(5, 300))
    part = signals[-100:]
    assert len(part) == len(part.frame) == 100
    assert np.shares_memory(part.entry, signals.entry)
    assert Signals.none(3)[1:].frame is None
