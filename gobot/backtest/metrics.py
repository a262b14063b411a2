"""All statistics of a backtest as one pure function of its trades and its equity."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from gobot.backtest.kernel import BY_SIGNAL, OPEN, Floats, Trades
from gobot.core import DAY_MS, Timeframe

YEAR_MS = 365 * DAY_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """What a backtest came to.  Money in USDT, percentages 0..100; NaN where a figure is not defined.

    Trades are closed ones, P&L is net of fees:

    * ``win_rate``: trades with a profit, percent of all.  ``profit_factor``: sum of profits / sum of losses, infinite
      without a loss.  ``expectancy``: mean P&L per trade.
    * ``net_profit`` and ``return_pct``: last equity against the first, an open position marked at the last close.
    * ``fees``: everything paid, the entry of an open position included.
    * ``exposure_pct``: candles during which a position was held at some time, percent of all.

    Equity is taken at the start and at the close of every candle, r are its relative changes, N the candles of a year
    of 365 days (the market never closes), no risk-free rate:

    * ``max_drawdown_pct``: largest fall from the highest equity so far, percent of that.
    * ``sharpe``: mean(r) / std(r) · √N, std with n - 1.  W. F. Sharpe, "The Sharpe ratio", J. of Portfolio
      Management 21 (1994).
    * ``sortino``: mean(r) / √mean(min(r, 0)²) · √N.  F. A. Sortino, L. N. Price, "Performance measurement in a
      downside risk framework", J. of Investing 3 (1994).
    * ``calmar``: yearly compounded return / largest drawdown, over the whole period.  T. W. Young, "Calmar ratio: a
      smoother tool", Futures 20 (1991).

    vectorbt computes the same four; backtesting.py takes daily returns instead.
    """

    trades: int
    wins: int
    win_rate: float
    profit_factor: float
    expectancy: float
    net_profit: float
    return_pct: float
    max_drawdown_pct: float
    sharpe: float
    sortino: float
    calmar: float
    exposure_pct: float
    fees: float

    def document(self) -> dict[str, Any]:
        """All of it for JSON, where what is undefined or infinite is null."""
        return {name: value if math.isfinite(value) else None for name, value in asdict(self).items()}


def measure(trades: Trades, equity: Floats, timeframe: Timeframe, start_equity: float) -> Metrics:
    """The metrics of ``trades`` and of the ``equity`` at the close of every candle.

    ``trades`` are of `gobot.backtest.kernel.TRADE`; an open one counts for fees and exposure only.
    """
    closed = trades[trades["ended"] != OPEN]
    pnl = closed["pnl"]
    wins = int((pnl > 0).sum())
    curve = np.concatenate([[start_equity], equity])
    growth = float(curve[-1]) / start_equity
    drawdown = float((1.0 - curve / np.maximum.accumulate(curve)).max())
    per_year = YEAR_MS / timeframe.ms
    sharpe, sortino = _ratios(curve, per_year)
    return Metrics(
        trades=len(closed),
        wins=wins,
        win_rate=_ratio(100.0 * wins, len(closed)),
        profit_factor=profit_factor(pnl),
        expectancy=_ratio(float(pnl.sum()), len(closed)),
        net_profit=float(curve[-1]) - start_equity,
        return_pct=100.0 * (growth - 1.0),
        max_drawdown_pct=100.0 * drawdown,
        sharpe=sharpe,
        sortino=sortino,
        calmar=_ratio(_yearly(growth, len(equity), per_year), drawdown),
        exposure_pct=_ratio(100.0 * _held(trades), len(equity)),
        fees=float(trades["fees"].sum()),
    )


def profit_factor(pnl: Floats) -> float:
    """Sum of profits / sum of losses: infinite without a loss, NaN without a trade."""
    losses = -float(pnl[pnl < 0].sum())
    profits = float(pnl[pnl > 0].sum())
    if losses == 0:
        return math.inf if profits > 0 else math.nan
    return profits / losses


def _ratios(curve: Floats, per_year: float) -> tuple[float, float]:
    """Sharpe and Sortino ratio; undefined where everything was lost on the way."""
    if len(curve) < 3 or curve.min() <= 0:
        return math.nan, math.nan
    returns = curve[1:] / curve[:-1] - 1.0
    mean, scale = float(returns.mean()), math.sqrt(per_year)
    downside = math.sqrt(float((np.minimum(returns, 0.0) ** 2).mean()))
    return _ratio(mean * scale, float(returns.std(ddof=1))), _ratio(mean * scale, downside)


def _yearly(growth: float, candles: int, per_year: float) -> float:
    """Compounded return of a year; all is lost when nothing is left."""
    return math.expm1(math.log(growth) * per_year / candles) if growth > 0 else -1.0


def _held(trades: Trades) -> int:
    """Candles during which a position was held: one that closes at an open was not held in that candle."""
    inside = trades["ended"] != BY_SIGNAL
    return int((trades["exit_row"] - trades["entry_row"] + inside).sum())


def _ratio(value: float, by: float) -> float:
    return value / by if by else math.nan
