"""Column types: exact money and words from a closed list, the same on SQLite and PostgreSQL."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import Numeric, String, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from gobot.core import plain


class Money(TypeDecorator[Decimal]):
    """A `Decimal` that comes back exactly as it went in: plain text on SQLite, ``numeric`` elsewhere.

    SQLite has no decimal type and would turn a number into a binary float.  Text does not sort by value, so
    nothing is ever ordered or compared by such a column in SQL, except for equality.
    """

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Text on SQLite, numeric on every other database."""
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else Numeric())

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Decimal | str | None:
        """Canonical text, so that equal amounts are equal text."""
        if value is None or dialect.name != "sqlite":
            return value
        return plain(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:  # noqa: ARG002 - SQLAlchemy's signature
        """The amount as it was stored."""
        return None if value is None else Decimal(plain(Decimal(value)))


class Word(TypeDecorator[StrEnum]):
    """One member of a `StrEnum`, stored as its text."""

    impl = String(16)
    cache_ok = True

    def __init__(self, kind: type[StrEnum]) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: StrEnum | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - likewise
        """The member's text."""
        return None if value is None else str(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> StrEnum | None:  # noqa: ARG002 - likewise
        """The member."""
        return None if value is None else self.kind(value)
