"""``gobot data``: what is stored of the market, fetched, brought in, checked, listed and given out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from gobot.cli.context import ConfigOption, JsonOption, SetOption, load, print_json, print_table
from gobot.cli.data_choice import (
    Choice,
    FromOption,
    MarketOption,
    SymbolsOption,
    TimeframesOption,
    UntilOption,
    VenueOption,
    moment,
)
from gobot.cli.data_view import listed, listed_funding, named, print_checked, print_imported, progress
from gobot.cli.download import download, repair_series
from gobot.core import DataError, SystemClock, Timeframe, UsageError

if TYPE_CHECKING:
    from gobot.market import Finding, Series

app = typer.Typer(no_args_is_help=True, help="Download, import, check, list and export stored market data.")
app.command()(download)


@app.command("import")
def import_(
    ctx: typer.Context,
    *,
    files: Annotated[list[Path], typer.Argument(help="CSV, Parquet, Feather or zipped CSV; or directories of them.")],
    venue: VenueOption = None,
    market: MarketOption = None,
    symbol: Annotated[str | None, typer.Option("--symbol", help="BTC/USDT, BTC/USDT:USDT or BTCUSDT.")] = None,
    timeframe: Annotated[str | None, typer.Option("--timeframe", help="Such as 15m.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Prefer the files to what is stored.")] = False,
    config: ConfigOption = None,
    settings: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    r"""Take files of candles or funding rates into the store.

    What is sound is stored, every defect is named.  A name such as binance_um_BTCUSDT_1h.csv or BTCUSDT-1h-2024-12.zip
    says what a file holds; options say it otherwise.

    \b
    gobot data import binance_spot_BTCUSDT_15m.parquet
    gobot data import prices.csv --symbol BTC/USDT:USDT --timeframe 1h
    gobot data import ~/downloads/klines --venue binance --market um
    """
    from gobot.app.candles import candle_store, funding_store
    from gobot.market.ccxt_venue import file_venue
    from gobot.market.importing import Importer, data_files
    from gobot.market.names import Hints

    clock, loaded = SystemClock(), load(ctx, config, settings)
    length = Timeframe.parse(timeframe) if timeframe else None
    hints = Hints(venue=file_venue(venue) if venue else None, market=market, symbol=symbol, timeframe=length)
    importer = Importer(candle_store(loaded, clock), funding_store(loaded), clock, hints=hints, replace=replace)
    paths = data_files(files)
    if not paths:
        raise UsageError(f"{files[0]}: holds no data files; give CSV, Parquet, Feather or zip files")
    with progress("importing", [path.stat().st_size if path.exists() else 0 for path in paths]) as done:
        reports = importer.run(paths, lambda report: done(report.path.name))
    if as_json:
        print_json([report.document() for report in reports])
    else:
        print_imported(reports)
    failed = [report for report in reports if report.error]
    if failed:
        raise DataError(f"{len(failed)} of {len(reports)} files could not be imported: {failed[0].error}")


@app.command()
def check(
    ctx: typer.Context,
    *,
    venue: VenueOption = None,
    market: MarketOption = None,
    symbol: SymbolsOption = None,
    timeframe: TimeframesOption = None,
    start: FromOption = None,
    until: UntilOption = None,
    repair: Annotated[bool, typer.Option("--repair", help="First fetch what is missing from the venue.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Leave with exit code 1 when there are errors.")] = False,
    config: ConfigOption = None,
    settings: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    r"""Look for gaps, contradictions, frozen prices and outliers, and compare timeframes with each other.

    \b
    gobot data check
    gobot data check --symbol BTC/USDT --timeframe 15m --from 2024-01-01 --until 2024-02-01
    gobot data check --symbol BTC/USDT:USDT --repair
    gobot data check --strict --json
    """
    from gobot.app.candles import candle_store
    from gobot.market import Severity, check_series

    loaded = load(ctx, config, settings)
    store = candle_store(loaded, SystemClock())
    chosen = Choice.of(venue, market, symbol, timeframe).required(store)
    start_ms, end_ms = moment(start), moment(until)
    if repair:
        repair_series(loaded, chosen, start_ms, end_ms)
    found: list[tuple[Series, list[Finding]]] = []
    with progress("checking", [1] * len(chosen)) as done:
        for series in chosen:
            found.append((series, check_series(store, series, start_ms, end_ms)))
            done(str(series))
    if as_json:
        print_json([{**named(series), "findings": [one.document() for one in findings]} for series, findings in found])
    else:
        print_checked(found)
    bad = sum(any(finding.severity is Severity.ERROR for finding in findings) for _, findings in found)
    if strict and bad:
        raise DataError(f"{bad} of {len(found)} series have errors: see the report")


@app.command("list")
def list_(
    ctx: typer.Context,
    *,
    venue: VenueOption = None,
    market: MarketOption = None,
    symbol: SymbolsOption = None,
    timeframe: TimeframesOption = None,
    funding: Annotated[bool, typer.Option("--funding", help="List funding rates instead of candles.")] = False,
    config: ConfigOption = None,
    settings: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    r"""Show what is stored: how many candles, from when to when, and how many gaps lie between them.

    Start and end are the open times of the first and the last candle.

    \b
    gobot data list
    gobot data list --venue binance --timeframe 15m
    gobot data list --json | jq '.[] | select(.gaps > 0)'
    """
    from gobot.app.candles import candle_store, funding_store

    loaded = load(ctx, config, settings)
    if funding:
        rates = funding_store(loaded)
        documents = [listed_funding(rates, *one) for one in rates.symbols()]
    else:
        store = candle_store(loaded, SystemClock())
        documents = [listed(store, series) for series in Choice.of(venue, market, symbol, timeframe).stored(store)]
    if as_json:
        print_json(documents)
    elif documents:
        rows = [[f"{cell:,}" if isinstance(cell, int) else cell for cell in one.values()] for one in documents]
        print_table(tuple(documents[0]), rows, title=f"Stored in {loaded.paths.candles}")
    else:
        typer.echo(f"nothing is stored in {loaded.paths.candles}; bring something in: gobot data import FILE")


@app.command()
def export(
    ctx: typer.Context,
    *,
    symbol: Annotated[list[str], typer.Argument(metavar="SYMBOL…", help="BTC/USDT, BTC/USDT:USDT or BTCUSDT.")],
    to: Annotated[Path, typer.Option("--to", metavar="PATH", help="A file, or a directory for several series.")],
    venue: VenueOption = None,
    market: MarketOption = None,
    timeframe: TimeframesOption = None,
    start: FromOption = None,
    until: UntilOption = None,
    file_format: Annotated[
        Literal["csv", "parquet", "feather"], typer.Option("--format", help="Format of the files in a directory.")
    ] = "csv",
    config: ConfigOption = None,
    settings: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    r"""Write stored candles to files; a length that is not stored is put together from a shorter one.

    \b
    gobot data export BTC/USDT --timeframe 1h --to btc.csv
    gobot data export BTC/USDT ETH/USDT --from 2024-01-01 --to exported/ --format parquet
    gobot data export BTC/USDT:USDT --timeframe 4h --to btc_4h.feather
    """
    from gobot.app.candles import candle_store
    from gobot.market import read_or_resample
    from gobot.market.export import EXPORT_FORMATS, export_candles

    store = candle_store(load(ctx, config, settings), SystemClock())
    chosen = Choice.of(venue, market, symbol, timeframe).derivable(store)
    into_file = to.suffix.lower() in EXPORT_FORMATS
    if into_file and len(chosen) > 1:
        raise UsageError(f"{len(chosen)} series do not fit into one file: choose one, or give a directory to --to")
    documents = []
    for series in chosen:
        path = to if into_file else to / f"{series.stem}.{file_format}"
        candles = read_or_resample(store, series, moment(start), moment(until))
        if not len(candles):
            raise DataError(f"{series}: no candles are stored, nor shorter ones in that time to make them of")
        export_candles(candles, path)
        documents.append({**named(series), "rows": len(candles), "file": str(path)})
    if as_json:
        print_json(documents)
    else:
        for one in documents:
            typer.echo(f"wrote {one['rows']:,} candles to {one['file']}")
