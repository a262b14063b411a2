import errno
import os
from pathlib import Path

import pytest

from gobot.core import StateError
from gobot.memory import JsonFile


@pytest.fixture
def file(tmp_path):
    return JsonFile(tmp_path / "progress.json", schema=2)


def names(file):
    return sorted(path.name for path in file.path.parent.iterdir())


def test_what_was_written_is_read_and_a_human_finds_the_version_first(file):
    file.write({"cycle": 7, "exit_reason": None})
    assert file.read() == {"cycle": 7, "exit_reason": None}
    assert file.path.read_text() == '{\n  "schema": 2,\n  "cycle": 7,\n  "exit_reason": null\n}\n'
    assert file.damage is None


def test_nothing_was_ever_written(file):
    assert file.read() is None
    assert file.damage is None


def test_the_previous_generation_is_kept(file):
    for cycle in range(4):
        file.write({"cycle": cycle})
    assert names(file) == ["progress.json", "progress.json.1"]
    assert '"cycle": 2' in (file.path.parent / "progress.json.1").read_text()


def test_an_unchanged_document_is_not_written_again(file):
    file.write({"cycle": 1})
    before = file.path.stat().st_ino
    file.write({"cycle": 1})
    assert file.path.stat().st_ino == before
    file.path.unlink()
    file.write({"cycle": 1})
    assert file.read() == {"cycle": 1}


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (b"", "it is empty"),
        (b'{\n  "schema": 2,\n  "cyc', "line 3"),
        (b"\x00" * 64, "line 1"),
        (b"\xff\xfe\x00garbage", "line 1"),
        (b"[1, 2]\n", "no schema version"),
        (b'{"cycle": 4}', "no schema version"),
        (b'{"schema": true}', "no schema version"),
        (b'{"schema": "2"}', "no schema version"),
    ],
)
def test_a_damaged_file_is_set_aside_and_the_previous_one_used(file, damage, reason):
    file.write({"cycle": 1})
    file.write({"cycle": 2})
    file.path.write_bytes(damage)

    assert file.read() == {"cycle": 1}

    assert (file.path.parent / "progress.json.damaged-1").read_bytes() == damage
    assert reason in file.damage.reason
    assert "set aside as progress.json.damaged-1; progress.json.1 is used" in file.damage.sentence
    file.write({"cycle": 3})
    assert file.read() == {"cycle": 3}
    assert file.damage is None


def test_both_generations_damaged_is_said_and_leaves_nothing(file):
    for cycle in range(2):
        file.write({"cycle": cycle})
    for path in list(file.path.parent.iterdir()):
        path.unlink()
        path.write_bytes(b"{")
    assert file.read() is None
    assert file.damage.recovered_from is None
    assert file.damage.sentence.endswith("damaged-1, progress.json.damaged-2; nothing earlier is left")
    assert names(file) == ["progress.json.damaged-1", "progress.json.damaged-2"]


def test_a_second_damage_does_not_overwrite_the_first(file):
    for _ in range(2):
        file.write({"cycle": 1})
        file.path.write_bytes(b"{")
        file.read()
    assert names(file) == ["progress.json.damaged-1", "progress.json.damaged-2"]


def test_a_missing_file_with_a_previous_generation_is_reported(file):
    file.write({"cycle": 1})
    file.write({"cycle": 2})
    file.path.unlink()
    assert file.read() == {"cycle": 1}
    assert "is missing; progress.json.1 is used" in file.damage.sentence


def test_peeking_moves_nothing(file):
    file.write({"cycle": 1})
    file.write({"cycle": 2})
    file.path.write_bytes(b"{")
    before = names(file)
    assert file.peek() == {"cycle": 1}
    assert file.damage.set_aside == ()
    assert names(file) == before


def test_a_newer_schema_is_refused_and_left_alone(file):
    JsonFile(file.path, schema=3).write({"cycle": 1})
    with pytest.raises(StateError, match=r"progress\.json was written by a newer gobot \(schema 3, this one knows 2\)"):
        file.read()
    assert names(file) == ["progress.json"]


def refuse(monkeypatch, owner, name, code, when=lambda *_: True):
    real = getattr(owner, name)

    def call(*args, **kwargs):
        if when(*args):
            raise OSError(code, os.strerror(code))
        return real(*args, **kwargs)

    monkeypatch.setattr(owner, name, call)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EIO])
@pytest.mark.parametrize("step", ["fsync", "link"])
def test_a_disk_that_fails_leaves_what_was_there(file, monkeypatch, code, step):
    file.write({"cycle": 1})
    refuse(monkeypatch, os, step, code)
    with pytest.raises(StateError, match=r"cannot write .*progress\.json: .*unchanged") as error:
        file.write({"cycle": 2})
    assert os.strerror(code).lower() in str(error.value)
    monkeypatch.undo()
    assert file.read() == {"cycle": 1}
    file.write({"cycle": 2})
    assert file.read() == {"cycle": 2}


def test_a_missing_directory_is_one_sentence(tmp_path):
    with pytest.raises(StateError, match="no such file or directory"):
        JsonFile(tmp_path / "nowhere" / "risk.json", schema=1).write({})


def test_a_file_system_without_hard_links(file, monkeypatch):
    refuse(monkeypatch, os, "link", errno.EPERM)
    file.write({"cycle": 1})
    file.write({"cycle": 2})
    assert file.read() == {"cycle": 2}
    file.path.write_bytes(b"")
    assert file.read() == {"cycle": 1}


class Crash(BaseException):
    """The process is gone."""


CALLS = [(os, "fsync"), (os, "link"), (Path, "unlink"), (Path, "replace"), (Path, "open"), (os, "open")]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("survives", range(8))
@pytest.mark.parametrize("gone", [False, True])
def test_a_crash_at_any_call_leaves_the_old_or_the_new(tmp_path, monkeypatch, survives, after, gone):
    path = tmp_path / "risk.json"
    for cycle in range(3):
        JsonFile(path, schema=1).write({"cycle": cycle})
    if gone:
        path.unlink()
    old = 1 if gone else 2
    count = 0

    def dying(real):
        def call(*args, **kwargs):
            nonlocal count
            count += 1
            if count > survives and not after:
                raise Crash
            result = real(*args, **kwargs)
            if count > survives:
                raise Crash
            return result

        return call

    for owner, name in CALLS:
        monkeypatch.setattr(owner, name, dying(getattr(owner, name)))
    try:
        JsonFile(path, schema=1).write({"cycle": 3})
    except Crash:
        assert count == survives + 1
    else:
        assert count <= survives
    monkeypatch.undo()

    file = JsonFile(path, schema=1)
    found = file.read()
    assert found in ({"cycle": old}, {"cycle": 3})
    assert (file.damage is not None) == (gone and found == {"cycle": old})
    file.write({"cycle": 4})
    assert file.read() == {"cycle": 4}
