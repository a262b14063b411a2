"""How a rehearsal looks on a terminal: both sides beside each other, then every difference in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from gobot.app.rehearsal import Rehearsal

_SHOWN = 20
_WIDTH = 110


def print_rehearsal(rehearsal: Rehearsal, console: Console | None = None) -> None:
    """Print it; of the differences the first ones."""
    console = console or Console(highlight=False)
    if not console.is_terminal:
        console.width = _WIDTH
    told, daemon, compared = rehearsal.result.document(), rehearsal.daemon, rehearsal.comparison
    console.print()
    console.print(
        f" [bold]{told['strategy']}[/] on {', '.join(told['symbols'])}, {told['timeframe']}, "
        f"{told['start'][:16].replace('T', ' ')} to {told['end'][:16].replace('T', ' ')}"
    )
    table = Table(box=None, pad_edge=True, padding=(0, 2))
    table.add_column("")
    for name in ("backtest", "daemon"):
        table.add_column(name, justify="right")
    for name, form in (("trades", "{:,d}"), ("final_equity", "{:,.4f}"), ("fees", "{:,.4f}"), ("funding", "{:,.4f}")):
        table.add_row(name.replace("_", " "), form.format(told[name]), form.format(daemon[name]))
    console.print(table)
    console.print(Text(f" {compared.sentence}", style="bold green" if compared.equal else "bold red"))
    for difference in compared.differences[:_SHOWN]:
        console.print(Text(f" - {difference.sentence}"))
    if len(compared.differences) > _SHOWN:
        console.print(f" - and {len(compared.differences) - _SHOWN} more: --json lists them all")
    for error in daemon["errors"]:
        console.print(Text(f" error in the daemon: {error}", style="red"))
    console.print(
        f" {daemon['cycles']:,d} cycles in {daemon['seconds']:.1f} s ({daemon['cycles_per_second']:,.0f} a second), "
        f"{daemon['refused']:,d} entries refused\n"
    )
