"""Candle lengths: ``"15m"`` and its like as a type that knows its milliseconds and its grid."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gobot.core.errors import UsageError

_UNITS_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
# Weekly candles open on Monday; the epoch was a Thursday.
_MONDAY_MS = 4 * _UNITS_MS["d"]


@dataclass(frozen=True, slots=True, order=True)
class Timeframe:
    """A candle length; ordered by length.  Calendar months are no fixed length and are not supported."""

    ms: int

    @classmethod
    def parse(cls, text: str) -> Timeframe:
        """``"15m"`` → 900,000 ms.  Raises `UsageError` for anything but a number and one of s, m, h, d, w."""
        match = re.fullmatch(r"([1-9]\d{0,3})([smhdw])", text.strip())
        if match is None:
            raise UsageError(f"timeframe {text!r} is not understood: write a number and s, m, h, d or w, such as 15m")
        return cls(int(match[1]) * _UNITS_MS[match[2]])

    def __str__(self) -> str:
        for unit in ("w", "d", "h", "m"):
            if self.ms % _UNITS_MS[unit] == 0:
                return f"{self.ms // _UNITS_MS[unit]}{unit}"
        return f"{self.ms // 1000}s"

    @property
    def seconds(self) -> int:
        """Length in seconds."""
        return self.ms // 1000

    def floor(self, ms: int) -> int:
        """Open time (ms) of the candle that contains ``ms``."""
        anchor = _MONDAY_MS if self.ms % _UNITS_MS["w"] == 0 else 0
        return ms - (ms - anchor) % self.ms

    def closed_before(self, ms: int) -> int:
        """Open time (ms) of the newest candle that has closed at ``ms``."""
        return self.floor(ms) - self.ms
