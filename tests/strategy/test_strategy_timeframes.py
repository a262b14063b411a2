"""Longer timeframes beside the traded one: seen when they have closed, and not before."""

import numpy as np
import pandas as pd
import pytest

from gobot.core import Action, StrategyError, Timeframe
from gobot.market import Candles, resample
from gobot.strategy import IndicatorCache, Param, Strategy, evaluate, idea, signal_frame
from gobot.strategy.indicators import rsi, sma, wilder_warmup
from gobot.strategy.shipped.multi_stoch_rsi import MultiStochRsi

QUARTER, HOUR = Timeframe.parse("15m"), Timeframe.parse("1h")
MIDNIGHT = 1_735_689_600_000


class Hourly(Strategy):
    """Long while the last closed hour closed above its average."""

    period = Param(3, low=1, high=50)
    timeframes = ("1h",)
    warmup = 4

    def warmup_for(self, timeframe):
        return self.period

    def indicators(self, candles):
        return {"mean": sma(candles["close"], 4)}

    def indicators_for(self, timeframe, candles):
        return {"mean": sma(candles["close"], self.period), "up": candles["close"] > candles["open"]}

    def signals(self, frame):
        return signal_frame(frame.index, long=frame["close_1h"] > frame["mean_1h"])


def counted(rows, start=MIDNIGHT):
    """Closes 1, 2, 3 …, so that every value says which candle it came from."""
    close = np.arange(1.0, rows + 1)
    return Candles.from_columns(start + QUARTER.ms * np.arange(rows), close, close, close, close, np.ones(rows))


def test_an_hour_is_seen_when_it_has_closed():
    frame = evaluate(Hourly(period=1), counted(12)).frame
    # The hours close with the 4th, the 8th and the 12th quarter.
    assert frame["close_1h"].tolist()[3:] == [4, 4, 4, 4, 8, 8, 8, 8, 12]
    assert frame["close_1h"].iloc[:3].isna().all()
    assert frame["open_1h"].tolist()[3:] == [1, 1, 1, 1, 5, 5, 5, 5, 9]
    assert frame["volume_1h"].iloc[-1] == 4.0
    assert frame["up_1h"].iloc[-1] == 1.0


def test_indicators_are_computed_on_the_longer_candles(random_walk):
    candles = random_walk(3, 400)
    frame = evaluate(Hourly(), candles).frame
    hours = resample(candles, QUARTER, HOUR)
    expected = sma(hours.frame()["close"], 3)
    closing = (candles.time + QUARTER.ms) % HOUR.ms == 0
    np.testing.assert_array_equal(frame["mean_1h"][closing], expected)
    assert frame["mean"].equals(sma(candles.frame()["close"], 4))


def test_the_same_indicators_everywhere_unless_said_otherwise(random_walk):
    class Plain(Strategy):
        timeframes = ("1h", "2h")
        warmup = wilder_warmup(3)

        def indicators(self, candles):
            return {"rsi": rsi(candles["close"], 3)}

        def signals(self, frame):
            return signal_frame(frame.index)

    candles = random_walk(3, 900)
    frame = evaluate(Plain(), candles).frame
    hours = resample(candles, QUARTER, HOUR).frame()
    assert frame["rsi_1h"].iloc[-1] == rsi(hours["close"], 3).iloc[-1]
    assert {"rsi", "rsi_1h", "rsi_2h", "close_2h"} <= set(frame)
    assert Plain().warmup_on(QUARTER) == 8 * (wilder_warmup(3) + 1) - 1


@pytest.mark.parametrize("phase", range(4))
def test_the_warmup_is_enough_wherever_the_data_begin(phase):
    """With one candle less the third hour may be missing; with so many it never is."""
    strategy = Hourly(period=3)
    needed = strategy.warmup_on(QUARTER)
    assert needed == 4 * 3 + 3
    for rows in range(needed, needed + 8):
        assert evaluate(strategy, counted(rows, MIDNIGHT + phase * QUARTER.ms)).entry[-1] == 1


def test_there_is_no_signal_before_enough_hours_have_closed():
    entry = evaluate(Hourly(period=3), counted(20)).entry
    assert entry.tolist() == [0] * 11 + [1] * 9
    found = idea(Hourly(period=3), counted(10), symbol="BTC/USDT:USDT", branch="b", holding=None)
    assert (found.action, found.reason) == (Action.HOLD, "warming up: 5 more candles are needed")
    assert not evaluate(Hourly(period=3), counted(1)).entry.any()


def test_no_indicator_is_asked_about_too_few_candles():
    class Strict(Hourly):
        def indicators_for(self, timeframe, candles):
            assert len(candles) >= self.period
            return super().indicators_for(timeframe, candles)

    for rows in range(30):
        assert len(evaluate(Strict(period=4), counted(rows))) == rows


def test_an_hour_with_a_hole_is_no_hour():
    whole = counted(16)
    holed = Candles.concatenate([whole[:5], whole[6:]])
    frame = evaluate(Hourly(period=1), holed).frame
    assert frame["close_1h"].tolist()[3:] == [4] * 7 + [12, 12, 12, 12, 16]


def test_the_last_row_of_a_live_window_is_the_row_of_the_backtest(random_walk):
    strategy = MultiStochRsi()
    candles = random_walk(21, 6000)
    whole = evaluate(strategy, candles)
    needed = strategy.warmup_on(QUARTER)
    entries = np.flatnonzero(whole.entry)
    assert entries.size > 5
    for row in [*entries[:15], *range(3000, 3020)]:
        live = evaluate(strategy, candles[row - needed + 1 : row + 1])
        assert live.entry[-1] == whole.entry[row]
        assert live.exit[-1] == whole.exit[row]
        for column in ("stop", "target", "confidence"):
            np.testing.assert_allclose(getattr(live, column)[-1], getattr(whole, column)[row], rtol=1e-6)


def test_a_sweep_shares_the_longer_candles_too(random_walk):
    candles, cache = random_walk(21, 3000), IndicatorCache()
    for oversold in (10.0, 20.0, 30.0):
        strategy = MultiStochRsi(oversold=oversold)
        shared, alone = evaluate(strategy, candles, cache), evaluate(strategy, candles)
        pd.testing.assert_frame_equal(shared.frame, alone.frame)
        np.testing.assert_array_equal(shared.entry, alone.entry)
    assert cache.hits >= 2 * 8


@pytest.mark.parametrize(
    ("attributes", "sentence"),
    [
        ({"timeframes": ("10m",)}, "Odd looks at 10m candles, but 10m candles cannot be made from 15m candles"),
        ({"timeframes": ("hourly",)}, "Odd.timeframes: timeframe 'hourly' is not understood"),
        ({"timeframes": "1h"}, r'Odd.timeframes must be several, such as \("1h",\)'),
        (
            {"indicators_for": lambda self, timeframe, candles: {"short": candles["close"].iloc[1:]}},
            "Odd.indicators_for: short has 24 rows for 25 1h candles",
        ),
        (
            {"indicators_for": lambda self, timeframe, candles: {"odd": candles["nothing"]}},
            "Odd failed at test_strategy_timeframes.py, line .*KeyError",
        ),
    ],
)
def test_what_goes_wrong_is_one_sentence(attributes, sentence):
    with pytest.raises(StrategyError, match=sentence):
        evaluate(type("Odd", (Hourly,), attributes)(), counted(100))
