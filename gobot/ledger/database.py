"""One connection to the ledger's database: opened, migrated, and used in explicit transactions."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from loguru import logger
from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from gobot.core import StateError
from gobot.ledger.faults import state_error
from gobot.ledger.schema import HEAD

_BUSY_SECONDS = 5
_WRITER_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON")
_READER_PRAGMAS = ("query_only=ON",)


class Database:
    """Holds the only connection, for one thread.

    On SQLite it writes ahead (WAL) and waits for the disk at every commit (``synchronous=FULL``), so other
    processes may read while it writes and a committed transaction survives a power cut.  ``read_only`` never
    creates, migrates or writes anything.
    """

    def __init__(self, url: str, *, read_only: bool = False) -> None:
        location = _parsed(url)
        self.place = _place(location)
        self.read_only = read_only
        self._engine = _engine(location, self.place, read_only=read_only)
        with self._faults():
            self._connection = self._engine.connect()
        try:
            self._check_schema()
        except BaseException:
            self.close()
            raise

    def __repr__(self) -> str:
        return f"Database({self.place!r}{', read_only=True' if self.read_only else ''})"

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """All or nothing: committed when the block ends, rolled back when it raises.

        Raises `StateError` when the database cannot be used: full, read-only, damaged or locked.
        """
        with self._faults(), self._connection.begin():
            yield self._connection

    def close(self) -> None:
        """Let go of the file.  Nothing is lost by not calling it."""
        # A connection that is already broken cannot be closed in good order, and needs not be.
        with suppress(DBAPIError):
            self._connection.close()
        self._engine.dispose()

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            fault = state_error(error, self.place)
            if fault is None:
                raise
            raise fault from error

    def _check_schema(self) -> None:
        """Bring the tables to `HEAD`, or say why that is not possible."""
        with self.transaction() as connection:
            version = _version(connection)
            if version == HEAD:
                return
            if version is None and inspect(connection).get_table_names():
                raise StateError(f"{self.place} belongs to another program: point database.url to a place of its own")
            if self.read_only:
                state = "is empty" if version is None else "was written by another version of gobot"
                raise StateError(f"the ledger {self.place} {state}: start 'gobot run' once to bring it up to date")
            _migrate(connection, version, self.place)
        logger.info("ledger migrated", place=self.place, before=version, now=HEAD)


def _parsed(url: str) -> URL:
    try:
        return make_url(url)
    except ArgumentError as error:
        raise StateError(
            f"database.url {url!r} is not understood: write sqlite:///state/gobot.db or the like"
        ) from error


def _place(url: URL) -> str:
    """How the database is named in messages: a path, or a URL without its password."""
    in_file = url.get_backend_name() == "sqlite" and url.database
    return str(url.database) if in_file else url.render_as_string(hide_password=True)


def _engine(url: URL, place: str, *, read_only: bool) -> Engine:
    if url.get_backend_name() != "sqlite":
        return _server_engine(url, place, read_only=read_only)
    path = Path(url.database) if url.database else None
    if path is not None and read_only:
        if not path.exists():
            raise StateError(f"there is no ledger at {place} yet: the first 'gobot run' makes it")
        url = url.set(database=path.absolute().as_uri()).update_query_dict(_reading(path) | {"uri": "true"})
    elif path is not None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StateError(
                f"the directory {path.parent} of the ledger cannot be made ({error.strerror}): make it writable"
            ) from error
    engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": _BUSY_SECONDS})
    pragmas = _READER_PRAGMAS if read_only else _WRITER_PRAGMAS

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: object) -> None:
        # The driver must not begin transactions on its own: it would leave reads and DDL outside of them.
        connection.isolation_level = None
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A writer takes the lock at once: a lock taken halfway through a transaction cannot be waited for.
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    return engine


def _reading(path: Path) -> dict[str, str]:
    """How SQLite opens a file that it must not change."""
    log = path.with_name(f"{path.name}-wal")
    at_rest = not log.exists() or not log.stat().st_size
    # Even readers of a write-ahead log need a file beside it.  Where that may not be made, and nobody writes, the
    # file is read as it stands.
    return {"immutable": "1"} if at_rest and not os.access(path.parent, os.W_OK) else {"mode": "ro"}


def _server_engine(url: URL, place: str, *, read_only: bool) -> Engine:
    try:
        engine = create_engine(url, poolclass=NullPool)
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        raise StateError(f"no driver is installed for {place} ({error}): install one, such as psycopg") from error
    return engine.execution_options(postgresql_readonly=True) if read_only else engine


def _version(connection: Connection) -> str | None:
    """The migration the tables are at, None when there are none."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _migrate(connection: Connection, version: str | None, place: str) -> None:
    """Run the scripts that are missing, all in the transaction of ``connection``."""
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", "gobot.ledger:migrations")
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if version is not None and version not in known:
        raise StateError(f"the ledger {place} was written by a newer gobot ({version}): install that version again")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
