"""Stores in a temporary directory; the tests of this folder import `store_cases`, which stands beside them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gobot.core import ManualClock
from gobot.market import CandleStore

sys.path.append(str(Path(__file__).parent))

OpenStore = Callable[..., CandleStore]


@pytest.fixture
def open_store(tmp_path: Path) -> OpenStore:
    """``open_store(keep=50)``: another store on the same directory, at a time long after all candles."""

    def open_(**options: object) -> CandleStore:
        return CandleStore(tmp_path / "candles", **{"clock": ManualClock(2_000_000_000_000), **options})

    return open_


@pytest.fixture
def store(open_store: OpenStore) -> CandleStore:
    return open_store()
