"""Settings in force, for people and programs: secrets and the passwords of URLs masked."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

import yaml

from gobot.core import exact, plain
from gobot.settings.base import Section
from gobot.settings.keys import MASK, Key, dotted, key_of, masked
from gobot.settings.load import Loaded, by_place


def setting_rows(loaded: Loaded) -> list[tuple[str, str, str]]:
    """Key, value as YAML and source of every setting; a secret is ``********`` or ``(not set)``."""
    rows = []
    for place, value in by_place(loaded.settings):
        key, name = key_of(place), dotted(place)
        text = key.shown(value) if key and key.secret else written(_public(key, value))
        rows.append((name, text, loaded.sources[name]))
    return rows


def settings_document(loaded: Loaded) -> dict[str, Any]:
    """``home``, ``file``, ``settings`` (nested) and ``sources`` (by dotted key), ready for JSON but for its `Decimal`.

    A secret is ``********``, or None if it is not set.
    """
    nested: dict[Any, Any] = {}
    for place, value in by_place(loaded.settings):
        target = nested
        for name in place[:-1]:
            target = target.setdefault(name, {})
        target[place[-1]] = _public(key_of(place), value)
    return {
        "home": str(loaded.home),
        "file": str(loaded.path) if loaded.path else None,
        "settings": nested,
        "sources": dict(loaded.sources),
    }


def written(value: Any) -> str:
    """``value`` in YAML, on one line, the way people write it."""
    if isinstance(value, float | Decimal):
        return plain(exact(value))
    if isinstance(value, str) and re.fullmatch(r"[A-Za-z_][\w./-]*", value) and yaml.safe_load(value) == value:
        return value
    return json.dumps(value, ensure_ascii=False)


def _public(key: Key | None, value: Any) -> Any:
    if key and key.secret:
        return MASK if value else None
    if isinstance(value, list):
        return [one.model_dump(mode="json") if isinstance(one, Section) else one for one in value]
    return masked(value) if isinstance(value, str) else value
