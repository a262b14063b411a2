"""Checks on the account: losses, breaker, what is open already.  Each returns the sentence that refuses, or None."""

from __future__ import annotations

from gobot.core import plain, utc_day
from gobot.risk.breaker import Phase
from gobot.risk.case import Case, Check, MissingDataError
from gobot.risk.sizing import exposure_limit

_MINUTE_MS = 60_000


def emergency_stop(case: Case) -> str | None:
    """A latched stop lets nothing in until an operator resets it."""
    if not case.state.latched:
        return None
    return f"Emergency stop: {case.state.latched}. It stays until an operator resets it: gobot reset-breaker."


def circuit_breaker(case: Case) -> str | None:
    """An open breaker lets nothing in, a half-open one exactly one probe at a time."""
    breaker = case.state.breaker
    if case.phase is Phase.OPEN and breaker.until_ms is not None:
        minutes = (breaker.until_ms - case.view.steady_ms) / _MINUTE_MS
        return f"The circuit breaker is open for another {minutes:.1f} minutes: {breaker.reason}."
    if case.phase is Phase.HALF_OPEN and case.probe_running:
        return "The circuit breaker is half open and its one probe trade is already under way."
    return None


def drawdown(case: Case) -> str | None:
    """Equity must not have fallen too far from its peak."""
    fallen, limit = case.state.drawdown_at(case.view.equity), case.rules.max_drawdown_pct
    if fallen is None:
        raise MissingDataError("The peak of the equity is not known.")
    if fallen < limit:
        return None
    return f"Drawdown {fallen:.1f} % from the peak of {case.state.peak_equity:,.2f} USDT reaches {limit:g} %."


def daily_loss(case: Case) -> str | None:
    """The UTC day must not have lost too much, realised or on paper, whichever is worse."""
    start = case.state.day_start_equity
    if start is None or case.state.day < utc_day(case.view.now_ms):
        raise MissingDataError("The equity at the start of the day is not known.")
    worst = min(case.view.equity - start, case.view.realised_today)
    limit = case.settings.orchestrator.completion_targets.max_daily_loss
    return None if worst > limit else f"Loss of the day, {-worst:,.2f} USDT, reaches {-limit:,.2f} USDT."


def consecutive_losses(case: Case) -> str | None:
    """After too many losing trades in a row there is a pause."""
    losses, until_ms = case.state.losses_in_row, case.state.cooldown_until_ms
    if until_ms is None or case.view.steady_ms >= until_ms:
        return None
    minutes = (until_ms - case.view.steady_ms) / _MINUTE_MS
    return (
        f"{losses} losing trades in a row reach {case.rules.max_consecutive_losses}: "
        f"no entries for another {minutes:.1f} minutes."
    )


def already_open(case: Case) -> str | None:
    """One position per symbol; the opposite one must be closed first."""
    position = case.view.position(case.symbol)
    if position is None:
        return None
    if position.direction is case.direction:
        return f"Already {position.direction} {plain(position.quantity)} {case.symbol}: nothing to do."
    return f"{case.symbol} is {position.direction} {plain(position.quantity)}: that must be closed first."


def open_positions(case: Case) -> str | None:
    """Only so many positions at a time."""
    held, limit = len(case.view.positions), case.rules.max_open_positions
    return None if held < limit else f"{held} open positions reach the limit of {limit}."


def exposure(case: Case) -> str | None:
    """The sum of all positions has a limit; the sizing takes what is left of it."""
    view = case.view
    limit = exposure_limit(case.settings, view.equity, view.leverage)
    if view.exposure < limit:
        return None
    return (
        f"Open positions of {view.exposure:,.2f} USDT leave nothing of the {limit:,.2f} USDT allowed "
        f"({case.rules.max_total_exposure_pct:g} % of {view.equity:,.2f} USDT times leverage {view.leverage})."
    )


ACCOUNT_CHECKS = (
    Check("emergency_stop", "trading.risk_manager.max_drawdown_pct", emergency_stop),
    Check("circuit_breaker", "trading.risk_manager.circuit_breaker_threshold", circuit_breaker),
    Check("drawdown", "trading.risk_manager.max_drawdown_pct", drawdown),
    Check("daily_loss", "trading.orchestrator.completion_targets.max_daily_loss", daily_loss),
    Check("consecutive_losses", "trading.risk_manager.max_consecutive_losses", consecutive_losses),
    Check("already_open", "", already_open),
    Check("open_positions", "trading.risk_manager.max_open_positions", open_positions),
    Check("exposure", "trading.risk_manager.max_total_exposure_pct", exposure),
)
