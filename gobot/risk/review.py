"""Judging ideas: each is approved as an order that may be sent, or refused with every reason."""

from __future__ import annotations

from collections.abc import Sequence

from gobot.core import Action, Direction, Idea, Position
from gobot.risk.breaker import Phase
from gobot.risk.case import Case
from gobot.risk.checks import failed_checks
from gobot.risk.state import RiskState
from gobot.risk.verdict import Approved, Reason, Refused, Verdict, approve_close, approve_open
from gobot.risk.view import RiskView
from gobot.settings.trading import TradingSettings


def review(ideas: Sequence[Idea], view: RiskView, state: RiskState, settings: TradingSettings) -> list[Verdict]:
    """Judge ``ideas`` in order, each with the account as it will be once those approved before it are carried out.

    What closes is carried out first, so every entry is judged with the margin of all that is closed set free.  The
    verdicts come in the order of the ideas, 0 to 2 for each:

    * hold: none.
    * exit: the open position's close, approved whatever the checks say; refused only when there is nothing to close.
    * long or short while flat, or in that direction already: one verdict on opening.
    * long or short against an open position: its approved close, then a verdict on opening with that margin freed.
    """
    wishes = [idea for idea in ideas if idea.action is not Action.HOLD]
    verdicts: list[list[Verdict]] = []
    probing = is_probe_running(view, state)
    for idea in wishes:
        position = view.position(idea.symbol)
        if position is not None and idea.direction is not position.direction:
            verdicts.append([approve_close(idea, position.direction, position.quantity)])
            view = view.closed(position)
        else:
            verdicts.append([_nothing_to_close(idea)] if idea.action is Action.EXIT else [])
    for idea, own in zip(wishes, verdicts, strict=True):
        if idea.direction is None:
            continue
        verdict = _entry(idea, idea.direction, view, state, settings, probing=probing)
        own.append(verdict)
        if isinstance(verdict, Approved):
            probing = probing or verdict.probe
            view = view.opened(_position(verdict, view))
    return [verdict for own in verdicts for verdict in own]


def is_probe_running(view: RiskView, state: RiskState) -> bool:
    """Whether the breaker's probe is open or may be: one that left no position and no open question came to nothing."""
    probe = state.breaker.probe
    if probe is None:
        return False
    return view.position(probe.symbol) is not None or probe.symbol in view.pending | view.quarantined


def _entry(
    idea: Idea, direction: Direction, view: RiskView, state: RiskState, settings: TradingSettings, *, probing: bool
) -> Verdict:
    case = Case(idea=idea, direction=direction, view=view, state=state, settings=settings, probe_running=probing)
    if reasons := failed_checks(case):
        return Refused(idea=idea, reasons=reasons)
    protection = case.protection
    return approve_open(
        idea,
        direction,
        quantity=case.size.quantity,
        stop=protection.stop,
        target=protection.target,
        probe=case.phase is Phase.HALF_OPEN,
    )


def _nothing_to_close(idea: Idea) -> Refused:
    sentence = f"There is no position in {idea.symbol} to close."
    return Refused(idea=idea, reasons=(Reason(check="nothing_open", sentence=sentence),))


def _position(approved: Approved, view: RiskView) -> Position:
    """The position that ``approved`` will have opened, at the price it is expected to pay."""
    ticker = view.tickers[approved.idea.symbol]
    return Position(
        symbol=approved.idea.symbol,
        direction=approved.direction,
        quantity=approved.quantity,
        entry_price=ticker.taken(approved.direction.entry_side),
        mark_price=ticker.last,
        leverage=view.leverage,
    )
