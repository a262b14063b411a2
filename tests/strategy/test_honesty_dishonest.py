"""Strategies that cheat, and the check that catches each of them."""

import textwrap

import pytest

from gobot.strategy.honesty import examine
from gobot.strategy.load import strategies_in

# An honest strategy with one place to spoil: `extra` is an indicator, `good` joins the entries.
FILE = """
from datetime import datetime
from time import time as seconds
import random

import numpy as np
import pandas as pd

from gobot.strategy import Param, Strategy, crossover, crossunder, signal_frame
from gobot.strategy.indicators import atr, rsi, sma, wilder_warmup
from gobot.strategy.levels import sides, stop_away


class Spoiled(Strategy):
    period = Param(20, low=5, high=100, step=1)
    {declared}

    @property
    def warmup(self):
        return {warmup}

    def indicators(self, candles):
        close = candles["close"]
        {extra}
        extra = pd.Series(extra, index=candles.index)
        return {{"mean": sma(close, self.period), "extra": extra, "atr": atr(candles, 14)}}

    def signals(self, frame):
        mean, close, extra = frame["mean"], frame["close"], frame["extra"]
        long, short = crossover(close, mean), crossunder(close, mean)
        good = {good}
        stop = {stop}
        return signal_frame(frame.index, long=long & good, short=short & good, stop=stop, confidence={confidence})
"""
HONEST = {
    "declared": "",
    "warmup": "max(self.period + 1, wilder_warmup(14))",
    "extra": "extra = sma(close, 5)",
    "good": "extra > 0",
    "stop": 'stop_away(close, sides(long), 2 * frame["atr"])',
    "confidence": "0.5",
}


def spoiled(tmp_path, **parts):
    path = tmp_path / "spoiled.py"
    parts = {name: textwrap.indent(textwrap.dedent(text), "        ").strip() for name, text in parts.items()}
    path.write_text(FILE.format(**{**HONEST, **parts}))
    (found,) = strategies_in(path)
    return found


def failing(examination):
    return {finding.check: finding for finding in examination.findings if not finding.passed}


def line_of(path, text):
    return next(number for number, line in enumerate(path.read_text().splitlines(), 1) if text in line)


def test_the_honest_one_passes(tmp_path):
    examination = examine(spoiled(tmp_path))
    assert not failing(examination)
    assert examination.passed
    assert [finding.check for finding in examination.findings] == [
        "declaration",
        "runs",
        "signals",
        "look-ahead",
        "repainting",
        "warm-up",
        "determinism",
        "input",
        "odd markets",
        "levels",
    ]


FUTURE = {
    "shift(-1)": ("extra = close.shift(-1) - close", "shift(-1) reads later candles"),
    "a centered window": ("extra = close - close.rolling(21, center=True).mean()", "rolling(center=True)"),
    "hours that have not closed": (
        'extra = close.resample("1h").last().reindex(close.index, method="ffill") - close',
        "resample shows candles before they have closed",
    ),
    "hours put back by transform": ('extra = close.resample("1h").transform("last") - close', "resample shows"),
    "bfill": ("extra = (close - close.shift(1)).where(close > close.shift(1)).bfill()", "bfill fills with later"),
    "interpolation": ("extra = close.where(close.index.minute == 0).interpolate() - close", "interpolate fills"),
    "normalisation by the whole column": (
        "extra = (close - close.min()) / (close.max() - close.min()) - 0.5",
        "min() of a whole column",
    ),
    "a score against the whole column": ("extra = (close - close.mean()) / close.std()", "mean() of a whole column"),
    "ranks of the whole column": ("extra = close.rank(pct=True) - 0.5", "rank() of a whole column"),
    "the last row": ("extra = close - close.iloc[-1]", "[-1] is the last row"),
    "time turned around": ("extra = close[::-1].rolling(10).max()[::-1] - close", "[::-1] turns time around"),
    "a gradient": ("extra = np.gradient(close)", "numpy.gradient looks to both sides"),
    "a line fitted to everything": (
        "x = np.arange(len(close)); extra = close - np.polyval(np.polyfit(x, close, 3), x)",
        "let every row use its own candle",
    ),
    "a spectrum of everything": (
        "f = np.fft.rfft(close); f[20:] = 0; extra = close - np.fft.irfft(f, len(close))",
        "let every row use its own candle",
    ),
    "how many candles there are": ("extra = close * 0 + (len(close) % 2)", "let every row use its own candle"),
}


@pytest.mark.parametrize(("extra", "pointed"), FUTURE.values(), ids=FUTURE)
def test_who_looks_ahead_is_caught(tmp_path, extra, pointed):
    examination = examine(spoiled(tmp_path, extra=extra))
    found = failing(examination)
    assert "look-ahead" in found
    assert "extra" in found["look-ahead"].seen
    assert pointed in found["look-ahead"].mend
    assert "repainting" in found
    assert " candles the signal at the close is not the one that history shows" in found["repainting"].seen
    if pointed[0] != "l":
        assert f"line {line_of(tmp_path / 'spoiled.py', extra)}: " in found["look-ahead"].mend


def test_how_far_ahead_is_told(tmp_path):
    ahead = failing(examine(spoiled(tmp_path, extra="extra = close.shift(-3) - close")))["look-ahead"]
    assert "changed up to 3 candles back when the future was cut off" in ahead.seen


def test_a_future_that_only_the_signals_know_is_caught_too(tmp_path):
    found = failing(examine(spoiled(tmp_path, good="close.shift(-2) > close")))
    assert {"look-ahead", "repainting"} <= found.keys()
    assert found["look-ahead"].seen.startswith("entry")


BEGINNING = {
    "a warm-up that is too short": ({"extra": "extra = rsi(close, 14) - 50", "warmup": "16"}, "at least "),
    "one candle too few": ({"warmup": "self.period", "stop": "np.nan"}, "at least "),
    "sums from the start": ({"extra": 'extra = candles["volume"].cumsum() - 3e8'}, "cumsum counts from the first"),
    "an average since ever": ({"extra": "extra = close - close.expanding().mean()"}, "expanding counts from the first"),
    "the first candle": ({"extra": "extra = close - close.iloc[0]"}, "[0] is the first candle there is"),
    "every tenth row": ({"extra": "extra = close * 0 + (np.arange(len(close)) % 10 > 4)"}, "let it forget"),
    "chance with a seed": ({"extra": "extra = np.random.RandomState(1).normal(size=len(close))"}, "let it forget"),
}


@pytest.mark.parametrize(("parts", "pointed"), BEGINNING.values(), ids=BEGINNING)
def test_who_remembers_the_beginning_is_caught(tmp_path, parts, pointed):
    found = failing(examine(spoiled(tmp_path, **parts)))
    assert found.keys() == {"warm-up"}
    assert pointed in found["warm-up"].mend


def test_the_warm_up_that_would_do_is_told(tmp_path):
    """An RSI of 14 forgets the last of a stop's digits (1e-6) after some 200 candles."""
    stop = "stop_away(close, sides(long), rsi(close, 14))"
    found = failing(examine(spoiled(tmp_path, warmup="22", extra="extra = close", stop=stop)))["warm-up"]
    told = int(found.mend.removeprefix("declare a warmup of at least ").removesuffix(" candles"))
    assert 120 < told < 320


FICKLE = {
    "the hour of the clock": ({"extra": "extra = close * 0 + datetime.now().hour - 12"}, "datetime.datetime.now reads"),
    "the seconds of the clock": ({"extra": "extra = close * 0 + seconds() % 2 - 1"}, "time.time reads the clock"),
    "today": ({"extra": 'extra = (candles.index < pd.Timestamp.now("UTC")) * 1.0'}, "pandas.Timestamp.now reads"),
    "numpy's chance": ({"extra": "extra = np.random.normal(size=len(close))"}, "numpy.random.normal is chance"),
    "a generator without a seed": (
        {"extra": "extra = np.random.default_rng().normal(size=len(close))"},
        "numpy.random.default_rng is chance",
    ),
    "python's chance": ({"extra": "extra = close * 0 + random.random() - 0.5"}, "random.random is chance"),
    "memory": (
        {"extra": "self.calls = getattr(self, 'calls', 0) + 1; extra = close * 0 + self.calls % 2"},
        "self.calls is kept from call to call",
    ),
}


@pytest.mark.parametrize(("parts", "pointed"), FICKLE.values(), ids=FICKLE)
def test_who_changes_his_mind_is_caught(tmp_path, parts, pointed):
    found = failing(examine(spoiled(tmp_path, **parts)))
    assert pointed in found["determinism"].mend


INPUT = {
    "a column added": ({"extra": 'extra = candles["more"] = close'}, "it added more to the candles"),
    "a column changed": ({"extra": 'candles["volume"] = 1.0; extra = close'}, "it changed volume of the candles"),
    "a row of the frame": (
        {"good": 'frame.isetitem(frame.columns.get_loc("extra"), 1.0) or extra > 0'},
        "it changed extra of the frame",
    ),
}


@pytest.mark.parametrize(("parts", "seen"), INPUT.values(), ids=INPUT)
def test_who_writes_to_his_input_is_caught(tmp_path, parts, seen):
    assert seen in failing(examine(spoiled(tmp_path, **parts)))["input"].seen


ODD = {
    "division by nothing": (
        {
            "extra": 'extra = (close - candles["low"]) / (candles["high"] - candles["low"])',
            "confidence": "extra",
            "good": "True",
        },
        "candles without a range: Spoiled.signals: confidence must lie in [0, 1], not nan",
    ),
    "an error without volume": (
        {"extra": 'extra = close if candles["volume"].iloc[30:].any() else 1 / 0'},
        "a market without volume: Spoiled failed at spoiled.py, line ",
    ),
    "an entry without a price": (
        {
            "extra": "extra = close.isna() * 1.0",
            "good": "True; long = long | (extra > 0); short = short & (extra == 0)",
        },
        "a candle without prices: it enters there",
    ),
}


@pytest.mark.parametrize(("parts", "seen"), ODD.values(), ids=ODD)
def test_who_stumbles_in_odd_markets_is_caught(tmp_path, parts, seen):
    found = failing(examine(spoiled(tmp_path, **parts)))
    assert found.keys() == {"odd markets"}
    assert seen in found["odd markets"].seen


def test_stops_on_the_wrong_side_are_caught(tmp_path):
    found = failing(examine(spoiled(tmp_path, stop='close + sides(long) * frame["atr"]')))
    assert found.keys() == {"levels"}
    assert "have a stop on the wrong side, such as " in found["levels"].seen


def test_who_never_trades_is_not_acquitted(tmp_path):
    found = failing(examine(spoiled(tmp_path, good="extra < 0")))
    assert found.keys() == {"signals"}
    assert found["signals"].mend == "give --data with a market on which it trades"


def test_who_does_not_run_with_other_parameters_is_caught(tmp_path):
    found = failing(examine(spoiled(tmp_path, extra="extra = close if self.period == 20 else close[1:] / 0 + nothing")))
    assert found.keys() == {"runs"}
    assert "NameError" in found["runs"].seen


DECLARED = {
    "a default out of range": (
        "wide = Param(3.0, low=4.0, high=9.0)",
        "wide has a default of 3.0, but must be a number",
    ),
    "a range upside down": ("wide = Param(3, low=9, high=1)", "wide has a low of 9 above its high of 1"),
    "a step that stands still": ("wide = Param(3, low=1, high=9, step=0)", "wide has a step of 0, which goes nowhere"),
    "a range of another type": ("wide = Param(3, low=1.5, high=9.0)", "wide has a low of 1.5, which is no int"),
    "a default that is no choice": (
        "mode = Param('a', choices=('b', 'c'))",
        "mode has a default of 'a', but must be one",
    ),
    "a list": ("many = Param([1, 2])", "many is a list: bool, int, float and str can be declared"),
    "a name that is taken": ("signals_ = warmup_for = Param(3, low=1, high=5)", "hides Strategy.warmup_for"),
    "a name that is none": ("name = 'my strategy'", "the name 'my strategy' is no name"),
    "a constraint that the defaults break": (
        "from gobot.strategy import Constraint\nconstraints = (Constraint('period < 10', lambda p: p['period'] < 10),)",
        "period < 10 must hold, but period is 20",
    ),
    "a constraint on what is not there": (
        "from gobot.strategy import Constraint\nconstraints = (Constraint('slow > 10', lambda p: p['slow'] > 10),)",
        "KeyError: 'slow'",
    ),
    "a timeframe nobody knows": ("timeframes = ('hourly',)", "timeframe 'hourly' is not understood"),
}


@pytest.mark.parametrize(("declared", "seen"), DECLARED.values(), ids=DECLARED)
def test_wrong_declarations_are_caught(tmp_path, declared, seen):
    path = tmp_path / "spoiled.py"
    declared = declared.replace("\n", "\n    ")
    path.write_text(FILE.format(**{**HONEST, "declared": declared}))
    (found,) = strategies_in(path)
    examination = examine(found)
    assert failing(examination).keys() == {"declaration"}
    assert seen in failing(examination)["declaration"].seen


def test_a_warm_up_that_is_no_number_is_caught(tmp_path):
    found = failing(examine(spoiled(tmp_path, warmup="self.period * 1.5")))
    assert "the warm-up is 30.0, not a whole number of candles" in found["declaration"].seen
