"""All statistics of a backtest as one pure function of its trades and its equity."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from gobot.backtest.conditions import YEAR_MS
from gobot.backtest.curve import Curve, curve_of
from gobot.backtest.records import BY_SIGNAL, BY_TIME, Floats, Trades
from gobot.backtest.sums import Sums, sums_of
from gobot.core import Timeframe


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """What a backtest came to.  Money in USDT, percentages 0..100; NaN where a figure is not defined.

    Trades are closed ones, P&L is net of fees and with funding:

    * ``win_rate``: trades with a profit, percent of all.  ``profit_factor``: sum of profits / sum of losses, infinite
      without a loss.  ``expectancy``: mean P&L per trade.
    * ``average_win``, ``average_loss`` (above zero) and ``payoff_ratio``, the one by the other.
    * ``average_trade_pct``, ``best_trade_pct``, ``worst_trade_pct``: P&L, percent of the entry's value.
    * ``longest_losing_run``: most losses in a row, in the order of entry.  ``average_candles``: mean length.
    * ``net_profit`` and ``return_pct``: last equity against the first, an open position marked at the last close.
    * ``fees``: everything paid, the entry of an open position included.  ``funding``: received, negative when paid.
    * ``cost_share_pct``: fees and funding paid, percent of the profit before costs of the trades that had one.
    * ``turnover``: value bought and sold, as a multiple of the mean equity.
    * ``exposure_pct``: candles during which a position was held at some time, percent of all.
    * ``liquidations``: positions that the venue took away.

    Equity is taken at the start and at the close of every candle, r are its relative changes, N the candles of a year
    of 365 days (the market never closes), no risk-free rate:

    * ``max_drawdown_pct``: largest fall from the highest equity so far, percent of that.
    * ``yearly_return_pct``: compounded.  ``volatility_pct``: std(r) · √N, std with n - 1.
    * ``sharpe``: mean(r) / std(r) · √N.  W. F. Sharpe, "The Sharpe ratio", J. of Portfolio Management 21 (1994).
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
    funding: float
    liquidations: int
    yearly_return_pct: float
    volatility_pct: float
    average_win: float
    average_loss: float
    payoff_ratio: float
    average_trade_pct: float
    best_trade_pct: float
    worst_trade_pct: float
    longest_losing_run: int
    average_candles: float
    turnover: float
    cost_share_pct: float

    def document(self) -> dict[str, Any]:
        """All of it for JSON, where what is undefined or infinite is null."""
        return {name: value if math.isfinite(value) else None for name, value in asdict(self).items()}


def measure(trades: Trades, equity: Floats, timeframe: Timeframe, start_equity: float) -> Metrics:
    """The metrics of ``trades`` and of the ``equity`` at the close of every candle.

    ``trades`` are of `gobot.backtest.TRADE`, their rows those of ``equity``; an open one counts for fees, funding,
    turnover and exposure only.
    """
    curve, sums, per_year = curve_of(equity, start_equity), sums_of(trades), YEAR_MS / timeframe.ms
    growth = float(equity[-1]) / start_equity
    sharpe, sortino, volatility = ratios(curve, len(equity), per_year)
    yearly = yearly_return(growth, len(equity), per_year)
    average_win, average_loss = _ratio(sums.profit, sums.wins), _ratio(sums.loss, sums.losses)
    return Metrics(
        trades=sums.closed,
        wins=sums.wins,
        win_rate=_ratio(100.0 * sums.wins, sums.closed),
        profit_factor=profit_factor(sums.profit, sums.loss),
        expectancy=_ratio(sums.profit - sums.loss, sums.closed),
        net_profit=float(equity[-1]) - start_equity,
        return_pct=100.0 * (growth - 1.0),
        max_drawdown_pct=100.0 * curve.drawdown,
        sharpe=sharpe,
        sortino=sortino,
        calmar=_ratio(yearly, curve.drawdown),
        exposure_pct=_ratio(100.0 * _held(trades, sums, len(equity)), len(equity)),
        fees=sums.fees,
        funding=sums.funding,
        liquidations=sums.liquidations,
        yearly_return_pct=100.0 * yearly,
        volatility_pct=100.0 * volatility,
        average_win=average_win,
        average_loss=average_loss,
        payoff_ratio=_ratio(average_win, average_loss),
        average_trade_pct=_ratio(sums.returned, sums.closed),
        best_trade_pct=sums.best if sums.closed else math.nan,
        worst_trade_pct=sums.worst if sums.closed else math.nan,
        longest_losing_run=sums.longest,
        average_candles=_ratio(sums.candles, sums.closed),
        turnover=_ratio(sums.traded, float(equity.mean())),
        cost_share_pct=_ratio(100.0 * sums.paid, sums.before_costs),
    )


def profit_factor(profit: float, loss: float) -> float:
    """Sum of profits / sum of losses: infinite without a loss, NaN without a trade."""
    if loss == 0:
        return math.inf if profit > 0 else math.nan
    return profit / loss


def ratios(curve: Curve, candles: int, per_year: float) -> tuple[float, float, float]:
    """Sharpe and Sortino ratio and the volatility; undefined where everything was lost on the way."""
    if candles < 2 or curve.lowest <= 0:
        return math.nan, math.nan, math.nan
    mean, scale = curve.changes / candles, math.sqrt(per_year)
    variance = max(0.0, curve.squares - candles * mean * mean) / (candles - 1)
    deviation, downside = math.sqrt(variance), math.sqrt(curve.losses / candles)
    return _ratio(mean * scale, deviation), _ratio(mean * scale, downside), deviation * scale


def yearly_return(growth: float, candles: int, per_year: float) -> float:
    """Compounded return of a year; all is lost when nothing is left.

    A few lucky candles make a year that no number holds: it ends at e^700.
    """
    return math.expm1(min(math.log(growth) * per_year / candles, 700.0)) if growth > 0 else -1.0


def _held(trades: Trades, sums: Sums, candles: int) -> int:
    """Candles during which a position was held, one of several symbols at the same time counted once."""
    if not len(trades) or trades["symbol"].max() == trades["symbol"].min():
        return sums.held
    change = np.zeros(candles + 1, np.int64)
    np.add.at(change, trades["entry_row"], 1)
    np.add.at(change, trades["exit_row"] + ~np.isin(trades["ended"], (BY_SIGNAL, BY_TIME)), -1)
    return int(np.count_nonzero(np.cumsum(change)[:-1]))


def _ratio(value: float, by: float) -> float:
    return value / by if by else math.nan
