"""Backtests: a strategy over candles under rules, and the short look back that every live idea gets."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from gobot.backtest.kernel import (
    ALL_IN,
    FIXED,
    FRACTION,
    OPEN,
    TRADE,
    Bars,
    Floats,
    KernelRules,
    Orders,
    Trades,
    simulate,
)
from gobot.backtest.metrics import Metrics, measure, profit_factor
from gobot.backtest.rules import Rules
from gobot.core import DataError, Timeframe, iso
from gobot.market import Candles
from gobot.strategy import Signals, Strategy, evaluate

_SIZINGS = {"all_in": ALL_IN, "fixed": FIXED, "fraction": FRACTION}
ENDINGS = ("open", "signal", "stop", "target")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Result:
    """One backtest: what was run, every trade (rows of `TRADE`), the equity at every close, and the metrics."""

    strategy: Strategy
    rules: Rules
    symbol: str
    timeframe: Timeframe
    candles: Candles
    trades: Trades
    equity: Floats
    metrics: Metrics

    def document(self) -> dict[str, Any]:
        """The summary for JSON; times are opens of candles, UTC."""
        return {
            "strategy": self.strategy.name,
            "params": dict(self.strategy.params),
            "symbols": [self.symbol],
            "timeframe": str(self.timeframe),
            "start": iso(int(self.candles.time[0])),
            "end": iso(int(self.candles.time[-1])),
            "bars": len(self.candles),
            "start_equity": self.rules.start_equity,
            "final_equity": float(self.equity[-1]),
            **self.metrics.document(),
            "funding": 0.0,
            "liquidations": 0,
        }

    def trade_documents(self) -> list[dict[str, Any]]:
        """Every trade in order, the open one last, for CSV and JSON; times are opens of candles, UTC."""
        times = self.candles.time
        return [
            {
                "symbol": self.symbol,
                "direction": "long" if trade["sign"] > 0 else "short",
                "quantity": float(trade["quantity"]),
                "entry_time": iso(int(times[trade["entry_row"]])),
                "entry_price": float(trade["entry_price"]),
                "exit_time": iso(int(times[trade["exit_row"]])),
                "exit_price": float(trade["exit_price"]),
                "stop": _known(trade["stop"]),
                "target": _known(trade["target"]),
                "fees": float(trade["fees"]),
                "pnl": float(trade["pnl"]),
                "return_pct": float(100.0 * trade["pnl"] / (trade["quantity"] * trade["entry_price"])),
                "exit_reason": ENDINGS[trade["ended"]],
            }
            for trade in self.trades
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecentResult:
    """The recent window in three figures: closed trades, their profit factor (NaN without any), return in percent."""

    trades: int
    profit_factor: float
    return_pct: float


def backtest(strategy: Strategy, candles: Candles, rules: Rules, *, symbol: str = "") -> Result:
    """Run ``strategy`` over ``candles``.  Raises `DataError` for fewer than two, `StrategyError` for its own faults."""
    if len(candles) < 2:
        raise DataError(f"a backtest of {strategy.name} needs at least two candles, there are {len(candles)}")
    trades, equity = replay(evaluate(strategy, candles), candles, rules)
    timeframe = candles.step()
    return Result(
        strategy=strategy,
        rules=rules,
        symbol=symbol,
        timeframe=timeframe,
        candles=candles,
        trades=trades,
        equity=equity,
        metrics=measure(trades, equity, timeframe, rules.start_equity),
    )


def recent(signals: Signals, candles: Candles, rules: Rules, *, window: int | None = None) -> RecentResult:
    """How ``signals`` did on the last ``window`` of ``candles`` (all by default), cheap enough for every live idea."""
    if window is not None:
        signals, candles = signals[-window:], candles[-window:]
    trades, equity = replay(signals, candles, rules)
    pnl = trades["pnl"][trades["ended"] != OPEN]
    final = float(equity[-1]) if len(equity) else rules.start_equity
    return RecentResult(
        trades=len(pnl),
        profit_factor=profit_factor(pnl),
        return_pct=100.0 * (final / rules.start_equity - 1.0),
    )


def replay(signals: Signals, candles: Candles, rules: Rules) -> tuple[Trades, Floats]:
    """Every trade that ``signals`` make on ``candles``, and the equity at every close."""
    # Room for every entry, and for the one that the kernel looks at before there is any.
    trades = np.zeros(int(np.count_nonzero(signals.entry)) + 1, TRADE)
    equity = np.empty(len(candles))
    bars = Bars(*(_ready(column) for column in (candles.open, candles.high, candles.low, candles.close)))
    orders = Orders(signals.entry, signals.exit, signals.stop, signals.target)
    count = simulate(bars, orders, _kernel_rules(rules), trades, equity)
    return trades[:count], equity


def _ready(column: Floats) -> Floats:
    """In the one form that the kernel is compiled for: columns read from files may be read-only."""
    return np.require(column, np.float64, ("C", "W"))


def _kernel_rules(rules: Rules) -> KernelRules:
    stop, target = rules.stop_loss_percent, rules.take_profit_percent
    return KernelRules(
        fee=rules.fee,
        slippage=rules.slippage,
        longs=rules.direction != "short",
        shorts=rules.direction != "long",
        sizing=_SIZINGS[rules.sizing],
        size=rules.size,
        max_position=rules.max_position,
        stop_share=math.nan if stop is None else stop / 100.0,
        target_share=math.nan if target is None else target / 100.0,
        start_equity=rules.start_equity,
    )


def _known(price: float) -> float | None:
    return None if math.isnan(price) else float(price)
