"""The candle store, one promise after the other."""

import os

import numpy as np
import pyarrow.parquet
import pytest
from store_cases import BITCOIN, M1, START, added, candles, candles_of, equal, model_of

from gobot.core import DataError, ManualClock, StateError, Timeframe
from gobot.market import Added, Candles, Series, read_candles
from gobot.market.store import JOURNAL_ROWS

FORMATS = ("parquet", "csv")


def base(store, series=BITCOIN, suffix="parquet"):
    return store.directory / f"{series.stem}.{suffix}"


@pytest.fixture(params=FORMATS)
def either(request, open_store):
    """A store in each format."""
    return open_store(file_format=request.param)


def test_a_series_that_was_never_stored_is_empty(store):
    assert store.series() == []
    assert len(store.read(BITCOIN)) == len(store.last(BITCOIN, 5)) == len(store.times(BITCOIN)) == 0
    assert store.newest_ms(BITCOIN) is None
    assert not store.directory.exists()


def test_what_was_added_is_read(either):
    assert either.add(BITCOIN, candles(*range(2000))) == Added(added=2000)
    assert either.series() == [BITCOIN]
    assert equal(either.read(BITCOIN), candles(*range(2000)))
    assert equal(either.last(BITCOIN, 3), candles(1997, 1998, 1999))
    assert equal(either.read(BITCOIN, START + 5 * M1.ms, START + 7 * M1.ms), candles(5, 6))
    assert either.times(BITCOIN).tolist() == candles(*range(2000)).time.tolist()
    assert either.newest_ms(BITCOIN) == START + 1999 * M1.ms


@pytest.mark.parametrize("count", [0, 1, 500, 16_384, 16_385, 40_000, 50_000])
def test_the_end_of_a_long_series(either, count):
    long = candles(*range(40_000))
    either.add(BITCOIN, long[:39_990])
    either.add(BITCOIN, long[39_990:])
    assert equal(either.last(BITCOIN, count), long.last(count))


@pytest.mark.parametrize(("start", "end"), [(None, 5), (16_383, 16_385), (20_000, None), (39_000, 39_995), (7, 7)])
def test_a_stretch_of_a_long_series(either, start, end):
    long = candles(*range(40_000))
    either.add(BITCOIN, long[:39_990])
    either.add(BITCOIN, long[39_990:])
    bounds = [None if minute is None else START + minute * M1.ms for minute in (start, end)]
    assert equal(either.read(BITCOIN, *bounds), long.between(*bounds))


def test_a_new_candle_does_not_rewrite_the_base(either):
    either.add(BITCOIN, candles(*range(2000)))
    path = next(path for path in either.directory.iterdir() if path.is_file())
    before = path.stat()
    for minute in range(2000, 2000 + JOURNAL_ROWS):
        either.add(BITCOIN, candles(minute))
    assert path.stat() == before
    either.add(BITCOIN, candles(2000 + JOURNAL_ROWS))
    assert path.stat().st_ino != before.st_ino
    assert [path.name for path in either.directory.iterdir() if path.is_file()] == [path.name]
    assert model_of(either.read(BITCOIN)) == dict.fromkeys(range(2001 + JOURNAL_ROWS), 0)


def test_the_base_is_a_file_that_others_can_open(store):
    store.add(BITCOIN, candles(1, 2))
    store.fold(BITCOIN)
    table = pyarrow.parquet.read_table(base(store))
    assert table.column_names == ["time", "open", "high", "low", "close", "volume"]
    assert str(table.schema.field("time").type) == "int64"
    assert equal(read_candles(base(store)), candles(1, 2))


def test_a_csv_base_is_text(open_store):
    store = open_store(file_format="csv")
    one = Candles.from_columns([START], [94_500.25], [94_501.0], [1e-9], [0.1 + 0.2], [3.0])
    store.add(BITCOIN, one)
    store.fold(BITCOIN)
    path = base(store, suffix="csv")
    assert path.read_text() == (f"time,open,high,low,close,volume\n{START},94500.25,94501,1e-9,0.30000000000000004,3\n")
    assert equal(store.read(BITCOIN), one)


def test_a_series_keeps_the_format_it_has(open_store):
    with open_store(file_format="csv").rewriting(BITCOIN) as draft:
        draft.add(candles(1))
    with open_store(file_format="parquet").rewriting(BITCOIN) as draft:
        draft.add(candles(2))
    names = [path.name for path in open_store().directory.iterdir() if path.is_file()]
    assert names == ["binance_um_BTCUSDT_1m.csv"]
    assert equal(open_store().read(BITCOIN), candles(1, 2))


def test_two_bases_of_one_series_are_one_too_many(store):
    store.add(BITCOIN, candles(1))
    store.fold(BITCOIN)
    base(store, suffix="csv").write_text("time,open,high,low,close,volume\n")
    with pytest.raises(DataError, match="are both there; move one of them away"):
        store.read(BITCOIN)


def test_what_is_stored_stays_unless_it_is_to_be_replaced(either):
    either.add(BITCOIN, candles(1, 2, 3))
    assert either.add(BITCOIN, candles(2, 3, 4, version=9)) == Added(added=1, kept=2)
    assert model_of(either.read(BITCOIN)) == {1: 0, 2: 0, 3: 0, 4: 9}
    assert either.add(BITCOIN, candles(3, 5, version=5), replace=True) == Added(added=1, replaced=1)
    assert model_of(either.read(BITCOIN)) == {1: 0, 2: 0, 3: 5, 4: 9, 5: 5}


@pytest.mark.parametrize("replace", [False, True])
def test_a_repetition_changes_no_byte(either, replace):
    either.add(BITCOIN, candles(*range(0, 3000, 2)))
    either.add(BITCOIN, candles(3000, 3001))
    before = {
        path: (path.read_bytes(), path.stat().st_mtime_ns) for path in either.directory.iterdir() if path.is_file()
    }
    assert either.add(BITCOIN, candles(2998, 3000), replace=replace) == Added(same=2)
    assert either.add(BITCOIN, candles(), replace=replace) == Added()
    assert before == {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in before}


def test_a_hole_is_filled_where_it_is(either):
    either.add(BITCOIN, candles(1, 2, 7, 8))
    assert either.add(BITCOIN, candles(0, 3, 6)) == Added(added=3)
    assert equal(either.read(BITCOIN), candles(0, 1, 2, 3, 6, 7, 8))


def test_many_series_at_once(store):
    many = {Series(venue="binance", symbol=f"C{n}/USDT", timeframe=M1): candles(n, n + 1) for n in range(30)}
    assert set(store.add_all(many).values()) == {Added(added=2)}
    assert store.series() == sorted(many)
    for series, expected in many.items():
        assert equal(store.read(series), expected)


def test_when_one_of_many_fails_the_others_are_stored(store):
    wrong = Series(venue="binance", symbol="ETH/USDT", timeframe=Timeframe.parse("1h"))
    with pytest.raises(DataError, match="not on the 1h grid"):
        store.add_all({wrong: candles(1), BITCOIN: candles(1)})
    assert store.series() == [BITCOIN]


def test_a_candle_that_has_not_closed_is_left_out(open_store):
    clock = ManualClock(START + 10 * M1.ms)
    store = open_store(clock=clock)
    assert store.add(BITCOIN, candles(8, 9, 10, 11)) == Added(added=2, unclosed=2)
    assert store.add(BITCOIN, candles(10)) == Added(unclosed=1)
    clock.move_to(START + 11 * M1.ms)
    assert store.add(BITCOIN, candles(10)) == Added(added=1)


@pytest.mark.parametrize("first", [1, 200])
def test_only_the_newest_are_kept(open_store, first):
    store = open_store(keep=50)
    assert store.add(BITCOIN, candles(*range(first, first + 60))) == Added(added=50, expired=10)
    store.add(BITCOIN, candles(*range(first + 60, first + 90)))
    assert equal(store.read(BITCOIN), candles(*range(first + 40, first + 90)))
    assert equal(store.last(BITCOIN, 500), candles(*range(first + 40, first + 90)))
    assert len(store.times(BITCOIN)) == 50
    assert store.add(BITCOIN, candles(0)) == Added(expired=1)
    store.fold(BITCOIN)
    assert pyarrow.parquet.read_metadata(base(store)).num_rows == 50


def test_each_timeframe_may_keep_another_number(open_store):
    hourly = Series(venue="binance", symbol="BTC/USDT", timeframe=Timeframe.parse("1h"))
    store = open_store(keep=3, keep_by_timeframe={M1: 5})
    store.add(BITCOIN, candles(*range(10)))
    store.add(hourly, candles(*range(0, 600, 60)))
    assert (len(store.read(BITCOIN)), len(store.read(hourly))) == (5, 3)


@pytest.mark.parametrize(
    ("column", "value", "complaint"),
    [
        ("time", START + 30_000, "1 candles .* not on the 1m grid"),
        ("time", START, "not in order of time"),
        ("open", np.nan, "missing, zero or negative"),
        ("low", 0.0, "missing, zero or negative"),
        ("high", np.inf, "not finite"),
        ("high", 50.0, "a high below its low"),
        ("volume", -1.0, "a volume that is missing or negative"),
        ("volume", np.nan, "a volume that is missing or negative"),
    ],
)
def test_what_is_no_candle_is_not_stored(store, column, value, complaint):
    wrong = candles(0, 1, 2)
    getattr(wrong, column)[1] = value
    with pytest.raises(DataError, match=complaint):
        store.add(BITCOIN, wrong)
    assert store.series() == []


def test_nothing_is_stored_when_a_rewriting_is_broken_off(store):
    store.add(BITCOIN, candles(1))

    class Enough(Exception):
        pass

    with pytest.raises(Enough), store.rewriting(BITCOIN) as draft:
        draft.add(candles(2))
        raise Enough
    assert equal(store.read(BITCOIN), candles(1))


def test_additions_are_gathered(store):
    with store.rewriting(BITCOIN) as draft:
        assert draft.add(candles(1, 2)) == Added(added=2)
        assert draft.add(candles(2, 3, version=1)) == Added(added=1, kept=1)
        assert draft.add(candles(2, version=2), replace=True) == Added(replaced=1)
    assert model_of(store.read(BITCOIN)) == {1: 0, 2: 2, 3: 1}


@pytest.mark.parametrize(
    "content",
    [b"", b"PAR1", b"time,open\n", b"time,open,high,low,close,volume\n", b"time,open,high,low,close,volume\n1,2\n"],
)
@pytest.mark.parametrize("suffix", FORMATS)
def test_a_base_that_gobot_did_not_write(store, suffix, content):
    store.directory.mkdir()
    base(store, suffix=suffix).write_bytes(content)
    for attempt in (
        lambda: store.read(BITCOIN),
        lambda: store.last(BITCOIN, 1),
        lambda: store.add(BITCOIN, candles(1)),
    ):
        with pytest.raises(DataError, match=r"is not as gobot writes it .*; move it away and import it"):
            attempt()


def test_a_directory_that_cannot_be_written(store, tmp_path):
    (tmp_path / "candles").write_text("a file is in the way")
    with pytest.raises(StateError, match=r"cannot write .*candles"):
        store.add(BITCOIN, candles(1))


def test_a_full_disk_changes_nothing(store, monkeypatch):
    store.add(BITCOIN, candles(1))
    store.fold(BITCOIN)
    store.add(BITCOIN, candles(2))

    def full(*_args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    for attempt in (candles(3), candles(0)):
        with pytest.raises(StateError, match="no space left on device; what is stored is as it was"):
            store.add(BITCOIN, attempt)
    monkeypatch.undo()
    assert equal(store.read(BITCOIN), candles(1, 2))
    assert not list(store.directory.glob(".*.tmp"))


def test_foreign_files_are_no_series(store):
    store.add(BITCOIN, candles(1))
    for name in ("notes.csv", "binance_um_BTCUSDT_funding.parquet", ".binance_um_ETHUSDT_1m.parquet.tmp", "x.journal"):
        (store.directory / name).write_text("")
    assert store.series() == [BITCOIN]


def test_the_model_of_these_tests():
    assert added({1: 0, 2: 0}, {2: 1, 3: 1}) == {1: 0, 2: 0, 3: 1}
    assert added({1: 0, 2: 0}, {2: 1, 3: 1}, replace=True, keep=2) == {2: 1, 3: 1}
    assert model_of(candles_of({1: 0, 5: 3})) == {1: 0, 5: 3}
