"""``gobot run``: the daemon in the foreground, with a live panel on a terminal."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gobot.cli.context import ConfigOption, JsonOption, SetOption, load, print_json
from gobot.cli.report import last_word
from gobot.core import UsageError

if TYPE_CHECKING:
    from gobot.app.wiring import Daemon
    from gobot.daemon.runtime import Door

_REFRESH = 0.25


def run(
    ctx: typer.Context,
    config: ConfigOption = None,
    mode: Annotated[str | None, typer.Option(help="sim, paper, testnet or live; wins over the settings.")] = None,
    data: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="Candle file for the simulated market; one per symbol.")
    ] = None,
    cycles: Annotated[int | None, typer.Option(min=0, help="End after this many cycles; 0 means no limit.")] = None,
    speed: Annotated[
        str | None, typer.Option(metavar="X|max", help="Seconds of a simulated market per real second, or max.")
    ] = None,
    settings: SetOption = None,
    plain: Annotated[bool, typer.Option("--plain", help="Log lines instead of the panel.")] = False,
    as_json: JsonOption = False,
) -> None:
    r"""Run the daemon until it is done or told to stop.

    Ctrl-C ends it cleanly: the step at hand is finished, protection stays in place, and the next run goes on there.

    \b
    gobot run                              as config/gobot.yaml says
    gobot run --cycles 10 --speed max      ten cycles at once
    gobot run --cycles 10 --json           the last status as JSON at the end
    gobot run --data BTCUSDT_15m.parquet   play recorded candles
    gobot run --mode paper                 live prices, orders on paper
    """
    from gobot.app.run import run as run_daemon
    from gobot.app.worlds import RunOptions
    from gobot.settings import Override

    options = [Override("trading.mode", mode, "--mode")] if mode else []
    loaded = load(ctx, config, settings, options)
    if data and loaded.settings.trading.mode != "sim":
        raise UsageError(f"--data plays candles to mode sim, not {loaded.settings.trading.mode}: add --mode sim")
    chosen = RunOptions(data=tuple(data or ()), cycles=cycles, speed=_speed(speed))
    on_terminal = sys.stdout.isatty() and not (plain or as_json)
    run_daemon(loaded, chosen, panel=LivePanel if on_terminal else None)
    if as_json:
        print_json(last_word(loaded.paths.state))


def _speed(text: str | None) -> float | None:
    """``max`` is 0: no waiting.  Raises `UsageError`."""
    if text is None:
        return None
    if text == "max":
        return 0.0
    try:
        speed = float(text)
    except ValueError:
        speed = -1.0
    if not 0 < speed < 1e9:
        raise UsageError(f"--speed {text!r} is not understood: give a number above 0, such as 450, or max")
    return speed


class LivePanel:
    """The panel as a door of the daemon: redrawn four times a second for as long as it lives."""

    def __init__(self, daemon: Daemon) -> None:
        from rich.live import Live

        self._daemon = daemon
        self._live = Live(auto_refresh=False, get_renderable=self._draw, transient=False)
        self._task: asyncio.Task[None] | None = None

    def _draw(self) -> Any:
        from gobot.cli.panel import render

        return render(self._daemon.operator.snapshot(), countdown=self._daemon.driver.seconds_until("cycle"))

    async def open(self) -> None:
        """Begin to draw."""
        self._live.start()
        self._task = asyncio.create_task(self._keep_drawing())

    async def close(self) -> None:
        """Draw the end and leave it on the screen."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        self._live.refresh()
        self._live.stop()

    async def _keep_drawing(self) -> None:
        while True:
            self._live.refresh()
            await asyncio.sleep(_REFRESH)


if TYPE_CHECKING:
    _PANEL_IS_A_DOOR: type[Door] = LivePanel
