"""The journal: what a crash leaves of an append is not there, and is in nobody's way."""

import numpy as np
import pytest
from store_cases import BITCOIN, candles, equal

from gobot.market.journal import append_journal, read_journal

WIDTH = 52
HEAD = 8


@pytest.fixture
def path(tmp_path):
    return tmp_path / "series.journal"


def append(path, *minutes):
    return append_journal(path, read_journal(path), candles(*minutes))


def test_there_is_none(path):
    journal = read_journal(path)
    assert (len(journal.candles), journal.size, journal.torn) == (0, 0, 0)


def test_what_was_appended_is_read(path):
    append(path, 1, 2)
    append(path, 5)
    journal = read_journal(path)
    assert equal(journal.candles, candles(1, 2, 5))
    assert (journal.size, journal.torn) == (HEAD + 3 * WIDTH, 0) == (path.stat().st_size, 0)


def test_an_append_returns_what_would_be_read(path):
    append(path, 1, 2)
    appended, read = append(path, 3), read_journal(path)
    assert equal(appended.candles, read.candles)
    assert (appended.size, appended.torn, appended.check) == (read.size, read.torn, read.check)


@pytest.mark.parametrize("size", range(HEAD + 4 * WIDTH))
def test_cut_off_anywhere(path, size):
    append(path, 1, 2, 3, 4)
    path.write_bytes(path.read_bytes()[:size])
    whole = max(0, size - HEAD) // WIDTH
    assert equal(read_journal(path).candles, candles(*range(1, 1 + whole)))
    append(path, 7)
    assert equal(read_journal(path).candles, candles(*range(1, 1 + whole), 7))
    assert path.stat().st_size == HEAD + (whole + 1) * WIDTH


@pytest.mark.parametrize("place", range(0, HEAD + 3 * WIDTH, 5))
def test_a_wrong_bit_ends_the_journal_there(path, place):
    append(path, 1, 2, 3)
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)
    good = 0 if place < HEAD else (place - HEAD) // WIDTH
    assert equal(read_journal(path).candles, candles(*range(1, 1 + good)))


def test_zeros_where_the_end_should_be(path):
    # What some file systems show after a power cut.
    append(path, 1, 2)
    with path.open("ab") as file:
        file.write(bytes(10 * WIDTH))
    assert equal(read_journal(path).candles, candles(1, 2))
    append(path, 3)
    assert equal(read_journal(path).candles, candles(1, 2, 3))


def test_a_good_record_behind_a_bad_one_does_not_count(path):
    append(path, 1, 2, 3)
    data = path.read_bytes()
    path.write_bytes(data[: HEAD + WIDTH] + bytes(WIDTH) + data[HEAD + 2 * WIDTH :])
    assert equal(read_journal(path).candles, candles(1))


def test_a_record_counts_only_in_its_own_place(path):
    append(path, 1, 2)
    append(path, 3)
    data = path.read_bytes()
    first, second = data[HEAD : HEAD + WIDTH], data[HEAD + WIDTH : HEAD + 2 * WIDTH]
    path.write_bytes(data[:HEAD] + second + first + data[HEAD + 2 * WIDTH :])
    assert not len(read_journal(path).candles)


def test_a_torn_journal_that_was_folded_is_gone(store):
    store.add(BITCOIN, candles(1))
    path = store.directory / f"{BITCOIN.stem}.journal"
    path.write_bytes(b"GBCA")
    assert not len(store.read(BITCOIN))
    store.fold(BITCOIN)
    assert not path.exists()
    store.add(BITCOIN, candles(2))
    assert equal(store.read(BITCOIN), candles(2))


def test_values_keep_every_bit(path):
    values = np.array([5e-324, 1.7976931348623157e308, 0.1 + 0.2, 1 / 3])
    given = candles(1, 2, 3, 4)
    given.volume[:] = values
    append_journal(path, read_journal(path), given)
    assert read_journal(path).candles.volume.tobytes() == values.tobytes()
