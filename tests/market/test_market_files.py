"""Candle files: every format and time unit reads the same; every defect is one sentence."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv, feather, parquet

from gobot.core import DataError, Timeframe
from gobot.market import market_of, read_candles, read_funding

START = 1_735_689_600_000
TIMES = [START + 900_000 * k for k in range(5)]
MOMENTS = np.array(TIMES, "datetime64[ms]")
SECONDS = MOMENTS.astype("datetime64[s]")
PRICES = {
    "open": [100.0, 101.0, 102.0, 101.5, 103.0],
    "high": [101.5, 102.5, 103.0, 103.5, 104.0],
    "low": [99.5, 100.5, 101.0, 101.0, 102.0],
    "close": [101.0, 102.0, 101.5, 103.0, 103.5],
    "volume": [10.0, 0.0, 12.5, 8.0, 9.0],
}
WRITERS = {
    ".csv": csv.write_csv,
    ".parquet": parquet.write_table,
    ".feather": feather.write_feather,
}


def write(path: Path, columns: dict) -> Path:
    WRITERS[path.suffix](pa.table(columns), path)
    return path


@pytest.mark.parametrize("suffix", WRITERS)
@pytest.mark.parametrize("name", ["time", "timestamp", "open_time", "date", "Date"])
def test_every_format_and_name_of_the_time_column(tmp_path, suffix, name):
    path = write(tmp_path / f"candles{suffix}", {"extra": ["x"] * 5, name: TIMES, **PRICES})
    candles = read_candles(path)
    assert candles.time.tolist() == TIMES
    for column, values in PRICES.items():
        assert getattr(candles, column).tolist() == values


@pytest.mark.parametrize(
    "times",
    [
        [t // 1000 for t in TIMES],
        [float(t // 1000) for t in TIMES],
        TIMES,
        [t * 1_000 for t in TIMES],
        [t * 1_000_000 for t in TIMES],
        MOMENTS,
        MOMENTS.astype("datetime64[ns]"),
        [str(moment) for moment in MOMENTS],
        [f"{moment}Z" for moment in SECONDS],
        [f"{moment}+00:00".replace("T", " ") for moment in SECONDS],
    ],
    ids=["s", "float s", "ms", "us", "ns", "datetime ms", "datetime ns", "iso", "iso Z", "iso with offset"],
)
@pytest.mark.parametrize("suffix", WRITERS)
def test_every_unit_of_time(tmp_path, suffix, times):
    path = write(tmp_path / f"candles{suffix}", {"time": times, **PRICES})
    assert read_candles(path).time.tolist() == TIMES


def test_days_are_midnights(tmp_path):
    path = tmp_path / "days.csv"
    path.write_text("date,open,high,low,close,volume\n2025-01-01,1,2,1,2,5\n2025-01-02,2,3,1,2,5\n")
    assert read_candles(path).time.tolist() == [START, START + 86_400_000]


def test_numbers_as_text_are_read(tmp_path):
    columns = {"time": TIMES, **PRICES, "open": ["100.00000000", "101", "102", "101.5", "103"]}
    assert read_candles(write(tmp_path / "text.parquet", columns)).open[0] == 100.0


def changed(column, row, value):
    columns = {"time": list(TIMES), **{name: list(values) for name, values in PRICES.items()}}
    columns[column][row] = value
    return columns


@pytest.mark.parametrize(
    ("columns", "complaint"),
    [
        (dict(PRICES), "no column time or timestamp"),
        ({"time": TIMES, "open": PRICES["open"]}, "no column high, low, close, volume"),
        (changed("close", 2, None), r"row 3 \(2025-01-01T00:30:00Z\) has a price that is missing"),
        (changed("low", 1, 0.0), r"row 2 .* has a price that is missing, zero or negative"),
        (changed("open", 4, -1.0), r"row 5 .* zero or negative"),
        (changed("high", 3, float("inf")), r"row 4 .* has a price that is not finite"),
        (changed("high", 3, 100.0), r"row 4 .* has a high below its low"),
        (changed("volume", 0, -2.0), r"row 1 .* has a volume that is missing or negative"),
        (changed("time", 2, TIMES[1]), r"2025-01-01T00:15:00Z appears twice \(row 3\)"),
        (changed("time", 2, TIMES[0]), r"row 3 .* is older than the row before it"),
        (changed("time", 3, None), "row 4 has no time"),
        (changed("time", 4, TIMES[4] * 1000), "not all in one unit"),
        (changed("time", 0, 0), "not all in one unit"),
    ],
)
def test_defects_are_named_with_place_and_remedy(tmp_path, columns, complaint):
    path = write(tmp_path / "bad.parquet", columns)
    with pytest.raises(DataError, match=complaint) as caught:
        read_candles(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("empty.csv", b"", "no column time"),
        ("empty.parquet", b"", "cannot be read as Parquet"),
        ("empty.feather", b"", "cannot be read as Feather"),
        ("text.parquet", b"time,open\n1,2\n", "cannot be read as Parquet"),
        ("header.csv", b"time,open,high,low,close,volume\n", "holds no rows"),
        ("words.csv", b"time,open,high,low,close,volume\n1735689600000,a,2,1,2,5\n", "cannot be read as CSV"),
        ("ragged.csv", b"time,open,high,low,close,volume\n1735689600000,1,2\n", "cannot be read as CSV"),
        ("when.csv", b"time,open,high,low,close,volume\nyesterday,1,2,1,2,5\n", "cannot be read as CSV"),
        ("latin.csv", b"time,open,high,low,close,volume,\xe9\n1735689600000,1,2,1,2,5,1\n", "cannot be read as CSV"),
        ("candles.xlsx", b"PK", "the ending '.xlsx' is not known"),
    ],
)
def test_files_that_are_no_candle_files(tmp_path, name, content, complaint):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DataError, match=complaint) as caught:
        read_candles(path)
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_a_directory(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        read_candles(tmp_path / "nowhere.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(DataError, match="cannot be read as CSV"):
        read_candles(tmp_path / "folder.csv")


def test_funding_files(tmp_path):
    path = write(tmp_path / "funding.parquet", {"time": [START, START + 28_800_003], "rate": [0.0001, -0.0002]})
    rates = read_funding(path)
    assert (rates.time.tolist(), rates.rate.tolist()) == ([START, START + 28_800_003], [0.0001, -0.0002])
    with pytest.raises(DataError, match="has a rate that is missing or not a fraction"):
        read_funding(write(tmp_path / "percent.csv", {"time": [START], "rate": [1.5]}))


@pytest.mark.parametrize(
    ("name", "symbol", "timeframe"),
    [
        ("binance_spot_BTCUSDT_15m.parquet", "BTC/USDT", "15m"),
        ("binance_um_BTCUSDT_1h.csv", "BTC/USDT:USDT", "1h"),
        ("bybit_um_1000PEPEUSDC_5m.feather", "1000PEPE/USDC:USDC", "5m"),
        ("binance_spot_ETHBTC_1d.csv", "ETH/BTC", "1d"),
        ("binance_spot_BTCFDUSD_1d.csv", "BTC/FDUSD", "1d"),
    ],
)
def test_names_that_carry_the_market(name, symbol, timeframe):
    market = market_of(Path("somewhere") / name)
    assert (market.symbol, market.timeframe) == (symbol, Timeframe.parse(timeframe))
    assert market.venue == name.split("_")[0]


@pytest.mark.parametrize("name", ["candles.csv", "binance_um_BTCUSDT_funding.parquet", "binance_spot_USDT_1h.csv"])
def test_names_that_say_nothing(name):
    assert market_of(Path(name)) is None
