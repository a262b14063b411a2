"""Answers to commands: pure functions from a snapshot or documents to text (HTML)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from gobot.daemon.snapshot import OpenPosition, Snapshot
from gobot.telegram.text import bold, clock_time, counted, escape, fit, gain, moment, money, number, percent


def status(now: Snapshot) -> str:
    """The daemon at a glance."""
    limit = f" of {now.max_iterations}" if now.max_iterations else ""
    following = f", next at {clock_time(now.next_cycle_ms)}" if now.next_cycle_ms else ""
    why = f" ({escape(now.breaker_reason)})" if now.breaker_reason else ""
    lines = [
        f"{bold(f'gobot, {now.mode} mode')}: {escape(now.phase)}",
        f"{escape(now.branch)} on {counted(now.symbols, 'symbol')}, {escape(now.timeframe)} candles",
        f"Cycle {now.cycle}, {now.iteration}{limit} in this run{following}",
        f"Equity {money(now.equity)}, today {gain(now.day_pnl)}, drawdown {now.drawdown_pct:.2f} %",
        f"{counted(len(now.positions), 'open position')}, breaker {escape(now.breaker)}{why}",
    ]
    for label, text in (("Paused", now.paused), ("Ending", now.exit_reason), ("Last error", now.last_error)):
        if text:
            lines.append(f"{label}: {escape(text)}")
    return "\n".join([*lines, f"At {moment(now.at_ms)}"])


def positions(now: Snapshot) -> str:
    """What is open, each with its protection."""
    if not now.positions:
        return "No open positions."
    total = sum((position.unrealized for position in now.positions), Decimal(0))
    headline = bold(f"{counted(len(now.positions), 'open position')}: {gain(total)}")
    return fit([headline, *map(_position, now.positions)], "position")


def balance(now: Snapshot) -> str:
    """The account."""
    notional = sum((position.quantity * position.mark_price for position in now.positions), Decimal(0))
    return "\n".join(
        [
            f"Equity {money(now.equity)}",
            f"Free margin {money(now.available)}",
            f"In positions {money(notional)} ({counted(len(now.positions), 'position')})",
        ]
    )


def profit(now: Snapshot) -> str:
    """What was won and lost."""
    unrealized = sum((position.unrealized for position in now.positions), Decimal(0))
    rate = f", {now.wins} won ({now.wins / now.closed_trades:.0%})" if now.closed_trades else ""
    return "\n".join(
        [
            f"Today {gain(now.day_pnl)}",
            f"Realised {gain(now.realized)} in {counted(now.closed_trades, 'closed trade')}{rate}",
            f"Unrealised {gain(unrealized)} in {counted(len(now.positions), 'open position')}",
            f"Drawdown {now.drawdown_pct:.2f} % below the peak",
        ]
    )


def trades(documents: Sequence[Mapping[str, Any]]) -> str:
    """Closed trades, newest first; ``documents`` come newest last."""
    if not documents:
        return "No closed trades yet."
    total = sum((Decimal(str(document["pnl"])) for document in documents), Decimal(0))
    headline = bold(f"Last {counted(len(documents), 'closed trade')}: {gain(total)}")
    return fit([headline, *map(_trade, reversed(documents))], "trade")


def risk(now: Snapshot, document: Mapping[str, Any]) -> str:
    """The breaker and the limits."""
    why = f": {now.breaker_reason}" if now.breaker_reason else ""
    return fit([bold(f"Breaker {now.breaker}{why}"), *_lines(document)], "line")


def _position(position: OpenPosition) -> str:
    change = (position.mark_price / position.entry_price - 1) * 100
    if position.direction == "short":
        change = -change
    stop = f"stop {number(position.stop)}" if position.stop is not None else "<b>no stop</b>"
    target = f", target {number(position.target)}" if position.target is not None else ""
    since = f", since {moment(position.opened_ms)}" if position.opened_ms else ""
    name = bold(f"{position.direction.upper()} {position.symbol}")
    return "\n".join(
        [
            f"{name} {gain(position.unrealized)} ({percent(change)})",
            f"{number(position.quantity)} from {number(position.entry_price)}, now {number(position.mark_price)}",
            f"{stop}{target}{since}",
        ]
    )


def _trade(document: Mapping[str, Any]) -> str:
    name = escape(f"{str(document['direction']).upper()} {document['symbol']}")
    result = f"{gain(Decimal(str(document['pnl'])))} ({percent(float(document['return_pct']))})"
    ended = str(document["exit_time"] or "")[:16].replace("T", " ")
    return f"{name} {result}, {escape(str(document['exit_reason']))}, {ended} UTC"


def _lines(document: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in document.items():
        name = f"{prefix}{key}".replace("_", " ")
        if isinstance(value, Mapping):
            yield from _lines(value, f"{name}, ")
        elif isinstance(value, str) or not isinstance(value, Sequence):
            yield f"{escape(name)}: {escape(str(value))}"
        else:
            yield f"{escape(name)}: {escape(', '.join(map(str, value))) or 'none'}"
