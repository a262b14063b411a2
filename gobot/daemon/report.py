"""Report: verdicts and outcomes turned into what is remembered, counted and told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Literal

from loguru import logger

from gobot.core import ZERO, Action, Idea, Refusal, plain, utc_day
from gobot.daemon.events import (
    Announcer,
    CycleFinished,
    DailySummary,
    IdeaRefused,
    OrderFailed,
    ReconciliationFound,
    TradeEnded,
    TradeOpened,
)
from gobot.execution import Accepted, Difference, Outcome, Unknown
from gobot.ledger import ChangeKind, Decision, LedgerStatus, OrderRow, Trade, TradeChange
from gobot.risk import EntryDropped, OrderAccepted, Refused, RiskEvent, Verdict
from gobot.risk import OrderFailed as OrderFailedEvent

# Refusals that nobody is to blame for: the market was quicker.
_HARMLESS = (Refusal.NOTHING_TO_CLOSE, Refusal.WOULD_TAKE, Refusal.PASSED)


def decisions_of(ideas: Sequence[Idea], verdicts: Sequence[Verdict]) -> list[Decision]:
    """One line per verdict, and one per idea that held, for the ledger and for people."""
    judged = []
    for verdict in verdicts:
        if isinstance(verdict, Refused):
            judged.append(_decision(verdict.idea, "refused", tuple(reason.sentence for reason in verdict.reasons)))
            continue
        # An entry against an open position is two orders: what it closes is said as such.
        idea = replace(verdict.idea, action=Action.EXIT) if verdict.kind == "close" else verdict.idea
        judged.append(_decision(idea, "approved", ()))
    return judged + [_decision(idea, "hold", ()) for idea in ideas if idea.action == "hold"]


def _decision(idea: Idea, verdict: Literal["approved", "refused", "hold"], reasons: tuple[str, ...]) -> Decision:
    return Decision(
        symbol=idea.symbol,
        action=idea.action.value,
        confidence=idea.confidence,
        strategy=idea.strategy,
        branch=idea.branch,
        reason=idea.reason,
        verdict=verdict,
        reasons=reasons,
    )


def outcome_events(orders: Iterable[OrderRow], *, at_ms: int, cycle: int) -> list[RiskEvent]:
    """What the orders of a decided cycle mean for the breaker, each counted once.

    Only the orders that carry a decision count, entries and exits; one that is still unknown says nothing yet.
    """
    events: list[RiskEvent] = []
    for order in orders:
        if order.leg.guards:
            continue
        if order.status is LedgerStatus.REFUSED and order.cause not in _HARMLESS:
            events.append(OrderFailedEvent(at_ms=at_ms, symbol=order.symbol, cycle=cycle, reason=order.note))
        elif order.status in (LedgerStatus.REFUSED, LedgerStatus.DEAD, LedgerStatus.DROPPED):
            events.append(EntryDropped(at_ms=at_ms, symbol=order.symbol, cycle=cycle))
        elif order.status is not LedgerStatus.SENT:
            events.append(OrderAccepted(at_ms=at_ms, symbol=order.symbol, cycle=cycle))
    return events


def log_decisions(decisions: Sequence[Decision], cycle: int) -> None:
    """One log line per idea that was judged, with every reason."""
    for decision in decisions:
        if decision.verdict != "hold":
            logger.info(
                decision.verdict,
                cycle=cycle,
                symbol=decision.symbol,
                action=decision.action,
                confidence=f"{decision.confidence:.2f}",
                why=decision.reason if decision.verdict == "approved" else " ".join(decision.reasons),
            )


def tell_verdicts(announcer: Announcer, verdicts: Sequence[Verdict], *, at_ms: int) -> None:
    """Publish what was refused, with every reason."""
    for verdict in verdicts:
        if isinstance(verdict, Refused):
            announcer.publish(
                IdeaRefused(
                    at_ms=at_ms,
                    symbol=verdict.idea.symbol,
                    action=verdict.idea.action.value,
                    confidence=verdict.idea.confidence,
                    reasons=tuple(reason.sentence for reason in verdict.reasons),
                )
            )


def tell_outcomes(announcer: Announcer, outcomes: Sequence[Outcome], *, at_ms: int) -> None:
    """Publish orders that did not go through."""
    for outcome in outcomes:
        if not isinstance(outcome, Accepted):
            announcer.publish(
                OrderFailed(
                    at_ms=at_ms,
                    symbol=outcome.order.symbol,
                    client_id=outcome.order.client_id,
                    outcome="unknown" if isinstance(outcome, Unknown) else outcome.order.status.value,
                    reason=outcome.reason,
                )
            )


def tell_changes(
    announcer: Announcer, changes: Sequence[TradeChange], differences: Sequence[Difference], at_ms: int
) -> None:
    """Publish trades that were opened and closed, and what did not agree with the venue."""
    sentences = [difference.sentence for difference in differences]
    for change in changes:
        if change.kind is ChangeKind.RESIZED:
            sentences.append(_resized(change.trade))
        else:
            announcer.publish(
                _opened(change.trade) if change.kind is ChangeKind.OPENED else _ended(change.trade, at_ms)
            )
    if sentences:
        announcer.publish(ReconciliationFound(at_ms=at_ms, differences=tuple(sentences)))


def _resized(trade: Trade) -> str:
    size = plain(trade.open_quantity)
    return f"somebody else traded on the {trade.direction} position in {trade.symbol}: it is {size} now, under its stop"


def _opened(trade: Trade) -> TradeOpened:
    return TradeOpened(
        at_ms=trade.entry_ms,
        symbol=trade.symbol,
        direction=trade.direction.value,
        quantity=trade.quantity,
        price=trade.entry_price,
        stop=trade.stop,
        target=trade.target,
        reason=trade.reason,
    )


def _ended(trade: Trade, at_ms: int) -> TradeEnded:
    return TradeEnded(
        at_ms=trade.exit_ms or at_ms,
        symbol=trade.symbol,
        direction=trade.direction.value,
        quantity=trade.quantity,
        entry_price=trade.entry_price,
        exit_price=trade.exit_price or ZERO,
        pnl=trade.pnl,
        return_pct=float(trade.return_pct),
        reason=trade.exit_reason or "",
    )


def cycle_event(cycle: int, verdicts: Sequence[Verdict], *, at_ms: int, equity: Decimal) -> CycleFinished:
    """One line about a finished cycle."""
    refused = sum(isinstance(verdict, Refused) for verdict in verdicts)
    return CycleFinished(
        at_ms=at_ms,
        cycle=cycle,
        ideas=len(verdicts),
        approved=len(verdicts) - refused,
        refused=refused,
        equity=equity,
    )


def summary_of(day: str, trades: Sequence[Trade], *, equity: Decimal, drawdown_pct: float, at_ms: int) -> DailySummary:
    """The finished UTC day ``day`` in numbers."""
    closed = [trade for trade in trades if trade.exit_ms is not None and utc_day(trade.exit_ms) == day]
    return DailySummary(
        at_ms=at_ms,
        day=day,
        trades=len(closed),
        wins=sum(trade.pnl > 0 for trade in closed),
        pnl=sum((trade.pnl for trade in closed), ZERO),
        fees=sum((trade.fees for trade in closed), ZERO),
        equity=equity,
        drawdown_pct=drawdown_pct,
    )
