"""A home directory and the real ``gobot run`` in it, which can be killed."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from gobot.sandbox import Sandbox

STRATEGY = '''
"""Trades often, and as a hash of the time says, so that every run sees the same wishes."""

from gobot.strategy import Param, Strategy, signal_frame


class Restless(Strategy):
    name = "restless"
    warmup = 3
    awake = Param(1, low=0, high=1, step=1, description="Whether it wants anything.")

    def indicators(self, candles):
        return {}

    def signals(self, frame):
        minutes = frame.index.as_unit("s").asi8 // 60
        dice = (minutes * 2_654_435_761 + (frame["close"] > 20_000) * 41) % 97
        awake = self.awake > 0
        return signal_frame(
            frame.index,
            long=awake & (dice < 18),
            short=awake & (dice > 80),
            exit_long=awake & (dice > 70),
            exit_short=awake & (dice < 28),
        )
'''


@dataclass
class DaemonHome:
    """One gobot on ``sandbox``, with its state in ``path``.

    ``down`` are the stretches of the venue's time (ms) in which no daemon was at work: from the moment it was killed
    until the next one had looked at the account.
    """

    path: Path
    sandbox: Sandbox
    speed: float
    settings: dict[str, str] = field(default_factory=dict)
    down: list[tuple[int, int]] = field(default_factory=list)
    child: asyncio.subprocess.Process | None = None
    lives: int = 0
    _dead_ms: int = 0

    def prepare(self) -> None:
        (self.path / "strategies").mkdir(parents=True)
        (self.path / "strategies/restless.py").write_text(STRATEGY)
        (self.path / "config").mkdir()
        (self.path / "config/gobot.yaml").write_text("trading: {}\n")

    async def start(self, **settings: str) -> None:
        """Start a daemon and wait until it has looked at the account for the first time."""
        began = self._dead_ms or self.sandbox.clock.now_ms()
        self.lives += 1
        # As many as there were before: the log goes on from life to life.
        before = self.log().count("started mode=")
        options = {**self._base(), **self.settings, **settings}
        arguments = [word for name, value in options.items() for word in ("--set", f"{name}={value}")]
        keys = {"GOBOT_EXCHANGE__API_KEY": self.sandbox.key, "GOBOT_EXCHANGE__SECRET": self.sandbox.secret}
        environment = {name: text for name, text in os.environ.items() if not name.startswith("GOBOT_")} | keys
        with (self.path / f"stderr-{self.lives}.txt").open("wb") as errors:
            self.child = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "gobot", "--home", str(self.path), "run", "--plain", "--mode", "live"),
                *("--speed", str(self.speed), *arguments),
                env=environment,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=errors,
            )
        deadline = time.monotonic() + 120
        while self.log().count("started mode=") == before:
            if self.child.returncode is not None:
                raise AssertionError(f"the daemon ended at its start: {self.errors()}")
            assert time.monotonic() < deadline, f"the daemon did not start: {self.errors()}"
            await asyncio.sleep(0.1)
        self.down.append((began, self.sandbox.clock.now_ms()))

    async def kill(self) -> None:
        """SIGKILL, whatever it is doing."""
        assert self.child is not None
        assert self.child.returncode is None, f"the daemon has ended by itself: {self.errors()}"
        self.child.send_signal(signal.SIGKILL)
        await self.child.wait()
        self._dead_ms = self.sandbox.clock.now_ms()

    async def stop(self) -> None:
        """Ask it to end, as a service manager does."""
        assert self.child is not None
        if self.child.returncode is None:
            self.child.terminate()
            await asyncio.wait_for(self.child.wait(), 60)
        self._dead_ms = self.sandbox.clock.now_ms()

    async def clean_up(self) -> None:
        if self.child is not None and self.child.returncode is None:
            self.child.kill()
            await self.child.wait()

    async def cycles(self, count: int) -> None:
        """Wait until it has gone through so many more cycles."""
        wanted = self.log().count("cycle done") + count
        deadline = time.monotonic() + 120
        while self.log().count("cycle done") < wanted:
            assert self.child is not None
            assert self.child.returncode is None, f"the daemon has ended by itself: {self.errors()}"
            assert time.monotonic() < deadline, f"no cycle goes through: {self.errors()}"
            await asyncio.sleep(0.1)

    def log(self) -> str:
        file = self.path / "state/logs/gobot.log"
        return file.read_text() if file.exists() else ""

    def errors(self) -> str:
        return "\n".join(self.log().splitlines()[-15:]) + (self.path / f"stderr-{self.lives}.txt").read_text()[-1500:]

    def _base(self) -> dict[str, str]:
        return {
            "trading.symbols": "[BTC/USDT:USDT, ETH/USDT:USDT]",
            "trading.timeframe": "1m",
            "trading.strategy": "restless",
            "trading.initial_capital_usd": "10000",
            "trading.max_position_usd": "1500",
            "trading.stop_loss_percent": "0.6",
            "trading.take_profit_percent": "0.9",
            "trading.leverage": "2",
            "trading.validation.enabled": "off",
            "trading.orchestrator.loop_interval": "60",
            "trading.orchestrator.close_delay": "2",
            "trading.orchestrator.guard_interval": "20",
            "trading.orchestrator.relaxed_guard_interval": "40",
            "trading.orchestrator.max_iterations": "0",
            "trading.orchestrator.completion_targets.max_daily_loss": "-100000",
            "trading.orchestrator.completion_targets.daily_profit_target": "100000",
            "trading.risk_manager.circuit_breaker_threshold": "1000",
            "trading.risk_manager.max_consecutive_losses": "1000",
            "trading.risk_manager.max_drawdown_pct": "90",
            "trading.risk_manager.portfolio_stop_pct": "90",
            # It is to trade whatever the hour is and however the market moves.
            "trading.risk_manager.low_liquidity_hours": "null",
            "trading.risk_manager.stop_out_cooldown_minutes": "0",
            "trading.risk_manager.max_atr_percentile": "100",
            "trading.risk_manager.max_volatility_pct": "null",
            "trading.risk_manager.max_correlation": "1",
            "trading.rate_limiter.requests_per_minute": "2400",
            "trading.rate_limiter.endpoint_failures": "50",
            "exchange.url_override.rest": self.sandbox.rest,
            "exchange.url_override.ws": self.sandbox.ws,
        }
