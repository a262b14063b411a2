"""Write requirements.lock and requirements-dev.lock: exact versions, no addresses, of what pyproject.toml needs.

Versions come from the environment this runs in, so the lock holds what the tests have just passed with.
With ``--check`` nothing is written: the answer is one sentence per pin that is missing or does not fit.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterable
from importlib.metadata import requires, version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
RUNTIME = ROOT / "requirements.lock"
DEV = ROOT / "requirements-dev.lock"
HEADER = "# Exact versions of {what}; written by `make lock`, installed by `make setup`.\n"


def declared() -> tuple[list[Requirement], list[Requirement]]:
    """What pyproject.toml asks for: to run, and to develop."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    runtime = [Requirement(line) for line in project["dependencies"]]
    return runtime, [Requirement(line) for line in project["optional-dependencies"]["dev"]]


def closure(wanted: Iterable[Requirement]) -> dict[str, list[Requirement]]:
    """Every package that ``wanted`` pulls in here, by canonical name, with all that is required of it."""
    found: dict[str, list[Requirement]] = {}
    todo = list(wanted)
    seen: set[str] = set()
    while todo:
        requirement = todo.pop()
        name = canonicalize_name(requirement.name)
        found.setdefault(name, []).append(requirement)
        if (key := f"{name}[{','.join(sorted(requirement.extras))}]") in seen:
            continue
        seen.add(key)
        for line in requires(name) or ():
            child = Requirement(line)
            extras = requirement.extras or {""}
            if child.marker is None or any(child.marker.evaluate({"extra": extra}) for extra in extras):
                todo.append(child)
    return found


def pins(*files: Path) -> dict[str, str]:
    """The versions that the lock ``files`` name."""
    lines = [line for file in files for line in file.read_text().splitlines() if line and not line.startswith("#")]
    return {canonicalize_name(name): pin for name, _, pin in (line.partition("==") for line in lines)}


def complaints() -> list[str]:
    """One sentence per requirement that the lock files do not meet."""
    runtime, dev = declared()
    said = []
    for wanted, files in ((runtime, [RUNTIME]), (runtime + dev, [RUNTIME, DEV])):
        locked = pins(*files)
        for name, requirements in sorted(closure(wanted).items()):
            if name not in locked:
                said.append(f"{files[-1].name} lacks {name}: run `make lock`")
            said += [
                f"{files[-1].name} has {name}=={locked[name]}, which does not meet {requirement}: run `make lock`"
                for requirement in requirements
                if name in locked and not requirement.specifier.contains(locked[name], prereleases=True)
            ]
    return sorted(set(said))


def write() -> None:
    """Both lock files, from the packages installed here."""
    runtime, dev = declared()
    base = closure(runtime)
    extra = closure([*runtime, *dev]).keys() - base.keys()
    for file, what, names in ((RUNTIME, "what gobot needs", base), (DEV, "what developing adds", extra)):
        file.write_text(HEADER.format(what=what) + "".join(f"{name}=={version(name)}\n" for name in sorted(names)))


if __name__ == "__main__":
    if "--check" not in sys.argv:
        write()
    elif said := complaints():
        sys.exit("\n".join(said))
