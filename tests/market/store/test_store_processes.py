"""The store among several processes, some of which are killed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from store_cases import BITCOIN, candles, equal

HERE = Path(__file__).parent


def script(name, *args):
    """A script of this folder as a process of its own."""
    return subprocess.Popen(
        [sys.executable, str(HERE / name), *map(str, args)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def answer(process):
    out, err = process.communicate()
    assert process.returncode == 0, err
    return json.loads(out)


@pytest.mark.kill
@pytest.mark.slow
def test_killed_anywhere_it_ends_with_the_same_bytes(tmp_path):
    assert answer(script("store_campaign.py", tmp_path, 20250101, 30)) == []


@pytest.mark.parametrize("file_format", ["parquet", "csv"])
@pytest.mark.parametrize("keep", [None, 50])
def test_readers_see_whole_series_while_one_writes(open_store, tmp_path, monkeypatch, keep, file_format):
    monkeypatch.setattr("gobot.market.store.JOURNAL_ROWS", 20)
    store, done = open_store(keep=keep, file_format=file_format), tmp_path / "done"
    readers = [script("store_reader.py", store.directory, keep or 0, done) for _ in range(2)]
    for reader in readers:
        assert reader.stdout.readline() == "reading\n"
    for minute in range(0, 1500, 3):
        store.add(BITCOIN, candles(minute))
        store.add(BITCOIN, candles(minute + 1, minute + 2))
    done.touch()
    for found in map(answer, readers):
        assert found["complaint"] is None
        assert found["newest"] == 1499


def test_writers_take_turns(open_store, tmp_path):
    code = (
        "import sys; from pathlib import Path; sys.path.append(sys.argv[1]); from store_cases import *\n"
        "from gobot.core import ManualClock; from gobot.market import CandleStore\n"
        "store = CandleStore(Path(sys.argv[2]), clock=ManualClock(2_000_000_000_000))\n"
        "for minute in range(int(sys.argv[3]), 300, 3): store.add(BITCOIN, candles(minute))\n"
    )
    store = open_store()
    writers = [
        subprocess.Popen([sys.executable, "-c", code, str(HERE), str(store.directory), str(first)])
        for first in range(3)
    ]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    assert equal(store.read(BITCOIN), candles(*range(300)))
