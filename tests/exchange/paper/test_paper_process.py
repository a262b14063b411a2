"""`gobot run --mode paper` as a process of its own, trading on a venue on loopback, killed and started again."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from binance_server import HOUR, BinanceServer

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
  mode: paper
  symbols: [BTC/USDT:USDT, ETH/USDT:USDT]
  timeframe: 1m
  strategy: eager
  initial_capital_usd: 10000
  max_position_usd: 1000
  validation: {{enabled: false}}
  # Whenever and wherever on its random walk the test runs, it is to trade.
  risk_manager: {{low_liquidity_hours: null, max_atr_percentile: 100, max_volatility_pct: null, min_depth_ratio: 0.1}}
  orchestrator: {{loop_interval: 1, close_delay: 0, guard_interval: 1}}
  rate_limiter: {{endpoint_recovery_seconds: 1}}
exchange:
  url_override: {{rest: "{url}"}}
"""


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class Home:
    """A home directory whose gobot trades on ``server``."""

    def __init__(self, path: Path, server: BinanceServer) -> None:
        self.path = path
        for name, text in {"strategies/eager.py": EAGER, "config/gobot.yaml": SETTINGS.format(url=server.url)}.items():
            (path / name).parent.mkdir(parents=True)
            (path / name).write_text(text)
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("GOBOT_")}
        self.children: list[subprocess.Popen[bytes]] = []

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "gobot", "--home", str(self.path), *arguments]

    def gobot(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments), capture_output=True, text=True, timeout=120, check=False, env=self.environment
        )

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.gobot("run", "--plain", *arguments)

    def json(self, *arguments: str):
        done = self.gobot(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return orjson.loads(done.stdout)

    def count(self, what: str) -> int:
        """How many there are; 0 before there is any state."""
        done = self.gobot(what, "--json")
        return len(orjson.loads(done.stdout)) if done.returncode == 0 else 0

    def log(self) -> str:
        file = self.path / "state/logs/gobot.log"
        return file.read_text() if file.exists() else ""

    def start(self) -> subprocess.Popen[bytes]:
        child = subprocess.Popen(
            self.command("run", "--plain", "--cycles", "0"), stderr=subprocess.DEVNULL, env=self.environment
        )
        self.children.append(child)
        return child


@pytest.fixture
def venue() -> Iterator[BinanceServer]:
    with BinanceServer(clock=now_ms) as server:
        server.wander(7, now_ms() - 12 * HOUR, now_ms() + HOUR)
        yield server


@pytest.fixture
def home(tmp_path: Path, venue: BinanceServer) -> Iterator[Home]:
    one = Home(tmp_path, venue)
    yield one
    for child in one.children:
        child.kill()
        child.wait()


def until(condition, child: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert child.poll() is None
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)  # another process is at work: there is no clock to inject


def test_it_trades_and_goes_on_where_it_was(home, venue):
    done = home.run("--cycles", "2")
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    status = home.json("status")
    assert (status["mode"], status["cycle"], status["exit_reason"]) == ("paper", 2, "iterations_used_up")
    positions = {position["symbol"]: position for position in home.json("positions")}
    assert positions.keys() == {"BTC/USDT:USDT", "ETH/USDT:USDT"}
    assert home.json("trades") == []

    venue.jump("BTC", 0.9)
    done = home.run("--cycles", "1", "--set", "trading.symbols=ETH/USDT:USDT")
    assert done.returncode == 0, done.stderr
    (trade,) = home.json("trades")
    assert (trade["symbol"], trade["exit_reason"]) == ("BTC/USDT:USDT", "stop")
    assert trade["exit_price"] == pytest.approx(positions["BTC/USDT:USDT"]["stop"])
    assert trade["pnl"] < 0
    status = home.json("status")
    assert [position["symbol"] for position in status["positions"]] == ["ETH/USDT:USDT"]
    assert status["equity"] == pytest.approx(10_000 + trade["pnl"], abs=5)
    needed = {"exchangeInfo", "time", "klines", "ticker/bookTicker", "premiumIndex", "depth"}
    # History of funding is asked for where a full hour has passed between the two runs.
    assert needed <= venue.counts.keys() <= needed | {"fundingRate"}


@pytest.mark.kill
def test_kill_loses_nothing_and_doubles_nothing(home, venue):
    child = home.start()
    until(lambda: home.count("orders") == 6 and home.count("positions") == 2, child)
    child.kill()
    child.wait()
    before = home.json("orders")
    done = home.run("--cycles", "2")
    assert done.returncode == 0, done.stderr
    assert home.json("orders") == before
    assert "ledger and venue differ" not in done.stderr
    assert len(home.json("positions")) == 2


def test_a_venue_that_is_down_is_waited_for_and_told_once(home, venue):
    venue.fail("exchangeInfo", *["502"] * 5)
    child = home.start()
    until(lambda: home.count("positions") == 2, child)
    log = home.log()
    assert log.count("the venue does not answer") == 1
    assert log.count("the venue answers again") == 1
    assert "Traceback" not in log


def test_who_waits_for_a_venue_can_be_told_to_stop(home, venue):
    venue.fail("exchangeInfo", *["502"] * 1000)
    child = home.start()
    until(lambda: "does not answer" in home.log(), child)
    assert home.gobot("stop").returncode == 0
    assert child.wait(60) == 0


def test_a_venue_that_goes_away_for_a_while_is_survived(home, venue):
    child = home.start()
    until(lambda: home.count("positions") == 2, child)
    venue.fail("klines", *["500"] * 12)
    until(lambda: "klines" in (home.json("status")["last_error"] or ""), child)
    cycle = home.json("status")["cycle"]
    venue.faults.clear()
    until(lambda: home.json("status")["cycle"] > cycle + 2 and home.count("positions") == 2, child)
    assert child.poll() is None


@pytest.mark.parametrize("mode", ["testnet", "live"])
def test_without_keys_nothing_is_traded(home, mode):
    done = home.run("--mode", mode)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "needs GOBOT_EXCHANGE__API_KEY and GOBOT_EXCHANGE__SECRET" in line


def test_real_time_is_not_hurried(home):
    done = home.run("--set", "exchange.url_override.rest=https://example.org", "--speed", "60")
    assert done.returncode == 2
    assert "mode paper runs in real time" in done.stderr


def test_a_venue_that_nobody_knows_is_a_wrong_setting(home):
    done = home.run("--set", "exchange.name=binanceusd")
    assert done.returncode == 2
    assert "exchange.name 'binanceusd' is no venue that ccxt knows: did you mean binanceusdm?" in done.stderr
