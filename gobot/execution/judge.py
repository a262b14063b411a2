"""What has to be done so that ledger and venue agree.  Pure: facts in, actions and differences out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from gobot.core import OrderReport, OrderType, Position, plain
from gobot.execution.actions import Action, Adopt, Arm, Bury, Cancel, Close, Drop, Move, Retract, Send, WriteOff
from gobot.execution.differences import Difference, DifferenceKind
from gobot.execution.planning import Origin, OwnPosition, is_stale, origin_of
from gobot.ledger import LedgerStatus, Leg, OrderRow, Trade
from gobot.settings.trading import ExternalSettings

NO_POSITION = "there is no position for it to close"
STALE = "its candle is over"
SUPERSEDED = "a newer stop is resting"

# A trade that gobot did not open is only written off when its last fill is this old: the next may be on its way.
_QUIET_MS = 60_000
# A stop that somebody cancelled is put back once: doing it again and again would be a fight.
_RESTORED = 1
# Stops of one position that may be unknown at the same time.
_ASKED_AT_ONCE = 3
# A position that cannot be closed is tried again after 1, 2, 4, … seconds, at most this many.
_LONGEST_PAUSE_MS = 300_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Ledger and venue at one moment.

    ``orders`` are the unsettled ones after the venue was asked about them; ``absent`` the client ids that it
    provably does not know; ``strangers`` its open orders that the ledger does not know although they carry gobot's
    mark.  ``cycle`` is the one that may still be carried out (None: none may).  Of gobot's own open trades, by symbol:
    ``closing`` is the newest order that was to end it at once, ``taken`` how many of its stops others have cancelled.
    ``overdue`` are the client ids of entries whose time at their limit is up, ``ended`` the symbols whose trades have
    closed since the last look: that their guards go is no difference worth a word.
    """

    now_ms: int
    positions: Mapping[str, Position]
    trades: Sequence[Trade]
    orders: Sequence[OrderRow]
    absent: Collection[str] = ()
    strangers: Sequence[OrderReport] = ()
    cycle: int | None = None
    closing: Mapping[str, OrderRow] = field(default_factory=dict)
    taken: Mapping[str, int] = field(default_factory=dict)
    overdue: Collection[str] = ()
    ended: Collection[str] = ()
    external: ExternalSettings = field(default_factory=ExternalSettings)

    def is_current(self, row: OrderRow) -> bool:
        """Whether the decision behind an order may still be carried out."""
        return self.cycle is not None and row.cycle == self.cycle and not is_stale(row, self.now_ms)


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
        theirs = facts.positions.get(position.symbol)
        if theirs is not None and theirs.direction is position.direction:
            _judge_stops(position, theirs, facts, judgement)
            _judge_exit(position, theirs, facts, judgement)
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
    if absent and (not wanted or _is_lost(row, facts) or _has_successor(row, facts)):
        judgement.actions.append(Bury(order=row))
        judgement.note(DifferenceKind.LOST_ORDER, row.symbol, f"the venue does not know the {row.leg} {row.client_id}")
    elif row.status is LedgerStatus.INTENDED and not wanted:
        _drop(row, facts, judgement)
    elif row.status is LedgerStatus.OPEN and row.leg.guards and not wanted:
        judgement.actions.append(Cancel(order=row, reason=NO_POSITION))
        if row.symbol not in facts.ended:
            sentence = f"the {row.leg} {row.client_id} rested without a position"
            judgement.note(DifferenceKind.ORPHAN, row.symbol, sentence)
    elif row.client_id in facts.overdue:
        judgement.actions.append(Move(entry=row))
    elif absent or row.status is LedgerStatus.INTENDED:
        if absent:
            judgement.actions.append(Retract(order=row))
        if row.leg.guards and origin in held and row.symbol in facts.positions:
            judgement.actions.append(Send(order=row, position=held[origin]))


def _has_successor(row: OrderRow, facts: Facts) -> bool:
    """Whether a later try has been made of the same order."""
    return any(
        other.attempt > row.attempt and other.leg is row.leg and origin_of(other) == origin_of(row)
        for other in facts.orders
    )


def _drop(row: OrderRow, facts: Facts, judgement: Judgement) -> None:
    reason = NO_POSITION if row.leg.guards else STALE
    judgement.actions.append(Drop(order=row, reason=reason))
    if not (row.leg.guards and row.symbol in facts.ended):
        sentence = f"the {row.leg} {row.client_id} was not sent: {reason}"
        judgement.note(DifferenceKind.STALE_ORDER, row.symbol, sentence)


def _judge_stops(position: OwnPosition, theirs: Position, facts: Facts, judgement: Judgement) -> None:
    """One stop per position: a missing one is armed, of several the newest stays.

    One whose outcome is unknown may not protect, so it is not waited for.
    """
    stops = [row for row in facts.orders if row.leg is Leg.STOP and origin_of(row) == position.origin]
    resting = [row for row in stops if row.status is LedgerStatus.OPEN and row.client_id not in facts.absent]
    covering = [row for row in resting if row.closes_position or row.quantity >= theirs.quantity]
    if covering:
        newest = max(covering, key=lambda row: row.attempt)
        judgement.actions += [Cancel(order=row, reason=SUPERSEDED) for row in resting if row is not newest]
        return
    if any(_is_on_its_way(row, facts) for row in stops):
        return
    if sum(row.status is LedgerStatus.SENT for row in stops) >= _ASKED_AT_ONCE:
        return
    if position.stop is None:
        sentence = f"{_words(theirs)} has no stop, and the ledger knows no price for one"
        judgement.quarantine(DifferenceKind.STOP_MISSING, position.symbol, sentence)
    elif facts.taken.get(position.symbol, 0) > _RESTORED:
        _give_in(position, theirs, facts, judgement)
    else:
        judgement.actions.append(Arm(position=position, trigger=position.stop))
        judgement.note(DifferenceKind.STOP_MISSING, position.symbol, f"{_words(theirs)} had no stop on the venue")


def _is_on_its_way(row: OrderRow, facts: Facts) -> bool:
    """Whether a stop is about to be sent by this judgement, or one that came too late closes the position."""
    if row.status is LedgerStatus.INTENDED or (row.type is OrderType.MARKET and row.status.pending):
        return True
    return row.status is LedgerStatus.SENT and row.client_id in facts.absent and not _has_successor(row, facts)


def _give_in(position: OwnPosition, theirs: Position, facts: Facts, judgement: Judgement) -> None:
    """Somebody keeps taking the stop away: no fight about it."""
    sentence = f"somebody cancels the stop of {_words(theirs)} again and again"
    if facts.external.stops == "alert":
        judgement.quarantine(DifferenceKind.STOP_TAKEN, position.symbol, f"{sentence}: it has none now")
        return
    judgement.note(DifferenceKind.STOP_TAKEN, position.symbol, f"{sentence}: it is closed")
    if position.symbol not in facts.closing:
        judgement.actions.append(Close(position=position, reason=sentence))


def _judge_exit(position: OwnPosition, theirs: Position, facts: Facts, judgement: Judgement) -> None:
    """An exit that came to nothing is made again, under another number, as long as the position is there."""
    last = facts.closing.get(position.symbol)
    if last is None or last.side is not position.direction.exit_side or not _came_to_nothing(last, facts):
        return
    sentence = f"{_words(theirs)} should have been closed: {last.note or 'the order was lost'}"
    if last.status is LedgerStatus.REFUSED:
        judgement.quarantine(DifferenceKind.EXIT_MISSING, position.symbol, sentence)
        if facts.now_ms - last.updated_ms < min(1_000 << min(last.attempt - 1, 16), _LONGEST_PAUSE_MS):
            return
    judgement.actions.append(Close(position=position, reason=last.reason, before=last))


def _came_to_nothing(closing: OrderRow, facts: Facts) -> bool:
    """Whether an order that was to close a position has ended, or never was, and has not closed it."""
    if closing.client_id in facts.absent:
        # One that may still be carried out as it was decided is sent again as itself.
        return not (closing.leg.guards or facts.is_current(closing))
    if closing.status in (LedgerStatus.DEAD, LedgerStatus.REFUSED):
        return True
    return closing.status in (LedgerStatus.CANCELED, LedgerStatus.EXPIRED) and closing.booked == closing.filled


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
            _judge_foreign(position, facts, judgement)


def _judge_foreign(position: Position, facts: Facts, judgement: Judgement) -> None:
    """Somebody else's position: left alone, unless it is to be taken over."""
    symbol = position.symbol
    if facts.external.positions == "adopt":
        judgement.actions.append(Adopt(position=position))
        sentence = f"{_words(position)} was not opened by gobot: it is taken over, under a stop"
        judgement.note(DifferenceKind.POSITION_FOREIGN, symbol, sentence)
        return
    sentence = f"{_words(position)} was not opened by gobot: it is left alone, and so is the symbol"
    judgement.quarantined.setdefault(symbol, sentence)
    if facts.external.positions == "alert":
        judgement.note(DifferenceKind.POSITION_FOREIGN, symbol, sentence)


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
        _judge_foreign(position, facts, judgement)
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
