"""The parameters of a request, read as strictly as Binance reads them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from gobot.sandbox.errors import ApiError

# What every signed request carries.
_SECURITY = frozenset({"timestamp", "recvWindow", "signature"})


class Parameters:
    """Query and body of one request.

    Reading a parameter marks it as known; `require_all_read` then refuses those that nobody asked for.
    """

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = dict(values)
        self._read: set[str] = set(_SECURITY)

    def __contains__(self, name: str) -> bool:
        self._read.add(name)
        return self._values.get(name, "") != ""

    def ignore(self, *names: str) -> None:
        """Parameters that Binance knows and that change nothing here."""
        self._read.update(names)

    def text(self, name: str, default: str | None = None) -> str:
        """A parameter as it was sent; without a ``default`` it is mandatory (-1102)."""
        if name in self:
            return self._values[name]
        if default is None:
            raise ApiError(-1102, name)
        return default

    def optional(self, name: str) -> str | None:
        """A parameter as it was sent, or None."""
        return self._values[name] if name in self else None

    def choice(self, name: str, among: Collection[str], code: int, default: str | None = None) -> str:
        """One of a few words; any other is refused with ``code``."""
        value = self.text(name, default)
        if value not in among:
            raise ApiError(code, name)
        return value

    def decimal(self, name: str) -> Decimal | None:
        """A number, None where it was not sent."""
        if name not in self:
            return None
        try:
            value = Decimal(self._values[name])
        except InvalidOperation:
            raise ApiError(-1102, name) from None
        if not value.is_finite():
            raise ApiError(-1102, name)
        return value

    def integer(self, name: str) -> int | None:
        """A whole number, None where it was not sent."""
        if name not in self:
            return None
        try:
            return int(self._values[name])
        except ValueError:
            raise ApiError(-1102, name) from None

    def limit(self, default: int, most: int) -> int:
        """The parameter ``limit``."""
        limit = self.integer("limit")
        if limit is None:
            return default
        if not 1 <= limit <= most:
            raise ApiError(-1130, "limit")
        return limit

    def flag(self, name: str) -> bool:
        """``true`` or ``false``, in any case; false where it was not sent."""
        return self.choice(name, ("true", "false", "True", "False", "TRUE", "FALSE"), -1102, "false").lower() == "true"

    def require_all_read(self) -> None:
        """Refuse parameters that the endpoint does not know (-1104)."""
        unread = self._values.keys() - self._read
        if unread:
            raise ApiError(-1104, len(self._values) - len(unread), len(self._values))

    def document(self) -> dict[str, Any]:
        """For the journal; nothing in it is secret."""
        return {name: value for name, value in self._values.items() if name != "signature"}
