"""The SQL ledger of money: orders, fills, trades, cycles and runs, each written exactly once."""

from gobot.ledger.backtests import BacktestRow
from gobot.ledger.cycles import KEEP_DECISIONS, CycleRow, Decision
from gobot.ledger.ledger import Ledger
from gobot.ledger.orders import OrderRow, PlannedOrder
from gobot.ledger.runs import RunRow
from gobot.ledger.trades import ChangeKind, Trade, TradeChange
from gobot.ledger.words import EXTERNAL, CyclePhase, LedgerStatus, Leg

__all__ = [
    "EXTERNAL",
    "KEEP_DECISIONS",
    "BacktestRow",
    "ChangeKind",
    "CyclePhase",
    "CycleRow",
    "Decision",
    "Ledger",
    "LedgerStatus",
    "Leg",
    "OrderRow",
    "PlannedOrder",
    "RunRow",
    "Trade",
    "TradeChange",
]
