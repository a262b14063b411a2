"""What became of an order: the venue took it, it will not happen, or nobody knows yet."""

from __future__ import annotations

from dataclasses import dataclass

from gobot.core import plain
from gobot.ledger import OrderRow, TradeChange


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The venue took the order."""

    order: OrderRow

    @property
    def sentence(self) -> str:
        """For the operator."""
        row = self.order
        price = "" if row.average is None else f" at {plain(row.average)}"
        return f"{_name(row)} is {row.status}{price}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The order will not happen: the venue proved that it did not take it, ended it unfilled, or it was never sent.

    ``order.status`` says which of these, "dropped" for the last.
    """

    order: OrderRow

    @property
    def code(self) -> str:
        """The venue's own code, such as "-2019"; empty where there is none."""
        return self.order.code

    @property
    def reason(self) -> str:
        """Why."""
        return self.order.note

    @property
    def sentence(self) -> str:
        """For the operator."""
        code = f" ({self.code})" if self.code else ""
        return f"{_name(self.order)} is {self.order.status}: {self.reason or 'the venue gave no reason'}{code}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """The order was sent and nothing is known of it yet; it is asked for until it is, never sent again."""

    order: OrderRow
    reason: str

    @property
    def sentence(self) -> str:
        """For the operator."""
        return f"{_name(self.order)} was sent and its outcome is unknown: {self.reason}"


Outcome = Accepted | Refused | Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Executed:
    """What came of a command: one outcome per order that was sent or given up, and the trades that changed."""

    outcomes: tuple[Outcome, ...] = ()
    changes: tuple[TradeChange, ...] = ()


def outcome_of(row: OrderRow) -> Accepted | Refused:
    """The outcome of an order that the venue has spoken on, or that was given up."""
    alive = row.status.pending or row.filled > 0 or row.booked > 0
    return Accepted(order=row) if alive else Refused(order=row)


def _name(row: OrderRow) -> str:
    size = "" if row.closes_position else f" {plain(row.quantity)}"
    trigger = "" if row.trigger is None else f" at {plain(row.trigger)}"
    return f"{row.leg} {row.side}{size} {row.symbol}{trigger}"
