"""Imports and appends that are killed: ``python store_campaign.py DIRECTORY SEED POINTS``.

The same work is done once without being disturbed.  Then, ``POINTS`` times, a child process does it in a directory of
its own and kills itself with SIGKILL at a system call drawn by ``SEED``, in the middle of a write where it is one; a
second child does the work again in what the first has left.  Printed is a JSON list of what was different in the end.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from store_cases import BITCOIN, candles, contents, half_of, intercept

from gobot.core import ManualClock
from gobot.market import CandleStore, FundingStore
from gobot.market.importing import Importer

NOW = 2_000_000_000_000


def work(directory: Path, files: Path) -> None:
    """What a user does on a morning: import, let candles come in, import again."""
    clock = ManualClock(NOW)
    store = CandleStore(directory, clock=clock)
    importer = Importer(store, FundingStore(directory), clock)
    importer.run(sorted(files.glob("*_early.*")), lambda _report: None)
    for minute in range(3000, 3008):
        store.add(BITCOIN, candles(minute))
    store.add(BITCOIN, candles(2990, 2995, version=1), replace=True)
    importer.run(sorted(files.iterdir()), lambda _report: None)
    for minute in range(5000, 5004):
        store.add(BITCOIN, candles(minute))
    store.fold(BITCOIN)


def write_files(files: Path) -> None:
    """Candles of two series, and funding rates."""
    files.mkdir()
    for name, minutes in {
        "binance_um_BTCUSDT_1m_early": range(2990),
        "binance_um_BTCUSDT_1m_late": range(2900, 4000),
        "binance_um_ETHUSDT_1m_early": range(500),
        "binance_um_ETHUSDT_1m_late": range(400, 900),
    }.items():
        part = candles(*minutes)
        rows = zip(part.time, part.open, part.high, part.low, part.close, part.volume, strict=True)
        lines = [",".join(str(value) for value in row) for row in rows]
        (files / f"{name}.csv").write_text("time,open,high,low,close,volume\n" + "\n".join(lines) + "\n")
    (files / "binance_um_BTCUSDT_funding.csv").write_text("time,rate\n1735689600000,0.0001\n1735718400000,0.0002\n")


def child(job: Callable[[], None]) -> int:
    """Do ``job`` in a process of its own; returned is how it ended."""
    process = os.fork()
    if process == 0:
        ended = 1
        try:
            job()
            ended = 0
        finally:
            os._exit(ended)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def count_calls(job: Callable[[], None], into: Path) -> None:
    """Do ``job`` and note how many system calls it made."""
    calls: list[str] = []
    intercept(setattr, lambda name, _args: calls.append(name))
    job()
    into.write_text(str(len(calls)))


def die_at(call: int, share: float, job: Callable[[], None]) -> None:
    """Do ``job`` and kill this process at the system call of that number."""
    pwrite, made = os.pwrite, 0

    def die(name: str, args: tuple[object, ...]) -> None:
        nonlocal made
        made += 1
        if made == call:
            if name == "pwrite":
                half_of(args, pwrite, share)
            os.kill(os.getpid(), signal.SIGKILL)

    intercept(setattr, die)
    job()


def main(directory: Path, seed: int, points: int) -> list[str]:
    """What went wrong, in words."""
    files = directory / "files"
    write_files(files)
    undisturbed, counted = directory / "undisturbed", directory / "calls"
    if child(partial(count_calls, partial(work, undisturbed, files), counted)) != 0:
        return ["the undisturbed run failed"]
    expected = contents(os.scandir(undisturbed))
    chance, complaints = random.Random(seed), []
    for call in chance.sample(range(1, int(counted.read_text()) + 1), points):
        store = directory / f"killed-at-{call}"
        job = partial(work, store, files)
        if child(partial(die_at, call, chance.random(), job)) != -signal.SIGKILL:
            complaints.append(f"call {call}: it was not killed")
        if child(job) != 0:
            complaints.append(f"call {call}: it could not go on")
        elif contents(os.scandir(store)) != expected:
            complaints.append(f"call {call}: {sorted(contents(os.scandir(store)))} differ")
    return complaints


if __name__ == "__main__":
    json.dump(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])), sys.stdout)
