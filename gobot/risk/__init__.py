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
from gobot.risk.explain import Finding, explain
from gobot.risk.facts import candles_seen, view_of
from gobot.risk.limits import exposure_limit, portfolio_allowance
from gobot.risk.manager import Risk
from gobot.risk.policies import Held, initial_stop, moved_stop, time_is_up
from gobot.risk.protection import Protection, protect, wrong_side
from gobot.risk.sizing import Entry, Purse, Size, size_position
from gobot.risk.state import SCHEMA, Change, RiskState, StopOut
from gobot.risk.steady import SteadyClock
from gobot.risk.verdict import Approved, Reason, Refused, Verdict
from gobot.risk.view import Behaviour, CandleHealth, RecentTrade, RecentWindow, RiskView

__all__ = [
    "CHECKS",
    "SCHEMA",
    "Approved",
    "Behaviour",
    "Breaker",
    "CandleHealth",
    "Case",
    "Change",
    "Check",
    "EmergencyStop",
    "Entry",
    "EntryDropped",
    "EquityMarked",
    "Finding",
    "FundsMoved",
    "Held",
    "OperatorReset",
    "OrderAccepted",
    "OrderFailed",
    "Phase",
    "Probe",
    "ProbeStarted",
    "Protection",
    "Purse",
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
    "StopOut",
    "TradeClosed",
    "Verdict",
    "candles_seen",
    "explain",
    "exposure_limit",
    "failed_checks",
    "initial_stop",
    "moved_stop",
    "portfolio_allowance",
    "protect",
    "size_position",
    "time_is_up",
    "view_of",
    "wrong_side",
]
