"""What somebody who has seen many backtests would say about this one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from gobot.backtest.report.words import amount, day, gain, percent, signed
from gobot.backtest.report.words import count as counted
from gobot.core import DAY_MS
from gobot.market import faults

if TYPE_CHECKING:
    from gobot.backtest.report.report import Report
    from gobot.backtest.report.trades import TradeColumns

FEW_TRADES = 30
"""Below this nothing is said about a strategy: a fair coin often looks good for so long."""
SOME_TRADES = 100
"""Below this every ratio still has wide error bars."""
_SMALL_STAKE = 0.2


def remarks(report: Report) -> list[str]:
    """Sentences, the gravest first; none when there is nothing to hold against the run."""
    return [*_sample(report), *_halted(report), *_against_baselines(report), *_costs(report), *_shape(report)]


def _sample(report: Report) -> Iterator[str]:
    trades = report.summary["trades"]
    if trades == 0:
        yield "No trade was closed: there is nothing to judge."
    elif trades < FEW_TRADES:
        yield f"{_counted(trades)} too few to conclude anything: chance alone makes such results. Test more candles."
    elif trades < SOME_TRADES:
        yield f"{_counted(trades)} a small sample: every ratio below still has wide error bars."
    days = (report.curve.time[-1] - report.curve.time[0]) / DAY_MS
    if days < 90:
        yield f"{days:.0f} days are one kind of market; a strategy has to live through several."
    for symbol, candles in report.candles.items():
        if wrong := faults(candles, report.timeframe):
            found = f"One candle of {symbol} is" if wrong == 1 else f"{counted(wrong)} candles of {symbol} are"
            yield f"{found} missing or wrong: `gobot data import` and `gobot data check` tell where."
    if report.summary.get("liquidations"):
        yield f"{report.summary['liquidations']} positions were liquidated: the leverage is too high for these stops."


def _halted(report: Report) -> Iterator[str]:
    """What the limits of the account kept from being seen."""
    refused = report.summary.get("refusals", {})
    if barred := refused.get("emergency_stop"):
        last = report.trades.exit_ms.max() if len(report.trades) else report.curve.time[0]
        yield (
            f"The emergency stop ended trading after {day(int(last))}: {counted(barred)} later entries were kept out. "
            "--set backtest.risk=off shows what they would have made."
        )
    if paused := refused.get("paused"):
        yield (
            f"{counted(paused)} entries were kept out because the day's profit or loss had reached its limit: "
            "trading.orchestrator.completion_targets in USDT, which should suit the size of the account."
        )


def _counted(trades: int) -> str:
    return "One trade is" if trades == 1 else f"{trades} trades are"


def _against_baselines(report: Report) -> Iterator[str]:
    own, stake = report.summary["return_pct"], _stake(report)
    if 0 < stake < _SMALL_STAKE:
        yield (
            f"Positions were {percent(100 * stake)} of the account at most: what they made is small beside it, and so "
            "are drawdown and return. --set backtest.sizing=all_in shows the strategy itself."
        )
    for baseline in report.baselines:
        if baseline.as_good is None and baseline.return_pct > own and not 0 < stake < _SMALL_STAKE:
            yield f"Buying and holding did better: {gain(baseline.return_pct)} against {gain(own)}."
        elif baseline.as_good is not None and baseline.as_good > 0.05:
            yield (
                f"{percent(100 * baseline.as_good, 0)} of random runs with the same trades at other times did as well: "
                "chance may explain this result."
            )


def _stake(report: Report) -> float:
    """The middle size of a position, times the most there were at once, as a share of the account at the start."""
    trades = report.trades
    if not len(trades):
        return 0.0
    usual = float(np.median(trades.quantity * trades.entry_price))
    return usual * _most_at_once(trades) / float(report.summary["start_equity"])


def _most_at_once(trades: TradeColumns) -> int:
    # What ends in the candle in which something begins has made room for it.
    times = np.concatenate([trades.exit_ms, trades.entry_ms])
    change = np.concatenate([np.full(len(trades), -1), np.full(len(trades), 1)])
    held = np.cumsum(change[np.argsort(times, kind="stable")])
    return max(1, int(held.max()))


def _costs(report: Report) -> Iterator[str]:
    closed = report.trades.closed
    fees, net = float(closed.fees.sum()), float(closed.pnl.sum())
    if net < 0 < net + fees:
        yield f"Fees turned a profit of {amount(net + fees)} USDT into a loss: trade less often, or for longer moves."
    elif net > 0 and fees > 0.5 * (net + fees):
        yield f"Fees took {percent(100 * fees / (net + fees), 0)} of what the trades made."
    if not report.rules["fee"]:
        yield "No fee was charged: every venue takes one."
    if not report.rules["slippage"]:
        yield "No slippage was assumed: market orders rarely get the price that a candle opens at."


def _shape(report: Report) -> Iterator[str]:
    closed = report.trades.closed
    total = float(closed.pnl.sum())
    best = np.sort(closed.pnl)[::-1][:3]
    if len(closed) >= FEW_TRADES and total > 0 and best.sum() > 0.5 * total:
        share = 100 * best.sum() / total
        left = "the others lost money together" if share >= 100 else "without them little is left"
        yield f"The three best trades made {percent(share, 0)} of the profit: {left}."
    if len(report.trades) > len(closed):
        still = report.trades.where(report.trades.reason == "open").pnl.sum()
        yield f"A position is still open and marked at the last close: {signed(float(still))} USDT of the result."
