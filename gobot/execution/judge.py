"""What has to be done so that ledger and venue agree.  Pure: facts in, actions and differences out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from gobot.core import OrderReport, Position, plain
from gobot.execution.differences import Difference, DifferenceKind
from gobot.execution.planning import Origin, OwnPosition, is_stale, origin_of
from gobot.ledger import LedgerStatus, Leg, OrderRow, Trade

NO_POSITION = "there is no position for it to close"
STALE = "its candle is over"
SUPERSEDED = "a newer stop is resting"

# A trade that gobot did not open is only written off when its last fill is this old: the next may be on its way.
_QUIET_MS = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Ledger and venue at one moment.

    ``orders`` are the unsettled ones after the venue was asked about them; ``absent`` the client ids that it
    provably does not know; ``strangers`` its open orders that the ledger does not know although they carry gobot's
    mark.  ``cycle`` is the one that may still be carried out (None: none may).
    """

    now_ms: int
    positions: Mapping[str, Position]
    trades: Sequence[Trade]
    orders: Sequence[OrderRow]
    absent: Collection[str] = ()
    strangers: Sequence[OrderReport] = ()
    cycle: int | None = None

    def is_current(self, row: OrderRow) -> bool:
        """Whether the decision behind an order may still be carried out."""
        return self.cycle is not None and row.cycle == self.cycle and not is_stale(row, self.now_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retract:
    """A sent order never arrived and is still wanted: it is an intent again."""

    order: OrderRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Bury:
    """An order is not on the venue and never will be."""

    order: OrderRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """An intended order will not be sent."""

    order: OrderRow
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel:
    """A resting order has nothing to do any more."""

    order: OrderRow
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """An intended order that belongs to an open position is carried out."""

    order: OrderRow
    position: OwnPosition


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """A position has no stop: it gets one."""

    position: OwnPosition
    trigger: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOff:
    """A trade that gobot did not open is over."""

    trade: Trade


Action = Retract | Bury | Drop | Cancel | Send | Arm | WriteOff


@dataclass(slots=True)
class Judgement:
    """What to do, in this order; what differs; and the symbols that cannot be made equal, with the reason."""

    actions: list[Action] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    quarantined: dict[str, str] = field(default_factory=dict)

    def note(self, kind: DifferenceKind, symbol: str, sentence: str) -> None:
        """Put a difference on record."""
        self.differences.append(Difference(kind=kind, symbol=symbol, sentence=sentence))

    def quarantine(self, kind: DifferenceKind, symbol: str, sentence: str) -> None:
        """Put a difference on record and keep new entries out of its symbol; the first reason stays."""
        self.note(kind, symbol, sentence)
        self.quarantined.setdefault(symbol, sentence)


def judge(facts: Facts) -> Judgement:
    """Compare ledger and venue."""
    judgement = Judgement()
    owned = own_positions(facts)
    held = {position.origin: position for position in owned}
    awaited = {origin_of(row) for row in facts.orders if row.leg is Leg.ENTRY and _may_fill(row, facts)}
    for row in facts.orders:
        _judge_order(row, facts, held, awaited, judgement)
    for position in owned:
        _judge_stops(position, facts, judgement)
    _judge_positions(facts, judgement)
    _judge_strangers(facts, judgement)
    return judgement


def own_positions(facts: Facts) -> list[OwnPosition]:
    """Every position of gobot's own, also one whose fills have not been reported yet."""
    owned = [OwnPosition.of_trade(trade) for trade in facts.trades if not trade.is_external]
    known = {trade.symbol for trade in facts.trades}
    entries = (row for row in facts.orders if row.leg is Leg.ENTRY and row.filled > row.booked)
    return owned + [OwnPosition.of_entry(row) for row in entries if row.symbol not in known]


def unequal_symbols(positions: Mapping[str, Position], trades: Iterable[Trade]) -> set[str]:
    """Symbols in which the ledger's open trades are not the venue's positions."""
    ours = {trade.symbol: (trade.direction, trade.open_quantity) for trade in trades}
    theirs = {position.symbol: (position.direction, position.quantity) for position in positions.values()}
    return {symbol for symbol in ours.keys() | theirs.keys() if ours.get(symbol) != theirs.get(symbol)}


def _may_fill(entry: OrderRow, facts: Facts) -> bool:
    """Whether a position may still come of an unsettled entry."""
    if entry.status is LedgerStatus.INTENDED or entry.client_id in facts.absent:
        return facts.is_current(entry)
    return entry.status.pending or entry.filled > 0 or entry.booked > 0


def _judge_order(
    row: OrderRow, facts: Facts, held: Mapping[Origin, OwnPosition], awaited: Collection[Origin], judgement: Judgement
) -> None:
    origin = origin_of(row)
    wanted = origin in held or origin in awaited if row.leg.guards else facts.is_current(row)
    absent = row.client_id in facts.absent
    if absent and (_is_lost(row, facts) or not wanted):
        judgement.actions.append(Bury(order=row))
        judgement.note(DifferenceKind.LOST_ORDER, row.symbol, f"the venue does not know the {row.leg} {row.client_id}")
    elif row.status is LedgerStatus.INTENDED and not wanted:
        _drop(row, judgement)
    elif row.status is LedgerStatus.OPEN and row.leg.guards and not wanted:
        judgement.actions.append(Cancel(order=row, reason=NO_POSITION))
        judgement.note(DifferenceKind.ORPHAN, row.symbol, f"the {row.leg} {row.client_id} rested without a position")
    elif absent or row.status is LedgerStatus.INTENDED:
        if absent:
            judgement.actions.append(Retract(order=row))
        if row.leg.guards and origin in held and row.symbol in facts.positions:
            judgement.actions.append(Send(order=row, position=held[origin]))


def _drop(row: OrderRow, judgement: Judgement) -> None:
    reason = NO_POSITION if row.leg.guards else STALE
    judgement.actions.append(Drop(order=row, reason=reason))
    judgement.note(DifferenceKind.STALE_ORDER, row.symbol, f"the {row.leg} {row.client_id} was not sent: {reason}")


def _judge_stops(position: OwnPosition, facts: Facts, judgement: Judgement) -> None:
    """One stop per position: a missing one is armed, of several the newest stays."""
    theirs = facts.positions.get(position.symbol)
    if theirs is None or theirs.direction is not position.direction:
        return
    stops = [
        row
        for row in facts.orders
        if row.leg is Leg.STOP and origin_of(row) == position.origin and row.status.pending and not _is_lost(row, facts)
    ]
    resting = [row for row in stops if row.status is LedgerStatus.OPEN and row.closes_position]
    for row in sorted(resting, key=lambda row: row.attempt)[:-1]:
        judgement.actions.append(Cancel(order=row, reason=SUPERSEDED))
    if stops:
        return
    if position.stop is None:
        sentence = f"{_words(theirs)} has no stop, and the ledger knows no price for one"
        judgement.quarantine(DifferenceKind.STOP_MISSING, position.symbol, sentence)
        return
    judgement.actions.append(Arm(position=position, trigger=position.stop))
    judgement.note(DifferenceKind.STOP_MISSING, position.symbol, f"{_words(theirs)} had no stop on the venue")


def _is_lost(row: OrderRow, facts: Facts) -> bool:
    return row.client_id in facts.absent and row.status is LedgerStatus.OPEN


def _judge_positions(facts: Facts, judgement: Judgement) -> None:
    trades = {trade.symbol: trade for trade in facts.trades}
    waiting = {row.symbol for row in facts.orders if row.leg is Leg.ENTRY and _was_sent(row)}
    for symbol in sorted(trades.keys() | facts.positions.keys()):
        trade, position = trades.get(symbol), facts.positions.get(symbol)
        if trade is not None and trade.is_external:
            _judge_external(trade, position, facts, judgement)
        elif trade is not None:
            _judge_own(trade, position, judgement)
        elif position is not None and symbol in waiting:
            sentence = f"{_words(position)} is of an entry whose fills the venue has not reported yet"
            judgement.quarantine(DifferenceKind.FILLS_MISSING, symbol, sentence)
        elif position is not None:
            sentence = f"{_words(position)} was not opened by gobot: it is left alone, and so is the symbol"
            judgement.quarantine(DifferenceKind.POSITION_FOREIGN, symbol, sentence)


def _was_sent(entry: OrderRow) -> bool:
    return entry.status is not LedgerStatus.INTENDED


def _judge_own(trade: Trade, position: Position | None, judgement: Judgement) -> None:
    ours = f"{trade.direction} {plain(trade.open_quantity)} {trade.symbol}"
    if position is None or position.direction is not trade.direction:
        theirs = "is flat" if position is None else f"holds {_words(position)}"
        sentence = f"the ledger holds {ours}, the venue {theirs}, and no fill explains it"
        judgement.quarantine(DifferenceKind.POSITION_MISSING, trade.symbol, sentence)
    elif position.quantity != trade.open_quantity:
        sentence = f"the ledger holds {ours}, the venue {_words(position)}, and no fill explains the difference"
        judgement.quarantine(DifferenceKind.POSITION_UNEQUAL, trade.symbol, sentence)


def _judge_external(trade: Trade, position: Position | None, facts: Facts, judgement: Judgement) -> None:
    if position is not None:
        sentence = f"{_words(position)} was not opened by gobot: it is left alone, and so is the symbol"
        judgement.quarantine(DifferenceKind.POSITION_FOREIGN, trade.symbol, sentence)
    elif facts.now_ms - max(trade.entry_ms, trade.exit_ms or 0) >= _QUIET_MS:
        judgement.actions.append(WriteOff(trade=trade))
        sentence = f"the {trade.direction} position in {trade.symbol} that gobot did not open has gone from the venue"
        judgement.note(DifferenceKind.WRITTEN_OFF, trade.symbol, sentence)
    else:
        sentence = f"the {trade.direction} position in {trade.symbol} that gobot did not open is not on the venue"
        judgement.quarantine(DifferenceKind.POSITION_MISSING, trade.symbol, sentence)


def _judge_strangers(facts: Facts, judgement: Judgement) -> None:
    for report in facts.strangers:
        sentence = (
            f"order {report.client_id} in {report.symbol} carries gobot's mark but is not in this ledger: "
            "is another gobot trading on this account?"
        )
        judgement.quarantine(DifferenceKind.ORDER_FOREIGN, report.symbol, sentence)


def _words(position: Position) -> str:
    return f"{position.direction} {plain(position.quantity)} {position.symbol}"
