"""Checks on the account: losses, breaker, what is open already.

Each has a function that returns the sentence that refuses, or None, and one that tells how far from that it is.
"""

from __future__ import annotations

from decimal import Decimal

from gobot.core import plain
from gobot.risk.breaker import Phase
from gobot.risk.case import Case, Check, MissingDataError
from gobot.risk.limits import exposure_limit, portfolio_allowance

_MINUTE_MS = 60_000


def _emergency_stop(case: Case) -> str | None:
    """A latched stop lets nothing in until an operator resets it."""
    if not case.state.latched:
        return None
    return f"Emergency stop: {case.state.latched}. It stays until an operator resets it: gobot reset-breaker."


def _circuit_breaker(case: Case) -> str | None:
    """An open breaker lets nothing in, a half-open one exactly one probe at a time."""
    breaker = case.state.breaker
    if case.phase is Phase.OPEN and breaker.until_ms is not None:
        minutes = (breaker.until_ms - case.view.steady_ms) / _MINUTE_MS
        return f"The circuit breaker is open for another {minutes:.1f} minutes: {breaker.reason}."
    if case.phase is Phase.HALF_OPEN and case.probe_running:
        return "The circuit breaker is half open and its one probe trade is already under way."
    return None


def _breaker_figures(case: Case) -> str:
    strikes, threshold = case.state.breaker.strikes, case.rules.circuit_breaker_threshold
    return f"{case.phase}, {strikes} of {threshold} failures in a row"


def _fallen(case: Case) -> float:
    fallen = case.state.drawdown_at(case.view.equity)
    if fallen is None:
        raise MissingDataError("The peak of the equity is not known.")
    return fallen


def _drawdown(case: Case) -> str | None:
    """Equity must not have fallen too far from its peak."""
    fallen, limit = _fallen(case), case.rules.max_drawdown_pct
    if fallen < limit:
        return None
    return f"Drawdown {fallen:.1f} % from the peak of {case.state.peak_equity:,.2f} USDT reaches {limit:g} %."


def _drawdown_figures(case: Case) -> str:
    return f"{_fallen(case):.1f} % of {case.rules.max_drawdown_pct:g} %"


def _base(case: Case) -> Decimal:
    if case.state.base_equity is None:
        raise MissingDataError("The equity that the portfolio stop is measured from is not known.")
    return case.state.base_equity


def _portfolio_stop(case: Case) -> str | None:
    """The account must not have lost too much of what it had at the start or the last reset."""
    base = _base(case)
    lost, allowed = base - case.view.equity, portfolio_allowance(case.settings, base)
    if lost < allowed:
        return None
    return (
        f"The loss of {lost:,.2f} USDT since the start at {base:,.2f} USDT reaches {allowed:,.2f} USDT "
        f"({case.rules.portfolio_stop_pct:g} %)."
    )


def _portfolio_figures(case: Case) -> str:
    base = _base(case)
    return f"loss {base - case.view.equity:,.2f} of {portfolio_allowance(case.settings, base):,.2f} USDT"


def _worst_of_day(case: Case) -> Decimal:
    start = case.state.day_start_equity
    if start is None or case.state.day < case.view.today:
        raise MissingDataError("The equity at the start of the day is not known.")
    return min(case.view.equity - start, case.view.realised_today)


def _daily_loss(case: Case) -> str | None:
    """The UTC day must not have lost too much, realised or on paper, whichever is worse."""
    worst, limit = _worst_of_day(case), case.settings.orchestrator.completion_targets.max_daily_loss
    return None if worst > limit else f"Loss of the day, {-worst:,.2f} USDT, reaches {-limit:,.2f} USDT."


def _day_figures(case: Case) -> str:
    limit = case.settings.orchestrator.completion_targets.max_daily_loss
    return f"{_worst_of_day(case):+,.2f} of {limit:,.2f} USDT"


def _consecutive_losses(case: Case) -> str | None:
    """After too many losing trades in a row there is a pause."""
    losses, until_ms = case.state.losses_in_row, case.state.cooldown_until_ms
    if until_ms is None or case.view.steady_ms >= until_ms:
        return None
    minutes = (until_ms - case.view.steady_ms) / _MINUTE_MS
    return (
        f"{losses} losing trades in a row reach {case.rules.max_consecutive_losses}: "
        f"no entries for another {minutes:.1f} minutes."
    )


def _losses_figures(case: Case) -> str:
    return f"{case.state.losses_in_row} of {case.rules.max_consecutive_losses} losing trades in a row"


def _stop_out_cooldown(case: Case) -> str | None:
    """A symbol whose position was stopped out is left alone for a while."""
    stopped = next((one for one in case.state.stop_outs if one.symbol == case.symbol), None)
    minutes = case.rules.stop_out_cooldown_minutes
    if stopped is None or minutes == 0:
        return None
    left = minutes - (case.view.steady_ms - stopped.at_ms) / _MINUTE_MS
    if left <= 0:
        return None
    return f"A position in {case.symbol} was stopped out: no entries there for another {left:.1f} minutes."


def _cooldown_figures(case: Case) -> str:
    return f"no stop-out in the last {case.rules.stop_out_cooldown_minutes:g} minutes"


def _already_open(case: Case) -> str | None:
    """One position per symbol; the opposite one must be closed first."""
    position = case.view.position(case.symbol)
    if position is None:
        return None
    if position.direction is case.direction:
        return f"Already {position.direction} {plain(position.quantity)} {case.symbol}: nothing to do."
    return f"{case.symbol} is {position.direction} {plain(position.quantity)}: that must be closed first."


def _open_positions(case: Case) -> str | None:
    """Only so many positions at a time."""
    held, limit = len(case.view.positions), case.rules.max_open_positions
    return None if held < limit else f"{held} open positions reach the limit of {limit}."


def _positions_figures(case: Case) -> str:
    return f"{len(case.view.positions)} of {case.rules.max_open_positions} positions"


def _limit(case: Case, percent: float) -> Decimal:
    return exposure_limit(percent, case.view.equity, case.view.leverage)


def _exposure(case: Case) -> str | None:
    """The sum of all positions has a limit; the sizing takes what is left of it."""
    taken, percent = case.view.exposure, case.rules.max_total_exposure_pct
    return _nothing_left("Open positions", taken, percent, case)


def _direction_exposure(case: Case) -> str | None:
    """So has the sum of all longs, and that of all shorts."""
    taken, percent = case.view.exposure_to(case.direction), case.rules.max_direction_exposure_pct
    return _nothing_left(f"Open {case.direction} positions", taken, percent, case)


def _nothing_left(what: str, taken: Decimal, percent: float, case: Case) -> str | None:
    limit = _limit(case, percent)
    if taken < limit:
        return None
    return (
        f"{what} of {taken:,.2f} USDT leave nothing of the {limit:,.2f} USDT allowed "
        f"({percent:g} % of {case.view.equity:,.2f} USDT times leverage {case.view.leverage})."
    )


def _exposure_figures(case: Case) -> str:
    return f"{case.view.exposure:,.2f} of {_limit(case, case.rules.max_total_exposure_pct):,.2f} USDT"


def _direction_figures(case: Case) -> str:
    limit = _limit(case, case.rules.max_direction_exposure_pct)
    return f"{case.view.exposure_to(case.direction):,.2f} of {limit:,.2f} USDT {case.direction}"


_RULES = "trading.risk_manager"

ACCOUNT_CHECKS = (
    Check("emergency_stop", f"{_RULES}.max_drawdown_pct", _emergency_stop, lambda _: "not latched"),
    Check("circuit_breaker", f"{_RULES}.circuit_breaker_threshold", _circuit_breaker, _breaker_figures),
    Check("drawdown", f"{_RULES}.max_drawdown_pct", _drawdown, _drawdown_figures),
    Check("portfolio_stop", f"{_RULES}.portfolio_stop_pct", _portfolio_stop, _portfolio_figures),
    Check("daily_loss", "trading.orchestrator.completion_targets.max_daily_loss", _daily_loss, _day_figures),
    Check("consecutive_losses", f"{_RULES}.max_consecutive_losses", _consecutive_losses, _losses_figures),
    Check("stop_out_cooldown", f"{_RULES}.stop_out_cooldown_minutes", _stop_out_cooldown, _cooldown_figures),
    Check("already_open", "", _already_open, lambda _: "flat"),
    Check("open_positions", f"{_RULES}.max_open_positions", _open_positions, _positions_figures),
    Check("exposure", f"{_RULES}.max_total_exposure_pct", _exposure, _exposure_figures),
    Check("direction_exposure", f"{_RULES}.max_direction_exposure_pct", _direction_exposure, _direction_figures),
)
