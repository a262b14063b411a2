"""``gobot risk explain``: all checks on an entry, before anybody trades it."""

from __future__ import annotations

from typing import Annotated

import typer

from gobot.cli.context import JsonOption, print_json, print_table, state_directory


def explain(
    ctx: typer.Context,
    symbol: Annotated[str, typer.Argument(help="Such as BTC/USDT:USDT; one that the daemon trades.")],
    side: Annotated[str, typer.Argument(help="long or short.")],
    size: Annotated[float | None, typer.Option("--size", help="USDT; the sizing of the settings by default.")] = None,
    as_json: JsonOption = False,
) -> None:
    r"""What every risk check says now about an entry.

    Asks the running daemon, which looks at the venue anew; nothing is traded.

    \b
    gobot risk explain BTC/USDT:USDT long
    gobot risk explain ETH/USDT:USDT short --size 500 --json
    """
    from gobot.daemon.socket import ask

    found = ask(state_directory(ctx), "explain_risk", symbol=symbol, side=side, size=size)
    if as_json:
        print_json(found)
        return
    rows = [(one["check"], "pass" if one["passed"] else "FAIL", one["refusal"] or one["figures"]) for one in found]
    print_table(("check", "", "why"), rows)
    failed = sum(not one["passed"] for one in found)
    typer.echo(f"{failed} of {len(found)} checks refuse it." if failed else "Every check passes.")
