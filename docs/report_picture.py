"""Makes ``docs/report.png``, the picture of a report, from a real run: ``python docs/report_picture.py CANDLES``.

Needs Chromium.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

from gobot.cli import main

OUT = Path(__file__).parent / "report.png"
SIZE = (1180, 1320)
COLOURS = 128
STRATEGY = "donchian_breakout"


def draw(candles: Path) -> None:
    """Run a strategy on ``candles``, open its report, and keep what a screen shows of it."""
    with tempfile.TemporaryDirectory() as home:
        page, shot = Path(home) / "report.html", Path(home) / "report.png"
        rules = ["--set", "backtest.sizing=all_in", "--set", "backtest.slippage=0.0002", "--no-keep"]
        try:
            main(["--home", home, "backtest", STRATEGY, "--data", str(candles), *rules, "--report", str(page)])
        except SystemExit as left:
            if left.code:
                raise
        browser = shutil.which("chromium") or shutil.which("google-chrome") or "chromium"
        window = f"--window-size={SIZE[0]},{SIZE[1]}"
        switches = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", window]
        command = [browser, *switches, f"--screenshot={shot}", page.as_uri()]
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603  # our own page
        Image.open(shot).convert("RGB").quantize(COLOURS).save(OUT, optimize=True)


if __name__ == "__main__":
    draw(Path(sys.argv[1]))
