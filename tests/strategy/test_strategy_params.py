import pickle

import numpy as np
import pytest

from gobot.core import StrategyError
from gobot.strategy import Constraint, Param, Strategy, signal_frame
from gobot.strategy.shipped.sma_cross import SmaCross


class Sample(Strategy):
    count = Param(5, low=1, high=10, step=1, description="how many")
    share = Param(0.5, low=0.0, high=1.0)
    eager = Param(False)
    mode = Param("slow", choices=("slow", "fast"))
    free = Param(1.5)
    constraints = (Constraint("share < count", lambda p: p["share"] < p["count"]),)

    @property
    def warmup(self):
        return self.count

    def indicators(self, candles):
        return {}

    def signals(self, frame):
        return signal_frame(frame.index)


def test_defaults_and_declaration_order():
    sample = Sample()
    assert dict(sample.params) == {"count": 5, "share": 0.5, "eager": False, "mode": "slow", "free": 1.5}
    assert (sample.count, sample.share, sample.eager, sample.mode, sample.warmup) == (5, 0.5, False, "slow", 5)
    assert list(Sample.parameters) == ["count", "share", "eager", "mode", "free"]
    assert Sample.count.description == "how many"
    assert repr(sample) == "Sample(count=5, share=0.5, eager=False, mode='slow', free=1.5)"


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("count", "7", 7),
        ("count", np.int64(7), 7),
        ("share", 1, 1.0),
        ("share", "0.25", 0.25),
        ("share", np.float64(0.25), 0.25),
        ("eager", True, True),
        ("eager", "true", True),
        ("eager", "False", False),
        ("mode", "fast", "fast"),
        ("free", "-1e3", -1000.0),
    ],
)
def test_text_and_scalars_become_the_declared_type(name, given, value):
    found = Sample(**{name: given}).params[name]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("name", "given", "sentence"),
    [
        ("count", 11, "Sample: count must be a whole number in 1..10, not 11"),
        ("count", 0, "Sample: count must be a whole number in 1..10, not 0"),
        ("count", 5.0, "Sample: count must be a whole number in 1..10, not 5.0"),
        ("count", "5.5", "Sample: count must be a whole number in 1..10, not '5.5'"),
        ("count", True, "Sample: count must be a whole number in 1..10, not True"),
        ("count", None, "Sample: count must be a whole number in 1..10, not None"),
        ("count", [5], "Sample: count must be a whole number in 1..10, not [5]"),
        ("share", "nan", "Sample: share must be a number in 0.0..1.0, not 'nan'"),
        ("share", "much", "Sample: share must be a number in 0.0..1.0, not 'much'"),
        ("share", False, "Sample: share must be a number in 0.0..1.0, not False"),
        ("eager", 1, "Sample: eager must be true or false, not 1"),
        ("eager", "yes", "Sample: eager must be true or false, not 'yes'"),
        ("mode", "medium", "Sample: mode must be one of slow, fast, not 'medium'"),
        ("mode", 3, "Sample: mode must be one of slow, fast, not 3"),
        ("free", "inf", "Sample: free must be a number, not 'inf'"),
        ("wat", 1, "Sample has no parameter 'wat': it has count, share, eager, mode, free"),
    ],
)
def test_what_is_refused_and_in_which_words(name, given, sentence):
    with pytest.raises(StrategyError) as error:
        Sample(**{name: given})
    assert str(error.value) == sentence


def test_constraints_name_both_sides():
    with pytest.raises(StrategyError) as error:
        SmaCross(fast=50, slow="10")
    assert str(error.value) == "sma_cross: fast < slow must hold, but fast is 50 and slow is 10"


def test_parameters_are_fixed_once_made():
    with pytest.raises(AttributeError, match="count is a parameter"):
        Sample().count = 3


def test_a_subclass_inherits_parameters_and_has_its_own_name():
    class Wider(SmaCross):
        band = Param(0.1, low=0.0, high=1.0)

    assert list(Wider.parameters) == ["fast", "slow", "band"]
    assert (Wider.name, SmaCross.name) == ("Wider", "sma_cross")
    assert Wider(fast=3).fast == 3


def test_strategies_travel_between_processes():
    copy = pickle.loads(pickle.dumps(SmaCross(fast=3, slow=7)))
    assert dict(copy.params) == {"fast": 3, "slow": 7}
    assert copy.slow == 7
