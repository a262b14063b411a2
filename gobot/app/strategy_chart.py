"""A small line chart in SVG, on a logarithmic scale: the same numbers always give the same bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape

import numpy as np

from gobot.market.candles import Floats, Ints

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 760, 320, 52, 12, 34, 26
_POINTS = 500
_INK = "#8b949e"


@dataclass(frozen=True, slots=True)
class Line:
    """Values above zero, one per time."""

    name: str
    values: Floats
    colour: str
    dashed: bool


def chart(times: Ints, lines: Sequence[Line], *, title: str) -> str:
    """The lines over ``times`` (ms UTC).  What falls to nothing leaves at the bottom."""
    rows = np.unique(np.linspace(0, len(times) - 1, _POINTS).astype(np.int64))
    values = np.concatenate([line.values[rows] for line in lines])
    high = float(values.max()) * 1.05
    # A line that is wiped out would squeeze all others into a corner.
    low = max(float(values.min()) / 1.05, high / 1000.0)
    scale = _Scale(int(times[0]), int(times[-1]), np.log(low), np.log(high))
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" '
        f'font-size="11" fill="{_INK}" role="img" aria-label="{escape(title)}">'
    )
    heading = f'<text x="{_LEFT}" y="14" font-size="13">{escape(title)}</text>'
    drawn = [head, heading, *scale.grid(low, high), *scale.halves()]
    for place, line in enumerate(lines):
        dashes = ' stroke-dasharray="4 3"' if line.dashed else ""
        points = " ".join(map(scale.point, times[rows], np.maximum(line.values[rows], low)))
        drawn.append(f'<polyline points="{points}" fill="none" stroke="{line.colour}" stroke-width="1.4"{dashes}/>')
        drawn.append(f'<text x="{_LEFT + 150 * place}" y="28" fill="{line.colour}">{escape(line.name)}</text>')
    return "\n".join([*drawn, "</svg>", ""])


@dataclass(frozen=True, slots=True)
class _Scale:
    """Where a time and the logarithm of a value lie on the picture."""

    begin: int
    end: int
    low: float
    high: float

    def point(self, time: int, value: float) -> str:
        """``x,y``."""
        return f"{self.x(time):.1f},{self.y(value):.1f}"

    def x(self, time: int) -> float:
        """Pixels from the left."""
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * (time - self.begin) / max(1, self.end - self.begin)

    def y(self, value: float) -> float:
        """Pixels from the top."""
        share = (float(np.log(value)) - self.low) / (self.high - self.low)
        return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * share

    def grid(self, low: float, high: float) -> Iterator[str]:
        """A line at 1, 2 and 5 times each power of ten."""
        steps = (factor * 10.0**power for power in range(-3, 9) for factor in (1, 2, 5))
        for value in (step for step in steps if low <= step <= high):
            y = self.y(value)
            yield f'<path d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}" stroke="{_INK}" stroke-opacity=".25"/>'
            yield f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>'

    def halves(self) -> Iterator[str]:
        """The first day of each half of a year."""
        first, last = (datetime.fromtimestamp(each / 1000, UTC) for each in (self.begin, self.end))
        for year in range(first.year, last.year + 1):
            for month in (1, 7):
                time = int(datetime(year, month, 1, tzinfo=UTC).timestamp() * 1000)
                if self.begin <= time <= self.end:
                    x = self.x(time)
                    yield f'<path d="M{x:.1f} {_TOP}V{_HEIGHT - _BOTTOM}" stroke="{_INK}" stroke-opacity=".25"/>'
                    yield f'<text x="{x:.1f}" y="{_HEIGHT - 8}" text-anchor="middle">{year}-{month:02}</text>'
