"""Pictures of trades in SVG: how their returns are distributed, and how far each went against and for them."""

from __future__ import annotations

import numpy as np

from gobot.backtest.report.tags import Html, text
from gobot.backtest.report.trades import TradeColumns
from gobot.backtest.report.words import count, gain
from gobot.market.candles import Floats

_WIDTH, _HEIGHT, _FOOT, _SIDE = 560, 220, 22, 8


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
    known = trades.where(np.isfinite(trades.worst) & np.isfinite(trades.best))
    far = float(max(np.quantile(known.worst, 0.99), np.quantile(known.best, 0.99), 0.1))
    room = _HEIGHT + 60 - _FOOT
    x = _SIDE + 30 + np.minimum(known.worst / far, 1.0) * (_WIDTH - 2 * _SIDE - 30)
    y = room - np.minimum(known.best / far, 1.0) * (room - 12)
    dots = ""
    for kind, rows in (("loss", known.pnl <= 0), ("gain", known.pnl > 0)):
        path = "".join(f"M{left:.1f} {top:.1f}h0" for left, top in zip(x[rows], y[rows], strict=True))
        dots += f'<path class="dots {kind}" d="{path}"/>'
    grid = ""
    for share in (0.0, 0.5, 1.0):
        left, top = _SIDE + 30 + share * (_WIDTH - 2 * _SIDE - 30), room - share * (room - 12)
        grid += f'<path class="axis" d="M{_SIDE + 30} {top:.1f}H{_WIDTH - _SIDE}M{left:.1f} 12V{room}"/>'
        anchor = "end" if share == 1.0 else "middle"
        grid += f'<text x="{left:.1f}" y="{room + 15}" text-anchor="{anchor}">−{share * far:.1f} %</text>'
        grid += f'<text x="{_SIDE + 24}" y="{top + 4:.1f}" text-anchor="end">+{share * far:.1f}</text>'
    named = f"Largest loss and largest profit on the way of {len(known)} trades"
    return _svg(named, grid + dots, height=_HEIGHT + 60)


def _edges(gains: Floats) -> Floats:
    """Round edges of about thirty bars with zero among them; one trade in a hundred may lie beyond."""
    low, high = (float(edge) for edge in np.quantile(gains, (0.005, 0.995)))
    reach = max(abs(low), abs(high), 0.05)
    rough = (max(high, 0.0) - min(low, 0.0)) / 30 or reach / 15
    power = 10.0 ** np.floor(np.log10(rough))
    step = float(next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough))
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
        drawn += (
            f'<text x="{x:.1f}" y="{_HEIGHT - 4}" text-anchor="{anchor}">{text(gain(value) if value else "0 %")}</text>'
        )
    return drawn


def _svg(name: str, inner: str, height: int = _HEIGHT) -> Html:
    return Html(f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{text(name)}">{inner}</svg>')
