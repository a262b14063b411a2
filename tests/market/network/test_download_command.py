"""``gobot data download`` as people and programs use it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson
import pytest
from archive_server import ArchiveServer
from background import in_background
from futures_server import FuturesServer

from gobot.cli import main
from gobot.core import DAY_MS, iso, utc_day

NOW = int(time.time() * 1000)
TODAY = NOW // DAY_MS * DAY_MS
LISTED = TODAY - 95 * DAY_MS
Gobot = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def archive() -> Iterator[ArchiveServer]:
    with in_background(ArchiveServer(LISTED, TODAY)) as playing:
        yield playing


@pytest.fixture(scope="module")
def venue() -> Iterator[FuturesServer]:
    with in_background(FuturesServer(["BTC", "ETH"], NOW, listed_ms=LISTED)) as playing:
        yield playing


@pytest.fixture
def gobot(archive: ArchiveServer, venue: FuturesServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Gobot:
    """``gobot("data", "list")`` in a home of its own, with both servers: exit code, stdout, stderr."""

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            main(["--home", str(tmp_path), *arguments])
        return int(left.value.code or 0), *capsys.readouterr()

    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "gobot.yaml").write_text(
        f"candles: {{archive_url: '{archive.url}'}}\nexchange: {{url_override: {{rest: '{venue.rest_url}'}}}}\n"
    )
    return run


def test_archive_and_api_together_bring_everything_up_to_now(gobot, archive, venue):
    code, out, err = gobot("data", "download", "--symbol", "BTCUSDT", "--timeframe", "1h", "--json")
    (outcome,) = orjson.loads(out)
    assert (code, err) == (0, "")
    whole = (NOW // 3_600_000 * 3_600_000 - LISTED) // 3_600_000
    assert outcome["added"] == whole
    assert outcome["files"] >= 4
    assert outcome["pages"] == 1
    assert (outcome["lacking"], outcome["error"]) == ([], None)
    _, out, _ = gobot("data", "list", "--json")
    (listed,) = orjson.loads(out)
    assert (listed["venue"], listed["market"], listed["symbol"]) == ("binance", "um", "BTC/USDT:USDT")
    assert (listed["rows"], listed["start"], listed["gaps"]) == (whole, iso(LISTED), 0)


def test_a_second_run_fetches_nothing(gobot, archive, venue):
    arguments = ("data", "download", "--symbol", "BTC/USDT:USDT", "--timeframe", "4h", "--since", utc_day(LISTED))
    assert gobot(*arguments)[0] == 0
    archive.requests.clear(), venue.requests.clear()
    code, out, _ = gobot(*arguments)
    assert code == 0
    assert "binance um BTC/USDT:USDT 4h" in out
    assert not archive.requests
    assert venue.requests["klines"] == 0


@pytest.mark.parametrize("source", ["archive", "api"])
def test_one_source_alone(gobot, archive, venue, source):
    archive.requests.clear(), venue.requests.clear()
    code, out, _ = gobot(
        "data", "download", "--symbol", "ETHUSDT", "--timeframe", "1d", "--since", utc_day(LISTED - 9 * DAY_MS),
        "--until", utc_day(TODAY - DAY_MS), "--source", source, "--json",
    )  # fmt: skip
    (outcome,) = orjson.loads(out)
    assert code == 0
    assert outcome["added"] == 94
    assert bool(archive.requests) == (source == "archive")
    assert bool(venue.requests) == (source == "api")


def test_holes_are_repaired_from_the_venue(gobot, archive, tmp_path):
    download = ("data", "download", "--symbol", "BTCUSDT", "--timeframe", "1h", "--source", "archive")
    days = [utc_day(LISTED + number * DAY_MS) for number in (2, 3, 5, 6)]
    gobot(*download, "--since", days[0], "--until", days[1])
    gobot(*download, "--since", days[2], "--until", days[3])
    assert orjson.loads(gobot("data", "list", "--json")[1])[0]["gaps"] == 1
    code, out, err = gobot("data", "check", "--repair", "--json")
    assert code == 0
    assert "48 candles fetched, 0 the venue lacks" in err
    assert not [finding for finding in orjson.loads(out)[0]["findings"] if finding["kind"] == "gap"]
    assert orjson.loads(gobot("data", "list", "--json")[1])[0]["rows"] == 4 * 24


def test_funding_rates(gobot):
    code, out, _ = gobot("data", "download", "--symbol", "BTCUSDT", "--funding", "--json")
    assert code == 0
    (rates,) = orjson.loads(out)
    assert rates["symbol"] == "BTC/USDT:USDT"
    assert abs(rates["added"] - 95 * 3) <= 3
    assert orjson.loads(gobot("data", "download", "--symbol", "BTCUSDT", "--funding", "--json")[1])[0]["added"] == 0


def test_only_what_is_kept_is_fetched(gobot):
    _, out, _ = gobot(
        "data", "download", "--symbol", "BTCUSDT", "--timeframe", "1h", "--json", "--set", "candles.keep=50"
    )
    assert orjson.loads(out)[0]["added"] == 50


def test_what_fails_is_one_line_and_exit_code_1(gobot, archive):
    name = f"BTCUSDT-12h-{utc_day(TODAY - 2 * DAY_MS)}.zip"
    archive.always(name, "403")
    code, out, err = gobot(
        "data", "download", "--symbol", "BTCUSDT", "--timeframe", "12h", "--source", "archive",
        "--since", utc_day(TODAY - 3 * DAY_MS),
    )  # fmt: skip
    assert code == 1
    assert err.count("\n") == 1
    assert name in err
    assert "failed" in out


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--venue", "binancesdm", "--symbol", "BTC/USDT:USDT"), "did you mean binanceusdm?"),
        (("--symbol", "BTC/USDT"), "add --venue binance"),
        (("--symbol", "BTC"), "write BTC/USDT"),
        (("--timeframe", "7x"), "timeframe '7x'"),
        (("--since", "soon"), "'soon' is no moment"),
        (("--since", "2999-01-01"), "choose earlier"),
        (("--venue", "bybit", "--source", "archive"), "use --source api"),
        (("--venue", "binance", "--symbol", "BTC/USDT", "--funding"), "has no funding"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(gobot, arguments, complaint):
    code, out, err = gobot("data", "download", *arguments)
    assert (code, out) == (2, "")
    assert complaint in err
    assert err.count("\n") == 1
