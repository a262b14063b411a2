"""Edits of the settings file, picked up while gobot runs."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

from gobot.core import ConfigError
from gobot.settings.base import Section
from gobot.settings.keys import KEYS, dotted, key_of
from gobot.settings.layers import read_limited
from gobot.settings.load import Loaded, flat, settings_file
from gobot.settings.model import Settings

_S = TypeVar("_S", bound=Section)


class Change(NamedTuple):
    """A key whose value is another, in words that may be shown: secrets are masked."""

    key: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Reloaded:
    """A valid edit: the settings to go on with, what changed, and what will change at the next start only."""

    loaded: Loaded
    changes: tuple[Change, ...]
    restart: tuple[Change, ...]


class SettingsWatch:
    """The settings in force; `poll` between cycles takes over what was edited since.

    >>> watch = SettingsWatch(load_settings(home))
    >>> match watch.poll():
    ...     case Reloaded() as edit: ...  # `watch.current` holds them already
    ...     case ConfigError() as error: ...  # said once for each edit; `watch.current` is as it was
    """

    def __init__(self, loaded: Loaded) -> None:
        self.current = loaded
        self._seen = b""  # so that the first poll also catches an edit made since `loaded` was read

    def __repr__(self) -> str:
        return f"SettingsWatch({str(self.current.path)!r})"

    def poll(self) -> Reloaded | ConfigError | None:
        """Look at the file once: a valid edit, an invalid one, or None when nothing changed.  Never raises."""
        seen = self._content()
        if seen == self._seen:
            return None
        self._seen = seen
        try:
            edited = self.current.reload()
        except ConfigError as error:
            return error
        if edited.path is None and self.current.path is not None:
            return ConfigError(f"{self.current.path}: the file is gone; put it back (its last settings stay in force)")
        before, self.current = self.current, _pinned(self.current, edited)
        applied = tuple(changes(before.settings, self.current.settings))
        waiting = tuple(changes(self.current.settings, edited.settings))
        return Reloaded(self.current, applied, waiting) if applied or waiting else None

    def _content(self) -> bytes:
        """What tells one content of the file from another, readable or not."""
        try:
            return hashlib.sha256(read_limited(self.current.path or settings_file(self.current.home))).digest()
        except OSError as error:
            return repr(error).encode()


def changes(old: Settings, new: Settings) -> list[Change]:
    """The keys that differ, in the order of the models, mappings entry by entry."""
    before, after = ({name: value for name, value in flat(one).items() if value != {}} for one in (old, new))
    names = dict.fromkeys((*before, *after))
    return [
        Change(name, _shown(name, before), _shown(name, after))
        for name in names
        if before.get(name) != after.get(name) or (name in before) != (name in after)
    ]


def _shown(name: str, values: dict[str, Any]) -> str:
    key = key_of(tuple(name.split(".")))
    return key.shown(values[name]) if key and name in values else "(not set)"


def _pinned(old: Loaded, new: Loaded) -> Loaded:
    """``new`` with the values of ``old`` where a change needs a restart."""
    settings, sources, explicit = new.settings, dict(new.sources), set(new.explicit)
    values = flat(old.settings)
    for place, key in KEYS.items():
        if key.restart:
            name = dotted(place)
            settings = _with(settings, key.path, values[name])
            sources[name] = old.sources[name]
            (explicit.add if name in old.explicit else explicit.discard)(name)
    return replace(new, settings=settings, sources=MappingProxyType(sources), explicit=frozenset(explicit))


def _with(section: _S, path: tuple[str, ...], value: Any) -> _S:
    head, *rest = path
    inner = _with(getattr(section, head), tuple(rest), value) if rest else value
    return section.model_copy(update={head: inner})
