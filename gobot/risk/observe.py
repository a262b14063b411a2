"""Remembering: a pure fold of what happened into `RiskState`."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from gobot.core import ZERO, utc_day
from gobot.risk.breaker import Breaker, Probe
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
from gobot.risk.limits import portfolio_allowance
from gobot.risk.state import RiskState
from gobot.settings.trading import RiskManagerSettings, TradingSettings

_MINUTE_MS = 60_000
# Endings that say that the market went against the idea, where they come with a loss: a stop that has followed the
# price ends a trade well.
_STOPPED = ("stop", "trailing", "liquidation")


def observe(state: RiskState, event: RiskEvent, settings: TradingSettings, *, steady_ms: int) -> RiskState:
    """The state after ``event``.  ``steady_ms`` is the present on `gobot.risk.SteadyClock`."""
    after = _fold(state, event, settings, steady_ms)
    was, now = state.breaker.phase(steady_ms), after.breaker.phase(steady_ms)
    if was is not now:
        after = after.noted(event.at_ms, f"breaker {was} → {now}", after.breaker.reason)
    if after.latched and after.latched != state.latched:
        after = after.noted(event.at_ms, "emergency stop", after.latched)
    return after


def _fold(state: RiskState, event: RiskEvent, settings: TradingSettings, steady_ms: int) -> RiskState:
    breaker, rules = state.breaker, settings.risk_manager
    match event:
        case EquityMarked() | FundsMoved():
            return _money(state, event, settings)
        case TradeClosed():
            return _trade(state, event, rules, steady_ms)
        case EmergencyStop():
            return state if state.latched else replace(state, latched=event.reason)
        case OperatorReset():
            return _reset(state, event)
        case OrderAccepted():
            breaker = breaker.calmed()
        case OrderFailed():
            reason = f"order on {event.symbol} failed: {event.reason}"
            breaker = breaker.without_probe(_probe(event)).struck(reason, rules, steady_ms)
        case RuleViolated():
            breaker = breaker.struck(f"{event.rule}: {event.sentence}", rules, steady_ms)
        case ProbeStarted():
            breaker = breaker.probing(_probe(event))
        case EntryDropped():
            breaker = breaker.without_probe(_probe(event))
    return replace(state, breaker=breaker)


def _probe(event: OrderFailed | ProbeStarted | EntryDropped | TradeClosed) -> Probe:
    return Probe(symbol=event.symbol, cycle=event.cycle)


def _money(state: RiskState, event: EquityMarked | FundsMoved, settings: TradingSettings) -> RiskState:
    if isinstance(event, FundsMoved):
        return _funds(state, event)
    peak = event.equity if state.peak_equity is None else max(state.peak_equity, event.equity)
    base = event.equity if state.base_equity is None else state.base_equity
    after = replace(state, equity=event.equity, peak_equity=peak, base_equity=base)
    # Days only go forward: a clock that was set back must not hand out a second allowance.
    if (day := utc_day(event.at_ms)) > state.day:
        after = replace(after, day=day, day_start_equity=event.equity)
    return after if after.latched else replace(after, latched=_limit_reached(after, event.equity, settings))


def _limit_reached(state: RiskState, equity: Decimal, settings: TradingSettings) -> str:
    """Why ``equity`` latches the emergency stop, empty if it does not."""
    rules = settings.risk_manager
    drawdown, base = state.drawdown_at(equity), state.base_equity
    if drawdown is not None and drawdown >= rules.max_drawdown_pct:
        peak = state.peak_equity
        return f"drawdown {drawdown:.1f} % from the peak of {peak:,.2f} USDT reaches {rules.max_drawdown_pct:g} %"
    if base is not None and base - equity >= portfolio_allowance(settings, base):
        return (
            f"the loss of {base - equity:,.2f} USDT since the start at {base:,.2f} USDT reaches "
            f"{rules.portfolio_stop_pct:g} %"
        )
    return ""


def _funds(state: RiskState, event: FundsMoved) -> RiskState:
    """What drawdown, portfolio stop and day are measured from moves with the money."""

    def moved(mark: Decimal | None) -> Decimal | None:
        return None if mark is None else max(ZERO, mark + event.amount)

    what = "money paid in" if event.amount > 0 else "money paid out"
    after = replace(
        state,
        peak_equity=moved(state.peak_equity),
        base_equity=moved(state.base_equity),
        day_start_equity=moved(state.day_start_equity),
    )
    return after.noted(event.at_ms, what, f"{abs(event.amount):,.2f} USDT")


def _trade(state: RiskState, event: TradeClosed, rules: RiskManagerSettings, steady_ms: int) -> RiskState:
    after = state.counted(event.trade_id)
    if after is None:
        return state
    won, lost = event.pnl > 0, event.pnl < 0
    if lost and event.exit_reason in _STOPPED:
        since_ms = steady_ms - round(rules.stop_out_cooldown_minutes * _MINUTE_MS)
        after = after.stopped_out(event.symbol, steady_ms, since_ms=since_ms)
    if won:
        after = replace(after, losses_in_row=0, cooldown_until_ms=None)
    elif lost:
        after = replace(after, losses_in_row=after.losses_in_row + 1)
        if after.losses_in_row >= rules.max_consecutive_losses:
            until_ms = steady_ms + round(rules.loss_cooldown_minutes * _MINUTE_MS)
            after = replace(after, cooldown_until_ms=until_ms)
    if after.breaker.probe == _probe(event):
        breaker = after.breaker.probed(won=won, lost=lost, settings=rules, steady_ms=steady_ms)
        after = replace(after, breaker=breaker)
    return after


def _reset(state: RiskState, event: OperatorReset) -> RiskState:
    return replace(
        state,
        breaker=Breaker(),
        latched="",
        losses_in_row=0,
        cooldown_until_ms=None,
        peak_equity=state.equity,
        base_equity=state.equity,
        last_reset=event.reason,
    ).noted(event.at_ms, "operator reset", event.reason)
