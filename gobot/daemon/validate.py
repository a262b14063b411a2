"""Validate: each idea is tried on the recent past and put before every risk check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from gobot.backtest import Rules, recent
from gobot.core import Action, Book, Idea
from gobot.daemon.adjust import Plan
from gobot.daemon.idea import Thought
from gobot.daemon.scan import MarketView
from gobot.ledger import Trade
from gobot.risk import Reason, RecentTrade, RecentWindow, Refused, Risk, RiskState, RiskView, Verdict, view_of


def validate(
    plan: Plan,
    thoughts: Sequence[Thought],
    view: MarketView,
    closed: Sequence[Trade],
    risk: Risk,
    state: RiskState,
    *,
    steady_ms: int,
    paused: str,
    books: Mapping[str, Book] | None = None,
) -> list[Verdict]:
    """Verdicts on the ideas of the plan, in its order.  Pure.

    ``closed`` are the newest closed trades, for the day's realised profit and for sizes; ``books`` the order books of
    `entering`, None where the market has none.  While ``paused`` (a reason) no entry is judged at all, but one against
    an open position still closes it.
    """
    if paused:
        plan, refused = _exits_only(plan, view, paused)
    else:
        refused = []
    seen = risk_view(plan, thoughts, view, closed, risk, steady_ms=steady_ms, books=books)
    return risk.review(plan.ideas, seen, state) + refused


def risk_view(
    plan: Plan,
    thoughts: Sequence[Thought],
    view: MarketView,
    closed: Sequence[Trade],
    risk: Risk,
    *,
    steady_ms: int,
    books: Mapping[str, Book] | None,
) -> RiskView:
    """What risk is shown of the ideas of the plan."""
    wanted = entering(plan)
    return view_of(
        risk.settings,
        now_ms=view.at_ms,
        steady_ms=steady_ms,
        equity=view.balance.equity,
        available=view.balance.available,
        positions=tuple(view.positions.values()),
        entering=wanted,
        candles=view.candles,
        tickers=view.tickers,
        markets=view.markets,
        validation=_tried(wanted, thoughts, view, risk),
        closed=tuple(map(_recent_trade, closed)),
        quarantined=view.reconciliation.quarantined,
        pending=view.reconciliation.pending,
        clock_skew_ms=view.clock_skew_ms,
        books=books,
    )


def entering(plan: Plan) -> set[str]:
    """The symbols that the plan wants a position in."""
    return {idea.symbol for idea in plan.ideas if idea.direction}


def _exits_only(plan: Plan, view: MarketView, paused: str) -> tuple[Plan, list[Verdict]]:
    ideas: list[Idea] = []
    refused: list[Verdict] = []
    for idea in plan.ideas:
        position = view.positions.get(idea.symbol)
        if idea.direction is None:
            ideas.append(idea)
            continue
        if position is not None and position.direction is not idea.direction:
            ideas.append(replace(idea, action=Action.EXIT))
        refused.append(Refused(idea=idea, reasons=(Reason(check="paused", sentence=f"Paused: {paused}."),)))
    return replace(plan, ideas=tuple(ideas)), refused


def _tried(symbols: set[str], thoughts: Sequence[Thought], view: MarketView, risk: Risk) -> Mapping[str, RecentWindow]:
    """How the strategy did on the recent window of each symbol, from the signals that the idea came from."""
    settings = risk.settings
    if not settings.validation.enabled:
        return {}
    results = {}
    for thought in thoughts:
        symbol = thought.idea.symbol
        if symbol in symbols and symbol in view.markets:
            rules = Rules.of_idea(settings, fee=float(view.markets[symbol].taker_fee))
            result = recent(thought.signals, view.candles[symbol], rules, window=settings.validation.window)
            results[symbol] = RecentWindow(trades=result.trades, profit_factor=result.profit_factor)
    return results


def _recent_trade(trade: Trade) -> RecentTrade:
    return RecentTrade(
        symbol=trade.symbol,
        direction=trade.direction,
        closed_ms=trade.exit_ms or 0,
        pnl=trade.pnl,
        exit_reason=trade.exit_reason or "",
        value=trade.entry_value,
    )
