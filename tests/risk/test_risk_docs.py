"""The documentation lists every check with its setting and the default."""

from __future__ import annotations

from pathlib import Path

import pytest

from gobot.risk import CHECKS
from gobot.settings import Settings
from gobot.settings.display import written

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("page", ["README.md", "docs/risk.md"])
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_the_page_has_the_check_with_its_default(check, page):
    lines = (ROOT / page).read_text(encoding="utf-8").splitlines()
    (row,) = [line for line in lines if line.startswith(f"| `{check.name}` |") and line.count("|") == 5]
    *_, setting, default = (cell.strip(" `") for cell in row.strip("|").split("|"))
    if not check.setting:
        assert (setting, default) == ("–", "–")
        return
    value = Settings()
    for name in check.setting.split("."):
        value = getattr(value, name)
    assert (setting, default) == (check.setting, written(value))
