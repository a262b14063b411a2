"""What risk says about an idea.  An `Approved` can be made only in this room, so nothing unjudged reaches a venue."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from gobot.core import Direction, Idea

_SEAL = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """An order that may be sent.

    ``kind`` "open" starts a position of ``quantity`` base units protected at ``stop`` (always present) and taken at
    ``target``; "close" ends the whole position of that direction and needs neither.  All are rounded to the
    venue's steps.  ``probe`` marks the one reduced trade of a half-open breaker.
    """

    idea: Idea
    kind: Literal["open", "close"]
    direction: Direction
    quantity: Decimal
    stop: Decimal | None = None
    target: Decimal | None = None
    probe: bool = False
    seal: object = field(repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.seal is not _SEAL:
            raise TypeError("only the risk room approves: call Risk.review")
        if self.kind == "open" and self.stop is None:
            raise ValueError(f"an opening order on {self.idea.symbol} needs a protective stop")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why one check refused: its name and a sentence with the numbers."""

    check: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """An idea that must not be traded, with every check that failed, not only the first."""

    idea: Idea
    reasons: tuple[Reason, ...]


Verdict = Approved | Refused


def approve_open(
    idea: Idea, direction: Direction, *, quantity: Decimal, stop: Decimal, target: Decimal | None, probe: bool
) -> Approved:
    """Approve the opening of a position.  For `gobot.risk.review` alone."""
    return Approved(
        idea=idea,
        kind="open",
        direction=direction,
        quantity=quantity,
        stop=stop,
        target=target,
        probe=probe,
        seal=_SEAL,
    )


def approve_close(idea: Idea, direction: Direction, quantity: Decimal) -> Approved:
    """Approve the closing of a position.  For `gobot.risk.review` alone."""
    return Approved(idea=idea, kind="close", direction=direction, quantity=quantity, seal=_SEAL)
