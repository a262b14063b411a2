"""What happened, in words: one pure function from each event of the daemon to the text of an alert (HTML)."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from functools import singledispatch

from gobot.daemon import events
from gobot.telegram.text import bold, clock_time, counted, escape, fit, gain, moment, money, number, percent

# The fields of `AlertLevels` in the settings, by event.
KINDS: dict[type[events.Event], str] = {
    events.DaemonStarted: "start",
    events.DaemonStopped: "start",
    events.TradeOpened: "trade",
    events.TradeEnded: "trade",
    events.IdeaRefused: "refusal",
    events.OrderFailed: "order",
    events.ReconciliationFound: "order",
    events.Recovered: "order",
    events.FundsMoved: "order",
    events.BreakerChanged: "breaker",
    events.TradingPaused: "breaker",
    events.TradingResumed: "breaker",
    events.ErrorHappened: "error",
    events.StepWorks: "error",
    events.LoopSlowed: "error",
    events.StateDamaged: "error",
    events.SettingsChanged: "settings",
    events.SettingsRejected: "settings",
    events.CycleFinished: "cycle",
    events.DailySummary: "summary",
    events.HindsightTold: "summary",
}

# What tends to come again and again; everything else changes the state and is told every time.
_REPEATING = (
    events.IdeaRefused,
    events.OrderFailed,
    events.ReconciliationFound,
    events.ErrorHappened,
    events.LoopSlowed,
    events.StateDamaged,
    events.SettingsRejected,
)


def kind(event: events.Event) -> str:
    """Which of the alert levels decides about ``event``; what is unknown counts as an error and is told."""
    return KINDS.get(type(event), "error")


def topic(event: events.Event) -> str:
    """What makes two events the same although their numbers differ; empty if each has to be told."""
    if not isinstance(event, _REPEATING):
        return ""
    if isinstance(event, events.ErrorHappened):
        event = replace(event, repeated=1)
    return re.sub(r"\d[\d.,:]*", "#", describe(event))


@singledispatch
def describe(event: events.Event) -> str:
    """The text of an alert about ``event``."""
    return escape(str(event))


@describe.register
def _(event: events.DaemonStarted) -> str:
    lines = [
        bold(f"gobot started in {event.mode} mode"),
        f"{escape(event.branch)}, {counted(event.symbols, 'symbol')}, equity {money(event.equity)}",
    ]
    return "\n".join([*lines, escape(event.resumed)] if event.resumed else lines)


@describe.register
def _(event: events.DaemonStopped) -> str:
    held = counted(event.open_positions, "open position") if event.open_positions else "no open positions"
    headline = f"{bold('gobot ended')}: {escape(event.reason)}"
    return f"{headline}\nafter cycle {event.cycle}, equity {money(event.equity)}, {held}"


@describe.register
def _(event: events.TradeOpened) -> str:
    levels = [
        f"{name} {number(level)} ({percent((level / event.price - 1) * 100)})"
        for name, level in (("stop", event.stop), ("target", event.target))
        if level is not None
    ]
    return "\n".join(
        [
            bold(f"Opened {event.direction.upper()} {event.symbol}"),
            f"{number(event.quantity)} at {number(event.price)} = {money(event.quantity * event.price)}",
            ", ".join(levels) or "no stop and no target",
            f"Why: {escape(event.reason)}",
        ]
    )


@describe.register
def _(event: events.TradeEnded) -> str:
    return "\n".join(
        [
            bold(f"Closed {event.direction.upper()} {event.symbol}: {gain(event.pnl)} ({percent(event.return_pct)})"),
            f"{number(event.quantity)} from {number(event.entry_price)} to {number(event.exit_price)}",
            f"Why: {escape(event.reason)}",
        ]
    )


@describe.register
def _(event: events.IdeaRefused) -> str:
    headline = bold(f"Not traded: {event.action.upper()} {event.symbol} (confidence {event.confidence:.0%})")
    return fit([headline, *(f"• {escape(reason)}" for reason in event.reasons)], "reason", 1500)


@describe.register
def _(event: events.OrderFailed) -> str:
    headline = bold(f"Order {event.outcome}: {event.symbol}")
    return f"{headline}\n{escape(event.reason)}\nOrder {escape(event.client_id)}"


@describe.register
def _(event: events.ReconciliationFound) -> str:
    headline = bold("Ledger and venue differed")
    return fit([headline, *(f"• {escape(line)}" for line in event.differences)], "difference", 3000)


@describe.register
def _(event: events.Recovered) -> str:
    return fit([bold("Recovered at the start"), *(f"• {escape(line)}" for line in event.lines)], "line", 3000)


@describe.register
def _(event: events.FundsMoved) -> str:
    way = "in" if event.amount > 0 else "out"
    return f"{bold(f'Money was paid {way}')}: {money(abs(event.amount))}, the wallet holds {money(event.wallet)}"


@describe.register
def _(event: events.StepWorks) -> str:
    return f"{bold(f'{event.where.capitalize()} works again')} after {event.seconds:.0f} s"


@describe.register
def _(event: events.CycleFinished) -> str:
    counts = f"{counted(event.ideas, 'idea')}, {event.approved} approved, {event.refused} refused"
    return f"Cycle {event.cycle}: {counts}, equity {money(event.equity)}"


@describe.register
def _(event: events.TradingPaused) -> str:
    until = f"until {moment(event.until_ms)}" if event.until_ms else "until /resume"
    return f"{bold('Trading paused')} {until}\n{escape(event.reason)}"


@describe.register
def _(event: events.TradingResumed) -> str:
    return f"{bold('Trading resumed')}\n{escape(event.reason)}"


@describe.register
def _(event: events.BreakerChanged) -> str:
    return f"{bold(f'Circuit breaker: {event.old} → {event.new}')}\n{escape(event.reason)}"


@describe.register
def _(event: events.ErrorHappened) -> str:
    times = f" ({event.repeated} times in a row)" if event.repeated > 1 else ""
    return f"{bold(f'Error in {event.where}')}{times}\n{escape(event.message)}"


@describe.register
def _(event: events.LoopSlowed) -> str:
    headline = bold(f"Loop slowed down after {counted(event.failures, 'failure')}")
    return f"{headline}\n{escape(event.message)}\nNext try at {clock_time(event.next_cycle_ms)}"


@describe.register
def _(event: events.SettingsChanged) -> str:
    return fit([bold("Settings changed"), *(escape(change) for change in event.changes)], "change", 3000)


@describe.register
def _(event: events.SettingsRejected) -> str:
    return f"{bold('Settings rejected, nothing was changed')}\n{escape(event.message)}"


@describe.register
def _(event: events.StateDamaged) -> str:
    return f"{bold('State was damaged')}\n{escape(event.message)}"


@describe.register
def _(event: events.DailySummary) -> str:
    won = f", {event.wins} won ({event.wins / event.trades:.0%})" if event.trades else ""
    return "\n".join(
        [
            bold(f"{event.day}: {gain(event.pnl)}"),
            f"{counted(event.trades, 'trade')}{won}, fees {money(event.fees)}",
            f"equity {money(event.equity)}, drawdown {Decimal(event.drawdown_pct):.2f} %",
        ]
    )


@describe.register
def _(event: events.HindsightTold) -> str:
    lines = [bold(f"{event.day} in hindsight"), escape(event.sentence)]
    lines += [escape(f"- {sentence}") for sentence in event.differences]
    if event.refused:
        lines.append(f"{counted(event.refused, 'idea')} refused by the checks")
    if event.matched:
        worse = round(event.slippage_pct, 3) + 0.0
        lines.append(f"entries {abs(worse):.3f} % {'better' if worse < 0 else 'worse'} than the backtest's")
    return "\n".join(lines)
