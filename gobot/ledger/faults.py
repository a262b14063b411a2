"""What went wrong with the database, in one sentence a user can act on."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DatabaseError, DBAPIError, OperationalError

from gobot.core import StateError

_SENTENCES = {
    "SQLITE_FULL": "the disk that holds the ledger {place} is full: free some space and start gobot again",
    "SQLITE_IOERR": "the ledger {place} cannot be read or written ({detail}): check the disk's free space and health,"
    " then start gobot again",
    "SQLITE_READONLY": "the ledger {place} cannot be written: give this user write permission on the file and on its"
    " directory",
    "SQLITE_CANTOPEN": "the ledger {place} cannot be opened: check that its directory exists and that this user may"
    " write there",
    "SQLITE_PERM": "the ledger {place} cannot be opened: give this user permission on the file and on its directory",
    "SQLITE_BUSY": "the ledger {place} is locked by another process: stop it, then start gobot again",
    "SQLITE_CORRUPT": "the ledger {place} is damaged ({detail}): set it aside and restore a backup, or rescue it with"
    " 'sqlite3 {place} .recover'",
    "SQLITE_NOTADB": "{place} is not a ledger but some other file: set it aside, or point database.url elsewhere",
}
_UNKNOWN = "the ledger {place} cannot be used ({detail}): check database.url and that the database is running"


def state_error(error: DBAPIError, place: str) -> StateError | None:
    """The sentence for a database that cannot be used, None when ``error`` is a mistake of gobot's own."""
    if type(error) not in (OperationalError, DatabaseError):
        return None
    detail = str(error.orig).strip()
    name = error.orig.sqlite_errorname if isinstance(error.orig, sqlite3.Error) else ""
    sentence = next((text for prefix, text in _SENTENCES.items() if name.startswith(prefix)), _UNKNOWN)
    return StateError(sentence.format(place=place, detail=detail) + "; nothing recorded before is lost")
