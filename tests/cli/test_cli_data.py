"""``gobot data``: files in, reports and files out."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from gobot.cli import main
from gobot.core import Timeframe
from gobot.market import read_candles, resample
from gobot.market.export import export_candles

M15, H1, H4 = (Timeframe.parse(text) for text in ("15m", "1h", "4h"))


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch, tmp_path):
    for name in [name for name in os.environ if name.startswith("GOBOT_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run(capfd, tmp_path):
    def run(*args):
        with pytest.raises(SystemExit) as left:
            main(["--home", str(tmp_path), "data", *args])
        out, err = capfd.readouterr()
        return left.value.code, out, err

    return run


@pytest.fixture
def quarters(random_walk):
    return random_walk(1, 400)


@pytest.fixture
def file(tmp_path, quarters):
    path = tmp_path / "binance_um_BTCUSDT_15m.csv"
    export_candles(quarters, path)
    return str(path)


def test_import_and_list(run, file, quarters):
    code, out, err = run("import", file, "--json")
    (report,) = json.loads(out)
    assert (code, err, report["added"], report["findings"], report["error"]) == (0, "", 400, [], "")
    code, out, _ = run("list", "--json")
    assert (code, json.loads(out)) == (
        0,
        [
            {
                "venue": "binance",
                "market": "um",
                "symbol": "BTC/USDT:USDT",
                "timeframe": "15m",
                "rows": 400,
                "start": "2025-01-01T00:00:00Z",
                "end": "2025-01-05T03:45:00Z",
                "gaps": 0,
            }
        ],
    )
    assert Path("state/candles/binance_um_BTCUSDT_15m.parquet").exists()


def test_reports_for_people(run, file):
    lines = Path(file).read_text().splitlines()
    Path(file).write_text("\n".join([*lines[:50], *lines[60:], lines[-1]]))
    code, out, _ = run("import", file)
    assert code == 0
    assert "BTC/USDT:USDT 15m" in out
    assert "1 error, 1 warning" in out
    assert "missing: 10 candles, 2025-01-01T12:15:00Z to 2025-01-01T14:30:00Z" in out
    assert "there twice, one left out: 1 candle" in out
    code, out, _ = run("check")
    assert code == 0
    assert "missing: 10 candles" in out
    code, out, _ = run("list")
    assert out.splitlines()[0].split() == ["venue", "market", "symbol", "timeframe", "rows", "start", "end", "gaps"]
    assert out.splitlines()[1].split()[-1] == "1"


def test_check_for_programs(run, file):
    lines = Path(file).read_text().splitlines()
    Path(file).write_text("\n".join(lines[:50] + lines[60:]))
    run("import", file)
    code, out, err = run("check", "--strict", "--json")
    (report,) = json.loads(out)
    assert (report["symbol"], report["timeframe"]) == ("BTC/USDT:USDT", "15m")
    assert report["findings"] == [
        {
            "kind": "gap",
            "severity": "error",
            "start": "2025-01-01T12:15:00Z",
            "end": "2025-01-01T14:45:00Z",
            "count": 10,
            "sentence": "missing: 10 candles, 2025-01-01T12:15:00Z to 2025-01-01T14:30:00Z",
        }
    ]
    assert (code, err) == (1, "gobot: 1 of 1 series have errors: see the report\n")
    assert run("check", "--strict", "--from", "2025-01-02")[0] == 0
    code, out, _ = run("check", "--from", "2024-12-31T23:00", "--until", "2025-01-01T01:00", "--json")
    assert [one["count"] for one in json.loads(out)[0]["findings"]] == [4]


def test_files_that_fail(run, file, tmp_path):
    bad = tmp_path / "ETHUSDT_1h.csv"
    bad.write_text("time,open\n1,2\n")
    code, out, err = run("import", str(bad), file, "gone.csv", "--json")
    assert code == 1
    assert [bool(report["error"]) for report in json.loads(out)] == [True, False, True]
    assert err.startswith("gobot: 2 of 3 files could not be imported: ")
    assert err.count("\n") == 1
    (tmp_path / "empty").mkdir()
    code, out, err = run("import", str(tmp_path / "empty"))
    assert (code, out) == (2, "")
    assert "holds no data files" in err


def test_a_folder_with_names_said(run, tmp_path, quarters):
    export_candles(quarters, tmp_path / "folder" / "some.feather")
    code, _, _ = run("import", str(tmp_path / "folder"), "--symbol", "BTCUSDT", "--venue", "bybit", "--market", "um")
    assert code == 0
    (listed,) = json.loads(run("list", "--json")[1])
    assert (listed["venue"], listed["symbol"], listed["timeframe"]) == ("bybit", "BTC/USDT:USDT", "15m")


@pytest.mark.parametrize("name", ["btc.csv", "btc.parquet", "btc.feather"])
def test_export(run, file, quarters, name):
    run("import", file)
    code, out, _ = run("export", "BTC/USDT:USDT", "--timeframe", "15m", "--to", name)
    assert (code, out) == (0, f"wrote 400 candles to {name}\n")
    assert read_candles(Path(name)).close.tolist() == quarters.close.tolist()


def test_export_of_lengths_that_are_not_stored(run, file, quarters):
    run("import", file)
    code, out, _ = run("export", "BTCUSDT", "--timeframe", "1h", "--timeframe", "4h", "--to", "out", "--json")
    assert code == 0
    assert [(one["timeframe"], one["rows"]) for one in json.loads(out)] == [("1h", 100), ("4h", 25)]
    found = read_candles(Path("out/binance_um_BTCUSDT_4h.csv"))
    made = resample(quarters, M15, H4)
    np.testing.assert_array_equal(found.close, made.close)
    code, out, _ = run(
        "export", "BTCUSDT", "--timeframe", "1h", "--from", "2025-01-02", "--until", "2025-01-03", "--to", "x.csv"
    )
    assert (code, out) == (0, "wrote 24 candles to x.csv\n")


@pytest.mark.parametrize(
    ("args", "complaint"),
    [
        (("export", "ETH/USDT", "--to", "x.csv"), "nothing like that is stored"),
        (("export", "BTCUSDT", "--timeframe", "7m", "--to", "x.csv"), "no candles are stored, nor shorter ones"),
        (("export", "BTCUSDT", "--timeframe", "1h", "--timeframe", "4h", "--to", "x.csv"), "2 series do not fit"),
        (("export", "BTCUSDT", "--from", "soon", "--to", "x.csv"), "'soon' is no moment"),
        (("check", "--symbol", "ETHUSDT"), "nothing like that is stored"),
        (("list", "--timeframe", "soon"), "timeframe 'soon' is not understood"),
    ],
)
def test_what_cannot_be_done_is_one_line(run, file, args, complaint):
    run("import", file)
    code, out, err = run(*args)
    assert code in (1, 2)
    assert out == ""
    assert complaint in err
    assert err.count("\n") == 1


def test_nothing_is_stored(run):
    assert json.loads(run("list", "--json")[1]) == []
    code, out, _ = run("list")
    assert code == 0
    assert "bring something in: gobot data import FILE" in out


def test_settings_of_the_store(run, file, tmp_path):
    run("import", file, "--set", "candles.format=csv", "--set", "candles.keep=100", "--set", "paths.candles=elsewhere")
    assert (tmp_path / "elsewhere" / "binance_um_BTCUSDT_15m.csv").exists()
    listed = json.loads(run("list", "--json", "--set", "paths.candles=elsewhere")[1])
    assert listed[0]["rows"] == 100


def test_funding_is_listed_apart(run, tmp_path):
    path = tmp_path / "binance_um_BTCUSDT_funding.csv"
    path.write_text("time,rate\n1735689600000,0.0001\n1735718400000,0.0002\n")
    assert run("import", str(path))[0] == 0
    assert json.loads(run("list", "--json")[1]) == []
    (listed,) = json.loads(run("list", "--funding", "--json")[1])
    assert (listed["symbol"], listed["rows"], listed["end"]) == ("BTC/USDT:USDT", 2, "2025-01-01T08:00:00Z")
