"""``gobot strategy``: what there is to trade with, whether it is honest, and how to begin one of your own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gobot.cli.context import ConfigOption, JsonOption, SetOption, load, print_json, print_table
from gobot.core import GobotError, UsageError

if TYPE_CHECKING:
    from gobot.strategy import Strategy
    from gobot.strategy.honesty import Examination

app = typer.Typer(no_args_is_help=True, help="List strategies, check them for look-ahead, begin a new one.")

ParamOption = Annotated[
    list[str] | None, typer.Option("-p", "--param", metavar="NAME=VALUE", help="Set a parameter of the strategy.")
]
DataOption = Annotated[
    list[Path] | None, typer.Option("--data", metavar="FILE", help="A candle file; may be given several times.")
]


@app.command("list")
def list_(
    ctx: typer.Context, config: ConfigOption = None, settings: SetOption = None, as_json: JsonOption = False
) -> None:
    r"""List the strategies that gobot ships and those in your strategies/, with their parameters.

    Your files are run to see what they hold.  With --json also steps, descriptions and constraints.

    \b
    gobot strategy list
    gobot strategy list --json | jq '.[] | {name, params}'
    """
    from gobot.strategy import SHIPPED, strategy_class, users_strategies
    from gobot.strategy.describe import describe

    directory = load(ctx, config, settings).paths.strategies
    own, broken = users_strategies(directory)
    found = [(True, strategy_class(name, directory)) for name in SHIPPED] + [(False, each) for each in own]
    rows: list[dict[str, Any]] = []
    for shipped, each in found:
        try:
            rows.append({**describe(each), "shipped": shipped})
        except GobotError as error:
            broken.append(str(error))
    if as_json:
        print_json(rows)
    else:
        print_table(("strategy", "from", "parameters"), map(_listed, rows), title="Strategies")
    for sentence in broken:
        typer.echo(f"gobot: {sentence}", err=True)


@app.command()
def check(
    ctx: typer.Context,
    target: Annotated[str, typer.Argument(metavar="FILE|NAME", help="A strategy file, or a strategy by name.")],
    data: DataOption = None,
    params: ParamOption = None,
    config: ConfigOption = None,
    settings: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    r"""Try to catch a strategy looking ahead, repainting, or depending on where the data begin.

    It is run on seeded markets and on your --data with the future cut off and the beginning left out at many places,
    with other parameters, twice, on markets that stand still or have holes.  Leaves with 1 when something is to mend.

    \b
    gobot strategy check sma_cross -p fast=20 -p slow=100
    gobot strategy check strategies/mine.py --data BTCUSDT_15m.parquet
    gobot strategy check mine --json
    """
    from gobot.market import read_candles
    from gobot.strategy.honesty import examine

    classes = _classes(target, load(ctx, config, settings).paths.strategies)
    chosen = parse_params(params)
    markets = [(path.name, read_candles(path)) for path in data or ()]
    examinations = [examine(found, chosen, markets) for found in classes]
    if as_json:
        documents = [examination.document() for examination in examinations]
        print_json(documents[0] if len(documents) == 1 else documents)
    else:
        for examination in examinations:
            _show(examination)
    if not all(examination.passed for examination in examinations):
        raise typer.Exit(1)


@app.command()
def new(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Small letters, digits and _, such as dip_buyer.")],
    config: ConfigOption = None,
    settings: SetOption = None,
) -> None:
    r"""Write a runnable, commented strategy file into your strategies/.

    \b
    gobot strategy new dip_buyer
    gobot strategy check dip_buyer
    """
    from gobot.strategy.scaffold import new_strategy

    path = new_strategy(name, load(ctx, config, settings).paths.strategies)
    typer.echo(f"wrote {path}; try: gobot strategy check {name}")


@app.command()
def page(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A strategy by name.")],
    data: DataOption = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the page goes.")] = Path("docs/strategies"),
    params: ParamOption = None,
    config: ConfigOption = None,
    settings: SetOption = None,
) -> None:
    r"""Run a strategy on candle files and write its page: what it is, a picture, results with and without costs.

    On a page that is there only the part between its "made" marks is replaced.

    \b
    gobot strategy page sma_cross --data binance_spot_BTCUSDT_15m.parquet --data binance_um_BTCUSDT_1h.parquet
    gobot strategy page mine --data BTCUSDT_1h.csv --out pages
    """
    from gobot.app.strategy_page import write_page
    from gobot.market import read_candles
    from gobot.strategy import load_strategy

    if not data:
        raise UsageError("a page is made by running the strategy: give --data FILE")
    strategy = load_strategy(name, parse_params(params), load(ctx, config, settings).paths.strategies)
    typer.echo(f"wrote {write_page(strategy, [(path.name, read_candles(path)) for path in data], out)}")


def parse_params(texts: list[str] | None) -> dict[str, str]:
    """``["fast=10"]`` as a mapping.  Raises `UsageError` for a text without ``=``."""
    pairs = [text.partition("=") for text in texts or ()]
    for name, equals, value in pairs:
        if not (name and equals):
            raise UsageError(f"-p {name}{equals}{value} is not understood: write -p NAME=VALUE, such as -p fast=10")
    return {name: value for name, _, value in pairs}


def _classes(target: str, directory: Path) -> list[type[Strategy]]:
    from gobot.strategy import strategies_in, strategy_class

    return strategies_in(Path(target)) if target.endswith(".py") else [strategy_class(target, directory)]


def _listed(row: dict[str, Any]) -> tuple[str, str, str]:
    """One line: ``fast 10 (1..500), slow 50 (2..1000)``."""
    return row["name"], "gobot" if row["shipped"] else "you", ", ".join(map(_range, row["params"]))


def _range(param: dict[str, Any]) -> str:
    text = f"{param['name']} {param['default']}"
    if param["choices"]:
        return f"{text} ({'|'.join(map(str, param['choices']))})"
    return text if param["low"] is None and param["high"] is None else f"{text} ({param['low']}..{param['high']})"


def _show(examination: Examination) -> None:
    rows = [(found.check, "pass" if found.passed else "FAIL", found.seen) for found in examination.findings]
    print_table(("check", "result", "what was seen"), rows, title=f"{examination.strategy} ({examination.file})")
    for found in examination.findings:
        if not found.passed:
            typer.echo(f"mend {found.check}: {found.mend}")
    verdict = "honest as far as can be seen" if examination.passed else "not to be trusted yet"
    typer.echo(f"{examination.strategy}: {verdict}")
