"""The page about Telegram and the code say the same."""

import re
from pathlib import Path

from gobot.core import ManualClock
from gobot.settings.model import AlertLevels
from gobot.telegram.commands import Commands

PAGE = (Path(__file__).parents[2] / "docs" / "telegram.md").read_text()


def test_the_page_lists_every_command(control):
    documented = set(re.findall(r"^\| `/([a-z]+)", PAGE, re.MULTILINE))
    assert documented == {entry.command for entry in Commands(control, ManualClock(), "").menu}


def test_the_page_lists_every_kind_of_alert_with_its_default():
    documented = dict(re.findall(r"^\| `([a-z]+)` \| (loud|silent|never) \|", PAGE, re.MULTILINE))
    assert documented == AlertLevels().model_dump()
