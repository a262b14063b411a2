"""Judging ideas before they become orders: circuit breaker, checks and sizing.  Pure: state in, state out."""

from gobot.risk.breaker import Breaker, Phase, Probe
from gobot.risk.case import Case, Check
from gobot.risk.checks import CHECKS, failed_checks
from gobot.risk.events import (
    EmergencyStop,
    EntryDropped,
    EquityMarked,
    FundsMoved,
    OperatorReset,
    OrderAccepted,
    OrderFailed,
    ProbeStarted,
    RiskEvent,
    RuleViolated,
    TradeClosed,
)
from gobot.risk.facts import view_of
from gobot.risk.manager import Risk
from gobot.risk.policies import Held, initial_stop, moved_stop, time_is_up
from gobot.risk.sizing import Protection, Size, exposure_limit, protect, size_position, wrong_side
from gobot.risk.state import SCHEMA, Change, RiskState
from gobot.risk.steady import SteadyClock
from gobot.risk.verdict import Approved, Reason, Refused, Verdict
from gobot.risk.view import CandleHealth, RecentTrade, RecentWindow, RiskView

__all__ = [
    "CHECKS",
    "SCHEMA",
    "Approved",
    "Breaker",
    "CandleHealth",
    "Case",
    "Change",
    "Check",
    "EmergencyStop",
    "EntryDropped",
    "EquityMarked",
    "FundsMoved",
    "Held",
    "OperatorReset",
    "OrderAccepted",
    "OrderFailed",
    "Phase",
    "Probe",
    "ProbeStarted",
    "Protection",
    "Reason",
    "RecentTrade",
    "RecentWindow",
    "Refused",
    "Risk",
    "RiskEvent",
    "RiskState",
    "RiskView",
    "RuleViolated",
    "Size",
    "SteadyClock",
    "TradeClosed",
    "Verdict",
    "exposure_limit",
    "failed_checks",
    "initial_stop",
    "moved_stop",
    "protect",
    "size_position",
    "time_is_up",
    "view_of",
    "wrong_side",
]
