"""Files as people have them: everything sound is stored, every defect is named, twice is the same as once."""

import hashlib
import zipfile
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv, feather, parquet

from gobot.core import ManualClock, Timeframe
from gobot.market import CandleStore, FundingStore, Kind, Series
from gobot.market.importing import Importer, data_files
from gobot.market.names import Hints

START = 1_735_689_600_000
HOUR = 3_600_000
H1 = Timeframe.parse("1h")
BITCOIN = Series(venue="binance", symbol="BTC/USDT", timeframe=H1)
NAMES = ("time", "open", "high", "low", "close", "volume")
HEADER = ",".join(NAMES)


@pytest.fixture
def store(tmp_path):
    return CandleStore(tmp_path / "candles", clock=ManualClock(START + 1000 * HOUR))


@pytest.fixture
def take(store):
    def take(*paths, replace=False, **hints):
        funding = FundingStore(store.directory)
        importer = Importer(store, funding, ManualClock(START + 1000 * HOUR), hints=Hints(**hints), replace=replace)
        return importer.run(paths, lambda _report: None)

    return take


def rows(count, seed=1):
    """Sound rows: time, open, high, low, close, volume."""
    chance = np.random.RandomState(seed)
    close = np.round(100 * np.exp(np.cumsum(chance.normal(0, 0.01, count))), 2)
    open_ = np.concatenate([[100.0], close[:-1]])
    wick = np.round(chance.uniform(0.01, 0.5, (2, count)), 2)
    high, low = np.maximum(open_, close) + wick[0], np.minimum(open_, close) - wick[1]
    table = zip(open_, high.round(2), low.round(2), close, chance.randint(1, 1000, count) / 8, strict=True)
    return [[START + HOUR * k, *map(float, row)] for k, row in enumerate(table)]


def text(table, header=HEADER, delimiter=","):
    lines = [header] if header else []
    return "\n".join([*lines, *(delimiter.join(map(str, row)) for row in table)]) + "\n"


def written(path, content):
    path.write_text(content)
    return path


def stored(store, series=BITCOIN):
    found = store.read(series)
    return [list(row) for row in zip(*(getattr(found, name).tolist() for name in NAMES), strict=True)]


def kinds(report):
    return {finding.kind: finding.count for finding in report.findings}


def as_columns(table):
    return dict(zip(NAMES, map(list, zip(*table, strict=True)), strict=True))


def test_every_format_gives_the_same_candles(tmp_path, take, store):
    table = pa.table(as_columns(rows(48)))
    writers = {"csv": csv.write_csv, "parquet": parquet.write_table, "feather": feather.write_feather}
    for suffix, write in writers.items():
        path = tmp_path / f"binance_spot_BTCUSDT_1h.{suffix}"
        write(table, path)
        (report,) = take(path)
        assert (report.error, report.findings, report.rows) == ("", (), 48)
        assert (report.added.added, report.added.same) == ((48, 0) if suffix == "csv" else (0, 48))
    assert stored(store) == rows(48)


@pytest.mark.parametrize(
    "layout",
    [
        text(rows(24)),
        text(rows(24), header=",".join(NAMES).upper()),
        text(rows(24), header="\ufeff" + ",".join(NAMES)),
        text(rows(24), header="unix;open;high;low;close;volume", delimiter=";"),
        text(rows(24), header="t\to\th\tl\tc\tv", delimiter="\t"),
        text(rows(24), header="https://www.example.org\n" + ",".join(NAMES)),
        text([[*row[:6], row[0] + HOUR - 1, 0, 7, 0, 0, 0] for row in rows(24)], header=""),
        text([[row[0] * 1000, *row[1:]] for row in rows(24)], header=""),
        text([[row[0] * 1000 if row[0] > START + 9 * HOUR else row[0], *row[1:]] for row in rows(24)]),
        text([[row[0] // 1000, *row[1:]] for row in rows(24)]),
        text([[row[0] * 1_000_000, *row[1:]] for row in rows(24)]),
        text([[datetime.fromtimestamp(row[0] / 1000, UTC).isoformat(), *row[1:]] for row in rows(24)]),
        text([[f"{datetime.fromtimestamp(row[0] / 1000, UTC):%Y-%m-%d %H:%M:%S}", *row[1:]] for row in rows(24)]),
        text([[row[0], "BTCUSDT", *row[1:]] for row in rows(24)], header="open time,symbol,Open,High,Low,Close,Volume"),
        text(list(reversed(rows(24)))),
    ],
    ids=[
        "plain", "capitals", "mark", "semicolons", "tabs and letters", "source above", "binance", "binance µs",
        "ms and then µs", "s", "ns", "iso", "blank", "more columns", "newest first",
    ],
)  # fmt: skip
def test_every_layout_of_csv_gives_the_same_candles(tmp_path, take, store, layout):
    (report,) = take(written(tmp_path / "binance_spot_BTCUSDT_1h.csv", layout))
    assert report.error == ""
    assert set(kinds(report)) <= {Kind.DISORDER}
    assert stored(store) == rows(24)


def test_a_zip_of_the_archive_with_its_checksum(tmp_path, take, store):
    folder = tmp_path / "spot" / "daily" / "klines" / "BTCUSDT" / "1h"
    folder.mkdir(parents=True)
    path = folder / "BTCUSDT-1h-2025-01-01.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("BTCUSDT-1h-2025-01-01.csv", text(rows(24), header=""))
    beside = path.with_name(f"{path.name}.CHECKSUM")
    beside.write_text(f"{'0' * 64}  {path.name}\n")
    (report,) = take(path)
    assert "its SHA-256 is not the one in BTCUSDT-1h-2025-01-01.zip.CHECKSUM" in report.error
    assert store.series() == []
    beside.write_text(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n")
    (report,) = take(path)
    assert (report.error, stored(store)) == ("", rows(24))


@pytest.mark.parametrize("share", [0.2, 0.6, 0.95])
def test_a_zip_that_is_cut_off(tmp_path, take, share):
    path = tmp_path / "BTCUSDT-1h-2025-01.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("BTCUSDT-1h-2025-01.csv", text(rows(500), header=""))
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    (report,) = take(path)
    assert "is a damaged zip" in report.error


def test_rows_that_are_no_candles_are_left_out_and_named(tmp_path, take, store):
    table = rows(48)
    table[3][4] = float("nan")
    table[5][1] = 0.0
    table[6][3] = -1.0
    table[8][2], table[8][3] = table[8][3], table[8][2]
    table[9][5] = -5.0
    table[11][0] += 7
    table[12][0] += 7
    (report,) = take(written(tmp_path / "binance_spot_BTCUSDT_1h.csv", text(table)))
    found = [(one.kind, one.severity.value, one.count, one.start_ms) for one in report.findings]
    assert found[:6] == [
        (Kind.BAD_PRICE, "error", 1, START + 3 * HOUR),
        (Kind.BAD_PRICE, "error", 2, START + 5 * HOUR),
        (Kind.HIGH_BELOW_LOW, "error", 1, START + 8 * HOUR),
        (Kind.BAD_VOLUME, "error", 1, START + 9 * HOUR),
        (Kind.OFF_GRID, "error", 2, START + 11 * HOUR + 7),
        (Kind.GAP, "error", 1, START + 3 * HOUR),
    ]
    bad = {3, 5, 6, 8, 9, 11, 12}
    assert stored(store) == [row for k, row in enumerate(rows(48)) if k not in bad]
    assert sum(one.count for one in report.findings if one.kind is Kind.GAP) == len(bad)


def test_lines_that_are_no_rows_are_left_out_and_named(tmp_path, take, store):
    lines = text(rows(30)).splitlines()
    lines[4] = lines[4] + ",7"  # too many cells
    lines[7] = "no,numbers,in,this,line,at all"
    lines[9] = ",".join(NAMES)  # a header again, as where files were put together
    lines[12] = lines[12].replace(str(START + 11 * HOUR), "some time")
    lines[-1] = lines[-1][:20]  # cut off
    (report,) = take(written(tmp_path / "binance_spot_BTCUSDT_1h.csv", "\n".join(lines)))
    assert report.error == ""
    torn = next(one for one in report.findings if one.kind is Kind.TORN)
    assert torn.sentence == "too few or too many cells, left out: 2 rows, line 5, 31"
    assert kinds(report)[Kind.NO_TIME] == 3
    left = [row for k, row in enumerate(rows(30)) if k not in (3, 6, 8, 11, 29)]
    assert stored(store) == left


def test_rows_that_are_there_twice(tmp_path, take, store):
    table = rows(24)
    other = [*table[9][:4], table[9][2], 1.0]
    table = [*table[:5], table[4], *table[5:9], other, *table[9:]]
    (report,) = take(written(tmp_path / "binance_spot_BTCUSDT_1h.csv", text(table)))
    found = [(one.severity.value, one.start_ms, one.sentence.split(":")[0]) for one in report.findings]
    assert found == [
        ("warning", START + 4 * HOUR, "there twice, one left out"),
        ("error", START + 9 * HOUR, "there twice with other values, the last kept"),
    ]
    assert stored(store) == rows(24)


def test_rows_out_of_order(tmp_path, take, store):
    table = rows(24)
    table[5], table[17] = table[17], table[5]
    (report,) = take(written(tmp_path / "binance_spot_BTCUSDT_1h.csv", text(table)))
    assert kinds(report) == {Kind.DISORDER: 2}
    assert stored(store) == rows(24)


def test_a_candle_that_is_still_open_is_left_out(tmp_path, take, store):
    table = [[row[0] + 980 * HOUR, *row[1:]] for row in rows(24)]
    (report,) = take(written(tmp_path / "binance_spot_BTCUSDT_1h.csv", text(table)))
    assert kinds(report) == {Kind.NOT_CLOSED: 4}
    assert len(stored(store)) == 20


def test_holes_and_silence_are_named(tmp_path, take):
    table = rows(60)
    for k in range(30, 36):
        table[k] = [table[k][0], *[table[29][4]] * 4, 0.0]
    (report,) = take(written(tmp_path / "binance_spot_BTCUSDT_1h.csv", text(table[:10] + table[15:])))
    sentences = [one.sentence for one in report.findings]
    assert sentences == [
        "missing: 5 candles, 2025-01-01T10:00:00Z to 2025-01-01T14:00:00Z",
        "no volume: 6 candles, 2025-01-02T06:00:00Z to 2025-01-02T11:00:00Z",
        "price does not move: 6 candles, 2025-01-02T06:00:00Z to 2025-01-02T11:00:00Z",
    ]


def test_twice_is_the_same_as_once(tmp_path, take, store):
    folder = tmp_path / "files"
    folder.mkdir()
    table = rows(200)
    written(folder / "binance_spot_BTCUSDT_1h.csv", text(table[:120]))
    written(folder / "BTCUSDT-1h-2025-01.csv", text([*table[90:150], table[140]], header=""))
    written(folder / "late_BTCUSDT_1h.csv", text(table[160:]))
    written(folder / "binance_um_BTCUSDT_funding.csv", f"time,rate\n{START},0.0001\n{START + 8 * HOUR + 3},0.0002\n")
    first = take(*data_files([folder]))
    assert [one.error for one in first] == [""] * 4
    before = {path.name: path.read_bytes() for path in store.directory.iterdir() if path.is_file()}
    again = take(*data_files([folder]))
    assert sum(one.added.added + one.added.replaced for one in again) == 0
    assert before == {path.name: path.read_bytes() for path in store.directory.iterdir() if path.is_file()}
    assert set(before) == {
        "binance_spot_BTCUSDT_1h.parquet",
        "binance_um_BTCUSDT_funding.parquet",
        "late_spot_BTCUSDT_1h.parquet",
    }


def test_what_is_stored_stays_unless_files_are_preferred(tmp_path, take, store):
    path = tmp_path / "binance_spot_BTCUSDT_1h.csv"
    take(written(path, text(rows(24))))
    other = [[*row[:5], row[5] + 1] if k in (3, 4) else row for k, row in enumerate(rows(24))]
    (report,) = take(written(path, text(other)))
    assert (report.added.kept, report.added.same) == (2, 22)
    assert [one.sentence for one in report.findings] == [
        "stored with other values, which were kept: 2 candles, 2025-01-01T03:00:00Z to 2025-01-01T04:00:00Z"
    ]
    assert stored(store) == rows(24)
    (report,) = take(path, replace=True)
    assert report.added.replaced == 2
    assert "now replaced" in report.findings[0].sentence
    assert stored(store) == other


def test_the_timeframe_is_told_by_the_candles_if_need_be(tmp_path, take, store):
    (report,) = take(written(tmp_path / "prices.csv", text(rows(24))), symbol="BTCUSDT")
    assert (report.error, report.timeframe, stored(store)) == ("", "1h", rows(24))


@pytest.mark.parametrize(
    ("name", "content", "hints", "complaint"),
    [
        ("prices.csv", text(rows(24)), {}, "prices.csv: the symbol is not to be seen in the file's name"),
        ("BTCUSDT.csv", text(rows(1)), {}, "BTCUSDT.csv: neither name nor candles tell the timeframe"),
        ("BTCUSDT_15m.csv", text(rows(24)), {}, "BTCUSDT_15m.csv: holds 1h candles, not 15m; say --timeframe 1h"),
        ("BTCUSDT_1h.csv", "time,open\n1,2\n", {}, "no column high, low, close, volume"),
        ("BTCUSDT_1h.csv", "", {}, "no column"),
        ("BTCUSDT_1h.txt", text(rows(24)), {}, "the ending '.txt' is not known"),
        ("BTCUSDT_1h.zip", "PK", {}, "is a damaged zip"),
        ("BTCUSDT_1h.parquet", "PAR1", {}, "cannot be read as Parquet"),
        (
            "BTCUSDT_1h.csv",
            text(rows(24)),
            {"market": "cm", "symbol": "BTC/USDT:USDT"},
            "is no symbol of the market cm",
        ),
        ("BTCUSDT_funding.csv", "time,rate\n1,2,3\n", {}, "cannot be read as CSV"),
    ],
)
def test_files_that_say_nothing_useful(tmp_path, take, store, name, content, hints, complaint):
    good = written(tmp_path / "binance_spot_ETHUSDT_1h.csv", text(rows(24)))
    (sound,) = take(good)
    (report,) = take(written(tmp_path / name, content), **hints)
    assert complaint in report.error
    assert "\n" not in report.error
    assert report.added.added == 0
    assert [series.symbol for series in store.series()] == [sound.symbol]


def test_one_bad_file_does_not_keep_the_others_out(tmp_path, take, store):
    good = written(tmp_path / "binance_spot_BTCUSDT_1h.csv", text(rows(24)))
    late = written(tmp_path / "b_BTCUSDT_1h.csv", "time,open,high,low,close,volume\n")
    reports = take(late, good, tmp_path / "gone_BTCUSDT_1h.csv")
    assert [bool(report.error) for report in reports] == [True, False, True]
    assert stored(store) == rows(24)


def test_a_store_that_is_damaged_is_said_of_every_file(tmp_path, take, store):
    store.directory.mkdir()
    (store.directory / f"{BITCOIN.stem}.parquet").write_text("not at all")
    (report,) = take(written(tmp_path / "binance_spot_BTCUSDT_1h.csv", text(rows(24))))
    assert "is not as gobot writes it" in report.error


def test_funding_rates(tmp_path, take, store):
    path = written(
        tmp_path / "BTCUSDT-fundingRate-2025-01.csv",
        f"calc_time,funding_interval_hours,last_funding_rate\n{START},8,0.0001\n{START + 8 * HOUR},8,-0.0002\n",
    )
    (report,) = take(path)
    assert (report.error, report.symbol, report.timeframe, report.added.added) == ("", "BTC/USDT:USDT", "funding", 2)
    rates = FundingStore(store.directory).read("binance", "BTC/USDT:USDT")
    assert rates.rate.tolist() == [0.0001, -0.0002]
    assert FundingStore(store.directory).symbols() == [("binance", "BTC/USDT:USDT")]


def test_the_same_settlement_from_two_sources_counts_once(tmp_path):
    from gobot.market import FundingRates

    store = FundingStore(tmp_path, file_format="csv")
    times = np.array([START, START + 8 * HOUR])
    assert store.add("binance", "BTC/USDT:USDT", FundingRates(times, np.array([0.1, 0.2]))) == 2
    later = np.concatenate([times + 4, [START + 16 * HOUR]])
    assert store.add("binance", "BTC/USDT:USDT", FundingRates(later, np.array([0.5, 0.6, 0.3]))) == 1
    assert store.read("binance", "BTC/USDT:USDT").rate.tolist() == [0.1, 0.2, 0.3]
    assert len(store.read("binance", "ETH/USDT:USDT").time) == 0


@pytest.mark.parametrize("moment", ["0", "-5", "99999999999999999999999", "tomorrow", "", "2025-13-01", "nan"])
def test_moments_that_are_none(tmp_path, take, store, moment):
    table = rows(24)
    table[4][0] = moment
    (report,) = take(written(tmp_path / "binance_spot_BTCUSDT_1h.csv", text(table)))
    (found,) = [one for one in report.findings if one.kind is Kind.NO_TIME]
    assert found.sentence == "no time that can be read, left out: 1 row, the first is row 5"
    assert stored(store) == [*rows(24)[:4], *rows(24)[5:]]
