"""Files that are whole or not there, and one writer at a time."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Literal

from gobot.core import StateError


def replace_file(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Let ``write`` fill a new file and put it in the place of ``path``.

    A crash at any moment leaves the old content or the new one, whole.  One writer at a time: see `writer_lock`.
    """
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with temporary.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        sync_directory(path.parent)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def sync_directory(path: Path) -> None:
    """Wait until the disk has the names in the directory ``path``: only then do they outlive a power cut."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def writer_lock(path: Path) -> Iterator[None]:
    """Wait for, and hold, the lock at ``path``; the system lets go of it when the process dies."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def disk_errors(doing: Literal["read", "write"], path: Path) -> Iterator[None]:
    """Say in one sentence what the disk would not let us do with ``path``: `StateError`."""
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        mend = "what is stored is as it was; free the disk or mend its permissions"
        raise StateError(f"cannot {doing} {error.filename or path}: {reason}; {mend}") from error
