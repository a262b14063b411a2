"""The sources of settings, each as a layer of values and the places they were found in.

A layer never decides what wins and never validates a value; it only knows which keys exist.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from dotenv.parser import parse_stream

from gobot.core import ConfigError
from gobot.settings.document import MAX_BYTES, DocumentError, parse_scalar, read_document
from gobot.settings.keys import KEYS, SECTIONS, Key, Place, dotted, key_of, nearest

_PREFIX = "GOBOT_"
# Read by the command line, not by the settings.
_NO_SETTINGS = frozenset({"GOBOT_HOME"})
_VARIABLES: Mapping[str, Key] = {key.variable: key for key in KEYS.values()}
# Names of credentials often hold no double underscore: gobot-exchange-secret.
_CREDENTIALS: Mapping[str, str] = {name.replace("__", "_"): name for name in _VARIABLES}


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong in a source: the line, 0 where there are none, and the whole sentence."""

    line: int
    sentence: str


@dataclass(slots=True)
class Layer:
    """What one source sets: values by the path of their key, the line or name each was found at, and its faults."""

    values: dict[Place, Any] = field(default_factory=dict)
    found: dict[Place, tuple[str, int]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def where(self, place: Place) -> tuple[str, int]:
        """Source and line of ``place``, of what contains it, or of the first thing inside it."""
        for length in range(len(place), 0, -1):
            if place[:length] in self.found:
                return self.found[place[:length]]
        return next(found for inner, found in self.found.items() if inner[: len(place)] == place)

    def refuse(self, place: Place, reason: str) -> None:
        """Note a fault at ``place``."""
        where, line = self.where(place)
        self.problems.append(Problem(line, f"{where}: {dotted(place)}: {reason}"))


@dataclass(frozen=True, slots=True)
class _Named:
    """A variable: its name, its text, and where it was found."""

    name: str
    text: str
    where: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class Override:
    """A value given on the command line; a text is read as the key wants it.  ``source`` is what the user typed."""

    key: str
    value: Any
    source: str


def parse_set(text: str) -> Override:
    """``trading.mode=paper`` as given to ``--set``.  Raises `ConfigError` without a key or ``=``."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise ConfigError(f"--set {dotted((text,))}: write it as key=value, such as --set trading.mode=paper")
    return Override(name.strip(), value, "--set")


def file_layer(path: Path, label: str) -> Layer:
    """The YAML file.  Raises `ConfigError` if it cannot be read as a document."""
    try:
        document = read_document(read_limited(path))
    except DocumentError as error:
        raise ConfigError(f"{label}:{error.line}: {error.key}: {error.reason}") from None
    except OSError as error:
        reason = f"the file cannot be read ({error.strerror}); check its path and permissions"
        raise ConfigError(f"{label}:1: trading: {reason}") from None
    layer = Layer(found={place: (f"{label}:{line}", line) for place, line in document.lines.items()})
    _walk(layer, document.values, ())
    return layer


def read_limited(path: Path) -> bytes:
    """The file's bytes, one more than `MAX_BYTES` at most.  Raises `OSError`."""
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def _walk(layer: Layer, values: Mapping[str, Any], path: Place) -> None:
    for name, value in values.items():
        inner = (*path, name)
        key = KEYS.get(inner)
        if inner in SECTIONS:
            if isinstance(value, dict):
                _walk(layer, value, inner)
            else:
                first = next(iter(SECTIONS[inner].model_fields))
                layer.refuse(inner, f"keys are wanted below it, such as {first}; indent them, or remove the line")
        elif key is None:
            near = nearest(inner)
            mend = _elsewhere(KEYS[near]) if near in KEYS and KEYS[near].secret else "rename or remove it"
            dots = " (a dot does not nest: give each part a line of its own)" if "." in name else ""
            layer.refuse(inner, f"no such key; the nearest known one is {dotted(near)}: {mend}{dots}")
        elif key.secret:
            layer.refuse(inner, f"a secret never stands in a settings file; remove it and {_elsewhere(key)}")
        else:
            layer.values[inner] = value


def _elsewhere(secret: Key) -> str:
    return f"set {secret.variable} in the environment, in .env or as a systemd credential"


def environment_layer(environment: Mapping[str, str]) -> Layer:
    """Variables such as ``GOBOT_TRADING__MODE``."""
    return _layer(_Named(name, text, dotted((name,))) for name, text in sorted(environment.items()))


def dotenv_layer(path: Path) -> Layer:
    """A ``.env`` file, if there is one; lines of other programs are left alone.  Raises `ConfigError`."""
    try:
        text = read_limited(path).decode("utf-8-sig")
    except FileNotFoundError:
        return Layer()
    except OSError as error:
        raise ConfigError(f"{path.name}: cannot be read ({error.strerror}); check its permissions") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path.name}: not UTF-8; save it as UTF-8") from None
    named: list[_Named] = []
    broken: list[Problem] = []
    for binding in parse_stream(io.StringIO(text)):
        string = binding.original.string
        line = binding.original.line + string[: len(string) - len(string.lstrip())].count("\n")
        where = f"{path.name}:{line}"
        if binding.key and binding.value is not None:
            named.append(_Named(binding.key, binding.value, where, line))
        elif binding.error or (binding.key or "").startswith(_PREFIX):
            broken.append(Problem(line, f"{where}: the line is not understood; write NAME=value, with quotes closed"))
    layer = _layer(named)
    layer.problems += broken
    return layer


def credentials_layer(directory: Path) -> Layer:
    """Files of ``$CREDENTIALS_DIRECTORY``: ``GOBOT_EXCHANGE__SECRET`` or ``gobot-exchange-secret``.

    Files of other names are left alone.  Raises `ConfigError` if the directory or a file cannot be read.
    """
    named: list[_Named] = []
    where = "CREDENTIALS_DIRECTORY"
    try:
        for path in sorted(directory.iterdir()):
            name = path.name.upper().replace("-", "_").replace(".", "_")
            if name.startswith(_PREFIX):
                where = f"credential {dotted((path.name,))}"
                name = _CREDENTIALS.get(name.replace("__", "_"), name)
                named.append(_Named(name, read_limited(path).decode().strip(), where))
    except OSError as error:
        raise ConfigError(f"{where}: cannot be read ({error.strerror}); check LoadCredential= of the service") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{where}: not text; store the value alone, in UTF-8") from None
    return _layer(named)


def _layer(variables: Iterable[_Named]) -> Layer:
    layer = Layer()
    for one in variables:
        if not one.name.startswith(_PREFIX) or one.name in _NO_SETTINGS:
            continue
        path = _path_of(one.name)
        if path is None:
            near = get_close_matches(one.name[:100], _VARIABLES, n=1, cutoff=0)[0]
            name = dotted((one.name,))
            where = name if one.where == name else f"{one.where}: {name}"
            sentence = f"{where}: no such variable; the nearest known one is {near}: rename or unset it"
            layer.problems.append(Problem(one.line, sentence))
        else:
            layer.values[path] = _read(path, one.text)
            layer.found[path] = (one.where, one.line)
    return layer


def _path_of(name: str) -> Place | None:
    if name in _VARIABLES:
        return _VARIABLES[name].path
    for variable, key in _VARIABLES.items():
        if key.kind == "map" and name.startswith(variable + "__") and name != variable + "__":
            return (*key.path, name.removeprefix(variable + "__").lower())
    return None


def overrides_layer(overrides: Iterable[Override]) -> Layer:
    """``--set`` and options of commands, a later one winning."""
    layer = Layer()
    for one in overrides:
        path = tuple(one.key.split("."))
        key = key_of(path)
        layer.found[path] = (one.source, 0)
        if key is None or (path != key.path and key.kind != "map"):
            layer.refuse(path, f"no such key; the nearest known one is {dotted(nearest(path))}")
        elif key.secret:
            layer.refuse(path, f"a secret never stands on the command line; set {key.variable} in the environment")
        else:
            layer.values.pop(path, None)  # so that the later one also comes later
            layer.values[path] = _read(path, one.value) if isinstance(one.value, str) else one.value
    return layer


def _read(path: Place, text: str) -> Any:
    """A variable's or option's text as its key wants it; what does not fit is left for validation to refuse."""
    key = key_of(path)
    if key is None or path != key.path:
        return parse_scalar(text)
    text = text.strip()
    if key.optional and text.lower() in ("", "null", "none", "~"):
        return None
    match key.kind:
        case "text" | "choice" | "secret":
            return text
        case "list" if not text.startswith("["):
            return [part.strip() for part in text.split(",") if part.strip()]
    return parse_scalar(text)
