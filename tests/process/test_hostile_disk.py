"""Full disks, read-only directories and damaged files: one sentence, nothing earlier lost, never a crash loop."""

from __future__ import annotations

import os
import resource
import signal
import subprocess

import orjson
import pytest

SMALL = (
    "--set", "sim.symbols=3", "--set", "trading.params.fast=3", "--set", "trading.params.slow=9",
    "--set", "trading.validation.enabled=off",
)  # fmt: skip


def one_sentence(done: subprocess.CompletedProcess[str]) -> str:
    """The last line on stderr, which must be the only one that is not a log line."""
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    said = [line for line in done.stderr.splitlines() if line.startswith("gobot: ")]
    assert len(said) == 1
    return said[0]


@pytest.mark.parametrize("limit", [30_000, 150_000, 300_000])
def test_a_disk_that_fills_up_ends_the_run_and_loses_nothing(home, limit: int) -> None:
    def small_files() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    full = home.run("--cycles", "400", *SMALL, "--set", "log.file=off", preexec_fn=small_files)
    sentence = one_sentence(full)
    assert any(word in sentence for word in ("full", "large", "space", "cannot write", "disk")), sentence
    before = home.gobot("trades", "--json")
    again = home.run("--cycles", "400", *SMALL)
    assert again.returncode == 0, again.stderr
    trades = home.json("trades")
    if before.returncode == 0:
        assert orjson.loads(before.stdout) == trades[: len(orjson.loads(before.stdout))]
    assert home.json("status")["cycle"] == 400


def test_a_state_directory_that_cannot_be_written_is_one_sentence(home) -> None:
    home.write("state", "a file where the directory should be")
    assert "the state directory cannot be written" in one_sentence(home.run("--cycles", "1", *SMALL))


@pytest.fixture
def small_disk(home):
    """The state directory as a file system of its own, 1 MB large."""
    home.state.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(home.state)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("only root may mount a file system here")
    yield home
    subprocess.run(["umount", "-l", str(home.state)], check=True)


def test_a_full_file_system_is_one_sentence_and_room_heals_it(small_disk) -> None:
    home = small_disk
    sentence = one_sentence(home.run("--cycles", "600", *SMALL, "--set", "log.file=off"))
    assert "full" in sentence or "space" in sentence, sentence
    subprocess.run(["mount", "-o", "remount,size=64m", str(home.state)], check=True)
    assert home.run("--cycles", "600", *SMALL).returncode == 0
    assert home.json("status")["cycle"] == 600


def test_a_read_only_file_system_is_one_sentence(small_disk) -> None:
    home = small_disk
    assert home.run("--cycles", "2", *SMALL).returncode == 0
    before = home.json("status")
    subprocess.run(["mount", "-o", "remount,ro", str(home.state)], check=True)
    assert "cannot be written" in one_sentence(home.run("--cycles", "1", *SMALL))
    assert home.json("status") == before, "reading works all the same"
    assert home.gobot("trades", "--json").returncode == 0
    subprocess.run(["mount", "-o", "remount,rw", str(home.state)], check=True)
    assert home.run("--cycles", "1", *SMALL).returncode == 0


GARBAGE = {
    "empty": b"",
    "truncated": None,
    "binary": bytes(range(256)) * 8,
    "list": b"[1, 2]\n",
    "words": b"not JSON\n",
}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("progress", "truncated"),
        ("progress", "empty"),
        ("risk", "truncated"),
        ("risk", "binary"),
        ("patterns", "list"),
        ("branch", "words"),
    ],
)
def test_damaged_json_is_set_aside_reported_and_survived(home, name: str, kind: str) -> None:
    assert home.run("--cycles", "12", *SMALL).returncode == 0
    path = home.state / f"{name}.json"
    before = path.read_bytes()
    path.write_bytes(before[: len(before) // 2] if GARBAGE[kind] is None else GARBAGE[kind])
    again = home.run("--cycles", "4", *SMALL)
    assert again.returncode == 0, again.stderr
    assert "damaged" in again.stderr
    assert list(home.state.glob(f"{name}.json.damaged-*"))
    word = home.json("status")
    assert word["cycle"] >= 15
    assert word["breaker"] == "closed"


def test_progress_lost_whole_goes_on_from_the_ledger(home) -> None:
    assert home.run("--cycles", "12", *SMALL).returncode == 0
    for path in home.state.glob("progress.json*"):
        path.write_bytes(b"{")
    again = home.run("--cycles", "3", *SMALL)
    assert again.returncode == 0, again.stderr
    assert home.json("status")["cycle"] == 15


def test_risk_memory_lost_whole_fails_closed(home) -> None:
    assert home.run("--cycles", "12", *SMALL).returncode == 0
    for path in home.state.glob("risk.json*"):
        path.write_bytes(b"{")
    again = home.run("--cycles", "30", *SMALL)
    assert again.returncode == 0, again.stderr
    assert home.json("status")["breaker"] == "latched"
    assert home.json("risk")["reason"]


@pytest.mark.parametrize("name", ["gobot.db", "sim.db"])
def test_a_damaged_database_is_one_sentence_and_left_alone(home, name: str) -> None:
    assert home.run("--cycles", "12", *SMALL).returncode == 0
    path = home.state / name
    for extra in home.state.glob(f"{name}-*"):
        extra.unlink()
    data = bytearray(path.read_bytes())
    data[0:64] = os.urandom(64)
    path.write_bytes(data)
    sentence = one_sentence(home.run("--cycles", "1", *SMALL))
    assert name in sentence
    assert path.read_bytes() == bytes(data)
