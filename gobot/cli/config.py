"""``gobot config``: the settings file, and the settings in force."""

from __future__ import annotations

from typing import Annotated

import typer

from gobot.cli.context import ConfigOption, JsonOption, SetOption, home, load, print_json, print_table
from gobot.core import UsageError

app = typer.Typer(no_args_is_help=True, help="Write, check and show the settings.")


@app.command()
def init(
    ctx: typer.Context,
    config: ConfigOption = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file that is there.")] = False,
) -> None:
    r"""Write a settings file with every key at its default, explained.

    \b
    gobot config init
    gobot --home /srv/gobot config init --force
    """
    from gobot.settings import settings_file
    from gobot.settings.reference import commented_file

    path = settings_file(home(ctx), config)
    if path.exists() and not force:
        raise UsageError(f"{path} exists; keep it, or overwrite it with --force")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(commented_file(), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be written ({error.strerror}); check its path and permissions") from None
    typer.echo(f"wrote {path}")


@app.command()
def show(
    ctx: typer.Context, config: ConfigOption = None, settings: SetOption = None, as_json: JsonOption = False
) -> None:
    r"""Show every setting in force and where each value comes from.

    \b
    gobot config show
    gobot config show --set trading.mode=paper
    gobot config show --json | jq .settings.trading.risk_manager
    """
    from gobot.settings import setting_rows, settings_document

    loaded = load(ctx, config, settings)
    if as_json:
        print_json(settings_document(loaded))
    else:
        print_table(("key", "value", "source"), setting_rows(loaded), title=f"Settings of {loaded.home}")
