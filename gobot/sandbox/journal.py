"""Every order that the venue accepted, in the order in which it did: nothing here ever changes."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import asdict, dataclass
from typing import Any

from gobot.sandbox.parameters import Parameters

_KEPT = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """An accepted order: ``kind`` is order or algo, ``number`` the venue's id."""

    kind: str
    number: int
    client_id: str
    at_ms: int
    parameters: dict[str, Any]


class Journal:
    """The newest entries; who reads them checks that no client id was accepted twice."""

    def __init__(self) -> None:
        self.entries: deque[Accepted] = deque(maxlen=_KEPT)

    def accepted(self, kind: str, number: int, client_id: str, parameters: Parameters, at_ms: int) -> None:
        """Note an order."""
        self.entries.append(
            Accepted(kind=kind, number=number, client_id=client_id, at_ms=at_ms, parameters=parameters.document())
        )

    @property
    def repeated(self) -> list[str]:
        """Client ids that were accepted more than once."""
        return sorted(one for one, times in Counter(entry.client_id for entry in self.entries).items() if times > 1)

    def document(self) -> list[dict[str, Any]]:
        """For the inspection page."""
        return [asdict(entry) for entry in self.entries]
