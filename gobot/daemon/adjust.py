"""Adjust: what was learned bears on what is about to be done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from gobot.core import Action, Idea
from gobot.memory import FEATURES, Pattern, TradeFacts

# What one pattern may do to a confidence, whatever its numbers: evidence shifts an idea, it does not make one.
_LEAST, _MOST = 0.5, 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the cycle wants to do: exits first, then entries from the most to the least confident."""

    branch: str
    ideas: tuple[Idea, ...]


def adjust(ideas: Sequence[Idea], patterns: Sequence[Pattern], *, branch: str, at_ms: int) -> Plan:
    """Drop what holds, weigh entries by the patterns that hold today, and put them in order.

    The order matters where capital is short: the first idea takes it first.  Equal confidence keeps the order of
    the settings' symbols.
    """
    holding = {pattern.key: pattern for pattern in patterns if pattern.retired_ms is None}
    exits = [idea for idea in ideas if idea.action is Action.EXIT]
    entries = [_weighed(idea, holding, at_ms) for idea in ideas if idea.direction is not None]
    entries.sort(key=lambda idea: -idea.confidence)
    return Plan(branch=branch, ideas=(*exits, *entries))


def _weighed(idea: Idea, holding: Mapping[tuple[str, str], Pattern], at_ms: int) -> Idea:
    """The idea with its confidence moved by the win rate of trades like it, and that said in its reason."""
    facts = TradeFacts(
        symbol=idea.symbol, entry_ms=at_ms, exit_ms=at_ms, pnl=0.0, strategy=idea.strategy, confidence=idea.confidence
    )
    confidence, notes = idea.confidence, []
    for feature, value_of in FEATURES.items():
        pattern = holding.get((feature, value_of(facts)))
        if pattern is None:
            continue
        ratio = pattern.win_rate / pattern.rest_win_rate if pattern.rest_win_rate else _MOST
        confidence *= min(_MOST, max(_LEAST, ratio))
        notes.append(pattern.sentence)
    if not notes:
        return idea
    return replace(idea, confidence=min(1.0, confidence), reason=f"{idea.reason} Learned: {'; '.join(notes)}.")
