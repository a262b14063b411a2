"""What the daemon has done, read from disk: ``status``, ``positions``, ``orders``, ``trades`` and their like.

None of these asks a venue.  ``status`` prefers a running daemon's own word and else reads what it last wrote.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gobot.cli.context import JsonOption, load, print_json, print_table, state_directory
from gobot.core import StateError

if TYPE_CHECKING:
    from gobot.ledger import Ledger
    from gobot.settings import Loaded

LimitOption = Annotated[int, typer.Option("--limit", "-n", min=1, help="How many, the newest ones.")]


def last_word(state: Path) -> dict[str, Any]:
    """The status of the running daemon, or what the last one left behind; ``running`` says which.

    Raises `StateError` when there never was one.
    """
    from gobot.daemon.progress import PROGRESS_SCHEMA
    from gobot.daemon.socket import SOCKET_NAME, ask
    from gobot.memory import JsonFile

    if (state / SOCKET_NAME).exists():
        try:
            return {**ask(state, "status"), "running": True}
        except StateError:
            pass  # a socket that a killed daemon left behind: the disk has its last word
    document = JsonFile(state / "progress.json", PROGRESS_SCHEMA).peek()
    if document is None:
        raise StateError(f"{state}: no daemon has run here yet: start one with `gobot run`")
    own = document.pop("progress", {})
    reason = own.get("exit_reason") or "killed"
    return {**document, "exit_reason": reason, "exit_sentence": own.get("exit_sentence", ""), "running": False}


@contextmanager
def _ledger(loaded: Loaded) -> Iterator[Ledger]:
    from gobot.ledger import Ledger

    ledger = Ledger.open(loaded.database_url, read_only=True)
    try:
        yield ledger
    finally:
        ledger.close()


def status(ctx: typer.Context, as_json: JsonOption = False) -> None:
    r"""What the daemon is doing, or where it ended and why.

    \b
    gobot status
    gobot status --json | jq .equity
    """
    word = last_word(state_directory(ctx))
    if as_json:
        print_json(word)
        return
    state = "running" if word["running"] else f"not running ({word['exit_reason']})"
    limit = f" of {word['max_iterations']}" if word.get("max_iterations") else ""
    rows = [
        ("daemon", f"{state}, mode {word['mode']}"),
        ("branch", str(word["branch"])),
        ("cycle", f"{word['cycle']}, number {word['iteration']}{limit} of this session, phase {word['phase']}"),
        ("equity", f"{word.get('equity') or 0:,.2f} USDT, today {word.get('day_pnl') or 0:+,.2f}"),
        ("drawdown", f"{word.get('drawdown_pct') or 0:.2f} % from the peak"),
        ("breaker", f"{word.get('breaker')} {word.get('breaker_reason') or ''}".strip()),
        ("positions", str(len(word.get("positions") or []))),
        ("closed trades", f"{word.get('closed_trades') or 0}, {word.get('wins') or 0} won"),
        ("paused", word.get("paused") or "no"),
        ("hindsight", word.get("hindsight") or "no day is over yet"),
        ("last error", word.get("last_error") or "none"),
        ("as of", str(word.get("time"))),
    ]
    print_table(("what", "now"), rows)


def positions(ctx: typer.Context, as_json: JsonOption = False) -> None:
    r"""What is open, with entry, stop, target and unrealised profit.

    \b
    gobot positions
    gobot positions --json
    """
    rows = last_word(state_directory(ctx)).get("positions") or []
    if as_json:
        print_json(rows)
        return
    columns = ("symbol", "direction", "quantity", "entry_price", "mark_price", "stop", "target", "unrealized")
    print_table(columns, [tuple(_cell(row.get(name)) for name in columns) for row in rows])


def trades(ctx: typer.Context, limit: LimitOption = 1_000_000, as_json: JsonOption = False) -> None:
    r"""Closed trades, oldest first.

    \b
    gobot trades -n 20
    gobot trades --json > trades.json
    """
    with _ledger(load(ctx)) as ledger:
        rows = [trade.document() for trade in ledger.closed_trades(limit=limit)]
    if as_json:
        print_json(rows)
        return
    columns = (
        "id",
        "symbol",
        "direction",
        "entry_time",
        "entry_price",
        "exit_time",
        "exit_price",
        "pnl",
        "exit_reason",
    )
    print_table(columns, [tuple(_cell(row.get(name)) for name in columns) for row in rows])


def orders(ctx: typer.Context, limit: LimitOption = 50, as_json: JsonOption = False) -> None:
    r"""The newest orders, with what became of them.

    \b
    gobot orders -n 10
    gobot orders --json
    """
    from gobot.core import iso, plain

    with _ledger(load(ctx)) as ledger:
        found = ledger.orders(limit=limit)
    rows = [
        {
            "client_id": order.client_id,
            "cycle": order.cycle,
            "decided": iso(order.decided_ms),
            "symbol": order.symbol,
            "leg": order.leg.value,
            "side": order.side.value,
            "type": order.type.value,
            "quantity": plain(order.quantity),
            "trigger": None if order.trigger is None else plain(order.trigger),
            "status": order.status.value,
            "average": None if order.average is None else plain(order.average),
            "note": order.note,
        }
        for order in found
    ]
    if as_json:
        print_json(rows)
        return
    columns = ("decided", "symbol", "leg", "side", "type", "quantity", "trigger", "status", "average", "note")
    print_table(columns, [tuple(_cell(row[name]) for name in columns) for row in rows])


def performance(ctx: typer.Context, as_json: JsonOption = False) -> None:
    r"""Trades, win rate, profit factor, drawdown and the ratios.

    Over everything in the ledger; definitions as in a backtest.

    \b
    gobot performance
    gobot performance --json
    """
    from gobot.daemon.performance import performance_of

    with _ledger(load(ctx)) as ledger:
        document = performance_of(ledger.closed_trades(), ledger.equity_curve())
    if as_json:
        print_json(document)
    else:
        print_table(("metric", "value"), [(name.replace("_", " "), _cell(value)) for name, value in document.items()])


def risk(ctx: typer.Context, as_json: JsonOption = False) -> None:
    r"""The circuit breaker, the limits and where they stand.

    \b
    gobot risk
    gobot risk --json
    """
    from gobot.app.risk_report import risk_of

    document = risk_of(load(ctx))
    if as_json:
        print_json(document)
        return
    rows = [(name.replace("_", " "), _cell(value)) for name, value in document.items() if name != "history"]
    print_table(("what", "now"), rows)
    for change in document.get("history", [])[-5:]:
        typer.echo(f"{change['at']}  {change['what']}: {change['why']}")


def patterns(ctx: typer.Context, as_json: JsonOption = False) -> None:
    r"""What was learned from closed trades.

    Newest evidence first; a pattern has a minimum sample and a significance test.

    \b
    gobot patterns
    gobot patterns --json
    """
    from gobot.memory import JsonFile

    document = JsonFile(load(ctx).paths.state / "patterns.json", 1).peek() or {}
    found = document.get("patterns", [])
    if as_json:
        print_json(found)
    elif not found:
        typer.echo(f"No pattern is significant yet ({document.get('trades_studied', 0)} trades studied).")
    else:
        columns = ("date", "pattern", "holds")
        rows = [(p["date"], p["sentence"], "no longer" if p["retired_ms"] else "yes") for p in found]
        print_table(columns, rows)


def branches(ctx: typer.Context, as_json: JsonOption = False) -> None:
    r"""The present strategy branch and the archived ones.

    A branch is one strategy with one set of parameters.

    \b
    gobot branches
    gobot branches --json
    """
    from gobot.memory import JsonFile, archived_branches

    paths = load(ctx).paths
    present = JsonFile(paths.state / "branch.json", 1).peek()
    archived = archived_branches(paths.archive)
    rows = [{"branch": present["name"], "ended": None, "path": str(paths.state)}] if present else []
    rows += [{"branch": one.branch, "ended": one.day, "path": str(one.path)} for one in archived]
    if as_json:
        print_json(rows)
    else:
        print_table(("branch", "ended", "path"), [(r["branch"], r["ended"] or "present", r["path"]) for r in rows])


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:,.6g}" if abs(value) < 1000 else f"{value:,.2f}"
    return str(value)
