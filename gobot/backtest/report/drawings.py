"""Pictures of trades in SVG: how their returns are distributed, and how far each went against and for them."""

from __future__ import annotations

import math

import numpy as np

from gobot.backtest.report.luck import Luck
from gobot.backtest.report.tags import Html, text
from gobot.backtest.report.trades import TradeColumns
from gobot.backtest.report.words import count, gain
from gobot.market.candles import Floats

_WIDTH, _HEIGHT, _TALL, _FOOT, _SIDE = 560, 220, 280, 22, 8


def distribution(trades: TradeColumns) -> Html:
    """How many trades ended with which return; the outermost bars hold everything beyond them."""
    edges = _edges(trades.gain)
    counts, _ = np.histogram(np.clip(trades.gain, edges[0], edges[-1]), edges)
    width = (_WIDTH - 2 * _SIDE) / len(counts)
    scale = (_HEIGHT - _FOOT - 12) / max(1, counts.max())
    bars = []
    for place, number in enumerate(counts):
        height = max(1.5, number * scale) if number else 0.0
        left, low = _SIDE + place * width, _HEIGHT - _FOOT - height
        kind = "gain" if edges[place] >= 0 else "loss"
        words = f"{count(number)} trades between {gain(edges[place])} and {gain(edges[place + 1])}"
        bars.append(
            f'<rect class="{kind}" x="{left + 1:.1f}" y="{low:.1f}" width="{width - 2:.1f}" height="{height:.1f}" '
            f'data-tip="{text(words)}"/>'
        )
    middle, mean = float(np.median(trades.gain)), float(trades.gain.mean())
    marks = _mark(edges, mean, "mean") + _mark(edges, middle, "median")
    named = f"Distribution of the returns of {len(trades)} trades: mean {gain(mean, 2)}, median {gain(middle, 2)}"
    return _svg(named, "".join(bars) + marks + _labels(edges))


def excursions(trades: TradeColumns) -> Html:
    """Each trade as a dot: how far it went against (left to right), and for it (upwards), before it ended."""
    left, right, room = _SIDE + 38, _WIDTH - _SIDE - 12, _TALL - _FOOT
    against, for_it = _reach(trades.worst), _reach(trades.best)
    x = left + np.minimum(trades.worst / against, 1.0) * (right - left)
    y = room - np.minimum(trades.best / for_it, 1.0) * (room - 12)
    grid = dots = ""
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        at, top = left + share * (right - left), room - share * (room - 12)
        grid += f'<path class="axis" d="M{left} {top:.1f}H{right}M{at:.1f} 12V{room}"/>'
        grid += f'<text x="{at:.1f}" y="{room + 15}" text-anchor="middle">{_short(-share * against)}</text>'
        if share:
            grid += f'<text x="{left - 6}" y="{top + 4:.1f}" text-anchor="end">{_short(share * for_it)}</text>'
    for kind, rows in (("loss", trades.pnl <= 0), ("gain", trades.pnl > 0)):
        path = "".join(f"M{across:.1f} {up:.1f}h0" for across, up in zip(x[rows], y[rows], strict=True))
        dots += f'<path class="dots {kind}" d="{path}"/>'
    return _svg(f"Largest loss and largest profit on the way of {len(trades)} trades", grid + dots, height=_TALL)


def _short(value: float) -> str:
    return f"{value:+.3g} %".replace("-", "−") if value else "0 %"


def _reach(moves: Floats) -> float:
    """A round number that all but one move in a hundred stay below."""
    far = max(float(np.quantile(moves, 0.99)), 0.04)
    power = 10.0 ** np.floor(np.log10(far))
    return float(next(factor * power for factor in (1, 1.2, 1.6, 2, 3, 4, 6, 8, 10) if factor * power >= far))


def fan(found: Luck) -> Html:
    """Where the account might stand after so many trades: half of all draws in the inner band, nine of ten in both."""
    every = np.vstack([found.bands, found.own])
    low, high = float(every.min()) / 1.001, float(every.max()) * 1.001
    room = _TALL - _FOOT
    spread = math.log(high / low)
    x = _SIDE + found.trades / found.trades[-1] * (_WIDTH - 2 * _SIDE - 50)

    def y(values: Floats) -> Floats:
        return room - np.log(values / low) / spread * (room - 10)

    drawn = ""
    for value in _round_values(low, high):
        at = float(y(np.array(value)))
        drawn += f'<path class="axis" d="M{_SIDE} {at:.1f}H{x[-1]:.1f}"/>'
        drawn += f'<text x="{x[-1] + 8:.1f}" y="{at + 4:.1f}">{value:,.6g}</text>'
    for lower, upper, kind in ((0, 4, "outer"), (1, 3, "inner")):
        there, back = _points(x, y(found.bands[upper])), _points(x[::-1], y(found.bands[lower])[::-1])
        drawn += f'<path class="band {kind}" d="M{there}L{back}Z"/>'
    drawn += f'<path class="line middle" d="M{_points(x, y(found.bands[2]))}"/>'
    drawn += f'<path class="line own" d="M{_points(x, y(found.own))}"/>'
    drawn += f'<text x="{_SIDE}" y="{room + 16}">0 trades</text>'
    drawn += f'<text x="{x[-1]:.1f}" y="{room + 16}" text-anchor="end">{count(found.trades[-1])} trades</text>'
    return _svg("Equity after each trade, and what the same trades make of it in other draws", drawn, height=_TALL)


def _points(x: Floats, y: Floats) -> str:
    return "L".join(f"{left:.1f} {top:.1f}" for left, top in zip(x, y, strict=True))


def _round_values(low: float, high: float) -> list[float]:
    """Some round values between two on a logarithmic axis."""
    if high > 12 * low:
        powers = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
        return [at for power in powers for factor in (1, 2, 5) if low <= (at := factor * 10.0**power) <= high]
    step = _round_step((high - low) / 5)
    return [step * place for place in range(int(np.ceil(low / step)), int(high / step) + 1)]


def _round_step(rough: float) -> float:
    """The next of 1, 2, 2.5, 5, 10, 20 and so on."""
    power = 10.0 ** np.floor(np.log10(rough))
    return float(next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough))


def _edges(gains: Floats) -> Floats:
    """Round edges of about thirty bars with zero among them; one trade in a hundred may lie beyond."""
    low, high = (float(edge) for edge in np.quantile(gains, (0.005, 0.995)))
    reach = max(abs(low), abs(high), 0.05)
    rough = (max(high, 0.0) - min(low, 0.0)) / 30 or reach / 15
    step = _round_step(rough)
    first, last = int(np.floor(min(low, 0.0) / step)), int(np.ceil(max(high, 0.0) / step))
    return np.arange(first, max(last, first + 1) + 1, dtype=np.float64) * step


def _place(edges: Floats, value: float) -> float:
    share = (min(max(value, edges[0]), edges[-1]) - edges[0]) / (edges[-1] - edges[0])
    return float(_SIDE + share * (_WIDTH - 2 * _SIDE))


def _mark(edges: Floats, value: float, kind: str) -> str:
    x = _place(edges, value)
    words = f"{kind} {gain(value, 2)}"
    return f'<path class="mark {kind}" d="M{x:.1f} 4V{_HEIGHT - _FOOT}" data-tip="{text(words)}"/>'


def _labels(edges: Floats) -> str:
    base = _HEIGHT - _FOOT
    zero = _place(edges, 0.0)
    drawn = f'<path class="zero" d="M{_SIDE} {base}H{_WIDTH - _SIDE}M{zero:.1f} {base}v5"/>'
    for value, anchor in ((edges[0], "start"), (0.0, "middle"), (edges[-1], "end")):
        x = _place(edges, value)
        if value and abs(x - zero) < 60:
            continue
        drawn += f'<text x="{x:.1f}" y="{_HEIGHT - 4}" text-anchor="{anchor}">{_short(value)}</text>'
    return drawn


def _svg(name: str, inner: str, height: int = _HEIGHT) -> Html:
    return Html(f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{text(name)}">{inner}</svg>')
