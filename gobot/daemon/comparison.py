"""Two lists of trades side by side: what the backtest says and what the daemon did.  Pure.

Trades are paired by symbol, direction and the candle they were entered in.  A pair is equal when it ended in the same
candle for the same reason and every figure agrees within `TOLERANCE`; nothing else is forgiven.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from gobot.backtest import Result, Trades
from gobot.backtest.records import ENDINGS, OPEN
from gobot.core import Timeframe, iso
from gobot.ledger import Trade
from gobot.market import Candles

TOLERANCE = 1e-9
"""Largest difference of equal figures: of prices and sizes relative to them, of money relative to the position.

The daemon counts in decimals, with prices of 15 digits; the kernel counts in floats of 16."""

Place = tuple[str, int]
"""A symbol and the open (ms UTC) of a candle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundTrip:
    """A trade as both sides can tell it.

    ``entry_ms`` and ``exit_ms`` are opens of candles, ms UTC.  Money in USDT; ``pnl`` is what the account has felt so
    far, so an open trade (without exit and reason) counts its fees and funding, not its open profit.
    """

    symbol: str
    direction: str
    entry_ms: int
    exit_ms: int | None
    entry_price: float
    exit_price: float | None
    quantity: float
    fees: float
    funding: float
    pnl: float
    exit_reason: str | None

    @property
    def value(self) -> float:
        """Value at the entry, USDT."""
        return self.quantity * self.entry_price


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """One figure of a pair that differs, as the backtest and as the daemon have it."""

    name: str
    backtest: Any
    daemon: Any

    @property
    def words(self) -> str:
        """``quantity 0.5 instead of 0.25``: the daemon's instead of the backtest's."""
        return f"{self.name.replace('_', ' ')} {_shown(self.daemon)} instead of {_shown(self.backtest)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A trade on which the two do not agree.

    ``missing`` was made by the backtest alone, ``extra`` by the daemon alone, ``differing`` by both; ``cause`` says why
    in words, empty where that is not known.
    """

    kind: Literal["missing", "extra", "differing"]
    symbol: str
    direction: str
    entry_ms: int
    disagreements: tuple[Disagreement, ...] = ()
    cause: str = ""

    @property
    def sentence(self) -> str:
        """The whole of it for people."""
        who = f"{iso(self.entry_ms)[:16].replace('T', ' ')} {self.symbol} {self.direction}"
        what = {
            "missing": "the backtest opened it, the daemon did not",
            "extra": "the daemon opened it, the backtest did not",
            "differing": "the daemon has " + ", ".join(one.words for one in self.disagreements),
        }[self.kind]
        return f"{who}: {what}: {self.cause or 'the cause is not known'}."

    def document(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "kind": self.kind,
            "symbol": self.symbol,
            "direction": self.direction,
            "entry_time": iso(self.entry_ms),
            "fields": {one.name: {"backtest": one.backtest, "daemon": one.daemon} for one in self.disagreements},
            "cause": self.cause or None,
            "sentence": self.sentence,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """How many trades were looked at (a pair is one), how many of them are equal, and the others in order of time."""

    compared: int
    matched: int
    differences: tuple[Difference, ...] = ()

    @property
    def equal(self) -> bool:
        """Whether both have made the very same trades."""
        return not self.differences

    def count(self, kind: str) -> int:
        """How many differences are of that kind."""
        return sum(difference.kind == kind for difference in self.differences)

    @property
    def sentence(self) -> str:
        """One line for the log and for alerts."""
        if self.equal:
            return f"All {self.compared} trades are those of the backtest." if self.compared else "Neither has traded."
        return (
            f"{self.matched} of {self.compared} trades are those of the backtest: {self.count('missing')} are missing, "
            f"{self.count('extra')} are extra, {self.count('differing')} differ."
        )

    def document(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "equal": self.equal,
            "compared": self.compared,
            "matched": self.matched,
            "missing": self.count("missing"),
            "extra": self.count("extra"),
            "differing": self.count("differing"),
            "differences": [difference.document() for difference in self.differences],
        }


FIGURES = ("exit_ms", "exit_reason", "entry_price", "exit_price", "quantity", "fees", "funding", "pnl")
"""What a pair has to agree on."""


def compare(
    backtest: Iterable[RoundTrip],
    daemon: Iterable[RoundTrip],
    refused: Mapping[Place, str] | None = None,
    *,
    figures: Collection[str] = FIGURES,
) -> Comparison:
    """What the trades of ``daemon`` have in common with those of ``backtest``.

    ``refused`` tells why the daemon did not enter a symbol at the open of a candle, where that is known; ``figures``
    are those of `FIGURES` that matter.
    """
    told, done = _by_entry(backtest), _by_entry(daemon)
    differences: list[Difference] = []
    for key in sorted(told.keys() | done.keys(), key=lambda key: (key[1], key[0], key[2])):
        ours, theirs = done.get(key), told.get(key)
        if ours is not None and theirs is not None:
            found = _disagreements(theirs, ours, figures)
            if not found:
                continue
            cause = _cause_of(found, after=differences)
            differences.append(_difference("differing", key, disagreements=found, cause=cause))
        elif theirs is not None:
            cause = (refused or {}).get(key[:2]) or _since(differences, key[0])
            differences.append(_difference("missing", key, cause=cause))
        else:
            differences.append(_difference("extra", key, cause=_since(differences, key[0])))
    compared = len(told.keys() | done.keys())
    return Comparison(compared=compared, matched=compared - len(differences), differences=tuple(differences))


def backtest_trips(result: Result) -> list[RoundTrip]:
    """The trades of a backtest, one that is still open last."""
    columns = zip(result.trades, result.entry_times, result.exit_times, strict=True)
    return [_tested(trade, result.symbols[trade["symbol"]], int(entry), int(end)) for trade, entry, end in columns]


def kernel_trips(trades: Trades, symbol: str, candles: Candles) -> list[RoundTrip]:
    """The trades of the kernel on the candles of one symbol."""
    time = candles.time
    return [_tested(one, symbol, int(time[one["entry_row"]]), int(time[one["exit_row"]])) for one in trades]


def ledger_trips(trades: Sequence[Trade], timeframe: Timeframe) -> list[RoundTrip]:
    """Trades of the ledger that gobot opened; ``timeframe`` is the length of the candles they are told in."""
    return [
        RoundTrip(
            symbol=trade.symbol,
            direction=str(trade.direction),
            entry_ms=timeframe.floor(trade.entry_ms),
            exit_ms=None if trade.is_open or trade.exit_ms is None else timeframe.floor(trade.exit_ms),
            entry_price=float(trade.entry_price),
            exit_price=None if trade.is_open or trade.exit_price is None else float(trade.exit_price),
            quantity=float(trade.quantity),
            fees=float(trade.fees),
            funding=float(trade.funding),
            pnl=float(trade.pnl),
            exit_reason=None if trade.is_open else _REASONS.get(trade.exit_reason or "", trade.exit_reason),
        )
        for trade in trades
        if not trade.is_external
    ]


# One thing, two words: the guard closes what an emergency ends, and the daemon trails by moving its one stop.
_REASONS = {"close": "emergency", "trailing": "stop"}


def _tested(trade: Any, symbol: str, entry_ms: int, exit_ms: int) -> RoundTrip:
    is_open = trade["ended"] == OPEN
    fees, funding = float(trade["fees"]), float(trade["funding"])
    return RoundTrip(
        symbol=symbol,
        direction="long" if trade["sign"] > 0 else "short",
        entry_ms=entry_ms,
        exit_ms=None if is_open else exit_ms,
        entry_price=float(trade["entry_price"]),
        exit_price=None if is_open else float(trade["exit_price"]),
        quantity=float(trade["quantity"]),
        fees=fees,
        funding=funding,
        pnl=funding - fees if is_open else float(trade["pnl"]),
        exit_reason=None if is_open else _REASONS.get(ENDINGS[trade["ended"]], ENDINGS[trade["ended"]]),
    )


def _by_entry(trips: Iterable[RoundTrip]) -> dict[tuple[str, int, str], RoundTrip]:
    return {(trip.symbol, trip.entry_ms, trip.direction): trip for trip in trips}


def _disagreements(backtest: RoundTrip, daemon: RoundTrip, figures: Collection[str]) -> tuple[Disagreement, ...]:
    value = max(backtest.value, daemon.value)
    found = []
    for name in figures:
        told, done = getattr(backtest, name), getattr(daemon, name)
        if not _agree(told, done, value if name in _MONEY else None):
            shown = "exit_time" if name == "exit_ms" else name
            told, done = (iso(one) if name == "exit_ms" and one is not None else one for one in (told, done))
            found.append(Disagreement(name=shown, backtest=told, daemon=done))
    return tuple(found)


_MONEY = ("fees", "funding", "pnl")


def _agree(told: Any, done: Any, scale: float | None) -> bool:
    if not (isinstance(told, float) and isinstance(done, float)):
        return bool(told == done)
    if scale is None:
        return math.isclose(told, done, rel_tol=TOLERANCE)
    return abs(told - done) <= TOLERANCE * scale


def _difference(kind: Any, key: tuple[str, int, str], **rest: Any) -> Difference:
    return Difference(kind=kind, symbol=key[0], entry_ms=key[1], direction=key[2], **rest)


def _cause_of(found: Sequence[Disagreement], *, after: Sequence[Difference]) -> str:
    names = {one.name for one in found}
    if names <= {"quantity", "fees", "funding", "pnl"} and "quantity" in names:
        return "the accounts differ since the trades before it" if after else "it was sized differently"
    if names <= {"funding", "pnl"}:
        return "other settlements of funding were booked"
    if names <= {"entry_price", "exit_price", "fees", "pnl", "quantity"}:
        return "it was filled at another price"
    if {"exit_time", "exit_reason"} & names:
        return "it was ended by something else"
    return ""


def _since(differences: Sequence[Difference], symbol: str) -> str:
    """What may be said of a trade that only one side made after they parted in its symbol."""
    parted = any(difference.symbol == symbol for difference in differences)
    return "the two hold different positions since the difference before it" if parted else ""


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.10g}"
    return "none" if value is None else str(value)
