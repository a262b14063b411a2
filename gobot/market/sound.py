"""What a row must fulfil to be a candle at all: the one rule for files, imports and the store."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol

import numpy as np

from gobot.market.candles import Floats
from gobot.market.findings import Kind, Mask


class Prices(Protocol):
    """The columns of `Candles`, or of rows that want to be candles."""

    @property
    def open(self) -> Floats:
        """Price at the open."""

    @property
    def high(self) -> Floats:
        """Highest price."""

    @property
    def low(self) -> Floats:
        """Lowest price."""

    @property
    def close(self) -> Floats:
        """Price at the close."""

    @property
    def volume(self) -> Floats:
        """Volume in base units."""


class Rule(NamedTuple):
    """A condition, the rows that break it, and what is said of them."""

    kind: Kind
    broken: Mask
    complaint: str


def broken_rules(rows: Prices) -> Iterator[Rule]:
    """Each rule in turn with the rows that break it; written so that NaN breaks them too."""
    lowest = np.minimum(np.minimum(rows.open, rows.close), np.minimum(rows.high, rows.low))
    yield Rule(Kind.BAD_PRICE, ~(lowest > 0), "a price that is missing, zero or negative")
    infinite = np.maximum(np.maximum(rows.open, rows.close), np.maximum(rows.high, rows.low)) == np.inf
    yield Rule(Kind.BAD_PRICE, infinite, "a price that is not finite")
    yield Rule(Kind.HIGH_BELOW_LOW, rows.high < rows.low, "a high below its low")
    volume = np.isfinite(rows.volume) & (rows.volume >= 0)
    yield Rule(Kind.BAD_VOLUME, ~volume, "a volume that is missing or negative")
