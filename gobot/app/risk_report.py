"""Where risk stands, read from disk: no daemon and no venue is asked."""

from __future__ import annotations

from typing import Any

from gobot.core import iso
from gobot.memory import JsonFile
from gobot.risk import SCHEMA, RiskState
from gobot.settings import Loaded


def risk_of(loaded: Loaded) -> dict[str, Any]:
    """The breaker, the limits of the settings and where they stand, as last written."""
    document = JsonFile(loaded.paths.state / "risk.json", SCHEMA).peek()
    limits = loaded.settings.trading.risk_manager.model_dump(mode="json")
    if document is None:
        return {"breaker": "closed", "limits": limits}
    document.pop("folded_cycle", None)
    document.pop("funds", None)
    state = RiskState.from_document(document)
    history = [{"at": iso(change.at_ms), "what": change.what, "why": change.why} for change in state.history]
    until = state.breaker.until_ms
    return {
        "breaker": "latched" if state.latched else "closed" if until is None else "open",
        "reason": state.latched or state.breaker.reason,
        "probes_from": None if until is None else iso(until),
        "equity": _number(state.equity),
        "peak_equity": _number(state.peak_equity),
        "drawdown_pct": state.drawdown_pct,
        "day_start_equity": _number(state.day_start_equity),
        "losses_in_row": state.losses_in_row,
        "cooldown_until": None if state.cooldown_until_ms is None else iso(state.cooldown_until_ms),
        "last_reset": state.last_reset or None,
        "limits": limits,
        "history": history,
    }


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
