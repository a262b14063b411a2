"""A user's new strategy file, made from the shipped template."""

from __future__ import annotations

import inspect
import keyword
import re
from pathlib import Path

from gobot.core import UsageError
from gobot.strategy.load import SHIPPED, scan

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


def new_strategy(name: str, directory: Path) -> Path:
    """Write ``name``.py into ``directory``: runnable, commented, passing its own check.  The file that was written.

    Raises `UsageError` for a name that is none or is taken; nothing is ever overwritten.
    """
    from gobot.strategy.shipped import template

    class_name = "".join(word.capitalize() for word in name.split("_"))
    if not _NAME.fullmatch(name) or keyword.iskeyword(name) or class_name in vars(template):
        raise UsageError(f"{name!r} cannot name a strategy: use small letters, digits and _, such as dip_buyer")
    path = directory / f"{name}.py"
    taken = {entry.name: entry.path for entry in scan(directory)[0]}
    if name in SHIPPED:
        raise UsageError(f"{name} is a strategy that gobot ships: give yours another name")
    if path.exists() or name in taken:
        raise UsageError(f"{taken.get(name, path)} has a strategy {name} already: edit it, or give another name")
    source = inspect.getsource(template)
    source = source.replace("class Template(", f"class {class_name}(").replace('name = "template"', f'name = "{name}"')
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(source)
    except OSError as error:
        raise UsageError(f"{path} cannot be written ({error.strerror}); check its path and permissions") from error
    return path
