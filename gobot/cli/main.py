r"""The ``gobot`` command: its options, its commands, and how each of its errors ends.

A command is a row of `COMMANDS`; its module is imported when it is called, not when it is listed, so that
``gobot --help`` stays quick.  To add one:

1.  Write it in ``gobot/cli/NAME.py``: a function for ``gobot NAME``, a `typer.Typer` for a group ``gobot NAME …``.
    What every command needs (home directory, settings, ``--json``, tables) is in `gobot.cli.context`.
2.  Add its row.  The summary is shown by ``gobot --help`` and is the first line of the command's own help.

Commands raise `GobotError` for what a user can mend; it becomes one line on stderr and the exit code.  In help texts,
``\b`` alone on a line keeps the lines below as they are, and square brackets are escaped: ``\[15m]``.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group

from gobot import __version__
from gobot.core import GobotError


class Row(NamedTuple):
    """A command: ``"module:attribute"`` of a function or `typer.Typer`, and one line of help.

    A command of two words belongs to the one of its first word: there its second word is taken for it.
    """

    target: str
    summary: str


COMMANDS: dict[str, Row] = {
    "run": Row("gobot.cli.run:run", "Run the daemon until it is done or told to stop."),
    "status": Row("gobot.cli.report:status", "What the daemon is doing, or where it ended and why."),
    "positions": Row("gobot.cli.report:positions", "What is open, with entry, stop, target and unrealised profit."),
    "orders": Row("gobot.cli.report:orders", "The newest orders, with what became of them."),
    "trades": Row("gobot.cli.report:trades", "Closed trades, oldest first."),
    "performance": Row("gobot.cli.report:performance", "Trades, win rate, profit factor, drawdown and the ratios."),
    "patterns": Row("gobot.cli.report:patterns", "What was learned from closed trades."),
    "branches": Row("gobot.cli.report:branches", "The present strategy branch and the archived ones."),
    "risk": Row("gobot.cli.report:risk", "The circuit breaker, the limits and where they stand."),
    "doctor": Row(
        "gobot.cli.doctor:doctor",
        "Examine host, settings, state, venue and account; say what to do where something is wrong.",
    ),
    "risk explain": Row("gobot.cli.risk:explain", "What every risk check says now about an entry."),
    "pause": Row("gobot.cli.control:pause", "Stop new entries until resumed."),
    "resume": Row("gobot.cli.control:resume", "Allow entries again."),
    "stop": Row("gobot.cli.control:stop", "End the daemon after the step at hand."),
    "close": Row("gobot.cli.control:close", "Close one open position at market, or all of them."),
    "reset-breaker": Row("gobot.cli.control:reset_breaker", "Close the circuit breaker and lift a latched stop."),
    "data": Row("gobot.cli.data:app", "Download, import, check, list and export stored market data."),
    "backtest": Row("gobot.cli.backtest:backtest", "Run a strategy over candles and show what came of it."),
    "backtest list": Row("gobot.cli.backtest:list_", "List the backtests that were kept."),
    "backtest compare": Row(
        "gobot.cli.backtest:compare",
        "Put kept backtests side by side: what differs between them, and what came of each.",
    ),
    "rehearse": Row(
        "gobot.cli.rehearse:rehearse", "Play history to the daemon itself and compare its trades with the backtest's."
    ),
    "strategy": Row("gobot.cli.strategy:app", "List strategies, check them for look-ahead, begin a new one."),
    "sandbox": Row(
        "gobot.cli.sandbox:sandbox", "Run a venue on this machine that speaks Binance's protocol, to rehearse on."
    ),
    "config": Row("gobot.cli.config:app", "Write, check and show the settings."),
}


class LazyGroup(TyperGroup):
    """Lists the rows of `COMMANDS` by their summaries and imports only the one that is called."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for name, row in COMMANDS.items():
            self.add_command(TyperCommand(name=name, help=row.summary), name)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The command that ``args`` name, imported now."""
        if len(args) > 1 and (both := " ".join(args[:2])) in COMMANDS:
            return both, load_command(both), args[2:]
        name, listed, rest = super().resolve_command(ctx, args)
        return name, listed if name is None else load_command(name), rest


def load_command(name: str) -> Any:
    """Import the command of that name."""
    module, _, attribute = COMMANDS[name].target.partition(":")
    target = getattr(import_module(module), attribute)
    parent = typer.Typer()
    if isinstance(target, typer.Typer):
        parent.add_typer(target, name=name)
    else:
        parent.command(name)(target)
    return _with_kept_lines(get_group(parent).commands[name])


def _with_kept_lines(command: Any) -> Any:
    r"""The command with ``\b``, as raw docstrings have it, turned into the mark that keeps lines as they are.

    The lines of other paragraphs are joined: they end where the source does, not where the terminal does.
    """
    paragraphs = (command.help or "").replace(r"\b", "\b").split("\n\n")
    command.help = "\n\n".join(part if part.startswith("\b") else part.replace("\n", " ") for part in paragraphs)
    for inner in getattr(command, "commands", {}).values():
        _with_kept_lines(inner)
    return command


app = typer.Typer(cls=LazyGroup, no_args_is_help=True, pretty_exceptions_enable=False)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"gobot {__version__}")
        raise typer.Exit


@app.callback()
def gobot(
    ctx: typer.Context,
    home: Annotated[
        Path,
        typer.Option(
            envvar="GOBOT_HOME", metavar="DIR", help="Holds config/gobot.yaml, state/, archive/ and strategies/."
        ),
    ] = Path(),
    version: Annotated[  # noqa: ARG001  # acts in its callback
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and leave.")
    ] = False,
) -> None:
    """An autonomous crypto-trading daemon that can be left alone with its owner's money."""
    ctx.obj = home


def main(args: Sequence[str] | None = None) -> None:
    """Run the command line and leave the process with its exit code: 0 done, 1 failed, 2 wrong usage or settings."""
    sys.exit(_run(_home_first(list(sys.argv[1:] if args is None else args))))


def _run(args: list[str]) -> int:
    try:
        code = app(args, prog_name="gobot", standalone_mode=False)
        print(end="", flush=True)
    except GobotError as error:
        return _fail(str(error), error.exit_code)
    except typer.TyperException as error:
        usage = getattr(error, "ctx", None)
        hint = f"; see '{usage.command_path} --help'" if usage else ""
        message = error.format_message().strip()
        return _fail(message.rstrip(".") + hint, error.exit_code) if message else error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        return 130
    except BrokenPipeError:
        # Whoever read our output has left; without this the interpreter would complain when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:  # noqa: BLE001  # whatever it is, a user sees one line
        # A mistake of ours; the daemon's log has the whole traceback.
        place = traceback.extract_tb(error.__traceback__)[-1]
        words = f"{type(error).__name__}: {error} ({Path(place.filename).name}, line {place.lineno})"
        return _fail(f"an error that nobody expected: {words}; please report it", GobotError.exit_code)
    return code if isinstance(code, int) else 0


def _fail(message: str, code: int) -> int:
    line = " ".join(message.split())
    print(f"gobot: {''.join(char if char.isprintable() else ascii(char)[1:-1] for char in line)}", file=sys.stderr)
    return code


def _home_first(args: list[str]) -> list[str]:
    """``--home DIR`` moved to the front: an option of ``gobot`` itself that people also write behind the command."""
    limit = args.index("--") if "--" in args else len(args)
    for place, word in enumerate(args[:limit]):
        length = 2 if word == "--home" else 1 if word.startswith("--home=") else 0
        if length:
            return args[place : place + length] + args[:place] + args[place + length :]
    return args
