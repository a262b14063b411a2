"""``gobot rehearse``: the daemon itself over history, compared with the backtest trade by trade."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gobot.cli.context import ConfigOption, JsonOption, SetOption, load, print_json
from gobot.cli.data_choice import moment
from gobot.cli.strategy import ParamOption, parse_params
from gobot.core import GobotError, Timeframe

if TYPE_CHECKING:
    from gobot.app.rehearsal import Progress


def rehearse(
    ctx: typer.Context,
    *,
    strategy: Annotated[str, typer.Argument(metavar="STRATEGY", help="A shipped strategy, or one in strategies/.")],
    symbol: Annotated[
        list[str] | None, typer.Option("--symbol", help="BTC/USDT, BTC/USDT:USDT or BTCUSDT; may be repeated.")
    ] = None,
    timeframe: Annotated[str | None, typer.Option("--timeframe", help="Candle length, such as 15m.")] = None,
    data: Annotated[
        list[Path] | None, typer.Option("--data", metavar="FILE", help="Candle file, one per symbol; else the store.")
    ] = None,
    params: ParamOption = None,
    settings: SetOption = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="TIME", help="First moment, such as 2024-01-31.")
    ] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="TIME", help="Moment to end before.")] = None,
    cycles: Annotated[int | None, typer.Option("--cycles", min=1, help="Play only so many from the beginning.")] = None,
    keep: Annotated[
        Path | None, typer.Option("--keep", metavar="DIR", help="Leave the daemon's state in this empty directory.")
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    r"""Play history to the daemon itself and compare its trades with the backtest's.

    The daemon is the one of gobot run, on a simulated venue at full speed, with a state of its own that is gone
    afterwards; yours is not touched and nothing is sent anywhere.  Leaves with 1 when a trade differs.

    \b
    gobot rehearse sma_cross --data BTCUSDT_15m.parquet
    gobot rehearse sma_cross --data BTCUSDT_15m.parquet --set backtest.risk=off --cycles 2000
    gobot rehearse macd_cross --symbol BTC/USDT --symbol ETH/USDT --timeframe 1h --since 2024-01-01
    gobot rehearse rsi_reversion --data BTC.csv -p period=7 --json
    gobot rehearse sma_cross --data BTC.csv --keep played && gobot --home played trades
    """
    from gobot.app.histories import recorded, stored
    from gobot.app.rehearsal import rehearse as play
    from gobot.strategy import load_strategy

    loaded = load(ctx, config, settings)
    trading = loaded.settings.trading
    usual = trading.params if strategy == trading.strategy else {}
    chosen = load_strategy(strategy, {**usual, **parse_params(params)}, loaded.paths.strategies)
    length = Timeframe.parse(timeframe) if timeframe else None
    histories = recorded(data, symbol or (), length) if data else stored(loaded, symbol or (), length)
    histories = [history.between(moment(since), moment(until)) for history in histories]
    with _unlogged(), _progress(shown=sys.stderr.isatty() and not as_json) as progress:
        rehearsal = play(loaded, chosen, histories, cycles=cycles, keep=keep, progress=progress)
    if as_json:
        print_json(rehearsal.document())
    else:
        from gobot.cli.rehearse_view import print_rehearsal

        print_rehearsal(rehearsal)
    if not rehearsal.complete:
        raise GobotError(f"the rehearsal ended before the candles did: {rehearsal.daemon['ended']}")
    if not rehearsal.comparison.equal:
        raise typer.Exit(1)


@contextmanager
def _unlogged() -> Iterator[None]:
    """What the daemon logs is about an account that does not exist; what went wrong is in the result."""
    from loguru import logger

    logger.disable("gobot")
    try:
        yield
    finally:
        logger.enable("gobot")


@contextmanager
def _progress(*, shown: bool) -> Iterator[Progress | None]:
    """A bar on a terminal."""
    if not shown:
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("rehearsing"), BarColumn(), MofNCompleteColumn(), TextColumn("cycles"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("rehearsing", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
