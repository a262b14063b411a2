"""Numbers and moments as people read them, and what the metrics are called: the same words in every report."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from gobot.backtest.monte_carlo import MonteCarlo

MINUS, NONE = "−", "–"


def amount(value: float | None, digits: int = 2) -> str:
    """``1,234.50``; a dash for what is not known."""
    if value is None or math.isnan(value):
        return NONE
    if math.isinf(value):
        return "∞"
    text = f"{abs(value):,.{digits}f}"
    return MINUS + text if value < 0 and float(text.replace(",", "")) else text


def signed(value: float | None, digits: int = 2) -> str:
    """The same with a plus before gains."""
    text = amount(value, digits)
    return f"+{text}" if value is not None and value > 0 and text != NONE else text


def percent(value: float | None, digits: int | None = None) -> str:
    """``12.5 %``, ``0.25 %``."""
    text = amount(value, _places(value) if digits is None else digits)
    return text if text == NONE else f"{text} %"


def gain(value: float | None, digits: int | None = None) -> str:
    """``+12.5 %``, ``+0.25 %``."""
    text = signed(value, _places(value) if digits is None else digits)
    return text if text == NONE else f"{text} %"


def _places(value: float | None) -> int:
    """Three digits that say something, or two decimals."""
    return 1 if value is not None and abs(value) >= 9.995 else 2


def count(value: float | None) -> str:
    """``1,234``."""
    return amount(value, 0)


def day(ms: int) -> str:
    """``5 Mar 2024``."""
    stamp = datetime.fromtimestamp(ms / 1000, UTC)
    return f"{stamp.day} {stamp:%b %Y}"


def minute(ms: int) -> str:
    """``2024-03-05 14:15``."""
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%d %H:%M}"


def span(ms: float | None) -> str:
    """``12 days``, ``5.2 hours``, ``45 minutes``."""
    if ms is None or math.isnan(ms):
        return NONE
    for name, length in (("days", 86_400_000), ("hours", 3_600_000)):
        if ms >= 2 * length:
            return f"{amount(ms / length, 0 if ms >= 10 * length else 1)} {name}"
    return f"{ms / 60_000:.0f} minutes"


def params(values: Mapping[str, Any]) -> str:
    """``fast 10, slow 50``."""
    return ", ".join(f"{name} {value}" for name, value in values.items())


def symbols(names: Sequence[str]) -> str:
    """All of a few, the first ones of many."""
    return ", ".join(names) if len(names) <= 4 else f"{', '.join(names[:3])} and {len(names) - 3} more"


class Metric(NamedTuple):
    """How one figure of a summary is shown.

    ``written`` makes its text, ``meaning`` is its definition, ``better`` is +1 where more is better, -1 where less is.
    """

    name: str
    label: str
    written: Callable[[float | None], str]
    meaning: str
    better: int = 0


GROUPS: Mapping[str, tuple[Metric, ...]] = {
    "Return": (
        Metric("start_equity", "Start", amount, "USDT at the start."),
        Metric("final_equity", "End", amount, "Equity at the last close; an open position is marked there.", 1),
        Metric("return_pct", "Return", gain, "Last equity against the first.", 1),
        Metric("yearly_return_pct", "A year", gain, "The return, compounded over a year of 365 days.", 1),
        Metric("expectancy", "A trade", signed, "Mean profit of a closed trade, USDT, after costs.", 1),
        Metric("average_trade_pct", "Mean trade", gain, "Mean profit of a closed trade, percent of its value.", 1),
    ),
    "Risk": (
        Metric("max_drawdown_pct", "Drawdown", percent, "Largest fall from the highest equity so far.", -1),
        Metric("volatility_pct", "Volatility", percent, "Deviation of the equity's changes, a year.", -1),
        Metric("sharpe", "Sharpe", amount, "Mean over deviation of the equity's changes, a year.", 1),
        Metric("sortino", "Sortino", amount, "The same, over the deviation of losses only.", 1),
        Metric("calmar", "Calmar", amount, "Return a year over the largest drawdown.", 1),
        Metric("exposure_pct", "In the market", percent, "Candles during which a position was held."),
    ),
    "Trades": (
        Metric("trades", "Closed", count, "Round trips that have ended."),
        Metric("win_rate", "Win rate", percent, "Closed trades with a profit after costs.", 1),
        Metric("profit_factor", "Profit factor", amount, "Sum of profits over sum of losses.", 1),
        Metric("payoff_ratio", "Payoff", amount, "Mean profit of winners over mean loss of losers.", 1),
        Metric("average_win", "Mean win", amount, "Mean profit of the trades that won, USDT.", 1),
        Metric("average_loss", "Mean loss", amount, "Mean loss of the trades that lost, USDT.", -1),
        Metric("best_trade_pct", "Best trade", gain, "Largest profit of a trade, percent of its value."),
        Metric("worst_trade_pct", "Worst trade", gain, "Largest loss of a trade, percent of its value."),
        Metric("longest_losing_run", "Losing run", count, "Most losses in a row."),
        Metric("average_candles", "Candles held", amount, "Mean length of a trade, in candles."),
        Metric("liquidations", "Liquidations", count, "Positions that the venue ended."),
    ),
    "Costs": (
        Metric("fees", "Fees", amount, "Everything paid to the venue, USDT."),
        Metric("funding", "Funding", signed, "Received or paid for holding positions, USDT."),
        Metric("cost_share_pct", "Of the profit", percent, "Fees and funding, percent of the profit before costs."),
        Metric("turnover", "Turnover", amount, "Value bought and sold, in multiples of the mean equity."),
    ),
}
"""What is shown of a summary, in groups; a figure that a summary lacks is left out."""


def shown(summary: Mapping[str, Any]) -> dict[str, list[tuple[Metric, str]]]:
    """The figures of ``summary`` in groups, written."""
    return {
        title: [(metric, metric.written(summary[metric.name])) for metric in metrics if metric.name in summary]
        for title, metrics in GROUPS.items()
    }


def check(name: str) -> str:
    """``recent window`` for ``recent_window``."""
    return name.replace("_", " ")


def spreads(found: MonteCarlo) -> list[tuple[str, list[str]]]:
    """What each figure of a Monte Carlo was, and its percentiles, written."""
    lines = (
        ("Return, other candles", found.candles.get("return_pct"), gain),
        ("Drawdown, other candles", found.candles.get("max_drawdown_pct"), percent),
        ("Drawdown, other order", found.order.get("max_drawdown_pct"), percent),
    )
    return [
        (name, [written(value) for value in (spread.own, *spread.percentiles.values())])
        for name, spread, written in lines
        if spread is not None
    ]
