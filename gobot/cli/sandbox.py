"""``gobot sandbox``: a Binance of one's own on this machine."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gobot.cli.context import JsonOption
from gobot.core import UsageError, exact

if TYPE_CHECKING:
    from gobot.exchange.feed import MarketFeed
    from gobot.sandbox import Sandbox


def sandbox(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")] = 8750,
    data: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="Candle file to play, dated to now; one per symbol.")
    ] = None,
    symbol: Annotated[
        list[str] | None, typer.Option(help="Symbol of a file, in the order of the files; else its name says it.")
    ] = None,
    synthetic: Annotated[int, typer.Option(min=1, max=1000, help="Symbols of the made-up market.")] = 3,
    seed: Annotated[int, typer.Option(help="Seed of the made-up market and of faults by chance.")] = 7,
    step: Annotated[str, typer.Option(help="Candle length of the made-up market.")] = "1m",
    speed: Annotated[float, typer.Option(min=0.1, max=1000.0, help="Seconds of the venue per real second.")] = 1.0,
    deposit: Annotated[float, typer.Option(min=0, help="USDT that the account begins with.")] = 10_000.0,
    faults: Annotated[
        Path | None, typer.Option(metavar="FILE", help="YAML of what shall go wrong; docs/sandbox.md shows how.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    r"""Run a venue on this machine that speaks Binance's protocol, to rehearse on.

    It prints its address and its keys when it is ready.  Ctrl-C ends it; nothing is kept.

    \b
    gobot sandbox                              three made-up symbols, real time
    gobot sandbox --port 9000 --synthetic 50   fifty of them, on port 9000
    gobot sandbox --data BTCUSDT_15m.parquet   recorded candles, dated to now
    gobot sandbox --faults faults.yaml         time-outs, resets, bans as it says
    gobot sandbox --speed 60 --json            an hour in a minute; JSON
    """
    from gobot.sandbox import Sandbox
    from gobot.sandbox.faults import read_faults

    chosen, rules = read_faults(faults) if faults else (None, [])
    feed = _recorded(data, symbol or []) if data else None
    server = Sandbox(
        feed=feed,
        symbols=synthetic,
        seed=seed,
        step=step,
        speed=speed,
        port=port,
        deposit=exact(deposit),
        faults=rules,
        fault_seed=chosen,
    )
    asyncio.run(_serve(server, as_json=as_json))


async def _serve(server: Sandbox, *, as_json: bool) -> None:
    """Serve until the process is told to end."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    try:
        await server.start()
    except OSError as error:
        raise UsageError(
            f"port {server.port} cannot be opened ({error.strerror}): choose another with --port"
        ) from None
    _announce(server, as_json=as_json)
    try:
        await ended.wait()
    finally:
        await server.stop()


def _announce(server: Sandbox, *, as_json: bool) -> None:
    if as_json:
        import orjson

        document: dict[str, Any] = {
            "rest": server.rest,
            "ws": server.ws,
            "port": server.port,
            "key": server.key,
            "secret": server.secret,
            "clock": server.clock_document(),
        }
        print(orjson.dumps(document).decode(), flush=True)
        return
    print(f"sandbox at {server.rest}, key {server.key}, secret {server.secret}", flush=True)


def _recorded(paths: list[Path], symbols: list[str]) -> MarketFeed:
    from gobot.app.histories import recorded
    from gobot.exchange.history_feed import HistoryFeed

    histories = recorded(paths, symbols, None)
    return HistoryFeed(
        {history.symbol: history.candles for history in histories},
        recorded={history.symbol: history.timeframe for history in histories},
    )
