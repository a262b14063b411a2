"""The database below the ledger: opening, migrating, reading beside the writer, and everything that breaks."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from ledger_cases import CANDLE, bracket, decision, dump
from sqlalchemy import create_engine
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

import gobot.ledger.migrations
from gobot.core import StateError
from gobot.ledger import Ledger
from gobot.ledger.schema import HEAD, metadata

AT = CANDLE + 900_000


def file_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


@pytest.fixture
def written(url: str) -> str:
    ledger = Ledger.open(url)
    ledger.decide(1, CANDLE, AT, bracket(), [decision()])
    ledger.close()
    return url


def test_the_newest_script_is_the_head_that_the_schema_names():
    scripts = ScriptDirectory(str(Path(gobot.ledger.migrations.__file__).parent))

    assert scripts.get_heads() == [HEAD]


def test_the_scripts_build_what_the_tables_say(written: str):
    by_hand = create_engine("sqlite://")
    metadata.create_all(by_hand)
    with create_engine(written).connect() as migrated, by_hand.connect() as plain:
        context = MigrationContext.configure(migrated, opts={"compare_type": True, "target_metadata": metadata})
        assert compare_metadata(context, metadata) == []
        assert _indexes(migrated) == _indexes(plain)


def _indexes(connection) -> set[tuple]:
    """Names and statements, for conditions of indexes are not compared by Alembic."""
    found = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'index'")
    return {tuple(row) for row in found if not row[0].startswith("sqlite_autoindex_alembic")}


def test_the_tables_are_understood_by_postgresql():
    for table in metadata.sorted_tables:
        for statement in (CreateTable(table), *(CreateIndex(index) for index in table.indexes)):
            assert str(statement.compile(dialect=postgresql.dialect()))


def test_a_current_ledger_opens_without_alembic(written: str):
    code = f"""
        import sys
        from gobot.ledger import Ledger
        Ledger.open({written!r}).close()
        sys.exit("alembic" in sys.modules)
    """
    assert subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=False).returncode == 0


def test_a_commit_waits_for_the_disk(ledger: Ledger):
    with ledger._database.transaction() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }

    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000}


def test_unsettled_orders_are_found_by_their_index(ledger: Ledger):
    with ledger._database.transaction() as connection:
        plan = connection.exec_driver_sql(
            "EXPLAIN QUERY PLAN SELECT * FROM orders WHERE orders.settled IS 0 ORDER BY orders.id"
        ).all()

    assert "ix_orders_unsettled" in str(plan)


def test_a_transaction_that_fails_leaves_nothing(ledger: Ledger):
    before = dump(ledger)
    twice = bracket()

    with pytest.raises(Exception, match="UNIQUE"):
        ledger.decide(1, CANDLE, AT, [*twice, *twice], [])

    assert dump(ledger) == before


# Reading beside the writer


def test_a_reader_sees_every_commit_of_the_writer(written: str):
    writer = Ledger.open(written)
    reader = Ledger.open(written, read_only=True)
    with writer._database.transaction():
        assert reader.last_cycle() == 1
    writer.begin_cycle(2, CANDLE, AT)

    assert reader.last_cycle() == 2
    reader.close()
    writer.close()


def test_a_reader_cannot_write(written: str):
    reader = Ledger.open(written, read_only=True)

    with pytest.raises(StateError, match=r"gobot\.db cannot be written"):
        reader.begin_cycle(2, CANDLE, AT)
    assert reader.last_cycle() == 1
    reader.close()


def test_a_reader_makes_no_ledger(url: str):
    with pytest.raises(StateError, match=r"there is no ledger at .* yet"):
        Ledger.open(url, read_only=True)
    assert not file_of(url).parent.exists()


def test_a_reader_does_not_migrate(url: str):
    file_of(url).parent.mkdir()
    sqlite3.connect(file_of(url)).close()

    with pytest.raises(StateError, match="is empty: start 'gobot run' once"):
        Ledger.open(url, read_only=True)
    assert file_of(url).stat().st_size == 0


def test_a_reader_gets_along_with_odd_names(tmp_path: Path):
    url = f"sqlite:///{tmp_path}/50% #1/gobot.db"
    Ledger.open(url).close()

    reader = Ledger.open(url, read_only=True)

    assert reader.last_cycle() == 0
    reader.close()


def test_a_reader_needs_no_permission_to_write_beside_a_ledger_at_rest(written: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("os.access", lambda *_: False)

    reader = Ledger.open(written, read_only=True)

    assert reader.last_cycle() == 1
    assert [path.name for path in file_of(written).parent.iterdir()] == ["gobot.db"]
    reader.close()


# Everything that breaks


def test_a_ledger_of_a_newer_gobot_is_left_alone(written: str):
    with sqlite3.connect(file_of(written)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()

    with pytest.raises(StateError, match=r"was written by a newer gobot \(9999\)"):
        Ledger.open(written)
    with pytest.raises(StateError, match="another version of gobot"):
        Ledger.open(written, read_only=True)


def test_a_database_of_another_program_is_left_alone(url: str):
    file_of(url).parent.mkdir()
    with sqlite3.connect(file_of(url)) as connection:
        connection.execute("CREATE TABLE songs (name TEXT)")
    connection.close()

    with pytest.raises(StateError, match="belongs to another program"):
        Ledger.open(url)


def test_a_file_that_is_no_database_is_named(url: str):
    file_of(url).parent.mkdir()
    file_of(url).write_bytes(b"time,open,high\n" * 500)

    with pytest.raises(StateError, match=r"gobot\.db is not a ledger but some other file"):
        Ledger.open(url)


def test_damage_is_named(written: str):
    path = file_of(written)
    pages = bytearray(path.read_bytes())
    pages[4096:] = b"\xff" * (len(pages) - 4096)
    path.write_bytes(pages)

    with pytest.raises(StateError, match="is damaged") as raised:
        Ledger.open(written).orders()
    assert ".recover" in str(raised.value)


def test_a_lock_that_is_held_is_named(written: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("gobot.ledger.database._BUSY_SECONDS", 0)
    ledger = Ledger.open(written)
    other = sqlite3.connect(file_of(written), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(StateError, match="locked by another process"):
        ledger.begin_cycle(2, CANDLE, AT)

    other.close()
    ledger.begin_cycle(2, CANDLE, AT)
    ledger.close()


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path):
    (tmp_path / "state").write_text("a file where the directory should be")

    with pytest.raises(StateError, match=r"the directory .*state of the ledger cannot be made"):
        Ledger.open(f"sqlite:///{tmp_path}/state/gobot.db")


@pytest.mark.parametrize("url", ["not a url", "postgresql+nosuchdriver://localhost/gobot"])
def test_urls_that_lead_nowhere_are_named(url: str):
    with pytest.raises(StateError):
        Ledger.open(url)


def test_a_full_disk_loses_nothing_that_was_committed(url: str):
    """The child may write files of 400 kB at most, then goes on without that limit."""
    code = f"""
        import resource
        from gobot.core import StateError
        from gobot.ledger import Decision, Ledger

        words = dict(action="long", confidence=0.5, strategy="s", branch="b", verdict="approved")
        ledger = Ledger.open({url!r})
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, resource.RLIM_INFINITY))
        cycle = 0
        try:
            while cycle < 10_000:
                ledger.decide(cycle + 1, 0, 0, [], [Decision(symbol="BTC", reason="x" * 300, **words)] * 20)
                cycle += 1
        except StateError as error:
            print(cycle, ledger.last_cycle(), error, sep="|")
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        ledger.begin_cycle(cycle + 1, 0, 0)
    """
    child = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], check=True, capture_output=True, text=True, timeout=60
    )

    committed, still_there, sentence = child.stdout.strip().split("|")
    assert 0 < int(committed) < 10_000
    assert still_there == committed
    assert "gobot.db" in sentence
    assert "nothing recorded before is lost" in sentence
    ledger = Ledger.open(url)
    assert ledger.last_cycle() == int(committed) + 1
    ledger.close()
