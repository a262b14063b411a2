"""The daemon as a process: ends cleanly, goes on where it was, obeys its operator, and gives the same result twice."""

from __future__ import annotations

import signal
import time

import orjson
import pytest

SMALL = ("--set", "sim.symbols=3", "--set", "trading.params.fast=3", "--set", "trading.params.slow=9")
LOOSE = ("--set", "trading.validation.enabled=off")
KEYS = {"cycle", "phase", "branch", "mode", "equity", "positions", "breaker", "exit_reason", "last_error"}


def test_twice_the_same_market_gives_the_same_trades(home, tmp_path_factory) -> None:
    other = type(home)(tmp_path_factory.mktemp("other"))
    for one in (home, other):
        assert one.run("--cycles", "60", *SMALL, *LOOSE).returncode == 0
    first, second = home.gobot("trades", "--json"), other.gobot("trades", "--json")
    assert first.stdout == second.stdout
    assert len(home.json("trades")) >= 5


def test_the_last_status_is_printed_on_demand(home) -> None:
    done = home.run("--cycles", "2", "--json", *SMALL)
    assert orjson.loads(done.stdout) == home.json("status")


def test_used_up_iterations_end_the_run_and_the_next_one_is_new(home) -> None:
    assert home.run("--cycles", "4", *SMALL).returncode == 0
    word = home.json("status")
    assert word.keys() >= KEYS
    assert (word["cycle"], word["iteration"], word["exit_reason"], word["phase"]) == (
        4,
        4,
        "iterations_used_up",
        "idle",
    )
    assert not word["running"]
    assert home.run("--cycles", "3", *SMALL).returncode == 0
    word = home.json("status")
    assert (word["cycle"], word["iteration"]) == (7, 3)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly_and_the_session_goes_on_later(home, number) -> None:
    child = home.start("--speed", "9000", "--cycles", "40", *SMALL)
    asked = time.monotonic()
    child.send_signal(number)
    assert child.wait(10) == 0
    assert time.monotonic() - asked < 10
    word = home.json("status")
    assert word["exit_reason"] == "signal"
    reached = word["cycle"]
    assert 0 < reached < 40
    assert home.run("--cycles", "40", *SMALL).returncode == 0
    assert home.json("status")["cycle"] == 40


def test_kill_is_seen_and_survived(home) -> None:
    child = home.start("--speed", "9000", "--cycles", "40", *SMALL)
    child.kill()
    child.wait()
    word = home.json("status")
    assert word["exit_reason"] == "killed"
    assert not word["running"]
    assert home.run("--cycles", "40", *SMALL).returncode == 0
    assert home.json("status")["exit_reason"] == "iterations_used_up"


def test_the_operator_pauses_resumes_and_stops(home) -> None:
    child = home.start("--speed", "9000", "--cycles", "0", *SMALL)
    assert "Paused" in home.gobot("pause", "--reason", "a test").stdout
    assert home.json("status")["paused"] == "a test"
    assert "Resumed" in home.gobot("resume").stdout
    assert home.json("status")["paused"] == ""
    refused = home.gobot("close", "NOPE/USDT:USDT")
    assert refused.returncode == 2
    assert "there is no open position in NOPE/USDT:USDT" in refused.stderr
    assert "Stopping" in home.gobot("stop").stdout
    assert child.wait(10) == 0
    assert home.json("status")["exit_reason"] == "operator_stop"
    gone = home.gobot("pause")
    assert gone.returncode == 1
    assert "no daemon answers" in gone.stderr


def test_a_pause_survives_a_restart(home) -> None:
    child = home.start("--speed", "9000", "--cycles", "0", *SMALL, *LOOSE)
    home.gobot("pause")
    child.kill()
    child.wait()
    home.start("--speed", "9000", "--cycles", "0", *SMALL, *LOOSE)
    assert home.json("status")["paused"] == "paused by cli"


def test_a_second_daemon_on_the_same_state_is_refused(home) -> None:
    home.start("--speed", "900", "--cycles", "0", *SMALL)
    second = home.run("--cycles", "1", *SMALL)
    assert second.returncode == 1
    assert second.stderr.count("\n") == 1
    assert "another gobot (process" in second.stderr


def test_an_edit_of_the_settings_is_taken_up_and_a_wrong_one_is_not(home) -> None:
    path = home.write("config/gobot.yaml", "trading:\n  stop_loss_percent: 2.0\n")
    child = home.start("--speed", "9000", "--cycles", "0", "--set", "sim.symbols=3")
    path.write_text("trading:\n  stop_loss_percent: 1.5\n  strategy: rsi_reversion\n  params: {}\n")
    home.until(lambda: home.json("status")["branch"].startswith("sma_cross") is False, child, 20)
    path.write_text("trading:\n  stop_loss_percent: lots\n")
    child.send_signal(signal.SIGHUP)
    home.until(lambda: "settings edit refused" in (home.state / "logs" / "gobot.log").read_text(), child, 20)
    assert home.json("status")["branch"].startswith("rsi_reversion")
    assert child.poll() is None
    assert home.gobot("branches").returncode == 2
    path.unlink()
    archived = home.json("branches")
    assert [row["branch"].split("-")[0] for row in archived] == ["rsi_reversion", "sma_cross"]


def test_daily_targets_pause_or_exit(home) -> None:
    tight = ("--set", "trading.orchestrator.completion_targets.max_daily_loss=-0.01")
    assert home.run("--cycles", "80", *SMALL, *LOOSE, *tight).returncode == 0
    word = home.json("status")
    assert word["exit_reason"] == "iterations_used_up"
    assert "Loss of the day" in word["paused"]
    assert (
        home.run("--cycles", "200", *SMALL, *LOOSE, *tight, "--set", "trading.orchestrator.on_target=exit").returncode
        == 0
    )
    assert home.json("status")["exit_reason"] == "max_daily_loss"


def test_modes_never_share_a_state_directory(home) -> None:
    assert home.run("--cycles", "1", *SMALL).returncode == 0
    progress = (home.state / "progress.json").read_text()
    (home.state / "progress.json").write_text(progress.replace('"mode": "sim"', '"mode": "live"'))
    refused = home.run("--cycles", "1", *SMALL)
    assert refused.returncode == 1
    assert "this state belongs to mode live, not sim" in refused.stderr.splitlines()[-1]
