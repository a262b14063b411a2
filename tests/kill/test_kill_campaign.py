"""SIGKILL at seeded points, restart, and in the end everything is as if nothing had happened."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

CHILD = Path(__file__).with_name("child.py")
CYCLES = 90
ARGUMENTS = (
    "run", "--plain", "--cycles", str(CYCLES), "--speed", "max",
    "--set", "sim.symbols=4", "--set", "sim.seed=11",
    "--set", "trading.params.fast=3", "--set", "trading.params.slow=9", "--set", "trading.initial_capital_usd=10000",
    "--set", "trading.max_position_usd=2000",
    "--set", "trading.validation.enabled=off", "--set", "log.level=ERROR", "--set", "trading.stop_loss_percent=0.6",
    "--set", "trading.take_profit_percent=1.0", "--set", "trading.risk_manager.loss_cooldown_minutes=60",
    "--set", "trading.orchestrator.completion_targets.max_daily_loss=-150",
)  # fmt: skip
# Chains of kills: each begins in an empty home and kills again and again until the session is done.
CHAINS = int(os.environ.get("GOBOT_KILL_CHAINS", "8"))
KILLS = 8


def run(home: Path, kill_at: int) -> int:
    """Run the child in ``home``; returns its exit status, negative for a signal."""
    command = [sys.executable, str(CHILD), str(kill_at), str(home / "points"), "--home", str(home), *ARGUMENTS]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode


def table(path: Path, query: str) -> list[tuple]:
    """Rows of a database, read as it lies on disk."""
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        return database.execute(query).fetchall()


def ledger_of(home: Path) -> dict[str, list[tuple]]:
    """Everything in the ledger that a crash must not change; runs are one per start."""
    path = home / "state" / "gobot.db"
    assert table(path, "PRAGMA integrity_check") == [("ok",)]
    return {
        name: table(path, f"SELECT * FROM {name} ORDER BY 1")
        for name in ("cycles", "orders", "fills", "funding", "trades")
    }


def venue_of(home: Path) -> list[tuple]:
    """Everything the simulated venue remembers."""
    path = home / "state" / "sim.db"
    assert table(path, "PRAGMA integrity_check") == [("ok",)]
    return table(path, "SELECT * FROM records ORDER BY kind, key")


def status_of(home: Path) -> dict:
    """What ``gobot status --json`` says, without what differs from start to start."""
    command = [sys.executable, "-m", "gobot", "--home", str(home), "status", "--json"]
    done = subprocess.run(command, capture_output=True, check=True, timeout=60)
    word = orjson.loads(done.stdout)
    return {
        key: word[key]
        for key in ("cycle", "iteration", "phase", "equity", "positions", "breaker", "exit_reason", "branch")
    }


def has_ended(home: Path) -> bool:
    """Whether all cycles of the session are done, and that is on disk."""
    progress = home / "state" / "progress.json"
    return progress.exists() and orjson.loads(progress.read_bytes())["exit_reason"] == "iterations_used_up"


def no_position_is_naked(home: Path) -> None:
    """Each position on the venue has a resting stop that closes it."""
    path = home / "state" / "sim.db"
    if not path.exists() or not table(path, "SELECT 1 FROM sqlite_master"):
        return  # killed before there was a venue
    orders = [orjson.loads(row[0]) for row in table(path, "SELECT document FROM records WHERE kind = 'order'")]
    stops = {o["request"]["symbol"] for o in orders if o["status"] == "open" and o["request"]["type"] == "stop"}
    held = {row[0] for row in table(path, "SELECT key FROM records WHERE kind = 'holding'")}
    assert held <= stops


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    home = tmp_path_factory.mktemp("undisturbed")
    assert run(home, 0) == 0
    trades = ledger_of(home)["trades"]
    assert len(trades) > 20, "the scenario must trade"
    return home, int((home / "points").read_text())


@pytest.mark.kill
@pytest.mark.parametrize("chain", range(CHAINS))
def test_killed_again_and_again_ends_the_same(undisturbed, tmp_path, chain: int) -> None:
    reference, points = undisturbed
    rng = random.Random(chain)
    kills = 0
    for _ in range(KILLS):
        # Some kills right after the start, where recovery itself is at work.
        at = rng.randint(1, 120) if rng.random() < 0.3 else rng.randint(1, points // KILLS * 2)
        if run(tmp_path, at) == 0:
            break
        kills += 1
        no_position_is_naked(tmp_path)
        if has_ended(tmp_path):
            break
    assert kills >= 3
    # One that died with its last word written has said it: the next start would be a new session.
    assert has_ended(tmp_path) or run(tmp_path, 0) == 0
    assert ledger_of(tmp_path) == ledger_of(reference)
    assert venue_of(tmp_path) == venue_of(reference)
    assert status_of(tmp_path) == status_of(reference)
    ids = [row[0] for row in table(tmp_path / "state" / "gobot.db", "SELECT client_id FROM orders")]
    assert len(ids) == len(set(ids))
    no_position_is_naked(tmp_path)
    for file in (tmp_path / "state").glob("*.json"):
        assert orjson.loads(file.read_bytes())["schema"] >= 1
    assert not list((tmp_path / "state").glob("*.damaged-*"))
