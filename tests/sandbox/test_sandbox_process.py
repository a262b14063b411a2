"""``gobot sandbox`` as people start it: a process of its own, with a clock that others can read."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import numpy as np
import pytest
from sandbox_client import BTC, connected

from gobot.sandbox import FastClock

START = 1_767_225_600_000


@contextmanager
def running(*arguments: str) -> Iterator[dict[str, Any]]:
    """A sandbox until the block ends: what it printed when it was ready."""
    command = [sys.executable, "-m", "gobot", "sandbox", "--port", "0", "--json", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


async def test_a_client_on_the_same_fast_clock_trades() -> None:
    with running("--speed", "30", "--synthetic", "2") as address:
        clock = FastClock.at_anchor(address["clock"])
        async with aiohttp.ClientSession() as session, session.get(address["rest"] + "/sandbox/clock") as answer:
            there = await answer.json()
        assert 0 <= clock.now_ms() - there["now_ms"] < 120_000
        assert FastClock.at_anchor(there) == clock
        sandbox: Any = SimpleNamespace(**{**address, "clock": clock})
        async with connected(sandbox) as client:
            order = await client.create_order(BTC, "market", "buy", 0.01)
            assert order["filled"] == 0.01


async def test_recorded_candles_happen_now(tmp_path: Path) -> None:
    path = tmp_path / "BTCUSDT_15m.csv"
    times = START + 900_000 * np.arange(400)
    close = np.linspace(20_000, 24_000, 400)
    rows = [f"{at},{price},{price + 5},{price - 5},{price},1" for at, price in zip(times, close, strict=True)]
    path.write_text("\n".join(["time,open,high,low,close,volume", *rows]))
    with running("--data", str(path), "--symbol", BTC) as address:
        sandbox: Any = SimpleNamespace(**{**address, "clock": FastClock.at_anchor(address["clock"])})
        async with connected(sandbox) as client:
            rows = await client.fetch_ohlcv(BTC, "15m", limit=50)
            ticker = await client.fetch_ticker(BTC)
    assert len(rows) == 50
    assert rows[-1][0] <= ticker["timestamp"] < rows[-1][0] + 900_000
    assert 20_500 < ticker["last"] < 23_500


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--faults", "none.yaml"], "none.yaml: cannot be read"),
        (["--data", "none.csv"], "none.csv"),
        (["--step", "7m"], "7m"),
    ],
)
def test_wrong_usage_is_one_line(arguments: list[str], words: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "gobot", "sandbox", "--port", "0", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=60, check=False)
    assert done.returncode in (1, 2)
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_port_that_is_taken_is_said() -> None:
    with running() as address:
        command = [sys.executable, "-m", "gobot", "sandbox", "--port", str(address["port"])]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "choose another with --port" in done.stderr
