"""``gobot doctor``: is everything as it has to be, and what to do where it is not."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Annotated

import typer

from gobot.cli.context import ConfigOption, JsonOption, SetOption, load, print_json, print_table


def doctor(
    ctx: typer.Context,
    config: ConfigOption = None,
    offline: Annotated[bool, typer.Option("--offline", help="Ask no venue.")] = False,
    settings: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    r"""Examine host, settings, state, venue and account; say what to do where something is wrong.

    In the modes testnet and live a far stop of the smallest size is placed and cancelled at once, to prove that the
    venue holds protection.  Exit 1 when something is wrong.

    \b
    gobot doctor
    gobot doctor --offline --json
    gobot doctor --set trading.mode=testnet
    """
    from gobot.app.doctor import examine

    findings = asyncio.run(examine(load(ctx, config, settings), offline=offline))
    well = all(finding.ok for finding in findings)
    if as_json:
        print_json({"ok": well, "findings": [asdict(finding) for finding in findings]})
    else:
        rows = [("ok" if finding.ok else "WRONG", finding.name, finding.sentence) for finding in findings]
        print_table(("", "what", "found, or what to do"), rows)
    if not well:
        raise typer.Exit(1)
