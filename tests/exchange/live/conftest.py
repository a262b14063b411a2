"""Lets the tests of this folder import what stands beside them, and gives them a venue."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))

from live_world import START, World, living

from gobot.core import ManualClock
from gobot.sandbox import Sandbox


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START + 30_000)


@pytest.fixture
async def sandbox(clock: ManualClock) -> AsyncIterator[Sandbox]:
    async with Sandbox(symbols=3, clock=clock) as running:
        yield running


@pytest.fixture
async def world(sandbox: Sandbox, clock: ManualClock) -> AsyncIterator[World]:
    async with living(sandbox, clock) as ready:
        yield ready
