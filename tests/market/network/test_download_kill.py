"""SIGKILL at seeded points of a download: after a rerun the files are those of an undisturbed run.

``GOBOT_DOWNLOAD_KILLS`` is how many points are tried, each in a home of its own.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from archive_server import ArchiveServer
from background import in_background

from gobot.core import DAY_MS, SystemClock, utc_day
from gobot.market import CandleStore

CHILD = Path(__file__).with_name("download_child.py")
KILLS = int(os.environ.get("GOBOT_DOWNLOAD_KILLS", "3"))
TODAY = int(time.time() * 1000) // DAY_MS * DAY_MS
SINCE = utc_day(TODAY - 200 * DAY_MS)


@pytest.fixture(scope="module")
def server() -> Iterator[ArchiveServer]:
    with in_background(ArchiveServer(TODAY - 190 * DAY_MS, TODAY)) as playing:
        yield playing


def run(home: Path, server: ArchiveServer, kill_at: int) -> int:
    """Download in ``home``; returns the exit status, negative for a signal."""
    arguments = (
        "--home", str(home), "data", "download", "--source", "archive", "--since", SINCE, "--timeframe", "1h",
        "--symbol", "BTC/USDT:USDT", "--symbol", "ETH/USDT:USDT", "--set", f"candles.archive_url={server.url}",
    )  # fmt: skip
    home.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, str(CHILD), str(kill_at), str(home / "points"), *arguments]
    # Variables that begin so are settings to gobot.
    own = {name: value for name, value in os.environ.items() if not name.startswith("GOBOT_")}
    environment = {**own, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode


def files_of(home: Path) -> dict[str, bytes]:
    """Every file of the store, once what is in the journals is folded into the bases."""
    directory = home / "state" / "candles"
    store = CandleStore(directory, clock=SystemClock())
    for series in store.series():
        store.fold(series)
    return {path.name: path.read_bytes() for path in directory.iterdir() if path.is_file()}


@pytest.fixture(scope="module")
def undisturbed(server: ArchiveServer, tmp_path_factory: pytest.TempPathFactory) -> tuple[int, dict[str, bytes]]:
    """How many points a download passes that nothing disturbs, and the files it leaves."""
    home = tmp_path_factory.mktemp("undisturbed")
    assert run(home, server, 0) == 0
    points, files = int((home / "points").read_text()), files_of(home)
    assert points > 150
    assert len(files) == 2
    return points, files


@pytest.mark.kill
def test_a_killed_download_ends_as_if_nothing_had_happened(server, undisturbed, tmp_path):
    points, expected = undisturbed
    chance = Random(20_250_301)
    for number in range(KILLS):
        home = tmp_path / str(number)
        assert run(home, server, chance.randint(1, points)) == -signal.SIGKILL
        assert run(home, server, 0) == 0
        assert files_of(home) == expected, number


@pytest.mark.kill
def test_a_download_that_is_killed_again_and_again_comes_to_its_end(server, undisturbed, tmp_path):
    home, chance, kills = tmp_path / "home", Random(7), 0
    while run(home, server, chance.randint(40, 120)):
        kills += 1
        assert kills < 20, "no progress is kept"
    assert kills >= 2
    assert files_of(home) == undisturbed[1]
