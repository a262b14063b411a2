import re
import sys

import pytest

from gobot.core import StrategyError
from gobot.strategy import SHIPPED, evaluate, load_strategy, strategy_class
from gobot.strategy.shipped.sma_cross import SmaCross

OWN = '''
from dataclasses import dataclass

from gobot.strategy import Param, Strategy, crossover, signal_frame
from gobot.strategy.indicators import ema


@dataclass
class Note:
    text: str


class Pulse(Strategy):
    """Buys above its average."""

    name = "pulse"
    period = Param(5, low=2, high=50)

    @property
    def warmup(self):
        return self.period + 1

    def indicators(self, candles):
        return {"mean": ema(candles["close"], self.period)}

    def signals(self, frame):
        return signal_frame(frame.index, long=crossover(frame["close"], frame["mean"]), confidence=0.5)
'''


def test_every_shipped_strategy_loads_under_its_name(tmp_path):
    for name in SHIPPED:
        strategy = load_strategy(name, {}, tmp_path / "nowhere")
        assert strategy.name == name
        assert strategy.__doc__
        assert all(param.description for param in strategy.parameters.values())
    assert strategy_class("sma_cross", tmp_path) is SmaCross


def test_a_class_in_a_users_file(tmp_path, random_walk):
    (tmp_path / "mine.py").write_text(OWN)
    (tmp_path / "broken.py").write_text("class Oops(:\n")
    (tmp_path / "explosive.py").write_text("raise RuntimeError('must not be run')\nclass Bang(Base): pass\n")
    for name in ("pulse", "Pulse"):
        strategy = load_strategy(name, {"period": "7"}, tmp_path)
        assert (strategy.name, strategy.period) == ("pulse", 7)
        assert evaluate(strategy, random_walk(1, 200)).entry.any()


def test_an_edited_file_is_loaded_anew(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    (tmp_path / "mine.py").write_text(OWN)
    load_strategy("pulse", {}, tmp_path)
    (tmp_path / "mine.py").write_text(OWN.replace("Param(5", "Param(9"))
    assert load_strategy("pulse", {}, tmp_path).period == 9
    assert [path.name for path in tmp_path.iterdir()] == ["mine.py"]


@pytest.mark.parametrize(
    ("name", "source", "sentence"),
    [
        ("Oops", "x = 1\nclass Oops(:\n", "no strategy 'Oops', and .*mine.py, line 2: invalid syntax"),
        ("Bang", "x = 1\n1 / 0\nclass Bang(object): pass\n", ".*mine.py, line 2: ZeroDivisionError: division by zero"),
        ("Late", "from gobot.strategy import nothing_such\nclass Late(object): pass\n", ".*line 1: ImportError: .*"),
        ("Plain", "class Plain(dict):\n    pass\n", ".*mine.py, line 1: Plain is no gobot.strategy.Strategy"),
        (
            "Half",
            "from gobot.strategy import Strategy\n\nclass Half(Strategy):\n    warmup = 3\n",
            ".*mine.py, line 3: Half does not define indicators, signals",
        ),
        ("sma_cros", "x = 1\n", "no strategy 'sma_cros', shipped or in .*: did you mean sma_cross\\?"),
        ("zzz", "x = 1\n", "no strategy 'zzz', shipped or in .*: there are adx_trend, .*, template"),
        ("../mine", "x = 1\n", "no strategy '../mine', shipped or in .*"),
    ],
)
def test_what_goes_wrong_is_one_sentence_with_file_and_line(tmp_path, name, source, sentence):
    (tmp_path / "mine.py").write_text(source)
    with pytest.raises(StrategyError) as error:
        load_strategy(name, {}, tmp_path)
    assert re.fullmatch(sentence, str(error.value))
    assert "\n" not in str(error.value)


def test_wrong_parameters_of_a_users_strategy(tmp_path):
    (tmp_path / "mine.py").write_text(OWN)
    with pytest.raises(StrategyError, match=r"^pulse: period must be a whole number in 2\.\.50, not '99'$"):
        load_strategy("pulse", {"period": "99"}, tmp_path)
