"""Where compiled kernels are kept between runs, so that each is compiled once on a machine.

Numba keeps what it compiles beside the source and compiles anew when that file changes.  That is not enough here: a
kernel contains functions of other files, and after an update in place it would go on trading by the old fill rules; an
installation may be read-only; and two processes that compile at the same time may take each other's code for theirs.

So kernels lie in the user's cache directory (``$NUMBA_CACHE_DIR`` if set, else ``$XDG_CACHE_HOME/gobot/kernels``), in a
directory named after everything that goes into them: other sources are another directory, and of those only the newest
few stay.  What is damaged there is compiled again.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numba
import numba.core.caching

_numba: Any = numba  # what is used here has no types

_ROOMS = ("matching", "strategy", "backtest")
"""The rooms whose functions are compiled into each other."""
_DIRECTORIES = 4


def base() -> Path:
    """The directory that holds those of all versions."""
    if _numba.config.CACHE_DIR:
        return Path(_numba.config.CACHE_DIR)
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "gobot" / "kernels"


@cache
def directory() -> Path | None:
    """Where kernels of this version are kept; None where nothing can be kept."""
    own = base() / _fingerprint(Path(__file__).parent.parent)
    try:
        if not own.is_dir():
            own.mkdir(parents=True, exist_ok=True)
            _forget_all_but(_DIRECTORIES, base())
        writable = os.access(own, os.W_OK | os.X_OK)
    except OSError:
        return None
    return own if writable else None


class KernelCache(_numba.core.caching.FunctionCache):  # type: ignore[misc]
    """Numba's cache of one function, in `directory`."""

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """What is kept for ``sig``; None if there is nothing that can be used."""
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # noqa: BLE001  # a file cut short by a power cut fails in any way that unpickling can
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep ``data``; where that is impossible it is compiled again next time."""
        try:
            with _locked(Path(self.cache_path)):
                try:
                    super().save_overload(sig, data)
                except OSError:
                    raise
                except Exception:  # noqa: BLE001  # as above: the list of what is kept cannot be read
                    self.flush()
                    super().save_overload(sig, data)
        except OSError:
            self.disable()


class _Locator(_numba.core.caching._CacheLocator):  # type: ignore[misc]  # noqa: SLF001
    """All functions in one directory, told apart by the contents of their file."""

    def __init__(self, function: Callable[..., Any], file: str) -> None:
        self._py_file = file
        self._disambiguator = f"{function.__code__.co_firstlineno}-{_digest(Path(file))}"

    @classmethod
    def from_function(cls, py_func: Callable[..., Any], py_file: str) -> _Locator:
        return cls(py_func, py_file)

    def get_cache_path(self) -> str:
        return str(directory())

    def get_source_stamp(self) -> str:
        return self._disambiguator

    def get_disambiguator(self) -> str:
        return self._disambiguator


class _Impl(_numba.core.caching.CompileResultCacheImpl):  # type: ignore[misc]
    _locator_classes = (_Locator,)


KernelCache._impl_class = _Impl  # noqa: SLF001  # how numba names it


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One process at a time: index and code of a function are two files."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fingerprint(package: Path) -> str:
    """Everything that decides what a kernel becomes."""
    found = hashlib.sha256(f"{sys.version} {numba.__version__}".encode())
    for room in _ROOMS:
        for source in sorted((package / room).glob("*.py")):
            found.update(f"{room}/{source.name}".encode() + source.read_bytes())
    return found.hexdigest()[:16]


@cache
def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:16]


def _forget_all_but(newest: int, base: Path) -> None:
    found = sorted((path for path in base.iterdir() if (path / "lock").exists()), key=lambda path: path.stat().st_mtime)
    for old in found[: -newest or None]:
        shutil.rmtree(old, ignore_errors=True)
