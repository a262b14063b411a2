"""What the documents say of strategies is so."""

import re
from pathlib import Path

import pytest

from gobot.strategy import SHIPPED, conditions, evaluate, filters, indicators, levels, portfolio
from gobot.strategy.honesty import examine
from gobot.strategy.load import strategies_in

DOCS = Path(__file__).parents[2] / "docs" / "strategies"
GUIDE = (DOCS / "README.md").read_text(encoding="utf-8")


def test_the_example_of_the_guide_passes_its_check(tmp_path):
    path = tmp_path / "ema_cross.py"
    path.write_text(re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)[0])
    (found,) = strategies_in(path)
    assert examine(found).passed


def test_the_example_with_several_timeframes_runs(tmp_path, random_walk):
    path = tmp_path / "trend.py"
    head = "from gobot.strategy import Strategy, alignment, signal_frame\nfrom gobot.strategy.indicators import ema\n"
    code = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)[1]
    path.write_text(head + code + "    warmup = 100\n")
    (found,) = strategies_in(path)
    assert set(evaluate(found(), random_walk(1, 4000)).entry) == {-1, 0, 1}


def test_the_guide_lists_every_shipped_strategy():
    assert set(re.findall(r"^\| \[(\w+)\]\(\1\.md\)", GUIDE, re.MULTILINE)) == set(SHIPPED)


@pytest.mark.parametrize("module", [conditions, filters, indicators, levels, portfolio])
def test_the_guide_names_everything_there_is_to_work_with(module):
    names = getattr(module, "__all__", [name for name, value in vars(module).items() if _own(value, module)])
    named = set(re.findall(r"\w+", GUIDE))
    assert {name for name in names if name.islower()} <= named


def _own(value, module):
    return callable(value) and getattr(value, "__module__", "") == module.__name__ and value.__name__[0] != "_"
