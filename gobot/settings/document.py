"""A YAML text as plain values that remember their lines.

Nothing in a file can surprise: no tags, no objects, no dates, no base-60 numbers, no merge keys; nesting, aliases and
size are bounded before anything is built.  What is wrong is said with its line and the nearest key, never with the
text that stands there, which may be a secret.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any, NoReturn

import yaml

from gobot.settings.keys import Place, dotted

MAX_BYTES = 256 * 1024
_MAX_DEPTH = 24
_MAX_VALUES = 20_000
# A longer number is no amount of anything: it stays text, and is refused where a number is wanted.
_MAX_DIGITS = 30
_CORE = "tag:yaml.org,2002:"
_CONTROL = yaml.reader.Reader.NON_PRINTABLE
_SWITCHES = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_KEY_LINE = re.compile(r"""^(\s*)(?:- +)?\{?\s*["']?([\w.-]{1,60})["']?\s*:(?=\s|$)""")


class DocumentError(Exception):
    """A text that is no usable document: the line, the key at or above it, and why."""

    def __init__(self, line: int, key: str, reason: str) -> None:
        super().__init__(reason)
        self.line, self.key, self.reason = line, key, reason


@dataclass(frozen=True, slots=True)
class Document:
    """Nested plain values, and the line of each."""

    values: dict[str, Any]
    lines: dict[Place, int]


def read_document(raw: bytes) -> Document:
    """The one YAML mapping in ``raw``.  Raises `DocumentError`."""
    text = _decoded(raw)
    root = _composed(text)
    if root is None or (isinstance(root, yaml.ScalarNode) and not root.value.strip()):
        raise DocumentError(1, "trading", "the file is empty; write at least one key, or remove the file for defaults")
    if not isinstance(root, yaml.MappingNode):
        line = root.start_mark.line + 1
        raise DocumentError(line, "trading", "keys are wanted at the top level, such as 'trading:', not a list or text")
    builder = _Builder()
    return Document(builder.value(root, ()), builder.lines)


def parse_scalar(text: str) -> Any:
    """``text`` as YAML would read it as a value (``5``, ``0.1``, ``on``, ``[a, b]``); what is not YAML is text."""
    try:
        node = _composed(text)
        return None if node is None else _Builder().value(node, ())
    except DocumentError:
        return text


def _decoded(raw: bytes) -> str:
    if len(raw) > MAX_BYTES:
        raise DocumentError(1, "trading", f"the file is larger than {MAX_BYTES // 1024} KiB; is it the right one?")
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DocumentError(1, "trading", "the file is UTF-16; save it as UTF-8")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8", "replace")
        raise _at(before, before.count("\n"), "a byte here is not UTF-8; save the file as UTF-8") from None
    if odd := _CONTROL.search(text):
        line = text.count("\n", 0, odd.start())
        raise _at(text, line, f"a control character (code {ord(odd[0])}) stands here; remove it")
    return text


class _Loader(yaml.SafeLoader):
    """YAML with the plain values of its version 1.2, and ``on``/``off``/``yes``/``no``; bounded in depth."""

    yaml_implicit_resolvers = {}  # noqa: RUF012  # the base class declares it so; filled below
    _depth = 0
    _count = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self._depth += 1
        self._count += 1
        if self._depth > _MAX_DEPTH or self._count > _MAX_VALUES:
            problem = f"more than {_MAX_DEPTH} levels or {_MAX_VALUES} values"
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=mark)
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


for _tag, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"(?i:true|false|yes|no|on|off)", list("tTfFyYnNoO")),
    ("int", r"[-+]?\d[\d_]*|0x[\da-fA-F]+", list("-+0123456789")),
    ("float", r"[-+]?(?:\.\d+|\d[\d_]*(?:\.[\d_]*)?)(?:[eE][-+]?\d+)?", list("-+.0123456789")),
):
    _Loader.add_implicit_resolver(_CORE + _tag, re.compile(rf"(?:{_pattern})\Z", re.ASCII), _first)


def _composed(text: str) -> yaml.Node | None:
    try:
        loader = _Loader(text)
        return loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        fault = _syntax(text, error)
    except (yaml.YAMLError, ValueError, OverflowError):  # such as "\U99999999", which PyYAML does not foresee
        fault = DocumentError(1, "trading", "the file is not valid YAML")
    raise fault


def _syntax(text: str, error: yaml.MarkedYAMLError) -> DocumentError:
    context, problem = error.context or "", error.problem or "the text is not understood"
    mark = error.problem_mark or error.context_mark
    if error.context_mark and re.match("while (scanning a|parsing a flow)", context):
        mark = error.context_mark  # where the quote or bracket was opened, not where the text ended
    line = mark.line if mark else 0
    if "another document" in problem:
        return _at(text, line, "a second document begins here; keep one and remove this '---'")
    if "\\t" in problem:
        return _at(text, line, "a tab stands here; indent with spaces")
    # An alias, anchor or tag may be a secret that was not quoted.
    problem = re.sub(r"(alias|anchor|handle) .*", r"\1", problem)
    if "flow" in context:
        return _at(text, line, f"the bracket opened here is not closed properly ({problem})")
    if "quoted scalar" in context:
        return _at(text, line, f"the quote opened here is not closed properly ({problem})")
    return _at(text, line, f"the YAML is broken here ({problem}); check indentation, colons and quotes")


def _at(text: str, line: int, reason: str) -> DocumentError:
    """The fault in ``line`` (from 0), with the dotted key that stands there or nearest above."""
    trail: list[str] = []
    indent = math.inf
    for row in reversed(text.splitlines()[: line + 1]):
        found = _KEY_LINE.match(row)
        if found and (depth := len(found[1].expandtabs())) < indent:
            trail.insert(0, found[2])
            indent = depth
    return DocumentError(line + 1, ".".join(trail) or "trading", reason)


class _Builder:
    """Plain values from nodes, counting what aliases repeat."""

    def __init__(self) -> None:
        self.lines: dict[Place, int] = {}
        self._built = 0

    def value(self, node: yaml.Node, place: Place) -> Any:
        self.lines[place] = line = node.start_mark.line + 1
        self._built += 1
        if self._built > _MAX_VALUES or len(place) > _MAX_DEPTH:
            self._refuse(line, place[:3], "aliases repeat or nest too much here; write the values out")
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, place)
        if isinstance(node, yaml.SequenceNode) and node.tag == _CORE + "seq":
            return [self.value(item, (*place, index)) for index, item in enumerate(node.value)]
        if isinstance(node, yaml.MappingNode) and node.tag == _CORE + "map":
            return self._mapping(node, place)
        return self._refuse(line, place, "tags ('!…') are not allowed; write a plain value")

    def _mapping(self, node: yaml.MappingNode, place: Place) -> dict[str, Any]:
        built: dict[str, Any] = {}
        for name, item in node.value:
            line = name.start_mark.line + 1
            if not isinstance(name, yaml.ScalarNode):
                self._refuse(line, place, "a list or mapping stands where the name of a key is wanted")
            inner = (*place, name.value)
            if name.value in built:
                self._refuse(line, inner, f"the key stands here a second time, first in line {self.lines[inner]}")
            if name.value == "<<":
                self._refuse(line, inner, "merge keys are not supported; write the keys out")
            built[name.value] = self.value(item, inner)
            self.lines[inner] = line
        return built

    def _scalar(self, node: yaml.ScalarNode, place: Place) -> Any:
        if _CONTROL.search(node.value):
            self._refuse(node.start_mark.line + 1, place, "an escaped control character stands here; remove it")
        try:
            return _plain(node.tag.removeprefix(_CORE), node.value)
        except (KeyError, ValueError):  # a tag that is not plain, or `!!int abc`
            line = node.start_mark.line + 1
        return self._refuse(line, place, "tags ('!…') are not allowed; write a plain value")

    @staticmethod
    def _refuse(line: int, place: Place, reason: str) -> NoReturn:
        raise DocumentError(line, dotted(place) or "trading", reason)


def _plain(tag: str, text: str) -> Any:
    """The value of a scalar.  Raises `KeyError` or `ValueError` where tag and text do not fit."""
    digits = text.replace("_", "")
    match tag:
        case "str":
            return text
        case "null":
            return None
        case "bool":
            return _SWITCHES[text.lower()]
        case "int" | "float" if len(text) > _MAX_DIGITS:
            return text
        case "int":
            return int(digits, 16 if "x" in digits else 10)
        case "float":
            return number if math.isfinite(number := float(digits)) else text
    raise KeyError(tag)
