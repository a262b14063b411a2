"""``gobot backtest``: the command, its documents and files, what was kept, and how it fails."""

import csv
import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from gobot.backtest import Leg, Rules, backtest, portfolio
from gobot.cli import main
from gobot.market import FundingRates, FundingStore
from gobot.market.export import export_candles
from gobot.settings import TradingSettings
from gobot.strategy.shipped.sma_cross import SmaCross

# Seed and length of the market, fast, slow, fee; trades, final equity, win rate and largest drawdown of backtesting.py
# 0.6.6: long only, all cash, prices scaled so that its whole units do not round.
PEERS = [
    (1, 3000, 10, 50, 0.001, 40, 11145.0428316, 40.0, 25.0487487952),
    (2, 3000, 10, 50, 0.0, 41, 9165.68295298, 21.9512195122, 30.7947619926),
    (3, 5000, 5, 20, 0.0005, 151, 6229.06831732, 29.8013245033, 53.54043391),
    (4, 5000, 20, 100, 0.002, 36, 9051.60166064, 33.3333333333, 48.1163315375),
    (9, 4000, 10, 50, 0.001, 45, 11867.0590133, 40.0, 31.8458091881),
]
ALONE = ("--set", "backtest.sizing=all_in", "--set", "backtest.risk=off", "--set", "backtest.direction=long")


@pytest.fixture(scope="session", autouse=True)
def _compiled(random_walk):
    """Compiling is told on stderr, so it is over before anything is looked at there."""
    leg = Leg(strategy=SmaCross(), candles=random_walk(1, 300))
    backtest(leg.strategy, leg.candles, Rules())
    portfolio([leg], Rules(), risk=TradingSettings())


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch, tmp_path):
    for name in [name for name in os.environ if name.startswith("GOBOT_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run(capfd):
    def run(*args):
        with pytest.raises(SystemExit) as left:
            main(["backtest", *args])
        out, err = capfd.readouterr()
        return left.value.code, out, err

    return run


@pytest.fixture
def market(random_walk, tmp_path):
    """``market(seed, rows, name)`` writes a random walk to a file."""

    def make(seed=2, rows=3000, name="F.csv"):
        export_candles(random_walk(seed, rows), tmp_path / name)
        return name

    return make


def document(run, *args):
    code, out, err = run(*args, "--json")
    assert (code, err) == (0, "")
    return json.loads(out)


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: f"market {peer[0]}")
def test_the_numbers_of_backtesting_py(run, market, peer):
    seed, rows, fast, slow, fee, trades, equity, win_rate, drawdown = peer
    chosen = ("-p", f"fast={fast}", "-p", f"slow={slow}", "--set", f"backtest.fee={fee}")
    found = document(run, "sma_cross", "--data", market(seed, rows), *chosen, *ALONE, "--no-keep")
    assert found["trades"] == trades
    figures = (found["final_equity"], found["win_rate"], found["max_drawdown_pct"])
    assert figures == pytest.approx((equity, win_rate, drawdown), rel=1e-9)


def test_the_command_as_a_process(market, tmp_path):
    words = (
        f"sma_cross --data {market()} -p fast=10 -p slow=50 --set backtest.fee=0.001 --set backtest.sizing=all_in "
        "--set backtest.risk=off --set backtest.direction=long --json"
    )
    command = [sys.executable, "-m", "gobot", "backtest", *words.split()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert {
        "strategy", "params", "symbols", "timeframe", "start", "end", "bars", "start_equity", "final_equity",
        "net_profit", "return_pct", "trades", "win_rate", "profit_factor", "max_drawdown_pct", "sharpe", "sortino",
        "calmar", "fees", "funding", "liquidations",
    } <= found.keys()  # fmt: skip
    assert (found["strategy"], found["params"], found["bars"]) == ("sma_cross", {"fast": 10, "slow": 50}, 3000)
    assert (found["symbols"], found["timeframe"], found["run"]) == (["F"], "15m", 1)
    assert (tmp_path / "state" / "gobot.db").exists()


def test_a_table_for_people(run, market):
    code, out, err = run("sma_cross", "--data", market(), "--set", "backtest.sizing=all_in")
    assert (code, err) == (0, "")
    for expected in ("sma_cross  fast 10, slow 50", "F · 15m · 1 Jan 2025 – 1 Feb 2025 · 3,000 candles",
                     "Profit factor", "buy and hold", "random entry", "Deepest drawdowns", "Months, %", "2025",
                     "Last 8 trades",
                     "Before you believe it", "kept as run 1"):  # fmt: skip
        assert expected in out
    assert "\x1b" not in out
    assert max(map(len, out.splitlines())) <= 116


def test_files_are_written(run, market, tmp_path):
    made = ("--trades", "t.csv", "--report", "r.html", "--plot", "p.png")
    code, out, _ = run("sma_cross", "--data", market(), *ALONE, *made)
    assert code == 0
    assert [line.strip() for line in out.splitlines()[-3:]] == ["wrote t.csv", "wrote r.html", "wrote p.png"]
    found = document(run, "sma_cross", "--data", "F.csv", *ALONE)
    with (tmp_path / "t.csv").open() as file:
        rows = list(csv.DictReader(file))
    closed = [row for row in rows if row["exit_reason"] != "open"]
    assert len(closed) == found["trades"]
    assert sum(float(row["fees"]) for row in rows) == pytest.approx(found["fees"])
    assert (tmp_path / "r.html").read_text().startswith("<!doctype html>")
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")


def test_the_candles_of_a_time_and_of_a_length(run, market):
    name = market(2, 4000, "binance_spot_BTCUSDT_15m.parquet")
    whole = document(run, "sma_cross", "--data", name, "--no-keep")
    assert (whole["symbols"], whole["start"]) == (["BTC/USDT"], "2025-01-01T00:00:00Z")
    part = document(
        run, "sma_cross", "--data", name, "--since", "2025-01-03", "--until", "2025-01-10T12:00", "--no-keep"
    )
    assert (part["start"], part["end"], part["bars"]) == ("2025-01-03T00:00:00Z", "2025-01-10T11:45:00Z", 720)
    longer = document(run, "sma_cross", "--data", name, "--timeframe", "1h", "--symbol", "ETH/USDT", "--no-keep")
    assert (longer["timeframe"], longer["bars"], longer["symbols"]) == ("1h", 1000, ["ETH/USDT"])


def test_several_symbols_share_one_account(run, market, tmp_path):
    names = [market(seed, 2500, f"binance_um_{coin}USDT_15m.parquet") for seed, coin in ((2, "BTC"), (3, "ETH"))]
    data = [part for name in names for part in ("--data", name)]
    found = document(run, "sma_cross", *data, "--trades", "t.csv", "--report", "r.html")
    assert (found["symbols"], found["bars"]) == (["BTC/USDT:USDT", "ETH/USDT:USDT"], 2500)
    assert [one["name"] for one in found["baselines"]] == ["buy and hold", "random entry"]
    assert found["refusals"]["recent_window"] > 0
    with (tmp_path / "t.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["symbol"] for row in rows} == set(found["symbols"])
    assert sum(float(row["pnl"]) for row in rows) == pytest.approx(found["net_profit"])
    assert "ETH/USDT:USDT" in (tmp_path / "r.html").read_text()
    alone = [document(run, "sma_cross", "--data", name, *ALONE) for name in names]
    shared = document(run, "sma_cross", *data, *ALONE)
    assert shared["trades"] < sum(one["trades"] for one in alone)  # the cash of one is spent on the other
    out = run("sma_cross", *data)[1]
    assert "Where it came from" in out
    assert "What risk refused" in out
    listed = document(run, "list")
    assert listed[0]["symbols"] == found["symbols"]


def test_a_monte_carlo_in_numbers_words_and_on_the_page(run, market, tmp_path):
    drawn = ("sma_cross", "--data", market(rows=1500), *ALONE, "--monte-carlo", "8", "--no-keep")
    found = document(run, *drawn)["monte_carlo"]
    assert (found["runs"], found["seed"]) == (8, 1)
    assert found["candles"]["return_pct"]["p5"] <= found["candles"]["return_pct"]["p95"]
    assert document(run, *drawn)["monte_carlo"] == found
    assert document(run, *drawn, "--seed", "2")["monte_carlo"] != found
    code, out, _ = run(*drawn, "--report", "r.html")
    assert code == 0
    assert "Monte Carlo, 8 runs" in out
    assert "Drawdown, other order" in out
    assert "Percentiles of the Monte Carlo" in (tmp_path / "r.html").read_text()
    assert run(*drawn, "--monte-carlo", "0")[0] == 2


def test_funding_beside_the_candles(run, market, tmp_path, capfd):
    name = market(2, 2000, "binance_um_BTCUSDT_15m.parquet")
    stamps = 1_735_689_600_000 + 28_800_000 * np.arange(70)
    rates = pd.DataFrame({"time": stamps, "rate": np.full(70, 0.001)})
    rates.to_csv(tmp_path / "binance_um_BTCUSDT_funding.csv", index=False)
    short = ("--set", "backtest.risk=off", "--set", "backtest.direction=short", "--set", "backtest.sizing=all_in")
    files = ("--data", name, "--data", "binance_um_BTCUSDT_funding.csv")
    found = document(run, "sma_cross", *files, *short)
    assert found["funding"] > 0
    without = document(run, "sma_cross", "--data", name, *short)
    assert without["funding"] == 0
    assert found["final_equity"] > without["final_equity"]
    off = document(run, "sma_cross", *files, *short, "--set", "backtest.funding=off")
    assert off["final_equity"] == without["final_equity"]
    with pytest.raises(SystemExit):
        main(["data", "import", name])
    capfd.readouterr()
    FundingStore(tmp_path / "state/candles").add(
        "binance", "BTC/USDT:USDT", FundingRates(stamps.astype(np.int64), rates["rate"].to_numpy())
    )
    assert document(run, "sma_cross", *short)["funding"] == pytest.approx(found["funding"])


def test_stored_candles(run, market, capfd):
    with pytest.raises(SystemExit):
        main(["data", "import", market(2, 3000, "binance_um_BTCUSDT_15m.csv")])
    capfd.readouterr()
    found = document(run, "sma_cross")
    assert (found["symbols"], found["bars"]) == (["BTC/USDT:USDT"], 3000)
    assert document(run, "sma_cross", "--symbol", "BTCUSDT", "--timeframe", "1h")["bars"] == 750
    code, out, err = run("sma_cross", "--symbol", "DOGE/USDT")
    assert (code, out) == (1, "")
    assert "no 15m candles of DOGE/USDT are stored in" in err
    assert "gobot data download" in err


def test_the_daemons_own_parameters_are_tested_unless_others_are_given(run, market):
    own = ("--set", "trading.params={fast: 3, slow: 9}", "--no-keep")
    assert document(run, "sma_cross", "--data", market(), *own)["params"] == {"fast": 3, "slow": 9}
    assert document(run, "sma_cross", "--data", "F.csv", *own, "-p", "slow=30")["params"] == {"fast": 3, "slow": 30}
    assert "fast" not in document(run, "rsi_reversion", "--data", "F.csv", *own)["params"]


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (["sma_crss", "--data", "F.csv"], 1, "no strategy 'sma_crss', shipped or in"),
        (["sma_cross", "--data", "F.csv", "-p", "fats=3"], 1, "sma_cross has no parameter 'fats'"),
        (["sma_cross", "--data", "F.csv", "-p", "fast=90"], 1, "fast < slow must hold"),
        (["sma_cross", "--data", "F.csv", "-p", "fast"], 2, "-p fast is not understood"),
        (["sma_cross", "--data", "nowhere.csv"], 1, "nowhere.csv: no such file"),
        (["sma_cross", "--data", "F.csv", "--timeframe", "7x"], 2, "timeframe '7x' is not understood"),
        (["sma_cross", "--data", "F.csv", "--timeframe", "5m"], 1, "5m candles cannot be made from 15m candles"),
        (["sma_cross", "--data", "F.csv", "--since", "yesterday"], 2, "'yesterday' is no moment"),
        (["sma_cross", "--data", "F.csv", "--since", "2031-01-01"], 1, "0 candles lie in that time"),
        (["sma_cross", "--data", "F.csv", "--set", "backtest.fees=1"], 2, "backtest.fee"),
        (["sma_cross", "--data", "F.csv", "--symbol", "A/B", "--symbol", "C/D"], 2, "give one symbol per file"),
        (["sma_cross", "--data", "F.csv", "--report", "no/such/r.html"], 2, "no/such/r.html cannot be written"),
        (["sma_cross", "--data", "binance_um_BTCUSDT_funding.csv"], 2, "add --data with the candles"),
        (["sma_cross", "--data", "F.csv", "--data", "binance_um_BTCUSDT_funding.csv"], 2,
         "holds funding rates of BTC/USDT:USDT but the --data files hold candles of F"),
        (["sma_cross", "--data", "F.csv", "--data", "F.csv"], 2, "F was given twice; say which is which with --symbol"),
        (["sma_cross"], 1, "no 15m candles of BTC/USDT:USDT are stored"),
        ([], 2, "Missing argument 'STRATEGY'"),
        (["compare", "7"], 1, "there is no ledger at"),
    ],
)  # fmt: skip
def test_every_error_is_one_line(run, market, args, code, words):
    market()
    left, out, err = run(*args)
    assert (left, out) == (code, "")
    assert words in err
    assert err.count("\n") == 1


def test_what_was_kept_is_listed_and_compared(run, market, tmp_path):
    market(2)
    for params in ((), ("-p", "fast=20"), ("--set", "backtest.fee=0.002")):
        document(run, "sma_cross", "--data", "F.csv", *ALONE, *params)
    listed = document(run, "list")
    assert [(row["id"], row["strategy"], row["params"]["fast"]) for row in listed] == [
        (1, "sma_cross", 10), (2, "sma_cross", 20), (3, "sma_cross", 10)
    ]  # fmt: skip
    assert "curve" not in listed[0]
    code, out, _ = run("list", "-n", "2")
    assert (code, [line.split()[0] for line in out.splitlines() if line.strip()]) == (0, ["run", "2", "3"])

    code, out, _ = run("compare", "1", "2", "last", "--report", "c.html")
    assert code == 0
    lines = {line.split("  ")[0].strip(): line.split()[-3:] for line in out.splitlines() if line.strip()}
    assert lines["fee"] == ["0.0005", "0.0005", "0.002"]
    assert "slippage" not in lines  # they do not differ in it
    assert lines["Closed"] == ["41", "28", "41"]
    assert (tmp_path / "c.html").read_text().startswith("<!doctype html>")
    assert [row["id"] for row in document(run, "compare", "3", "1")] == [3, 1]
    assert run("compare", "9")[2] == "gobot: there is no kept run 9; see `gobot backtest list`\n"
    assert run("compare", "best")[2].startswith("gobot: 'best' is no kept run: give its number, or last")


def test_nothing_kept_yet(run):
    assert run("list") == (0, "no backtest was kept yet; run one: gobot backtest sma_cross --data FILE\n", "")
    assert document(run, "list") == []


def test_a_state_that_cannot_be_written_is_told_and_passed_over(run, market, tmp_path):
    (tmp_path / "state").write_text("in the way")
    code, out, err = run("sma_cross", "--data", market(), "--json")
    assert code == 0
    assert json.loads(out)["run"] is None
    assert err.startswith("gobot: this run is not kept: ")
    assert err.count("\n") == 1


def test_no_keep_leaves_nothing_behind(run, market, tmp_path):
    assert document(run, "sma_cross", "--data", market(), "--no-keep")["run"] is None
    assert not (tmp_path / "state").exists()


@pytest.mark.slow
def test_compiling_is_told_once(market, tmp_path):
    command = [
        sys.executable,
        "-m",
        "gobot",
        "backtest",
        "sma_cross",
        "--data",
        market(rows=500),
        "--json",
        "--no-keep",
    ]
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    first, second = (
        subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, env=environment)
        for _ in range(2)
    )
    assert first.stderr == "gobot: compiling the kernels for this machine, once; that takes some seconds\n"
    assert second.stderr == ""
    assert first.stdout == second.stdout


def test_help_shows_how(run):
    code, out, _ = run("--help")
    assert code == 0
    for expected in (
        "gobot backtest sma_cross --data BTCUSDT_15m.parquet",
        "--report",
        "--trades",
        "gobot backtest list",
    ):
        assert expected in out
    assert "gobot backtest compare 3 4" in run("compare", "--help")[1]
