"""`gobot run --mode live` as a process of its own on a sandbox, killed and started again."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import orjson
import pytest
from bybit_server import KEY, SECRET, BybitServer

from gobot.sandbox import FastClock, Sandbox
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
  # Whenever and wherever on its random walk the test runs, it is to trade.
  risk_manager: {{low_liquidity_hours: null, max_atr_percentile: 100, max_volatility_pct: null}}
  orchestrator: {{loop_interval: 60, close_delay: 1, guard_interval: 5}}
exchange:
  name: {name}
  url_override: {{rest: "{rest}", ws: "{ws}"}}
"""


class OnBinance:
    """The sandbox as the daemon's venue."""

    name = "binanceusdm"

    def __init__(self, sandbox: Sandbox) -> None:
        self.rest, self.ws, self.key, self.secret = sandbox.rest, sandbox.ws, sandbox.key, sandbox.secret
        self._sandbox = sandbox

    def positions(self) -> dict[str, Decimal]:
        held = self._sandbox.state()["positions"]
        return {symbol: abs(quantity) for symbol, one in held.items() if (quantity := Decimal(str(one["quantity"])))}

    def client_ids(self) -> list[str]:
        return [one["client_id"] for one in self._sandbox.state()["journal"]]

    def stops(self) -> int:
        return sum(
            algo["algoStatus"] == "NEW" and "STOP" in algo["orderType"] for algo in self._sandbox.state()["algos"]
        )


class OnBybit:
    """The small server as the daemon's venue."""

    name = "bybit"

    def __init__(self, server: BybitServer) -> None:
        self.rest, self.ws, self.key, self.secret = server.url, server.url.replace("http", "ws"), KEY, SECRET
        self._server = server

    def positions(self) -> dict[str, Decimal]:
        return {symbol: abs(quantity) for symbol, (quantity, _) in self._server.held.items()}

    def client_ids(self) -> list[str]:
        return [order["orderLinkId"] for order in self._server.orders.values()]

    def stops(self) -> int:
        waiting = [order for order in self._server.orders.values() if order["orderStatus"] == "Untriggered"]
        return sum(order["orderLinkId"].startswith("gb-stop") for order in waiting)


class Home:
    """A home directory whose gobot trades on ``venue``."""

    def __init__(self, path: Path, venue: OnBinance | OnBybit) -> None:
        self.path = path
        settings = SETTINGS.format(name=venue.name, rest=venue.rest, ws=venue.ws)
        for name, text in {"strategies/eager.py": EAGER, "config/gobot.yaml": settings}.items():
            (path / name).parent.mkdir(parents=True)
            (path / name).write_text(text)
        keys = {"GOBOT_EXCHANGE__API_KEY": venue.key, "GOBOT_EXCHANGE__SECRET": venue.secret}
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


@asynccontextmanager
async def housed(path: Path, venue: OnBinance | OnBybit) -> AsyncIterator[Home]:
    """A `Home` whose children do not outlive it."""
    one = Home(path, venue)
    try:
        yield one
    finally:
        for child in one.children:
            if child.returncode is None:
                child.kill()
                await child.wait()


@pytest.fixture
async def home(tmp_path: Path, sandbox: Sandbox) -> AsyncIterator[Home]:
    async with housed(tmp_path, OnBinance(sandbox)) as one:
        yield one


@asynccontextmanager
async def venue_of(name: str) -> AsyncIterator[OnBinance | OnBybit]:
    if name == "bybit":
        async with BybitServer(FastClock.start(SPEED)) as server:
            yield OnBybit(server)
    else:
        async with Sandbox(symbols=2, speed=SPEED) as sandbox:
            yield OnBinance(sandbox)


@pytest.mark.parametrize("name", ["binanceusdm", "bybit"])
async def test_it_trades_is_killed_and_goes_on_where_it_was(tmp_path, name):
    """The same daemon and the same story, whatever the venue."""
    async with venue_of(name) as venue, housed(tmp_path, venue) as home:
        child = await home.start()
        await until(lambda: len(venue.positions()) == 2 and venue.stops() == 2, child)
        await until(lambda: home.log().count("cycle done") >= 2, child)
        child.send_signal(signal.SIGKILL)
        await child.wait()
        again = await home.start()
        await until(lambda: home.log().count("cycle done") >= 4, again)
        again.terminate()
        assert await asyncio.wait_for(again.wait(), 60) == 0
        assert len(venue.positions()) == venue.stops() == 2
        ids = venue.client_ids()
        assert len(ids) == len(set(ids)), "no order twice"
        assert "Traceback" not in home.log()
        _, positions = await home.json("positions")
        assert {
            one["symbol"].replace("/USDT:USDT", "USDT"): Decimal(str(one["quantity"])) for one in positions
        } == venue.positions()


async def test_testnet_is_the_same_with_other_addresses(home, sandbox):
    child = await home.start("testnet")
    await until(lambda: "protection works" in home.log(), child)
    await until(lambda: "started mode=testnet" in home.log(), child)


async def test_without_proof_of_protection_there_are_no_entries(home, sandbox):
    sandbox.faults.add([Fault(kind="error", endpoint="POST /fapi/v1/algoOrder", every=1, status=400, code=-4120)])
    child = await home.start()
    await until(lambda: home.log().count("cycle done") >= 1, child)
    assert "the protection test failed" in home.log()
    assert OnBinance(sandbox).positions() == {}
    sandbox.faults.clear()
    await until(lambda: "the protection test has passed" in home.log(), child)
