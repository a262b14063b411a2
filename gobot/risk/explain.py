"""What every check says about an entry, passed or not: for an operator who asks before trading."""

from __future__ import annotations

from dataclasses import dataclass

from gobot.core import Idea, UsageError
from gobot.risk.case import Case
from gobot.risk.checks import CHECKS
from gobot.risk.review import is_probe_running
from gobot.risk.state import RiskState
from gobot.risk.view import RiskView
from gobot.settings.trading import TradingSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One check's word: ``refusal`` is its sentence, empty when it passes; ``figures`` say how far from it."""

    check: str
    setting: str
    refusal: str
    figures: str


def explain(idea: Idea, view: RiskView, state: RiskState, settings: TradingSettings) -> list[Finding]:
    """All checks on an entry, in their order.  Raises `UsageError` for an idea that opens nothing."""
    if idea.direction is None:
        raise UsageError(f"{idea.action} opens nothing: name long or short")
    probing = is_probe_running(view, state)
    case = Case(idea=idea, direction=idea.direction, view=view, state=state, settings=settings, probe_running=probing)
    found = []
    for check in CHECKS:
        reason = check.judge(case)
        refusal = "" if reason is None else reason.sentence
        found.append(Finding(check=check.name, setting=check.setting, refusal=refusal, figures=check.figures(case)))
    return found
