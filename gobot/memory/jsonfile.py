"""One JSON document on disk that survives crashes: ``state/progress.json`` and its like.

A write goes to a temporary file, which is synced to disk and then renamed over the old one, so that a crash at any
moment leaves either the old document or the new one, whole.  The document before it stays beside it as
``progress.json.1``.  A file that can no longer be read is set aside as ``progress.json.damaged-1``, never deleted,
and the previous one takes its place; `JsonFile.damage` says so, and the caller has to tell the operator.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import orjson

from gobot.core import StateError

_FORMAT = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
# What file systems answer that know no hard links (FAT, some network shares).
_NO_HARD_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """What was wrong with a document and what was done about it.

    ``set_aside`` are the files it was kept in for a human to look at; ``recovered_from`` is the generation that
    is used instead, None when nothing readable was left and the caller starts from nothing.
    """

    path: Path
    reason: str
    set_aside: tuple[Path, ...] = ()
    recovered_from: Path | None = None

    @property
    def sentence(self) -> str:
        """The whole of it for the log and the operator."""
        aside = f"; set aside as {', '.join(path.name for path in self.set_aside)}" if self.set_aside else ""
        instead = f"{self.recovered_from.name} is used" if self.recovered_from else "nothing earlier is left"
        return f"{self.path} {self.reason}{aside}; {instead}"


class _UnreadableError(Exception):
    """The bytes are no document of ours; the message says why."""


class JsonFile:
    """The document at ``path``, an object of at most version ``schema``.

    >>> progress = JsonFile(Path("state/progress.json"), schema=1)
    >>> progress.write({"cycle": 7})
    >>> progress.read()
    {'cycle': 7}

    Every method raises `StateError`, in one sentence, when the disk does not let it do its work: read-only, full, no
    permission.  What was there before is intact then.
    """

    def __init__(self, path: Path, schema: int) -> None:
        self.path = path
        self.schema = schema
        self.damage: Damage | None = None
        """What the last `read` found wrong, None if nothing."""
        self._previous = path.with_name(f"{path.name}.1")
        self._temporary = path.with_name(f".{path.name}.tmp")
        self._written: bytes | None = None

    def __repr__(self) -> str:
        return f"JsonFile({str(self.path)!r}, schema={self.schema})"

    def read(self) -> dict[str, Any] | None:
        """The document, or the previous one if this one is damaged or gone; None if there never was one.

        For the owner: damaged files are moved out of the way.  Raises `StateError` for a document written by a newer
        version of gobot.
        """
        return self._load(self._set_aside)

    def peek(self) -> dict[str, Any] | None:
        """The same document for a process that does not own it: nothing on disk is touched."""
        return self._load(lambda _path: None)

    def write(self, document: Mapping[str, Any]) -> None:
        """Make ``document`` the content; an unchanged document is not written again.

        It may hold whatever orjson can write; NaN becomes null.
        """
        data = orjson.dumps({"schema": self.schema, **document}, option=_FORMAT)
        if data == self._written and self.path.exists():
            return
        try:
            write_synced(self._temporary, data)
            self._keep_previous()
            self._temporary.replace(self.path)
            sync_directory(self.path.parent)
        except OSError as error:
            raise StateError(
                f"cannot write {self.path}: {_words(error)}; what it held before is unchanged: free the disk or mend "
                "its permissions"
            ) from error
        self._written = data

    def _keep_previous(self) -> None:
        """Let the current file be known as the previous one too, without copying it."""
        if not self.path.exists():
            return  # set aside as damaged, or never written: what there is of a previous one is still the best
        self._previous.unlink(missing_ok=True)
        try:
            os.link(self.path, self._previous)
        except OSError as error:
            if error.errno not in _NO_HARD_LINKS:
                raise
            self.path.replace(self._previous)

    def _load(self, set_aside: Callable[[Path], Path | None]) -> dict[str, Any] | None:
        self.damage = None
        reason, aside = "is missing", []
        for path in (self.path, self._previous):
            try:
                document = self._parse(path)
            except FileNotFoundError:
                continue
            except _UnreadableError as error:
                reason = f"is damaged ({error})"
                if (kept := set_aside(path)) is not None:
                    aside.append(kept)
            except OSError as error:
                raise StateError(f"cannot read {path}: {_words(error)}") from error
            else:
                if path is self._previous:
                    self.damage = Damage(path=self.path, reason=reason, set_aside=tuple(aside), recovered_from=path)
                return document
        if reason != "is missing":
            self.damage = Damage(path=self.path, reason=reason, set_aside=tuple(aside))
        return None

    def _parse(self, path: Path) -> dict[str, Any]:
        data = path.read_bytes()
        if not data:
            raise _UnreadableError("it is empty")
        try:
            document = orjson.loads(data)
        except orjson.JSONDecodeError as error:
            raise _UnreadableError(f"line {error.lineno}: {error.msg}") from error
        version = document.pop("schema", None) if isinstance(document, dict) else None
        if type(version) is not int or version < 1:
            raise _UnreadableError("it has no schema version")
        if version > self.schema:
            raise StateError(
                f"{path} was written by a newer gobot (schema {version}, this one knows {self.schema}): "
                "upgrade gobot, or move the file away to start without it"
            )
        return dict(document)

    def _set_aside(self, path: Path) -> Path:
        # A free name: what was set aside earlier is never overwritten.
        kept = next(p for n in count(1) if not (p := self.path.with_name(f"{self.path.name}.damaged-{n}")).exists())
        try:
            path.rename(kept)
        except OSError as error:
            raise StateError(f"{path} is damaged and cannot be set aside: {_words(error)}") from error
        return kept


def write_synced(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path`` and wait until the disk has it; a file left half-written is removed.  OSError."""
    try:
        with path.open("wb", buffering=0) as file:
            view = memoryview(data)
            while view:
                view = view[file.write(view) :]
            os.fsync(file.fileno())
    except OSError:
        path.unlink(missing_ok=True)
        raise


def sync_directory(path: Path) -> None:
    """Wait until the disk has the names in the directory ``path``: only then does a rename outlive a power cut."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _words(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
