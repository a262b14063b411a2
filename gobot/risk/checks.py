"""Every protection layer, in the order in which a verdict lists them."""

from __future__ import annotations

from gobot.risk.case import Case, Check
from gobot.risk.checks_account import ACCOUNT_CHECKS
from gobot.risk.checks_conditions import CONDITION_CHECKS
from gobot.risk.checks_market import MARKET_CHECKS
from gobot.risk.verdict import Reason

CHECKS: tuple[Check, ...] = (*ACCOUNT_CHECKS, *MARKET_CHECKS, *CONDITION_CHECKS)


def failed_checks(case: Case, checks: tuple[Check, ...] = CHECKS) -> tuple[Reason, ...]:
    """Why ``case`` is refused: every check that failed, none if it may be traded."""
    return tuple(reason for check in checks if (reason := check.judge(case)) is not None)
