"""A run as one PNG: equity, drawdown, and prices with trades."""

from __future__ import annotations

import io
import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from gobot.backtest.report import words
from gobot.backtest.report.curve import Curve
from gobot.backtest.report.packing import grouped
from gobot.backtest.report.report import Report
from gobot.backtest.report.trades import TradeColumns

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_INK, _MUTED, _LINE = "#17202b", "#5d6b7c", "#e6eaf0"
_ACCENT, _MARKET, _GAIN, _LOSS = "#2f5fd0", "#b7791f", "#0f8a68", "#cc3d50"
_STYLE: dict[Any, Any] = {
    "font.size": 9, "axes.edgecolor": _LINE, "axes.labelcolor": _MUTED, "text.color": _INK, "xtick.color": _MUTED,
    "ytick.color": _MUTED, "axes.grid": True, "grid.color": _LINE, "axes.spines.top": False, "axes.spines.left": False,
    "axes.titlelocation": "left", "axes.titlesize": 10, "axes.titleweight": "bold", "ytick.right": True,
    "ytick.labelright": True, "ytick.left": False, "ytick.labelleft": False, "xtick.bottom": False,
    "ytick.major.size": 0,
    "axes.axisbelow": True, "axes.xmargin": 0.01, "legend.frameon": False,
}  # fmt: skip
_POINTS = 1_600
_CROWD = 300
_TITLE_LENGTH = 150


def png(report: Report) -> bytes:
    """``report`` drawn on 1,600 by 1,000 pixels."""
    # The figure is made without pyplot: that would look for a display and keep every figure alive.
    from matplotlib import rc_context
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    engine = ConstrainedLayoutEngine(rect=(0.012, 0.012, 0.976, 0.976), hspace=0.03)
    with rc_context(_STYLE):
        figure = Figure(figsize=(16, 10), dpi=100, layout=engine)
        equity, fall, prices = figure.subplots(3, 1, sharex=True, height_ratios=(4, 1.4, 4.6))
        figure.suptitle(_title(report), x=0.012, ha="left", fontsize=13, fontweight="bold")
        _equity(equity, report)
        _drawdown(fall, report.curve)
        _prices(prices, report)
        drawn = io.BytesIO()
        figure.savefig(drawn, format="png")
    return drawn.getvalue()


def _title(report: Report) -> str:
    """What came of what, and under it the parameters."""
    summary = report.summary
    came_to = (
        words.gain(summary["return_pct"]),
        f"drawdown {words.percent(summary['max_drawdown_pct'])}",
        f"{words.count(summary['trades'])} trades",
    )
    head = f"{report.strategy} on {words.symbols(report.symbols)} {report.timeframe}:  {',  '.join(came_to)}"
    params = textwrap.shorten(words.params(report.params), _TITLE_LENGTH, placeholder=" …")
    return f"{head}\n{params}" if params else head


def _equity(axes: Axes, report: Report) -> None:
    axes.set_title("Equity, USDT")
    curves = [report.curve]
    for one in report.baselines:
        if one.low is not None and one.high is not None:
            axes.fill_between(
                _dates(one.low), one.low.value, one.high.value, color=_MARKET, alpha=0.14, lw=0, label=one.name
            )
        else:
            thin = one.curve.thinned(_POINTS)
            axes.plot(_dates(thin), thin.value, color=_MARKET, lw=1.0, ls=(0, (5, 3)), label=one.name)
            curves.append(one.curve)
    own = report.curve.thinned(_POINTS)
    axes.plot(_dates(own), own.value, color=_ACCENT, lw=1.4, label=report.strategy)
    low, high = min(one.value.min() for one in curves), max(one.value.max() for one in curves)
    if low > 0 and high > 5 * low:
        axes.set_yscale("log")
    _plain_numbers(axes)
    axes.legend(loc="upper left", ncols=3)


def _drawdown(axes: Axes, curve: Curve) -> None:
    axes.set_title("Drawdown, %")
    thin = curve.thinned(_POINTS)
    depth = 100.0 * (thin.value / np.maximum.accumulate(thin.value) - 1.0)
    axes.fill_between(_dates(thin), depth, 0, color=_LOSS, alpha=0.25, lw=0)
    axes.plot(_dates(thin), depth, color=_LOSS, lw=0.8)


def _prices(axes: Axes, report: Report) -> None:
    """The first symbol, as the range of each bar; trades one by one unless they are a crowd."""
    symbol = report.symbols[0]
    axes.set_title(symbol)
    candles = report.candles[symbol]
    bars = grouped(candles, -(-len(candles) // _POINTS))
    times = bars.time.astype("datetime64[ms]")
    axes.fill_between(times, bars.low, bars.high, color=_MUTED, lw=0.5, alpha=0.8)
    if bars.high.max() > 5 * bars.low.min():
        axes.set_yscale("log")
    _plain_numbers(axes)
    trades = report.trades.where(report.trades.market == 0)
    if len(trades) > _CROWD:
        _lane(axes, trades, (int(bars.time[0]), int(bars.time[-1])))
    else:
        _marks(axes, trades)


def _lane(axes: Axes, trades: TradeColumns, ends: tuple[int, int]) -> None:
    """What the trades that ended in each stretch made together."""
    edges = np.linspace(*ends, _POINTS // 4 + 1)
    made, _ = np.histogram(trades.exit_ms, edges, weights=trades.pnl)
    begins = edges[:-1].astype(np.int64).astype("datetime64[ms]")
    lane = axes.inset_axes((0.0, 0.0, 1.0, 0.12), sharex=axes)
    lane.set_axis_off()
    lane.bar(
        begins,
        made,
        width=np.diff(edges).astype("timedelta64[ms]"),
        align="edge",
        color=np.where(made >= 0, _GAIN, _LOSS),
    )
    low, high = axes.get_ylim()
    logarithmic = axes.get_yscale() == "log"
    axes.set_ylim(low / (high / low) ** 0.14 if logarithmic else low - 0.14 * (high - low), high)


def _marks(axes: Axes, trades: TradeColumns) -> None:
    for side, marker, colour, name in ((1, "^", _ACCENT, "long"), (-1, "v", _MARKET, "short")):
        own = trades.where(trades.side == side)
        if len(own):
            axes.scatter(own.entry_ms.astype("datetime64[ms]"), own.entry_price, marker=marker, s=26, color=colour,
                         edgecolors="white", linewidths=0.5, zorder=3, label=f"{name} entry")  # fmt: skip
    for won, colour, name in ((True, _GAIN, "exit with a profit"), (False, _LOSS, "exit with a loss")):
        own = trades.where((trades.pnl > 0) == won)
        if len(own):
            axes.scatter(own.exit_ms.astype("datetime64[ms]"), own.exit_price, s=14, color=colour, edgecolors="white",
                         linewidths=0.5, zorder=4, label=name)  # fmt: skip
    if len(trades):
        axes.legend(loc="upper left", ncols=4)


def _dates(curve: Curve) -> Any:
    return curve.time.astype("datetime64[ms]")


def _plain_numbers(axes: Axes) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _place: f"{value:,.10g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    if axes.get_yscale() == "log":
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.tick_params(which="minor", length=0)
