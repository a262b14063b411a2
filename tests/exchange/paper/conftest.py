"""Lets the tests of this folder import what stands beside them, and gives them a venue."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))

from binance_server import BinanceServer


@pytest.fixture
def server() -> Iterator[BinanceServer]:
    """A venue on loopback whose time stands still until the test moves it."""
    with BinanceServer() as running:
        yield running
