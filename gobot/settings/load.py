"""Settings from every source, each value with the place it came from.

Later sources win: defaults, the YAML file, ``.env``, the environment, systemd credentials, the command line.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from gobot.core import ConfigError
from gobot.settings.combine import combine
from gobot.settings.keys import KEYS, Place, dotted, quoted, shown
from gobot.settings.layers import (
    Layer,
    Override,
    credentials_layer,
    dotenv_layer,
    environment_layer,
    file_layer,
    overrides_layer,
)
from gobot.settings.model import Settings

CONFIG_FILE = Path("config/gobot.yaml")
"""The settings file, below the home directory."""


@dataclass(frozen=True, slots=True)
class ResolvedPaths:
    """The directories of ``paths``, absolute."""

    state: Path
    archive: Path
    candles: Path
    strategies: Path
    logs: Path


@dataclass(frozen=True, slots=True)
class Loaded:
    """Effective settings and where they came from.

    ``path`` is the YAML file, None if there is none.  ``sources`` names the origin of every key's value
    (``default``, ``config/gobot.yaml:12``, ``.env:3``, ``GOBOT_TRADING__MODE``, ``credential …``, ``--set``);
    ``explicit`` holds the keys that somebody set.  ``reload`` loads once more from the same sources.
    """

    settings: Settings
    home: Path
    path: Path | None
    sources: Mapping[str, str]
    explicit: frozenset[str]
    reload: Callable[[], Loaded] = field(repr=False, compare=False)

    @property
    def paths(self) -> ResolvedPaths:
        """The directories of the settings, absolute."""
        return ResolvedPaths(**{name: self.home / value for name, value in self.settings.paths})

    @property
    def database_url(self) -> str:
        """The ledger's SQLAlchemy URL: ``database.url``, or SQLite in the state directory."""
        return self.settings.database.url or f"sqlite:///{self.paths.state / 'gobot.db'}"


def load_settings(
    home: Path | str,
    *,
    config: Path | str | None = None,
    overrides: Iterable[Override] = (),
    environment: Mapping[str, str] | None = None,
) -> Loaded:
    """Load the settings of ``home``; ``config`` names another YAML file, relative to the current directory.

    Without ``config`` a missing file means defaults; ``environment`` is the process's own unless given.  Raises
    `ConfigError`: one line with the place, the key, what is wrong, what is allowed and how to mend it; it never holds
    the value of a secret.
    """
    home = Path(home).absolute()
    if not os.path.isdir(home):  # noqa: PTH112  # Path.is_dir raises where permission is missing
        raise ConfigError(f"the home directory {quoted(str(home))} cannot be found; create it or give another --home")
    environment = os.environ if environment is None else environment
    overrides = tuple(overrides)
    path = settings_file(home, config)
    found = config is not None or _exists(path)
    credentials = environment.get("CREDENTIALS_DIRECTORY")
    combination = combine(
        [
            file_layer(path, _label(path, home)) if found else Layer(),
            dotenv_layer(home / ".env"),
            environment_layer(environment),
            credentials_layer(Path(credentials)) if credentials else Layer(),
            overrides_layer(overrides),
        ]
    )
    places = [*KEYS, *(place for place, _ in by_place(combination.settings))]
    return Loaded(
        settings=combination.settings,
        home=home,
        path=path if found else None,
        sources=MappingProxyType({dotted(place): combination.source(place) for place in places}),
        explicit=frozenset(map(dotted, combination.assigned)),
        reload=partial(load_settings, home, config=config, overrides=overrides, environment=environment),
    )


def _exists(path: Path) -> bool:
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True  # out of reach is not absent: reading it will say why
    return True


def settings_file(home: Path, config: Path | str | None = None) -> Path:
    """The YAML file that ``config`` names, or the one of ``home``; it need not exist."""
    return Path(config).absolute() if config is not None else home.absolute() / CONFIG_FILE


def require_credentials(loaded: Loaded) -> None:
    """Raise `ConfigError` if a secret that these settings need is not set.

    For whoever is about to trade; reading state or stopping a daemon needs no secrets.
    """
    if loaded.settings.trading.mode in ("live", "testnet"):
        _require(loaded, "trading.mode", ("exchange", "api_key"), ("exchange", "secret"))
    if loaded.settings.telegram.enabled:
        _require(loaded, "telegram.enabled", ("telegram", "token"))


def _require(loaded: Loaded, because: str, *secrets: Place) -> None:
    values = flat(loaded.settings)
    missing = [KEYS[secret].variable for secret in secrets if not values[dotted(secret)]]
    if missing:
        reason = f"{because}: {shown(values[because])} needs {' and '.join(missing)}"
        raise ConfigError(f"{loaded.sources[because]}: {reason} in the environment, in .env or as systemd credentials")


def flat(settings: Settings) -> dict[str, Any]:
    """Every key's value under its dotted name, secrets included (wrapped); mappings entry by entry."""
    return {dotted(place): value for place, value in by_place(settings)}


def by_place(settings: Settings) -> Iterator[tuple[Place, Any]]:
    """Every key's place and value; the entries of a mapping that has any stand for it."""
    for place, key in KEYS.items():
        value: Any = settings
        for name in key.path:
            value = getattr(value, name)
        if key.kind == "map" and value:
            yield from (((*place, name), entry) for name, entry in value.items())
        else:
            yield place, value


def _label(path: Path, home: Path) -> str:
    """How messages call the file: relative to the home directory where it lies in it."""
    text = str(path.relative_to(home)) if path.is_relative_to(home) else str(path)
    return text if text.isprintable() else quoted(text)
