"""Layers of values made one: what wins, whether it is valid, and where each value came from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from gobot.core import ConfigError
from gobot.settings.keys import KEYS, Place, key_of
from gobot.settings.layers import Layer
from gobot.settings.model import Settings

DEFAULT = "default"
"""The source of a value that nobody set."""


@dataclass(frozen=True, slots=True)
class Combination:
    """Valid settings, and the layer that each assigned path was taken from."""

    settings: Settings
    assigned: dict[Place, Layer]

    def source(self, path: Place) -> str:
        """Where the value at ``path`` came from."""
        layer = _layer_of(path, self.assigned)
        return layer.where(path)[0] if layer else DEFAULT


def combine(layers: Sequence[Layer]) -> Combination:
    """The settings that ``layers`` make, later ones winning.

    Raises `ConfigError` with the first problem of the first layer that has one, and the number of the others.
    """
    assigned: dict[Place, Layer] = {}
    for layer in layers:
        for path in layer.values:
            for covered in [other for other in assigned if other[: len(path)] == path]:
                del assigned[covered]
            assigned[path] = layer
    settings = _validated(assigned)
    problems = [one for layer in layers for one in sorted(layer.problems, key=lambda problem: problem.line)]
    if problems or settings is None:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise ConfigError(problems[0].sentence + more)
    return Combination(settings, assigned)


def _validated(assigned: dict[Place, Layer]) -> Settings | None:
    """The settings, or None with the reasons noted in the layers they belong to."""
    values = {path: layer.values[path] for path, layer in assigned.items()}
    for path, value in values.items():
        # pydantic takes true for 1.
        if isinstance(value, bool) and KEYS.get(path) and KEYS[path].kind in ("whole", "number"):
            assigned[path].refuse(path, _reason(path, value))
    try:
        return Settings.model_validate(_nested(values.items()))
    except ValidationError as error:
        errors = error.errors(include_url=False)
    for one in errors:
        place = one["loc"]
        below = (layer for path, layer in assigned.items() if path[: len(place)] == place)
        layer = _layer_of(place, assigned) or next(below)
        cause = one.get("ctx", {}).get("error")
        layer.refuse(place, f"{cause}" if cause else _reason(place, one["input"]))
    return None


def _reason(place: Place, value: Any) -> str:
    """Why ``value`` does not fit the key at ``place``, and what does."""
    key = key_of(place)
    if key is None:
        return "the values do not fit together"
    quotes = ", in quotes" if key.kind == "text" and isinstance(value, int | float) else ""
    default = "" if key.secret or key.default is None else f" (default {key.shown(key.default)})"
    return f"{key.shown(value)} is not allowed; write {key.allowed}{quotes}{default}"


def _nested(values: Iterable[tuple[Place, Any]]) -> dict[Any, Any]:
    """Dotted values as nested mappings; entries of a mapping come after the whole of it."""
    nested: dict[Any, Any] = {}
    for path, value in sorted(values, key=lambda pair: len(pair[0])):
        target = nested
        for name in path[:-1]:
            target = target.setdefault(name, {})
        if isinstance(target, dict):  # if not, the whole mapping is wrong and will be refused
            target[path[-1]] = dict(value) if isinstance(value, dict) else value
    return nested


def _layer_of(place: Place, assigned: dict[Place, Layer]) -> Layer | None:
    """The layer that assigned ``place`` or what contains it."""
    for length in range(len(place), 0, -1):
        if (layer := assigned.get(place[:length])) is not None:
            return layer
    return None
