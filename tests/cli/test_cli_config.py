"""``gobot config``."""

import json
import os
import pty
import subprocess
import sys

import pytest

from gobot.cli import main
from gobot.settings import Settings, load_settings


@pytest.fixture
def run(capfd, monkeypatch, tmp_path):
    for name in [name for name in os.environ if name.startswith("GOBOT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GOBOT_HOME", str(tmp_path))

    def run(*args):
        with pytest.raises(SystemExit) as left:
            main(["config", *args])
        out, err = capfd.readouterr()
        return left.value.code, out, err

    return run


def test_init_writes_a_file_with_the_defaults(run, tmp_path):
    path = tmp_path / "config/gobot.yaml"
    assert run("init") == (0, f"wrote {path}\n", "")
    assert load_settings(tmp_path, environment={}).settings == Settings()


def test_init_keeps_a_file_that_is_there(run, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("trading: {bot: x}\n")
    code, out, err = run("init", "--config", str(path))
    assert (code, out) == (2, "")
    assert "--force" in err
    assert err.count("\n") == 1
    assert path.read_text() == "trading: {bot: x}\n"
    assert run("init", "--config", str(path), "--force")[0] == 0
    assert "max_position_usd: 10" in path.read_text()


def test_init_says_where_it_cannot_write(run, tmp_path):
    (tmp_path / "config").write_text("")
    code, _, err = run("init")
    assert code == 2
    assert "cannot be written" in err


def test_show_tells_value_and_source(run, tmp_path, monkeypatch):
    (tmp_path / "config").mkdir()
    (tmp_path / "config/gobot.yaml").write_text("trading:\n  leverage: 3\n")
    monkeypatch.setenv("GOBOT_EXCHANGE__SECRET", "hunter2")
    code, out, err = run("show", "--set", "trading.mode=paper")
    assert (code, err) == (0, "")
    rows = [line.split() for line in out.splitlines()]
    assert ["trading.leverage", "3", "config/gobot.yaml:2"] in rows
    assert ["trading.mode", "paper", "--set"] in rows
    assert ["trading.bot", "main", "default"] in rows
    assert ["exchange.secret", "********", "GOBOT_EXCHANGE__SECRET"] in rows
    assert ["exchange.api_key", "(not", "set)", "default"] in rows
    assert "hunter2" not in out


def test_show_json_is_one_document(run, tmp_path, monkeypatch):
    monkeypatch.setenv("GOBOT_EXCHANGE__SECRET", "hunter2")
    database = "database.url=postgresql://me:hunter2@db/x"
    code, out, err = run("show", "--json", "--set", "trading.params.fast=5", "--set", database)
    assert (code, err) == (0, "")
    assert "hunter2" not in out
    document = json.loads(out)
    assert document["home"] == str(tmp_path)
    assert document["file"] is None
    assert document["settings"]["trading"]["params"] == {"fast": 5}
    assert document["settings"]["trading"]["initial_capital_usd"] == 100
    assert document["settings"]["exchange"]["secret"] == "********"
    assert document["settings"]["exchange"]["api_key"] is None
    assert document["settings"]["database"]["url"] == "postgresql://me:********@db/x"
    assert document["sources"]["trading.params.fast"] == "--set"
    assert document["sources"]["trading.mode"] == "default"


def test_show_of_a_wrong_file_is_one_line(run, tmp_path):
    (tmp_path / "config").mkdir()
    (tmp_path / "config/gobot.yaml").write_text("trading:\n  leverage: 300\n")
    code, out, err = run("show")
    assert (code, out) == (2, "")
    assert err.startswith("gobot: config/gobot.yaml:2: trading.leverage: 300")
    assert err.count("\n") == 1


def test_show_is_a_table_on_a_terminal(tmp_path):
    terminal, inner = pty.openpty()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GOBOT_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "gobot", "--home", str(tmp_path), "config", "show"],
        stdout=inner,
        env=environment | {"TERM": "xterm", "COLUMNS": "100"},
    )
    os.close(inner)
    out = b"".join(iter(lambda: read(terminal), b"")).decode()
    os.close(terminal)
    assert process.wait(60) == 0
    assert "Settings of" in out
    assert "┃" in out


def read(terminal):
    try:
        return os.read(terminal, 4096)
    except OSError:  # how Linux says that the other side has closed
        return b""
