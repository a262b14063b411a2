"""Reports of backtests: tables, a picture, and one page that explains itself."""

from gobot.backtest.report.baselines import Baseline
from gobot.backtest.report.curve import Curve, Drawdown, Month, drawdowns, months
from gobot.backtest.report.remarks import remarks
from gobot.backtest.report.report import Report
from gobot.backtest.report.trades import Share, TradeColumns, shares

__all__ = [
    "Baseline",
    "Curve",
    "Drawdown",
    "Month",
    "Report",
    "Share",
    "TradeColumns",
    "drawdowns",
    "months",
    "remarks",
    "shares",
]
