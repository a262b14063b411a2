"""`gobot run --mode live` as a process of its own on a sandbox, killed and started again."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from pathlib import Path

import orjson
import pytest

from gobot.sandbox import Sandbox
from gobot.sandbox.faults import Fault

SPEED = 20.0
# Long on every candle, so that there is something to see at once.
EAGER = '''
from gobot.strategy import Strategy, signal_frame


class Eager(Strategy):
    """Long on every candle."""

    name = "eager"
    warmup = 3

    def indicators(self, candles):
        return {}

    def signals(self, frame):
        return signal_frame(frame.index, long=frame["close"] > 0)
'''
SETTINGS = """
trading:
  symbols: [BTC/USDT:USDT, ETH/USDT:USDT]
  timeframe: 1m
  strategy: eager
  initial_capital_usd: 10000
  max_position_usd: 1000
  stop_loss_percent: 8
  take_profit_percent: 20
  validation: {{enabled: false}}
  orchestrator: {{loop_interval: 60, close_delay: 1, guard_interval: 5}}
exchange:
  url_override: {{rest: "{rest}", ws: "{ws}"}}
"""


class Home:
    """A home directory whose gobot trades on ``sandbox``."""

    def __init__(self, path: Path, sandbox: Sandbox) -> None:
        self.path = path
        settings = SETTINGS.format(rest=sandbox.rest, ws=sandbox.ws)
        for name, text in {"strategies/eager.py": EAGER, "config/gobot.yaml": settings}.items():
            (path / name).parent.mkdir(parents=True)
            (path / name).write_text(text)
        keys = {"GOBOT_EXCHANGE__API_KEY": sandbox.key, "GOBOT_EXCHANGE__SECRET": sandbox.secret}
        self.environment = {name: text for name, text in os.environ.items() if not name.startswith("GOBOT_")} | keys
        self.children: list[asyncio.subprocess.Process] = []

    async def gobot(self, *arguments: str) -> tuple[int, str, str]:
        child = await self._child(*arguments, stdout=PIPE, stderr=PIPE)
        out, err = await asyncio.wait_for(child.communicate(), 120)
        return child.returncode or 0, out.decode(), err.decode()

    async def json(self, *arguments: str):
        code, out, err = await self.gobot(*arguments, "--json")
        assert out, err
        return code, orjson.loads(out)

    async def start(self, mode: str = "live") -> asyncio.subprocess.Process:
        child = await self._child(
            *("run", "--plain", "--mode", mode, "--cycles", "0", "--speed", str(SPEED)), stdout=DEVNULL, stderr=DEVNULL
        )
        self.children.append(child)
        return child

    def log(self) -> str:
        file = self.path / "state/logs/gobot.log"
        return file.read_text() if file.exists() else ""

    async def _child(self, *arguments: str, **streams) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "gobot", "--home", str(self.path), *arguments), env=self.environment, **streams
        )


async def until(condition: Callable[[], object], child: asyncio.subprocess.Process) -> None:
    async with asyncio.timeout(90):
        while not condition():  # another process is at work
            assert child.returncode is None
            await asyncio.sleep(0.05)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(symbols=2, speed=SPEED) as running:
        yield running


@pytest.fixture
async def home(tmp_path: Path, sandbox: Sandbox) -> AsyncIterator[Home]:
    one = Home(tmp_path, sandbox)
    yield one
    for child in one.children:
        if child.returncode is None:
            child.kill()
            await child.wait()


def open_positions(sandbox: Sandbox) -> int:
    return sum(bool(Decimal(str(one["quantity"]))) for one in sandbox.state()["positions"].values())


async def test_it_trades_is_killed_and_goes_on_where_it_was(home, sandbox):
    child = await home.start()
    await until(lambda: open_positions(sandbox) == 2, child)
    await until(lambda: home.log().count("cycle done") >= 2, child)
    child.send_signal(signal.SIGKILL)
    await child.wait()
    again = await home.start()
    await until(lambda: home.log().count("cycle done") >= 4, again)
    again.terminate()
    assert await asyncio.wait_for(again.wait(), 60) == 0
    state = sandbox.state()
    assert state["repeated_client_ids"] == []
    assert open_positions(sandbox) == 2
    assert state["limits"]["futures"]["highest_weight"] < 1200
    assert "Traceback" not in home.log()
    code, positions = await home.json("positions")
    assert code == 0
    assert {one["symbol"].replace("/USDT:USDT", "USDT"): Decimal(str(one["quantity"])) for one in positions} == {
        symbol: abs(Decimal(str(one["quantity"]))) for symbol, one in state["positions"].items()
    }


async def test_testnet_is_the_same_with_other_addresses(home, sandbox):
    child = await home.start("testnet")
    await until(lambda: "protection works" in home.log(), child)
    await until(lambda: "started mode=testnet" in home.log(), child)


async def test_without_proof_of_protection_there_are_no_entries(home, sandbox):
    sandbox.faults.add([Fault(kind="error", endpoint="POST /fapi/v1/algoOrder", every=1, status=400, code=-4120)])
    child = await home.start()
    await until(lambda: home.log().count("cycle done") >= 1, child)
    assert "the protection test failed" in home.log()
    assert open_positions(sandbox) == 0
    sandbox.faults.clear()
    await until(lambda: "the protection test has passed" in home.log(), child)
