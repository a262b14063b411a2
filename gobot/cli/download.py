"""``gobot data download``: history from the public archive and from a venue's API."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from gobot.cli.context import ConfigOption, JsonOption, SetOption, load, print_json, print_table
from gobot.cli.data_choice import SymbolsOption, TimeframesOption, UntilOption, moment
from gobot.core import DataError, SystemClock, Timeframe, UsageError, iso

if TYPE_CHECKING:
    from gobot.market import Series
    from gobot.market.outcome import Outcome
    from gobot.market.progress import Progress, Report
    from gobot.settings import Loaded

# Binance opened in that month.
_BEGINNING = "2017-07-01"


def download(
    ctx: typer.Context,
    *,
    venue: Annotated[str | None, typer.Option("--venue", help="As ccxt names it; default: exchange.name.")] = None,
    symbol: SymbolsOption = None,
    timeframe: TimeframesOption = None,
    since: Annotated[
        str | None, typer.Option("--since", "--from", metavar="TIME", help="First moment; default: the listing.")
    ] = None,
    until: UntilOption = None,
    source: Annotated[
        Literal["auto", "archive", "api"],
        typer.Option("--source", help="Binance's public archive, the API, or auto: the archive first."),
    ] = "auto",
    funding: Annotated[bool, typer.Option("--funding", help="Funding rates of perpetuals instead of candles.")] = False,
    config: ConfigOption = None,
    settings: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    r"""Fetch history that is not stored yet; what is stored is never fetched again.

    Symbols and timeframes are those of the settings unless told.  A run that is interrupted goes on where it was.

    \b
    gobot data download --since 2024-01-01
    gobot data download --symbol BTC/USDT:USDT --symbol ETH/USDT:USDT --timeframe 1m --timeframe 1h --since 2020-01-01
    gobot data download --venue binance --symbol BTC/USDT --timeframe 15m --source archive
    gobot data download --venue bybit --symbol BTC/USDT:USDT --timeframe 1h --since 2025-01-01 --until 2025-02-01
    gobot data download --symbol BTC/USDT:USDT --funding
    """
    from random import Random

    from gobot.app.download import Downloads, Source
    from gobot.market import Series
    from gobot.market.ccxt_venue import file_venue
    from gobot.market.gaps import Span

    loaded = load(ctx, config, settings)
    venue = venue or loaded.settings.exchange.name
    clock = SystemClock()
    span = Span(moment(since or _BEGINNING) or 0, min(moment(until) or clock.now_ms(), clock.now_ms()))
    if span.start_ms >= span.end_ms:
        raise UsageError(f"--since {iso(span.start_ms)} is not before --until {iso(span.end_ms)}: choose earlier")
    named = [_symbol(venue, text) for text in dict.fromkeys(symbol or loaded.settings.trading.symbols)]
    downloads = Downloads(loaded, clock, Random(), Source(source))  # noqa: S311 - pauses are no secret
    if funding:
        added = asyncio.run(downloads.funding(file_venue(venue), named, span))
        _print_funding(added, as_json=as_json)
        return
    lengths = [Timeframe.parse(text) for text in timeframe or [loaded.settings.trading.timeframe]]
    wanted = [Series(venue=file_venue(venue), symbol=name, timeframe=length) for name in named for length in lengths]
    with _bar() as report:
        outcomes = asyncio.run(downloads.candles(wanted, span, report))
    if as_json:
        print_json([outcome.document() for outcome in outcomes])
    else:
        _print(outcomes)
    failed = [outcome for outcome in outcomes if outcome.error]
    if failed:
        raise DataError(f"{len(failed)} of {len(outcomes)} series are not complete: {failed[0].error}")


def repair_series(loaded: Loaded, damaged: Sequence[Series], start_ms: int | None, end_ms: int | None) -> None:
    """Fetch what is missing in stored series from their venues; what came of it is told on stderr."""
    from random import Random

    from gobot.app.download import Downloads

    downloads = Downloads(loaded, SystemClock(), Random())  # noqa: S311 - pauses are no secret
    for series, found in asyncio.run(downloads.repair(damaged, start_ms, end_ms)).items():
        if found.filled or found.lacking:
            typer.echo(f"{series}: {found.filled:,} candles fetched, {found.lacking:,} the venue lacks", err=True)


def _symbol(venue: str, text: str) -> str:
    """The unified symbol that ``text`` (BTC/USDT:USDT, or BTCUSDT) is on ``venue``.  Raises `UsageError`."""
    from gobot.market.ccxt_venue import ccxt_id
    from gobot.market.series import market_name, symbol_of

    own = {"binanceusdm": "um", "binancecoinm": "cm", "binance": "spot"}.get(venue)
    symbol = text if "/" in text else symbol_of(text, own or "spot")
    if symbol is None:
        raise UsageError(f"symbol {text!r} is not understood: write BTC/USDT, or BTC/USDT:USDT for a perpetual")
    if own is not None and market_name(symbol) != own:
        right = ccxt_id(venue, market_name(symbol))
        raise UsageError(f"{symbol} is not a market of {venue}: add --venue {right}, or write a symbol of that venue")
    return symbol


def _print(outcomes: Sequence[Outcome]) -> None:
    """A row for each series."""
    rows = []
    for outcome in outcomes:
        step = outcome.series.timeframe.ms
        lacking = sum(span.end_ms - span.start_ms for span in outcome.lacking) // step
        figures = (outcome.added, outcome.files, outcome.pages, outcome.differing, outcome.unusable, lacking)
        rows.append(
            (str(outcome.series), *(f"{figure:,}" for figure in figures), "failed" if outcome.error else "done")
        )
    print_table(("series", "new", "files", "pages", "differ, kept", "unusable", "missing", ""), rows)


def _print_funding(added: dict[str, int], *, as_json: bool) -> None:
    documents = [{"symbol": symbol, "added": count} for symbol, count in added.items()]
    if as_json:
        print_json(documents)
    else:
        print_table(("symbol", "new rates"), [(symbol, f"{count:,}") for symbol, count in added.items()])


@contextmanager
def _bar() -> Iterator[Report | None]:
    """A bar on a terminal's stderr."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    rest = (TextColumn("{task.fields[rate]:,.0f} candles/s"), TextColumn("{task.fields[left]}"))
    with Bar(*columns, *rest, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("downloading", total=1.0, rate=0.0, left="")

        def report(progress: Progress) -> None:
            left = "" if progress.remaining is None else f"{timedelta(seconds=round(progress.remaining))} left"
            bar.update(task, completed=progress.share, description=str(progress.series), rate=progress.rate, left=left)

        yield report
