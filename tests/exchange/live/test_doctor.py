"""`gobot doctor` on the sandbox: each line says ok or what to do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gobot.app.doctor import examine
from gobot.core import ManualClock
from gobot.sandbox import Sandbox
from gobot.sandbox.faults import Fault
from gobot.settings import Override, load_settings


async def findings_of(home: Path, sandbox: Sandbox, clock: ManualClock, monkeypatch, **settings):
    monkeypatch.setenv("GOBOT_EXCHANGE__API_KEY", settings.pop("key", sandbox.key))
    monkeypatch.setenv("GOBOT_EXCHANGE__SECRET", sandbox.secret)
    keys = {
        "trading.mode": "live",
        "trading.symbols": ["BTC/USDT:USDT", "ETH/USDT:USDT"],
        "trading.max_position_usd": 500,
        "exchange.url_override.rest": sandbox.rest,
        **{name.replace("__", "."): value for name, value in settings.items()},
    }
    loaded = load_settings(home, overrides=[Override(name, value, "test") for name, value in keys.items()])
    return {finding.name: finding for finding in await examine(loaded, clock=clock)}


async def test_a_healthy_account(tmp_path, sandbox, clock, monkeypatch):
    found = await findings_of(tmp_path, sandbox, clock, monkeypatch)
    assert {name for name, finding in found.items() if not finding.ok} == set()
    assert found.keys() >= {
        "keys",
        "permissions",
        "clock",
        "limits",
        "symbols",
        "position mode",
        "margin",
        "protection",
    }
    assert found["protection"].sentence == "a stop in BTC/USDT:USDT was placed, found and cancelled"
    assert found["position mode"].sentence == "one-way"
    state = sandbox.state()
    assert [algo["algoStatus"] for algo in state["algos"]] == ["CANCELED"]


@pytest.mark.parametrize(
    ("settings", "name", "words"),
    [
        ({"trading__symbols": ["NOPE/USDT:USDT"]}, "NOPE/USDT:USDT", "take it out of trading.symbols"),
        ({"trading__max_position_usd": 1}, "BTC/USDT:USDT", "raise trading.max_position_usd (1)"),
        ({"key": "x" * 64}, "permissions", "does not accept the keys"),
        ({"exchange__url_override__rest": "http://127.0.0.1:9"}, "venue", "does not answer"),
        ({"trading__max_position_usd": 50_000}, "balance", "deposit, or lower it"),
    ],
)
async def test_what_is_wrong_is_told_with_the_way_out(tmp_path, sandbox, clock, monkeypatch, settings, name, words):
    found = await findings_of(tmp_path, sandbox, clock, monkeypatch, **settings)
    assert not found[name].ok
    assert words in found[name].sentence


async def test_a_key_that_may_withdraw(tmp_path, sandbox, clock, monkeypatch):
    sandbox.settings.may_withdraw = True
    found = await findings_of(tmp_path, sandbox, clock, monkeypatch)
    assert "may withdraw money" in found["permissions"].sentence
    allowed = await findings_of(tmp_path, sandbox, clock, monkeypatch, exchange__allow_withdrawal_key=True)
    assert allowed["permissions"].ok


async def test_protection_that_does_not_work(tmp_path, sandbox, clock, monkeypatch):
    sandbox.faults.add([Fault(kind="error", endpoint="POST /fapi/v1/algoOrder", every=1, status=400, code=-4120)])
    found = await findings_of(tmp_path, sandbox, clock, monkeypatch)
    assert not found["protection"].ok
    assert found["balance"].ok


async def test_a_clock_that_is_wrong(tmp_path, sandbox, clock, monkeypatch):
    sandbox.faults.add([Fault(kind="skew", endpoint="GET /fapi/v1/exchangeInfo", calls=(1,), seconds=30.0)])
    found = await findings_of(tmp_path, sandbox, clock, monkeypatch)
    assert "set this host's clock" in found["clock"].sentence


def test_the_command_says_one_line_each_and_leaves_with_1(tmp_path):
    def doctor(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "gobot", "--home", str(tmp_path), "doctor", *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    well = doctor()
    assert well.returncode == 0, well.stderr
    assert "ok" in well.stdout.splitlines()[1]
    wrong = doctor("--set", "trading.mode=live", "--json")
    assert wrong.returncode == 1
    assert '"ok": false' in wrong.stdout
    assert "GOBOT_EXCHANGE__API_KEY" in wrong.stdout
