"""What a sweep gives back: a row of figures per combination."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gobot.backtest import kernel
from gobot.backtest.records import Floats, Ints
from gobot.core import UsageError

_LOWEST, _DRAWDOWN, _CHANGES, _SQUARES, _LOSSES = range(5)  # of `gobot.backtest.curve.Curve`
_FIGURES = (
    "final_equity",
    "return_pct",
    "trades",
    "win_rate",
    "profit_factor",
    "max_drawdown_pct",
    "sharpe",
    "sortino",
    "calmar",
    "exposure_pct",
    "fees",
    "funding",
    "liquidations",
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Sweep:
    """The figures of every combination, as columns in the order of the grid; defined as in `Metrics`.

    ``params`` has a column per parameter, ``totals`` and ``curves`` are what the kernels returned.  Without curves
    there is no drawdown and no ratio: those columns are NaN.
    """

    strategy: str
    params: Mapping[str, npt.NDArray[Any]]
    candles: int
    per_year: float
    start_equity: float
    totals: Floats
    curves: Floats | None

    def __len__(self) -> int:
        return len(self.totals)

    @property
    def final_equity(self) -> Floats:
        """Equity at the end, USDT, an open position marked at the last close."""
        return self.totals[:, kernel.FINAL]

    @property
    def return_pct(self) -> Floats:
        """Last equity against the first."""
        return 100.0 * (self.final_equity / self.start_equity - 1.0)

    @property
    def trades(self) -> Ints:
        """Closed trades."""
        return self.totals[:, kernel.CLOSED].astype(np.int64)

    @property
    def win_rate(self) -> Floats:
        """Trades with a profit, percent of all."""
        return _ratio(100.0 * self.totals[:, kernel.WINS], self.totals[:, kernel.CLOSED])

    @property
    def profit_factor(self) -> Floats:
        """Sum of profits / sum of losses; infinite without a loss."""
        profit, loss = self.totals[:, kernel.PROFIT], self.totals[:, kernel.LOSS]
        return np.where((loss == 0) & (profit > 0), np.inf, _ratio(profit, loss))

    @property
    def max_drawdown_pct(self) -> Floats:
        """Largest fall from the highest equity so far."""
        return 100.0 * self._curve(_DRAWDOWN)

    @property
    def sharpe(self) -> Floats:
        """Of a year, without a risk-free rate."""
        mean = self._curve(_CHANGES) / self.candles
        spread = np.maximum(self._curve(_SQUARES) - self.candles * mean**2, 0.0) / (self.candles - 1)
        return self._unless_ruined(_ratio(mean, np.sqrt(spread)))

    @property
    def sortino(self) -> Floats:
        """Of a year, without a risk-free rate."""
        mean = self._curve(_CHANGES) / self.candles
        return self._unless_ruined(_ratio(mean, np.sqrt(self._curve(_LOSSES) / self.candles)))

    @property
    def calmar(self) -> Floats:
        """Yearly compounded return / largest drawdown."""
        growth = np.maximum(self.final_equity / self.start_equity, 0.0)
        with np.errstate(divide="ignore"):
            yearly = np.where(growth > 0, np.expm1(np.log(growth) * self.per_year / self.candles), -1.0)
        return _ratio(yearly, self._curve(_DRAWDOWN))

    @property
    def exposure_pct(self) -> Floats:
        """Candles during which a position was held, percent of all."""
        return 100.0 * self.totals[:, kernel.HELD] / self.candles

    @property
    def fees(self) -> Floats:
        """Everything paid, USDT."""
        return self.totals[:, kernel.FEES]

    @property
    def funding(self) -> Floats:
        """Received, negative when paid, USDT."""
        return self.totals[:, kernel.RECEIVED]

    @property
    def liquidations(self) -> Ints:
        """Positions that the venue took away."""
        return self.totals[:, kernel.LIQUIDATIONS].astype(np.int64)

    def best(self, by: str = "sharpe", count: int = 10, *, min_trades: int = 1) -> Ints:
        """Indices of the ``count`` combinations with the highest figure ``by``, best first.

        Combinations with fewer than ``min_trades`` and those where the figure is not defined are left out.
        """
        if by not in _FIGURES:
            raise UsageError(f"a sweep has no figure {by!r}: it has {', '.join(_FIGURES)}")
        figure = np.asarray(getattr(self, by), np.float64)
        usable = np.flatnonzero(~np.isnan(figure) & (self.trades >= min_trades))
        return usable[np.argsort(-figure[usable], kind="stable")[:count]]

    def document(self, index: int) -> dict[str, Any]:
        """One combination for JSON: its parameters and its figures; what is undefined or infinite is null."""
        figures = {name: getattr(self, name)[index].item() for name in _FIGURES}
        return {
            "params": {name: column[index].item() for name, column in self.params.items()},
            **{name: value if np.isfinite(value) else None for name, value in figures.items()},
        }

    def _curve(self, figure: int) -> Floats:
        return np.full(len(self), np.nan) if self.curves is None else self.curves[:, figure]

    def _unless_ruined(self, per_candle: Floats) -> Floats:
        yearly: Floats = np.where(self._curve(_LOWEST) > 0, per_candle * math.sqrt(self.per_year), np.nan)
        return yearly


def _ratio(values: Floats, by: Floats) -> Floats:
    out: Floats = np.full(len(values), np.nan)
    np.divide(values, by, out=out, where=by != 0)
    return out
