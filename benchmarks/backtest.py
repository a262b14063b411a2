"""How fast gobot's backtests are, beside other engines in the same run.

    python benchmarks/backtest.py                 a minute: sizes that show the order of magnitude
    python benchmarks/backtest.py --whole         everything: a year of minutes, 10,000 pairs, 10 M candles
    python benchmarks/backtest.py --peers ferro-ta raptorbt backtrader

Every row is measured in a process of its own, the shortest of several runs after one to warm up; memory is the most
that process ever had.  Peers are installed by pip into environments of their own under ``~/.cache/gobot/peers``; one
that cannot be installed is reported as such.  All trade SMA 10/50 crossings, long only, at the next open, all in, for a
fee of 0.1 %; ferro-ta's sweep knows closes and flat fees only.

Nothing is asserted: times depend on the machine and on what else it does, so the load is printed too.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

PEERS = {
    "backtesting.py": ("peer_backtesting.py", ["backtesting"], ("single",)),
    "vectorbt": ("peer_vectorbt.py", ["vectorbt[rust]"], ("single", "sweep", "figures")),
    "raptorbt": ("peer_raptorbt.py", ["raptorbt", "numpy", "pandas"], ("single", "sweep", "figures")),
    "ferro-ta": ("peer_ferro_ta.py", ["ferro-ta", "pandas"], ("single", "sweep", "figures")),
    "backtrader": ("peer_backtrader.py", ["backtrader", "pandas"], ("single",)),
}
ON_REQUEST = {"backtrader"}
SCRIPTS = Path(__file__).parent / "peers"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "gobot" / "peers"
TIME_LIMIT = 900


def installed(name: str) -> Path | str:
    """The Python of a peer's environment, made now if there is none; or why there is none."""
    python = CACHE / name / "bin" / "python"
    ready = CACHE / name / "ready"
    if not ready.exists():
        for command in (
            [sys.executable, "-m", "venv", "--clear", str(CACHE / name)],
            [str(python), "-m", "pip", "install", "--quiet", *PEERS[name][1]],
        ):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                return (done.stderr.strip().splitlines() or ["pip failed"])[-1][:90]
        ready.touch()
    return python


def measured(python: Path | str, script: str, *given: object) -> dict[str, Any]:
    """What one measurement in a child process found; ``problem`` says why there is nothing."""
    if isinstance(python, str):
        return {"problem": python}
    command = [str(python), str(SCRIPTS / script), *map(str, given)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIME_LIMIT, check=False)
    except subprocess.TimeoutExpired:
        return {"problem": f"took longer than {TIME_LIMIT} s"}
    if done.returncode:
        return {"problem": (done.stderr.strip().splitlines() or ["failed"])[-1][:90]}
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def row(name: str, found: dict[str, Any], figure: str, ratio: float | None = None) -> None:
    """One line of the table."""
    if "problem" in found:
        print(f"  {name:<34} {'—':>22}   {found['problem']}")
        return
    times = f"{ratio:8.1f} x" if ratio else " " * 10
    print(f"  {name:<34} {figure:>22} {times} {found['rss_mb']:>7} MB {found.get('trades', 0):>10} trades")


def compare(title: str, kind: str, peers: dict[str, Path | str], rows: int, counts: tuple[int, int]) -> None:
    """One task for all: ``counts`` of combinations, for gobot and for its slower peers."""
    print(f"\n{title}")
    work = {"gobot": rows * counts[0]}
    results = {"gobot": measured(Path(sys.executable), "gobot_runs.py", kind, rows, *counts[:1] * (kind != "single"))}
    for name, python in peers.items():
        script, _, kinds = PEERS[name]
        if kind in kinds:
            work[name] = rows * counts[1]
            more = counts[1:] * (kind != "single")
            results[name] = (
                {"problem": python} if isinstance(python, str) else measured(python, script, kind, rows, *more)
            )
    speed = {name: work[name] / found["seconds"] for name, found in results.items() if "seconds" in found}
    for name, found in results.items():
        seconds = found.get("seconds", 0.0)
        figure = (
            f"{1e3 * seconds:,.2f} ms" if kind == "single" else f"{speed.get(name, 0.0) / 1e6:,.1f} M comb·candles/s"
        )
        row(name, found, figure, speed["gobot"] / speed[name] if name in speed and "gobot" in speed else None)


def alone(title: str, tasks: list[tuple[str, tuple[object, ...], float]]) -> None:
    """What only gobot does: label, arguments, and the amount of work by which times are divided."""
    print(f"\n{title}")
    for label, given, work in tasks:
        found = measured(Path(sys.executable), "gobot_runs.py", *given)
        seconds = found.get("seconds", 0.0)
        row(label, found, f"{1e3 * seconds:,.2f} ms  {1e9 * seconds / work:.3f} ns")


def cold_start(rows: int) -> None:
    """The whole command, from a CSV file to the report on the terminal, with what is compiled on disk."""
    sys.path.insert(0, str(SCRIPTS))
    from measuring import frame

    print(f"\ngobot backtest sma_cross --data F.csv, {rows:,} candles, everything included")
    with tempfile.TemporaryDirectory() as home:
        file = Path(home) / "BTCUSDT_1m.csv"
        frame(rows).rename_axis("time").to_csv(file)
        command = [sys.executable, "-c", "from gobot.cli import main; main()", "--home", home, "backtest", "sma_cross"]
        times = []
        for _ in range(4):
            started = time.perf_counter()
            subprocess.run([*command, "--data", str(file)], check=True, capture_output=True)
            times.append(time.perf_counter() - started)
    print(f"  {'the shortest of three, after one':<34} {min(times[1:]):>20.2f} s")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--whole", action="store_true", help="all sizes (some minutes)")
    parser.add_argument("--peers", nargs="*", choices=PEERS, help="which to compare with (all but the slowest)")
    asked = parser.parse_args()
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} processors, load {load:.1f}" + (": busy, times are too long" if load > 1 else ""))
    usual = [name for name in PEERS if name not in ON_REQUEST]
    names = usual if asked.peers is None else asked.peers
    if asked.peers is None and not asked.whole:
        names = [name for name in usual if (CACHE / name / "ready").exists()]
        if len(names) < len(usual):
            print("peers that were never installed are left out: --whole installs them")
    peers = {name: installed(name) for name in names}
    # The compiler's own memory and time are not what is measured here.
    subprocess.run([sys.executable, "-c", "from gobot.backtest import warm_up; warm_up()"], check=True)
    year, rows, pairs = (525_600, 100_000, 10_000) if asked.whole else (100_000, 50_000, 1_000)
    few = 100 if asked.whole else 20
    compare(f"one backtest, {year:,} candles, DataFrame to all metrics", "single", peers, year, (1, 1))
    compare(f"sweep, {rows:,} candles: final equity and trades", "sweep", peers, rows, (pairs, few))
    compare("the same with win rate, drawdown and Sharpe", "figures", peers, rows, (pairs, few))
    alone(
        "sweep with stop, target and trailing (per combination and candle)",
        [(f"gobot, {pairs:,} pairs", ("stops", rows, pairs), rows * pairs)],
    )
    alone(
        "20 symbols sharing one account (per candle)",
        [("gobot", ("portfolio", 70_000 if asked.whole else 10_000, 20), 20 * (70_000 if asked.whole else 10_000))],
    )
    sizes = [10_000, 100_000, 1_000_000, 10_000_000] if asked.whole else [10_000, 100_000, 1_000_000]
    alone("one backtest (per candle)", [(f"{size:,} candles", ("single", size), size) for size in sizes])
    counts = [1, 10, 100, 1_000, 10_000, 100_000] if asked.whole else [1, 10, 100, 1_000]
    alone(
        "sweep of 10,000 candles, equity and trades (per combination and candle)",
        [(f"{count:,} combinations", ("sweep", 10_000, count), 10_000 * count) for count in counts],
    )
    cold_start(35_000)


if __name__ == "__main__":
    main()
