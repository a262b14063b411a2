"""The settings written down for people: the commented file and the table of the documentation.

Both follow from the models.  ``python -m gobot.settings.reference docs/configuration.md`` brings a page up to date.
"""

from __future__ import annotations

import sys
from pathlib import Path
from textwrap import wrap

from gobot.settings.display import written
from gobot.settings.keys import KEYS, SECTIONS, Key, Place, dotted

_BEGIN, _END = "<!-- begin of the table -->", "<!-- end of the table -->"

# Naming symbols, even the default, takes the place of the synthetic ones of a simulation.
_COMMENTED_OUT: frozenset[Place] = frozenset({("trading", "symbols")})

_HEAD = """\
# Settings of gobot.  Every key is here with its default: change what you need, remove what you do not.
# `gobot config show` tells the effective values and where each comes from.  Edits are picked up between cycles,
# those of keys marked "restart" at the next start.  Secrets never stand here.
"""


def commented_file() -> str:
    """A settings file with every key at its default, explained."""
    return _HEAD + _section((), "")


def _section(place: Place, indent: str) -> str:
    lines = []
    for name in SECTIONS[place].model_fields:
        inner = (*place, name)
        if inner in SECTIONS:
            lines += ["", f"{indent}# {_title(inner)}", f"{indent}{name}:", _section(inner, indent + "  ").rstrip()]
            continue
        key = KEYS[inner]
        off = "# " if inner in _COMMENTED_OUT else ""
        if key.secret:
            lines.append(f"{indent}# {name}: {key.description} Set {key.variable}.")
        else:
            lines += [f"{indent}# {line}" for line in wrap(_explained(key), 110 - len(indent))]
            lines.append(f"{indent}{off}{name}: {written(key.default)}")
    return "\n".join(lines) + "\n"


def _title(place: Place) -> str:
    return (SECTIONS[place].__doc__ or "").strip().splitlines()[0]


def _explained(key: Key) -> str:
    return f"{key.description} ({key.allowed}{'; restart' if key.restart else ''})"


def markdown_table() -> str:
    """Every section and key as Markdown."""
    parts = []
    for place, section in SECTIONS.items():
        rows = [_row(KEYS[(*place, name)]) for name in section.model_fields if (*place, name) in KEYS]
        if rows:
            head = "| key | default | allowed | what it is |\n|---|---|---|---|"
            parts.append("\n".join([f"### `{dotted(place)}`", "", _title(place), "", head, *rows, ""]))
    return "\n".join(parts)


def _row(key: Key) -> str:
    default = "environment only" if key.secret else f"`{written(key.default)}`"
    allowed = f"`{key.variable}`" if key.secret else key.allowed
    restart = " *Restart.*" if key.restart else ""
    cells = (f"`{key.path[-1]}`", default, allowed, key.description + restart)
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


def refreshed(page: str) -> str:
    """``page`` with the table between its two markers made anew."""
    before, _, rest = page.partition(_BEGIN)
    after = rest.partition(_END)[2]
    return f"{before}{_BEGIN}\n\n{markdown_table()}\n{_END}{after}"


if __name__ == "__main__":
    _page = Path(sys.argv[1])
    _page.write_text(refreshed(_page.read_text(encoding="utf-8")), encoding="utf-8")
