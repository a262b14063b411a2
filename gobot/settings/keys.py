"""Every key a user can set, read off the models: its kind, default, allowed values and environment variable.

The models are the only place where a key is declared.  Loading, error sentences, the commented file of
``gobot config init`` and the table in the documentation all follow from what is found here.
"""

from __future__ import annotations

import re
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from difflib import SequenceMatcher
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from gobot.core import exact, plain
from gobot.settings.base import Section
from gobot.settings.model import Settings

Place = tuple[str | int, ...]
"""The way to a value inside nested settings: names, and indices of lists."""

Kind = Literal["switch", "whole", "number", "text", "choice", "list", "map", "secret", "any"]

_KINDS: dict[Any, Kind] = {
    bool: "switch",
    int: "whole",
    float: "number",
    Decimal: "number",
    str: "text",
    Literal: "choice",
    list: "list",
    dict: "map",
    SecretStr: "secret",
}
_NOUNS: dict[Kind, str] = {
    "switch": "true or false",
    "whole": "a whole number",
    "number": "a number",
    "text": "text",
    "list": "a list",
    "map": "a mapping of names to values",
    "secret": "text",
    "any": "a value",
}
# What is built once, when the daemon starts; everything else may change while it runs.
_FIXED: tuple[Place, ...] = (
    ("trading", "mode"),
    ("trading", "bot"),
    ("trading", "symbols"),
    ("trading", "timeframe"),
    ("trading", "leverage"),
    ("trading", "orchestrator", "loop_interval"),
    ("trading", "orchestrator", "close_delay"),
    ("trading", "orchestrator", "guard_interval"),
    ("trading", "orchestrator", "relaxed_guard_interval"),
    ("trading", "orchestrator", "daily_summary"),
    ("trading", "rate_limiter"),
    ("trading", "entry"),
    ("trading", "external"),
    ("exchange",),
    ("telegram", "enabled"),
    ("telegram", "base_url"),
    ("telegram", "token"),
    ("database",),
    ("paths",),
    ("candles",),
    ("sim",),
    ("paper",),
    ("log", "file"),
)
_SHOWN_LENGTH = 60
MASK = "********"


@dataclass(frozen=True, slots=True)
class Key:
    """One setting as its model declares it."""

    path: tuple[str, ...]
    kind: Kind
    optional: bool
    default: Any
    allowed: str
    description: str

    @property
    def name(self) -> str:
        """``trading.orchestrator.max_iterations``."""
        return ".".join(self.path)

    @property
    def variable(self) -> str:
        """``GOBOT_TRADING__ORCHESTRATOR__MAX_ITERATIONS``."""
        return "GOBOT_" + "__".join(self.path).upper()

    @property
    def secret(self) -> bool:
        """Whether the value comes from the environment only and is never shown."""
        return self.kind == "secret"

    @property
    def restart(self) -> bool:
        """Whether a change takes effect at the next start only."""
        return any(self.path[: len(fixed)] == fixed for fixed in _FIXED)

    def shown(self, value: Any) -> str:
        """``value`` for people, on one line, with secrets masked."""
        if self.secret:
            return MASK if value else "(not set)"
        return shown(value)


def _sections(model: type[Section], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], type[Section]]]:
    yield path, model
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            yield from _sections(field.annotation, (*path, name))


def _unwrapped(annotation: Any, constraints: list[Any]) -> tuple[Any, bool]:
    """The bare type and whether it may be null; what an ``Annotated`` says is added to ``constraints``."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        for extra in arguments[1:]:
            constraints.extend(extra.metadata if isinstance(extra, FieldInfo) else [extra])
        return _unwrapped(arguments[0], constraints)
    if origin in (Union, types.UnionType) and len(arguments) == 2 and type(None) in arguments:
        return _unwrapped(next(one for one in arguments if one is not type(None)), constraints)[0], True
    return annotation, False


def _bounds(constraints: list[Any]) -> str:
    words = []
    for one in constraints:
        match one:
            case Gt(gt=bound):
                words.append(f"above {shown(bound)}")
            case Ge(ge=bound):
                words.append(f"at least {shown(bound)}")
            case Lt(lt=bound):
                words.append(f"below {shown(bound)}")
            case Le(le=bound):
                words.append(f"at most {shown(bound)}")
            case MinLen(min_length=1):
                words.append("not empty")
            case MinLen(min_length=bound):
                words.append(f"at least {bound} long")
            case MaxLen(max_length=bound):
                words.append(f"at most {bound} long")
            case _ if getattr(one, "pattern", None):
                words.append(f"matching {one.pattern}")
    return ", " + " and ".join(words) if words else ""


def _key(path: tuple[str, ...], field: FieldInfo) -> Key:
    constraints = list(field.metadata)
    bare, optional = _unwrapped(field.annotation, constraints)
    kind = _KINDS.get(get_origin(bare) or bare, "any")
    noun = "one of " + ", ".join(get_args(bare)) if kind == "choice" else _NOUNS[kind]
    if kind == "list":
        noun += {int: " of whole numbers", str: " of texts"}.get(_unwrapped(get_args(bare)[0], [])[0], "")
    allowed = noun + _bounds(constraints) + (", or null" if optional and kind != "secret" else "")
    default = field.get_default(call_default_factory=True)
    return Key(path, kind, optional, default, allowed, field.description or "")


def dotted(place: Place) -> str:
    """``trading.symbols[0]``; parts that are no plain words are quoted, so that it stays on one line."""
    text = ""
    for part in place:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            word = part if re.fullmatch(r"[\w-]{1,100}", part, re.ASCII) else quoted(part)
            text += f".{word}" if text else word
    return text


def shown(value: Any) -> str:
    """``value`` as a user would write it, shortened, on one line, without the password of a URL."""
    match value:
        case None | bool():
            return {None: "null", True: "true", False: "false"}[value]
        case int() | float() | Decimal():
            return _shortened(plain(exact(value)))
        case str():
            return quoted(masked(value))
        case list() | tuple():
            return _shortened(f"[{', '.join(map(shown, value))}]")
        case dict():
            return _shortened(f"{{{', '.join(f'{dotted((name,))}: {shown(one)}' for name, one in value.items())}}}")
    return type(value).__name__


def masked(text: str) -> str:
    """``text`` without the password of a URL in it."""
    return re.sub(r"((?<=://)[^/@:\s]*:)\S*(?=@)|([?&]password=)[^&\s]*", rf"\1\2{MASK}", text)


def quoted(text: str) -> str:
    """``text`` in quotes, shortened, control characters escaped."""
    return repr(text if len(text) <= _SHOWN_LENGTH else text[:_SHOWN_LENGTH] + "…")


def _shortened(text: str) -> str:
    return text if len(text) <= _SHOWN_LENGTH else text[:_SHOWN_LENGTH] + "…"


SECTIONS: Mapping[Place, type[Section]] = dict(_sections(Settings))
"""Every section by its path, the whole (``()``) first."""

KEYS: Mapping[Place, Key] = {
    (*path, name): _key((*path, name), field)
    for path, model in _sections(Settings)
    for name, field in model.model_fields.items()
    if (*path, name) not in SECTIONS
}
"""Every key by its path, in the order of the models."""


def key_of(place: Place) -> Key | None:
    """The key that ``place`` is or lies in (``trading.params.fast`` lies in ``trading.params``)."""
    for length in range(len(place), 0, -1):
        if (key := KEYS.get(place[:length])) is not None:
            return key
    return None


def nearest(unknown: Place) -> Place:
    """The known key that was most likely meant: the likest last word, rather beside it than elsewhere."""
    words = tuple(".".join(map(str, unknown))[:_SHOWN_LENGTH].split("."))

    def likeness(place: Place) -> float:
        beside = 0.15 if place[:-1] == words[:-1] else 0
        return _alike(words[-1], str(place[-1])) + beside + 0.1 * _alike(dotted(words), dotted(place))

    return max((place for place in (*SECTIONS, *KEYS) if place), key=likeness)


def _alike(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other).ratio()
