"""The live panel of ``gobot run`` on a terminal: one screen that answers "what is it doing, and why"."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from rich.align import Align
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from gobot.core import iso
from gobot.daemon.progress import PHASES
from gobot.daemon.snapshot import OpenPosition, Snapshot
from gobot.ledger import Decision

_SHOWN_POSITIONS = 8
_SHOWN_DECISIONS = 8
_BREAKER_STYLE = {"closed": "green", "half_open": "yellow", "open": "bold red", "latched": "bold white on red"}


def render(snapshot: Snapshot, *, countdown: float) -> RenderableType:
    """The whole panel for one snapshot; ``countdown`` is the time to the next cycle in real seconds."""
    return Panel(
        Group(
            _phases(snapshot, countdown),
            Text(),
            _figures(snapshot),
            Text(),
            _positions(snapshot.positions),
            Text(),
            _decisions(snapshot.decisions),
            *_notices(snapshot),
        ),
        title=" · ".join(
            ("[bold]gobot[/]", snapshot.mode, snapshot.branch, f"{snapshot.symbols} symbols", snapshot.timeframe)
        ),
        subtitle="Ctrl-C stops cleanly; running again goes on where it was",
        border_style="cyan",
        padding=(0, 1),
    )


def money(amount: Decimal | float, *, signed: bool = False) -> Text:
    """``1,234.56`` in green or red when ``signed``."""
    value = float(amount)
    text = f"{value:+,.2f}" if signed else f"{value:,.2f}"
    style = "" if not signed or value == 0 else "green" if value > 0 else "red"
    return Text(text, style=style)


def price(value: Decimal | float | None) -> str:
    """A price at about six significant digits, a dash for none."""
    if value is None:
        return "–"
    number = float(value)
    decimals = 2 if abs(number) >= 100 else 4 if abs(number) >= 1 else 6
    return f"{number:,.{decimals}f}"


def _phases(snapshot: Snapshot, countdown: float) -> RenderableType:
    """The five phases with the one at work lit, the clock and the countdown."""
    steps = Text()
    for name in PHASES:
        steps.append(f" {name} ", "bold black on cyan" if name == snapshot.phase else "dim")
        steps.append("›" if name != PHASES[-1] else "", "dim")
    limit = f"/{snapshot.max_iterations}" if snapshot.max_iterations else ""
    line = Table.grid(expand=True)
    line.add_column()
    line.add_column(justify="center")
    line.add_column(justify="right")
    line.add_row(
        steps,
        Text(f"cycle {snapshot.cycle}  ({snapshot.iteration}{limit} of this run)", "bold"),
        Text(f"{iso(snapshot.at_ms)[:19].replace('T', ' ')} UTC · next in {_span(countdown)}", "dim"),
    )
    return line


def _span(seconds: float) -> str:
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"


def _figures(snapshot: Snapshot) -> RenderableType:
    """Six numbers that matter."""
    trades = snapshot.closed_trades
    won = f"{trades} ({snapshot.wins / trades:.0%} won)" if trades else "none yet"
    used = snapshot.limiter.get("used_share")
    breaker = Text(snapshot.breaker.replace("_", " ").upper(), _BREAKER_STYLE.get(snapshot.breaker, ""))
    grid = Table.grid(expand=True)
    cells: Sequence[tuple[str, RenderableType]] = (
        ("equity USDT", money(snapshot.equity)),
        ("today", money(snapshot.day_pnl, signed=True)),
        ("realised", money(snapshot.realized, signed=True)),
        ("drawdown", Text(f"{snapshot.drawdown_pct:.2f} %")),
        ("closed trades", Text(won)),
        ("breaker", breaker),
        ("venue allowance", Text("–" if used is None else f"{used:.0%} used")),
    )
    for _ in cells:
        grid.add_column(justify="center", ratio=1)
    grid.add_row(*(Text(label, "dim") for label, _ in cells))
    grid.add_row(*(Align.center(value) for _, value in cells))
    return grid


def _positions(positions: Sequence[OpenPosition]) -> RenderableType:
    table = Table(expand=True, box=None, header_style="dim", padding=(0, 1), title_justify="left")
    for name in ("open position", "side"):
        table.add_column(name)
    for name in ("quantity", "entry", "now", "stop", "target", "profit"):
        table.add_column(name, justify="right")
    for position in positions[:_SHOWN_POSITIONS]:
        table.add_row(
            position.symbol,
            Text(position.direction, "green" if position.direction == "long" else "magenta"),
            f"{position.quantity:,f}",
            price(position.entry_price),
            price(position.mark_price),
            Text(price(position.stop), "red" if position.stop is None else ""),
            price(position.target),
            money(position.unrealized, signed=True),
        )
    if not positions:
        table.add_row(Text("none", "dim"), *[""] * 7)
    elif len(positions) > _SHOWN_POSITIONS:
        table.add_row(Text(f"and {len(positions) - _SHOWN_POSITIONS} more", "dim"), *[""] * 7)
    return table


def _decisions(decisions: Sequence[Decision]) -> RenderableType:
    table = Table(expand=True, box=None, header_style="dim", padding=(0, 1))
    table.add_column("last ideas", no_wrap=True)
    table.add_column("wants", no_wrap=True)
    table.add_column("conf.", justify="right")
    table.add_column("verdict", no_wrap=True)
    table.add_column("why", ratio=1, overflow="ellipsis", no_wrap=True)
    for decision in decisions[:_SHOWN_DECISIONS]:
        approved = decision.verdict == "approved"
        table.add_row(
            decision.symbol,
            decision.action,
            f"{decision.confidence:.0%}",
            Text(decision.verdict, "green" if approved else "yellow"),
            decision.reason if approved else " ".join(decision.reasons),
        )
    if not decisions:
        table.add_row(Text("no ideas yet: every symbol is on hold", "dim"), "", "", "", "")
    return table


_RECOVERY_SHOWN = 5


def _notices(snapshot: Snapshot) -> list[RenderableType]:
    """Lines that appear only when there is something to say."""
    lines = (
        (f"Paused: {snapshot.paused}" if snapshot.paused else "", "yellow"),
        (f"Breaker: {snapshot.breaker_reason}" if snapshot.breaker != "closed" else "", "red"),
        *((f"Quarantined: {symbol}, {why}", "yellow") for symbol, why in snapshot.quarantined.items()),
        *((f"At the start {line}", "dim") for line in snapshot.recovery[:_RECOVERY_SHOWN]),
        (f"Last error: {snapshot.last_error}" if snapshot.last_error else "", "red"),
        (f"Ended: {snapshot.exit_reason}" if snapshot.exit_reason else "", "bold"),
    )
    return [Text(text, style, no_wrap=True, overflow="ellipsis") for text, style in lines if text]
