"""To be told when a kernel is being compiled, which happens once and takes some seconds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from numba.core.event import Event, Listener, install_listener

from gobot.matching.kept import base, directory


class _Once(Listener):
    def __init__(self, tell: Callable[[], None]) -> None:
        self._tell: Callable[[], None] | None = tell

    def on_start(self, event: Event) -> None:  # noqa: ARG002  # numba's signature
        if self._tell is not None:
            self._tell()
            self._tell = None

    def on_end(self, event: Event) -> None:
        pass


@contextmanager
def told_of_compiling(tell: Callable[[], None]) -> Iterator[None]:
    """Call ``tell`` once if anything is compiled in the block; what comes from the cache on disk is not."""
    with install_listener("numba:compile", _Once(tell)):
        yield


def what_takes_long() -> str:
    """Why a first run takes longer, for the user."""
    if directory() is None:
        return (
            f"compiling the kernels, as in every run, because nothing can be kept in {base()}: "
            "set NUMBA_CACHE_DIR to a directory that can be written"
        )
    return "compiling the kernels for this machine, once; that takes some seconds"
