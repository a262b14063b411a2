"""A branch: one strategy with one parameter set.  What was learned is kept by branch, and archived when it ends."""

from __future__ import annotations

import errno
import hashlib
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson

from gobot.core import StateError
from gobot.memory.jsonfile import sync_directory, write_synced

_DIRECTORY = re.compile(r"(?P<day>\d{4}-\d{2}-\d{2})-(?P<branch>.+-[0-9a-f]{6})(-(?P<copy>\d+))?")
_FORMAT = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE


@dataclass(frozen=True, slots=True)
class Branch:
    """The identity of a strategy with its parameters, all of them, coerced to their declared types."""

    strategy: str
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """``sma_cross-1f3a9c``: the same for the same strategy and values, whatever their order."""
        identity = orjson.dumps([self.strategy, dict(self.params)], option=orjson.OPT_SORT_KEYS)
        return f"{self.strategy}-{hashlib.blake2b(identity, digest_size=3).hexdigest()}"

    def change_from(self, previous: Branch) -> str | None:
        """What is different from ``previous``, in words; None if it is the same branch."""
        if self.strategy != previous.strategy:
            return f"strategy {previous.strategy} → {self.strategy}"
        names = sorted(self.params.keys() | previous.params.keys())
        changes = [
            f"{name} {previous.params.get(name, 'unset')} → {self.params.get(name, 'unset')}"
            for name in names
            if self.params.get(name) != previous.params.get(name)
        ]
        return ", ".join(changes) or None

    def document(self) -> dict[str, Any]:
        """The form kept in ``state/branch.json``."""
        return {"name": self.name, "strategy": self.strategy, "params": dict(self.params)}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Branch:
        """The branch that `document` was made of."""
        return cls(document["strategy"], document["params"])


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedBranch:
    """One closed branch in the archive: ``path`` holds its documents, ``day`` is the UTC day it ended."""

    path: Path
    day: str
    branch: str


def archive_branch(archive: Path, branch: str, day: str, documents: Mapping[str, Any]) -> Path:
    """Write ``archive/<day>-<branch>/`` with one ``<name>.json`` per document; returns the directory.

    It appears whole or not at all.  One that is there already is never touched: the same documents again (a crash
    came between archiving and going on) find their own directory, others get ``-2``, ``-3``, … behind the name.
    Raises `StateError` when the disk is full or read-only.
    """
    files = {
        f"{name}.json": orjson.dumps(document, default=_number, option=_FORMAT) for name, document in documents.items()
    }
    partial = archive / f".{day}-{branch}.partial"
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        for name, data in files.items():
            write_synced(partial / name, data)
        sync_directory(partial)
        final = _put(partial, archive / f"{day}-{branch}", files)
        sync_directory(archive)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise StateError(f"cannot archive branch {branch} under {archive}: {reason}; nothing was changed") from error
    return final


def archived_branches(archive: Path) -> list[ArchivedBranch]:
    """Everything in the archive, newest day first; what does not look like an archived branch is not listed."""
    if not archive.is_dir():
        return []
    found = [(path, match) for path in archive.iterdir() if (match := _DIRECTORY.fullmatch(path.name))]
    found.sort(key=lambda item: (item[1]["day"], int(item[1]["copy"] or 1), item[1]["branch"]), reverse=True)
    return [ArchivedBranch(path=path, day=match["day"], branch=match["branch"]) for path, match in found]


def _put(partial: Path, wanted: Path, files: Mapping[str, bytes]) -> Path:
    """Rename ``partial`` to ``wanted`` or the first free name after it."""
    final, copy = wanted, 1
    while True:
        if _holds(final, files):
            shutil.rmtree(partial)
            return final
        try:
            return partial.rename(final)
        except OSError as error:
            # A directory that holds something, or a file in its place: never written over.
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
                raise
        copy += 1
        final = wanted.with_name(f"{wanted.name}-{copy}")


def _holds(directory: Path, files: Mapping[str, bytes]) -> bool:
    """Whether ``directory`` holds exactly ``files``."""
    if not directory.is_dir() or {path.name for path in directory.iterdir()} != files.keys():
        return False
    return all((directory / name).read_bytes() == data for name, data in files.items())


def _number(value: object) -> float:
    """Money as JSON has it."""
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
