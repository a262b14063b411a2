"""What the daemon tells the world: frozen events, handed to every notifier in the order they happened.

An event says what happened in data; the doors (terminal, Telegram, web) choose the words.  Money in USDT, times in ms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum
from typing import ClassVar, Protocol

from loguru import logger


class Level(IntEnum):
    """How loud an event is; users choose from which level on they want to hear."""

    INFO = 0
    WARNING = 1
    CRITICAL = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Base of all events."""

    level: ClassVar[Level] = Level.INFO
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonStarted(Event):
    """The daemon is up.  ``resumed`` says in words where it goes on, empty for a first start."""

    mode: str
    branch: str
    cycle: int
    equity: Decimal
    symbols: int
    resumed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonStopped(Event):
    """The daemon ended for a named reason (see `gobot.daemon.exits`)."""

    reason: str
    cycle: int
    equity: Decimal
    open_positions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeOpened(Event):
    """A position was opened."""

    symbol: str
    direction: str
    quantity: Decimal
    price: Decimal
    stop: Decimal | None
    target: Decimal | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeEnded(Event):
    """A position was closed.  ``pnl`` is net of fees and funding; ``return_pct`` is in percent of the entry value."""

    symbol: str
    direction: str
    quantity: Decimal
    entry_price: Decimal
    exit_price: Decimal
    pnl: Decimal
    return_pct: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IdeaRefused(Event):
    """An idea was not traded; every reason in words."""

    symbol: str
    action: str
    confidence: float
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFailed(Event):
    """An order was refused by the venue, or its outcome is not known yet."""

    level: ClassVar[Level] = Level.WARNING
    symbol: str
    client_id: str
    outcome: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleFinished(Event):
    """One full cycle: how many ideas were formed, approved and refused."""

    cycle: int
    ideas: int
    approved: int
    refused: int
    equity: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class TradingPaused(Event):
    """No entries from now on; ``until_ms`` 0 means until resumed."""

    level: ClassVar[Level] = Level.WARNING
    reason: str
    until_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TradingResumed(Event):
    """Entries are allowed again."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerChanged(Event):
    """The circuit breaker moved (``closed``, ``open``, ``half_open``, ``latched``)."""

    level: ClassVar[Level] = Level.CRITICAL
    old: str
    new: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconciliationFound(Event):
    """Ledger and venue differed; each difference and what was done in words."""

    level: ClassVar[Level] = Level.WARNING
    differences: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered(Event):
    """What the start found that was not in order, and what was done about it, line by line."""

    level: ClassVar[Level] = Level.WARNING
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FundsMoved(Event):
    """Money was paid in (``amount`` above zero) or out; ``wallet`` is what is there now."""

    level: ClassVar[Level] = Level.WARNING
    amount: Decimal
    wallet: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class StepWorks(Event):
    """A step that had failed goes through again, after ``seconds``."""

    where: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorHappened(Event):
    """A step failed.  ``repeated`` counts the same error in a row."""

    level: ClassVar[Level] = Level.CRITICAL
    where: str
    message: str
    repeated: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopSlowed(Event):
    """The same failure again and again: the loop waits longer between cycles."""

    level: ClassVar[Level] = Level.CRITICAL
    failures: int
    next_cycle_ms: int
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsChanged(Event):
    """An edit of the YAML was taken up: ``key: old → new`` lines, secrets masked."""

    changes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsRejected(Event):
    """An edit of the YAML is wrong; nothing was changed."""

    level: ClassVar[Level] = Level.WARNING
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StateDamaged(Event):
    """A file of the state directory was damaged and set aside."""

    level: ClassVar[Level] = Level.CRITICAL
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DailySummary(Event):
    """One finished UTC day."""

    day: str
    trades: int
    wins: int
    pnl: Decimal
    fees: Decimal
    equity: Decimal
    drawdown_pct: float


@dataclass(frozen=True, slots=True, kw_only=True)
class HindsightTold(Event):
    """One finished UTC day beside the backtest of it: trades that both made, and those that only one did.

    ``refused`` counts candles on which the checks refused an entry, which the backtest then leaves out too.
    ``slippage_pct`` is how much worse than the backtest's the entries were on average; ``differences`` are the first
    few in words.
    """

    day: str
    compared: int
    matched: int
    missing: int
    extra: int
    differing: int
    refused: int
    slippage_pct: float
    sentence: str
    differences: tuple[str, ...] = ()


class Notifier(Protocol):
    """Whoever wants to hear.  ``publish`` must return at once and must not raise: telling never stops trading."""

    def publish(self, event: Event) -> None:
        """Take note of one event."""


class Announcer:
    """Hands each event to every notifier."""

    def __init__(self, notifiers: Sequence[Notifier] = ()) -> None:
        self._notifiers = list(notifiers)

    def add(self, notifier: Notifier) -> None:
        """Let one more listen."""
        self._notifiers.append(notifier)

    def publish(self, event: Event) -> None:
        """Tell all of them; one that fails is logged and does not keep the others, or the daemon, from going on."""
        for notifier in self._notifiers:
            try:
                notifier.publish(event)
            except Exception:  # noqa: BLE001  # telling must never stop trading
                logger.exception("a notifier failed", notifier=type(notifier).__name__, told=type(event).__name__)
