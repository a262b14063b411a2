import errno
import json
import os

import pytest

from gobot.core import StateError
from gobot.memory import Branch, archive_branch, archived_branches

DOCUMENTS = {"progress": {"cycle": 9}, "cycles": [{"cycle": 1}], "patterns": {"patterns": []}, "config": {"a": 1.5}}


def test_the_name_follows_from_strategy_and_parameters():
    branch = Branch("sma_cross", {"fast": 10, "slow": 50})
    assert branch.name == "sma_cross-a86365"
    assert branch.name == Branch("sma_cross", {"slow": 50, "fast": 10}).name
    assert branch.name != Branch("sma_cross", {"fast": 11, "slow": 50}).name
    assert Branch.from_document(branch.document()) == branch


def test_a_change_is_told_in_words():
    old = Branch("sma_cross", {"fast": 10, "slow": 50})
    assert old.change_from(Branch("sma_cross", {"slow": 50, "fast": 10})) is None
    assert Branch("sma_cross", {"fast": 12, "slow": 50}).change_from(old) == "fast 10 → 12"
    assert Branch("rsi_reversion", {}).change_from(old) == "strategy sma_cross → rsi_reversion"


def test_an_archived_branch_is_whole(tmp_path):
    path = archive_branch(tmp_path / "archive", "sma_cross-1f3a9c", "2025-03-01", DOCUMENTS)
    assert path == tmp_path / "archive" / "2025-03-01-sma_cross-1f3a9c"
    assert {p.stem: json.loads(p.read_text()) for p in path.iterdir()} == DOCUMENTS
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_nothing_in_the_archive_is_overwritten(tmp_path):
    first = archive_branch(tmp_path, "sma_cross-1f3a9c", "2025-03-01", DOCUMENTS)
    again = archive_branch(tmp_path, "sma_cross-1f3a9c", "2025-03-01", DOCUMENTS)
    other = archive_branch(tmp_path, "sma_cross-1f3a9c", "2025-03-01", {"progress": {"cycle": 10}})
    (other / "notes").mkdir()
    third = archive_branch(tmp_path, "sma_cross-1f3a9c", "2025-03-01", {"progress": {"cycle": 11}})
    assert again == first
    assert [other.name, third.name] == ["2025-03-01-sma_cross-1f3a9c-2", "2025-03-01-sma_cross-1f3a9c-3"]
    assert json.loads((first / "progress.json").read_text()) == {"cycle": 9}


def test_the_list_is_newest_first_and_knows_its_own(tmp_path):
    assert archived_branches(tmp_path / "nowhere") == []
    for day, branch in [("2025-03-01", "a-00000a"), ("2025-03-09", "b_c-00000b"), ("2025-03-01", "a-00000a")]:
        archive_branch(tmp_path, branch, day, {"progress": {"day": day, "n": len(list(tmp_path.iterdir()))}})
    (tmp_path / ".gitkeep").touch()
    (tmp_path / "holiday").mkdir()
    assert [(entry.day, entry.branch, entry.path.name[-2:]) for entry in archived_branches(tmp_path)] == [
        ("2025-03-09", "b_c-00000b", "0b"),
        ("2025-03-01", "a-00000a", "-2"),
        ("2025-03-01", "a-00000a", "0a"),
    ]


def test_a_crash_before_the_end_leaves_no_half_archive(tmp_path, monkeypatch):
    real = os.fsync
    calls = 0

    def fsync(descriptor):
        nonlocal calls
        calls += 1
        if calls == 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(StateError, match=r"cannot archive branch a-00000a .* no space left on device"):
        archive_branch(tmp_path, "a-00000a", "2025-03-01", DOCUMENTS)
    assert archived_branches(tmp_path) == []
    monkeypatch.undo()
    archive_branch(tmp_path, "a-00000a", "2025-03-01", DOCUMENTS)
    assert [path.name for path in tmp_path.iterdir()] == ["2025-03-01-a-00000a"]
