"""``gobot backtest``: a strategy over candles, its reports, and the runs that were kept."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gobot.cli.context import ConfigOption, JsonOption, SetOption, load, print_json
from gobot.cli.data_choice import moment
from gobot.cli.strategy import ParamOption, parse_params
from gobot.core import StateError, SystemClock, Timeframe, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from gobot.backtest import MonteCarlo, Result
    from gobot.backtest.report import Report
    from gobot.settings import Loaded

_KEPT_SHOWN = 20


def backtest(
    ctx: typer.Context,
    *,
    strategy: Annotated[str, typer.Argument(metavar="STRATEGY", help="A shipped strategy, or one in strategies/.")],
    symbol: Annotated[
        list[str] | None, typer.Option("--symbol", help="BTC/USDT, BTC/USDT:USDT or BTCUSDT; may be repeated.")
    ] = None,
    timeframe: Annotated[str | None, typer.Option("--timeframe", help="Candle length, such as 15m.")] = None,
    data: Annotated[
        list[Path] | None,
        typer.Option("--data", metavar="FILE", help="Candles, one file per symbol; funding."),
    ] = None,
    params: ParamOption = None,
    settings: SetOption = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="TIME", help="First moment, such as 2024-01-31.")
    ] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="TIME", help="Moment to end before.")] = None,
    trades: Annotated[Path | None, typer.Option("--trades", metavar="F.csv", help="Write every trade as CSV.")] = None,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="F.html", help="Write one page that shows everything.")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="F.png", help="Draw equity, drawdown and prices.")
    ] = None,
    draws: Annotated[
        int | None,
        typer.Option("--monte-carlo", metavar="N", min=1, help="Try N other orders of the trades and N other markets."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed draws the same again.")] = 1,
    keep: Annotated[bool, typer.Option(help="Keep the run in the ledger, for list and compare.")] = True,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    r"""Run a strategy over candles and show what came of it.

    Signals trade at the next candle's open; stops and targets are looked for inside every candle; several symbols
    share one account.  Fees, sizes and limits are those of the settings: --set backtest.fee=0.001 and its like change
    them for one run.

    \b
    gobot backtest sma_cross --data BTCUSDT_15m.parquet
    gobot backtest sma_cross -p fast=20 -p slow=100 --since 2024-01-01 --json
    gobot backtest rsi_reversion --symbol BTC/USDT --timeframe 1h
    gobot backtest macd_cross --data BTC.csv --report macd.html --plot macd.png
    gobot backtest macd_cross --data BTC.csv --set backtest.sizing=all_in --monte-carlo 200
    gobot backtest sma_cross --data BTCUSDT_1h.csv --data ETHUSDT_1h.csv --data BTCUSDT_funding.csv
    gobot backtest list
    gobot backtest compare 3 last --report both.html
    """
    loaded = load(ctx, config, settings)
    span = (moment(since), moment(until))
    result, sources = _run(loaded, strategy, parse_params(params), data or (), symbol or (), timeframe, span)
    drawn = _drawn(loaded, result, draws, seed) if draws else None
    shown = _report(result, sources, drawn)
    number = _keep(loaded, shown) if keep else None
    written = _write(shown, result, trades=trades, page=report, picture=plot)
    if as_json:
        baselines = [
            {"name": one.name, "return_pct": one.return_pct, "max_drawdown_pct": one.max_drawdown_pct}
            for one in shown.baselines
        ]
        more = {} if drawn is None else {"monte_carlo": drawn.document()}
        print_json({**shown.summary, "baselines": baselines, **more, "run": number})
        return
    from gobot.cli.backtest_view import print_report

    print_report(shown)
    for line in (f"kept as run {number}" if number else "", *(f"wrote {path}" for path in written)):
        if line:
            typer.echo(f" {line}")


def list_(
    ctx: typer.Context,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many, the newest ones.")] = _KEPT_SHOWN,
    config: ConfigOption = None,
    settings: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    r"""List the backtests that were kept.

    \b
    gobot backtest list -n 50
    gobot backtest list --json | jq '.[] | {id, strategy, params, sharpe: .metrics.sharpe}'
    """
    from gobot.app.kept_backtests import kept_backtests

    rows = kept_backtests(load(ctx, config, settings), limit)
    if as_json:
        print_json([_kept(row) for row in rows])
    elif not rows:
        typer.echo("no backtest was kept yet; run one: gobot backtest sma_cross --data FILE")
    else:
        from gobot.cli.backtest_view import print_kept

        print_kept(rows)


def compare(
    ctx: typer.Context,
    runs: Annotated[list[str], typer.Argument(metavar="RUN", help="Numbers of kept runs, or last.")],
    report: Annotated[
        Path | None, typer.Option("--report", metavar="F.html", help="Write a page with their equity curves.")
    ] = None,
    config: ConfigOption = None,
    settings: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    r"""Put kept backtests side by side: what differs between them, and what came of each.

    \b
    gobot backtest compare 3 4
    gobot backtest compare 3 4 last --report compared.html
    """
    from gobot.app.kept_backtests import chosen_backtests

    rows = chosen_backtests(load(ctx, config, settings), runs)
    if report:
        from gobot.backtest.report.comparison import comparison

        _put(report, comparison(rows, at_ms=SystemClock().now_ms()).encode())
    if as_json:
        print_json([_kept(row) for row in rows])
        return
    from gobot.cli.backtest_view import print_compared

    print_compared(rows)
    if report:
        typer.echo(f" wrote {report}")


def _run(
    loaded: Loaded,
    strategy: str,
    params: dict[str, str],
    data: Sequence[Path],
    symbols: Sequence[str],
    timeframe: str | None,
    span: tuple[int | None, int | None],
) -> tuple[Result, list[str]]:
    """The result, and where its candles came from."""
    from gobot.app.backtests import run_backtest
    from gobot.app.histories import recorded, stored
    from gobot.strategy import load_strategy

    trading = loaded.settings.trading
    # What the daemon trades is tested with the daemon's parameters, unless other ones are given.
    usual = trading.params if strategy == trading.strategy else {}
    chosen = load_strategy(strategy, {**usual, **params}, loaded.paths.strategies)
    length = Timeframe.parse(timeframe) if timeframe else None
    histories = recorded(data, symbols, length) if data else stored(loaded, symbols, length)
    histories = [history.between(*span) for history in histories]
    with _told_of_compiling():
        result = run_backtest(loaded.settings, chosen, histories)
    return result, [history.source for history in histories]


def _drawn(loaded: Loaded, result: Result, runs: int, seed: int) -> MonteCarlo:
    """The Monte Carlo, with a bar on a terminal."""
    from rich.progress import Progress

    from gobot.app.backtests import run_legs
    from gobot.backtest import monte_carlo

    with Progress(transient=True, console=_stderr(), disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("Monte Carlo", total=runs)
        return monte_carlo(
            result,
            lambda legs: run_legs(loaded.settings, legs),
            runs=runs,
            seed=seed,
            progress=lambda done, _: bar.update(task, completed=done),
        )


def _stderr() -> Console:
    from rich.console import Console

    return Console(stderr=True)


def _report(result: Result, sources: Sequence[str], drawn: MonteCarlo | None) -> Report:
    from gobot.backtest.report import Report

    return Report.of(result, sources=sources, at_ms=SystemClock().now_ms(), monte_carlo=drawn)


def _keep(loaded: Loaded, report: Report) -> int | None:
    """The run's number in the ledger, None (and a word on stderr) where that cannot be written."""
    from loguru import logger

    from gobot.app.kept_backtests import keep_backtest

    # That a ledger is made or brought up to date is no news to somebody who asked for a backtest.
    logger.disable("gobot.ledger")
    try:
        return keep_backtest(loaded, report)
    except StateError as error:
        typer.echo(f"gobot: this run is not kept: {error}", err=True)
        return None
    finally:
        logger.enable("gobot.ledger")


def _write(
    report: Report, result: Result, *, trades: Path | None, page: Path | None, picture: Path | None
) -> list[Path]:
    """Write the files that were asked for; returns which those are."""
    if trades:
        from gobot.backtest.report.table import trades_csv

        _put(trades, trades_csv(result.trade_documents()).encode())
    if page:
        from gobot.backtest.report.page import page as page_of

        _put(page, page_of(report).encode())
    if picture:
        from gobot.backtest.report.picture import png

        _put(picture, png(report))
    return [path for path in (trades, page, picture) if path]


def _put(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise UsageError(f"{path} cannot be written ({error.strerror}); give another path") from None


@contextmanager
def _told_of_compiling() -> Iterator[None]:
    """Say on stderr why the first run takes longer."""
    from gobot.backtest.compiling import told_of_compiling, what_takes_long

    with told_of_compiling(lambda: typer.echo(f"gobot: {what_takes_long()}", err=True)):
        yield


def _kept(row: Any) -> dict[str, Any]:
    """A kept run for JSON; its curve stays in the ledger."""
    from dataclasses import asdict

    from gobot.core import iso

    document = asdict(row)
    del document["curve"]
    return {**document, "at": iso(row.at_ms), "start": iso(row.start_ms), "end": iso(row.end_ms)}
