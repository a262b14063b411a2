"""ccxt without the venues that are not used.

Its packages import every one of some hundred venues: seventy megabytes and a second for the sake of one class.  Here
they are imported without those lines, and a venue comes when it is asked for by name.  Everything else about them,
errors included, is ccxt's own; whoever imports all of ccxt before or after this gets what he always got.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
from difflib import get_close_matches
from importlib.machinery import SourceFileLoader
from types import CodeType, ModuleType
from typing import Any

from gobot.core import UsageError

_PACKAGES = ("ccxt", "ccxt.async_support")
_STREAMING = "ccxt.pro"


def exchange_class(name: str, *, streaming: bool = False) -> Any:
    """The asynchronous class of the venue ``name``, with ``streaming`` the one that can listen, where there is one.

    Raises `UsageError` for a name that ccxt does not know.
    """
    if "ccxt" not in sys.modules:
        for package in _PACKAGES:
            _import_lean(package)
    import ccxt.async_support

    known = ccxt.async_support.exchanges
    if name not in known:
        near = get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}?" if near else "choose one that ccxt knows, such as binanceusdm"
        raise UsageError(f"exchange.name {name!r} is no venue that ccxt knows: {hint}")
    if streaming:
        if _STREAMING not in sys.modules:
            _import_lean(_STREAMING)
        import ccxt.pro

        if name in ccxt.pro.exchanges:
            return getattr(ccxt.pro, name)
    return getattr(ccxt.async_support, name)


class _Lean(SourceFileLoader):
    """Loads a package without the lines by which it imports its venues."""

    def get_code(self, fullname: str) -> CodeType:
        """The rest, compiled."""
        path = self.get_filename(fullname)
        source = self.get_data(path).decode()
        return compile(re.sub(rf"(?m)^from {fullname}\.(\w+) import \1\b", "#", source), path, "exec")


def _import_lean(name: str) -> None:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"{name} is not installed", name=name)
    spec.loader = _Lean(name, spec.origin)
    package = importlib.util.module_from_spec(spec)
    package.__dict__["__getattr__"] = lambda venue: _venue(package, venue)
    sys.modules[name] = package
    spec.loader.exec_module(package)
    parent, _, child = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], child, package)


def _venue(package: ModuleType, name: str) -> Any:
    """The class of a venue whose module has not been imported before."""
    venues = package.__dict__.get("exchanges", ())
    if name not in venues:
        raise AttributeError(f"module {package.__name__!r} has no attribute {name!r}")
    if package.__name__ == _STREAMING:
        # What listens is built on what asks, and takes it from where it stands now.
        getattr(sys.modules["ccxt.async_support"], name)
    importlib.import_module(f"{package.__name__}.{name}")
    # Importing left the modules of this venue and of those it derives from where ccxt has the classes.
    for venue in venues:
        module = sys.modules.get(f"{package.__name__}.{venue}")
        if module is not None:
            setattr(package, venue, getattr(module, venue))
    return package.__dict__[name]
