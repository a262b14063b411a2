"""The memory of the simulated venue on disk, so that it outlives the daemon: one SQLite file.

The venue is another party: when the daemon is killed it must still know every order, fill and cent.  A killed
process loses nothing that the operating system was handed, so as a rule no write is waited for.  An account on paper
lives for months, and is to outlive the host's power as well.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter

from gobot.core import Fill, FundingPayment, StateError
from gobot.exchange.holding import Holding
from gobot.exchange.venue_order import VenueOrder
from gobot.exchange.venue_state import KEPT, VenueState

_SCHEMA = "1"
_TABLE = (
    "CREATE TABLE records (kind TEXT NOT NULL, key NOT NULL, document TEXT NOT NULL, PRIMARY KEY (kind, key))"
    " WITHOUT ROWID"
)
_PUT = "INSERT OR REPLACE INTO records VALUES (?, ?, ?)"
_DROP = "DELETE FROM records WHERE kind = ? AND key = ?"
_FORGET = "DELETE FROM records WHERE kind = ? AND key <= ?"
_ALL = "SELECT key, document FROM records WHERE kind = ? ORDER BY key"
_KINDS: Final[Mapping[str, TypeAdapter[Any]]] = {
    "leverage": TypeAdapter(int),
    "holding": TypeAdapter(Holding),
    "order": TypeAdapter(VenueOrder),
    "fill": TypeAdapter(Fill),
    "payment": TypeAdapter(FundingPayment),
}
_DAMAGE = ("SQLITE_ERROR", "SQLITE_CORRUPT", "SQLITE_NOTADB")


class SimStore:
    """The file at ``path``, which belongs to one ``market`` (a feed's identity).

    ``through_power_cuts`` waits for the disk with every write.  Raises `StateError` when the file cannot be used, is
    damaged, or was made with another market.
    """

    def __init__(self, path: Path, market: str, *, through_power_cuts: bool = False) -> None:
        self._path, self._market = path, market
        with self._told_plainly():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, isolation_level=None)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute(f"PRAGMA synchronous={'FULL' if through_power_cuts else 'OFF'}")

    def load(self, fresh: VenueState) -> VenueState:
        """What the venue remembers; a new file begins with ``fresh``."""
        with self._told_plainly():
            if not self._db.execute("SELECT 1 FROM sqlite_master").fetchone():
                with self._transaction():
                    self._db.execute(_TABLE)
                    self._put_facts({"schema": _SCHEMA, "market": self._market})
                    self._write(fresh)
                return fresh
            verdict = self._db.execute("PRAGMA quick_check(1)").fetchone()[0]
            if verdict != "ok":
                raise ValueError(verdict)
            facts = dict(self._db.execute(_ALL, ("fact",)))
            self._require_mine(facts)
            return VenueState(
                time_ms=int(facts["time_ms"]),
                wallet=Decimal(facts["wallet"]),
                leverage=self._read("leverage"),
                holdings=self._read("holding").values(),
                orders=self._read("order").values(),
                fills=self._read("fill").values(),
                payments=self._read("payment").values(),
            )

    def save(self, state: VenueState) -> None:
        """Write what changed since the last time, all or nothing."""
        with self._told_plainly(), self._transaction():
            self._write(state)

    def close(self) -> None:
        """Release the file."""
        self._db.close()

    def _write(self, state: VenueState) -> None:
        changes = state.take_changes()
        self._put_facts({"time_ms": str(state.time_ms), "wallet": str(state.wallet)})
        self._put("leverage", changes.leverage)
        self._put("holding", changes.holdings)
        self._put("order", changes.orders)
        self._put("fill", {int(fill.fill_id): fill for fill in changes.fills}, keep=KEPT)
        self._put("payment", {int(payment.payment_id): payment for payment in changes.payments}, keep=KEPT)

    def _put_facts(self, facts: Mapping[str, str]) -> None:
        self._db.executemany(_PUT, (("fact", name, value) for name, value in facts.items()))

    def _put(self, kind: str, records: Mapping[Any, Any], *, keep: int | None = None) -> None:
        """Write ``records`` by key; None deletes one, ``keep`` deletes all but so many of the highest keys."""
        if not records:
            return
        as_json = _KINDS[kind].dump_json
        for key, record in records.items():
            if record is None:
                self._db.execute(_DROP, (kind, key))
            else:
                self._db.execute(_PUT, (kind, key, as_json(record).decode()))
        if keep is not None:
            self._db.execute(_FORGET, (kind, max(records) - keep))

    def _read(self, kind: str) -> dict[Any, Any]:
        from_json = _KINDS[kind].validate_json
        return {key: from_json(document) for key, document in self._db.execute(_ALL, (kind,))}

    def _require_mine(self, facts: Mapping[str, str]) -> None:
        if facts["schema"] != _SCHEMA:
            raise StateError(
                f"{self._path} was written by another version of gobot (schema {facts['schema']}, this one reads"
                f" {_SCHEMA}); use that version, another state directory, or remove the file to start a new account"
            )
        if facts["market"] != self._market:
            raise StateError(
                f"{self._path} belongs to another market ({facts['market']}; now it is {self._market});"
                " use another state directory, or remove the file to start a new account"
            )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        finally:
            # After some failures, a full disk among them, SQLite has rolled back by itself.
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")

    @contextmanager
    def _told_plainly(self) -> Iterator[None]:
        """Failures as a sentence that says what to do."""
        try:
            yield
        except sqlite3.ProgrammingError:
            raise
        except (sqlite3.Error, OSError, ValueError, KeyError, InvalidOperation) as error:
            reason = str(error).splitlines()[0]
            unusable = isinstance(error, OSError) or (
                isinstance(error, sqlite3.OperationalError) and error.sqlite_errorname not in _DAMAGE
            )
            if unusable:
                raise StateError(
                    f"{self._path} cannot be used ({reason}); make its directory writable, free space on the disk"
                    " and see that no other gobot runs on it"
                ) from error
            raise StateError(
                f"{self._path} is damaged ({reason}); put a copy back, or remove it to start a new simulated account"
            ) from error
