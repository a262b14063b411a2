"""What a start found and put right, in words: for the log, ``gobot status`` and the operator's chat."""

from __future__ import annotations

from gobot.execution import Reconciliation, Refused, Unknown
from gobot.ledger import ChangeKind, TradeChange


def recovery_report(found: Reconciliation) -> tuple[str, ...]:
    """One line for everything that was settled, restored, booked or quarantined; none where all was in order."""
    lines = [f"settled: {outcome.sentence}" for outcome in found.outcomes if not isinstance(outcome, Refused | Unknown)]
    lines += [f"given up: {outcome.sentence}" for outcome in found.outcomes if isinstance(outcome, Refused)]
    lines += [f"booked: {_booked(change)}" for change in found.changes]
    lines += [f"found: {difference.sentence}" for difference in found.differences]
    lines += [f"unknown: {row.leg} {row.client_id} in {row.symbol} is still being asked for" for row in found.unknown]
    lines += [f"quarantined: {symbol}, {reason}" for symbol, reason in sorted(found.quarantined.items())]
    return tuple(lines)


def _booked(change: TradeChange) -> str:
    trade = change.trade
    if change.kind is ChangeKind.CLOSED:
        return f"{trade.direction} {trade.symbol} closed by {trade.exit_reason}, {trade.pnl:+.2f} USDT"
    return f"{trade.direction} {trade.symbol} {change.kind}"
