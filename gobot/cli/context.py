"""What every command needs: the home directory, the settings, and output for people or for programs.

>>> def positions(ctx: typer.Context, as_json: JsonOption = False) -> None:
...     loaded = load(ctx)
...     rows = …
...     print_json(rows) if as_json else print_table(("symbol", "quantity"), rows)
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gobot.core import ConfigError

if TYPE_CHECKING:
    from gobot.settings import Loaded, Override

_WIDEST = 60

ConfigOption = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="Settings file instead of config/gobot.yaml.")
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Set any key for this run, such as backtest.fee=0.001."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def home(ctx: typer.Context) -> Path:
    """The home directory: ``--home``, ``GOBOT_HOME`` or the current directory."""
    directory = ctx.find_root().obj
    return directory if isinstance(directory, Path) else Path()


def load(
    ctx: typer.Context,
    config: Path | None = None,
    settings: Iterable[str] | None = None,
    options: Iterable[Override] = (),
) -> Loaded:
    """The settings of the home directory with ``--set`` texts and then a command's own ``options`` on top.

    Raises `ConfigError`.
    """
    from gobot.settings import load_settings, parse_set

    return load_settings(home(ctx), config=config, overrides=[*map(parse_set, settings or ()), *options])


def state_directory(ctx: typer.Context) -> Path:
    """Where a daemon can be reached.

    A daemon must obey while its settings file is being edited: when that cannot be read, the usual place is taken if
    a daemon lives there, and what is wrong with the file is said on stderr.  Raises `ConfigError` otherwise.
    """
    try:
        return load(ctx).paths.state
    except ConfigError as error:
        state = home(ctx) / "state"
        if not (state / "control.sock").exists():
            raise
        typer.echo(f"gobot: {error}; the running daemon keeps its earlier settings", err=True)
        return state


def print_json(document: Any) -> None:
    """Print ``document`` as the one JSON document of this run, indented; a `Decimal` becomes a number."""
    import orjson

    options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS
    sys.stdout.write(orjson.dumps(document, default=_number, option=options).decode())


def _number(value: Any) -> float:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, title: str = "") -> None:
    """A Rich table on a terminal; elsewhere plain columns, a heading first, nothing cut off or wrapped."""
    rows = [tuple(row) for row in rows]
    if sys.stdout.isatty():
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(*columns, title=title or None)
        for row in rows:
            table.add_row(*map(Text, row))
        Console().print(table)
        return
    widths = [min(max(map(len, cells)), _WIDEST) for cells in zip(columns, *rows, strict=True)]
    for row in (tuple(columns), *rows):
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
