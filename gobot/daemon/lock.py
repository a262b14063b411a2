"""One daemon per state directory: an advisory lock that the kernel drops when the process dies, however it dies."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from gobot.core import StateError

LOCK_NAME = "gobot.lock"


class InstanceLock:
    """Held for as long as the object is open.  Raises `StateError` when another process holds it."""

    def __init__(self, state: Path) -> None:
        path = state / LOCK_NAME
        try:
            state.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StateError(
                f"{state}: the state directory cannot be written ({error.strerror}): "
                "mend its permissions or free space, or set paths.state to another directory"
            ) from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.read(self._descriptor, 32).decode(errors="replace").strip()
            os.close(self._descriptor)
            raise StateError(
                f"{state}: another gobot (process {holder or 'unknown'}) runs on this state directory: "
                "stop it, or give this one a home of its own with --home"
            ) from error
        self._write_pid(path)

    def _write_pid(self, path: Path) -> None:
        try:
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)
        except OSError as error:
            os.close(self._descriptor)
            raise StateError(f"{path}: cannot write ({error.strerror}): free space on the disk") from error

    def release(self) -> None:
        """Let another daemon in.  The file stays: removing it would race with the next one."""
        os.close(self._descriptor)
