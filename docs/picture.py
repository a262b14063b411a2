"""Makes ``docs/panel.svg``, the picture of the live panel in the README, from a real run: ``python docs/picture.py``.

The daemon runs with the shipped settings on the simulated market, in a home of its own, and is drawn while it works.
"""

from __future__ import annotations

import io
import re
import shutil
import tempfile
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console

from gobot.app.run import run
from gobot.app.wiring import Daemon, RunOptions
from gobot.cli.panel import render
from gobot.daemon.events import CycleFinished, Event
from gobot.settings import load_settings

ROOT = Path(__file__).parents[1]
CYCLES = 45
# The reader's own monospace font: the picture must load nothing from anywhere.
SVG_FORMAT = re.sub(r"@font-face {{.*?}}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)


class Painter:
    """A door of the daemon that draws the panel at the end of each cycle and keeps the newest with open positions."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        daemon.orchestrator.house.announcer.add(self)

    async def open(self) -> None:
        """Nothing to begin."""

    async def close(self) -> None:
        """Nothing to end."""

    def publish(self, event: Event) -> None:
        """Draw after a cycle."""
        snapshot = self._daemon.operator.snapshot()
        if not isinstance(event, CycleFinished) or len(snapshot.positions) < 3:
            return
        console = Console(record=True, width=150, file=io.StringIO(), force_terminal=True, color_system="truecolor")
        console.print(render(snapshot, countdown=2.0))
        console.save_svg(str(ROOT / "docs" / "panel.svg"), title="gobot run", code_format=SVG_FORMAT)


def main() -> None:
    """Run and draw."""
    with tempfile.TemporaryDirectory() as home:
        shutil.copytree(ROOT / "config", Path(home) / "config")
        run(load_settings(home), RunOptions(cycles=CYCLES, speed=0.0), panel=Painter)


if __name__ == "__main__":
    main()
