"""A sandbox on a clock that the test moves, and the real ccxt client on it."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))

from sandbox_client import Trader, connected

from gobot.core import ManualClock
from gobot.sandbox import Sandbox

START = 1_767_225_600_000
"""2026-01-01 00:00 UTC."""


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START + 30_000)


@pytest.fixture
async def sandbox(clock: ManualClock) -> AsyncIterator[Sandbox]:
    async with Sandbox(symbols=3, clock=clock) as running:
        yield running


@pytest.fixture
async def trader(sandbox: Sandbox) -> AsyncIterator[Trader]:
    async with connected(sandbox) as client:
        yield Trader(sandbox, client)
