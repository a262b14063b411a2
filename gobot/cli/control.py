"""Commands to a running daemon: ``pause``, ``resume``, ``stop``, ``close`` and ``reset-breaker``."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from gobot.cli.context import JsonOption, print_json, state_directory
from gobot.core import UsageError


def _tell(ctx: typer.Context, as_json: bool, command: str, **arguments: Any) -> None:
    from gobot.daemon.socket import ask

    sentence = ask(state_directory(ctx), command, **arguments)
    if as_json:
        print_json({"command": command, "result": sentence})
    else:
        typer.echo(sentence)


def pause(
    ctx: typer.Context,
    reason: Annotated[str, typer.Option(help="Why, for the log and the status.")] = "",
    as_json: JsonOption = False,
) -> None:
    r"""Stop new entries until resumed.

    What is open stays protected and may still be closed by its strategy.

    \b
    gobot pause --reason 'news at 14:00'
    """
    _tell(ctx, as_json, "pause", reason=reason)


def resume(ctx: typer.Context, as_json: JsonOption = False) -> None:
    r"""Allow entries again.

    \b
    gobot resume
    """
    _tell(ctx, as_json, "resume")


def stop(ctx: typer.Context, as_json: JsonOption = False) -> None:
    r"""End the daemon after the step at hand.

    Protective stops stay on the venue; the next run goes on there.

    \b
    gobot stop
    """
    _tell(ctx, as_json, "stop")


def close(
    ctx: typer.Context,
    symbol: Annotated[str, typer.Argument(help="Such as BTC/USDT:USDT.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="Close every open position.")] = False,
    as_json: JsonOption = False,
) -> None:
    r"""Close one open position at market, or all of them.

    \b
    gobot close BTC/USDT:USDT
    gobot close --all
    """
    if everything == bool(symbol):
        raise UsageError("name one symbol to close, such as `gobot close BTC/USDT:USDT`, or give --all")
    if everything:
        _tell(ctx, as_json, "close_all")
    else:
        _tell(ctx, as_json, "close", symbol=symbol)


def reset_breaker(
    ctx: typer.Context,
    reason: Annotated[str, typer.Option(help="Why trading is safe again; kept with the reset.")],
    as_json: JsonOption = False,
) -> None:
    r"""Close the circuit breaker and lift a latched stop.

    \b
    gobot reset-breaker --reason 'the feed is mended, checked by hand'
    """
    _tell(ctx, as_json, "reset_breaker", reason=reason)
