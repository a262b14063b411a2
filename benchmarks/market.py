"""Stored candles: gobot's store beside plain pandas CSV files and freqtrade's feather files, for the same work.

Every piece of work is done in a process of its own, which also tells the most memory it needed.  Printed are the best
of several runs and the ratios to gobot; nothing is asserted.  The peers neither sync to disk nor look for duplicates.
"""

from __future__ import annotations

import os
import resource
import shutil
import tempfile
import time
from collections.abc import Callable
from itertools import count
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from gobot.core import ManualClock, SystemClock, Timeframe
from gobot.market import Candles, CandleStore, FundingStore, Series
from gobot.market.export import export_candles
from gobot.market.importing import Importer
from gobot.market.synthetic import SyntheticMarket

M1 = Timeframe.parse("1m")
LONG = 5 * 365 * 1440
SYMBOLS = 550
SHORT = 10_000
END_MS = 1_735_689_600_000
BITCOIN = Series(venue="binance", symbol="BTC/USDT:USDT", timeframe=M1)
OTHERS = [Series(venue="binance", symbol=f"COIN{n:04d}/USDT:USDT", timeframe=M1) for n in range(SYMBOLS)]
SOURCE = "source/binance_um_BTCUSDT_1m.csv"
COLUMNS = ["date", "open", "high", "low", "close", "volume"]


class Result(NamedTuple):
    """Seconds (best of the runs), or bytes, and the peak of the process's memory in MB."""

    figure: float
    peak_mb: float


def best(work: Callable[[], object], runs: int) -> float:
    """Seconds of the fastest of several runs."""
    times = []
    for _ in range(runs):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return min(times)


def prepare(home: Path) -> None:
    """The files that everybody starts from."""
    market = SyntheticMarket(7, [BITCOIN.symbol], start_ms=END_MS, timeframe=M1, history=LONG)
    candles = market.candles(BITCOIN.symbol, end_ms=END_MS, limit=LONG)
    export_candles(candles, home / SOURCE)
    store = store_of(home)
    store.add(OTHERS[0], candles.last(SHORT))
    frame = candles.last(SHORT).frame().rename_axis("date").reset_index()
    for layout, write in (("csv", write_csv), ("feather", write_feather)):
        (home / layout).mkdir()
        write(frame, home / layout / f"{OTHERS[0].pair}.{layout}")
        for other in OTHERS[1:]:
            shutil.copy(home / layout / f"{OTHERS[0].pair}.{layout}", home / layout / f"{other.pair}.{layout}")
    first = store.directory / f"{OTHERS[0].stem}.parquet"
    for other in OTHERS[1:]:
        shutil.copy(first, first.with_name(f"{other.stem}.parquet"))


def store_of(home: Path) -> CandleStore:
    """Gobot's store."""
    return CandleStore(home / "gobot", clock=ManualClock(END_MS + 1_000_000 * M1.ms))


def newer(number: int) -> Candles:
    """The candle of so many minutes after all others."""
    return Candles.from_columns([END_MS + number * M1.ms], *[[float(value)] for value in (100, 101, 99, 100.5, 3)])


def newer_frame(number: int) -> Any:
    """The same as pandas has it."""
    return newer(number).frame().rename_axis("date").reset_index()


def write_csv(frame: Any, path: Path) -> None:
    """As ``DataFrame.to_csv`` does it."""
    frame.to_csv(path, index=False)


def write_feather(frame: Any, path: Path) -> None:
    """As freqtrade does it."""
    frame.reset_index(drop=True).loc[:, COLUMNS].to_feather(path, compression_level=9, compression="lz4")


def read(path: Path) -> Any:
    """A frame out of a peer's file."""
    import pandas as pd

    return pd.read_feather(path) if path.suffix == ".feather" else pd.read_csv(path, parse_dates=["date"])


def to_numpy(frame: Any) -> list[np.ndarray]:
    """The columns of a frame."""
    return [frame[name].to_numpy() for name in COLUMNS]


def gobot_import(home: Path) -> float:
    """The CSV into the store, with all checks."""
    importer = Importer(store_of(home), FundingStore(home / "gobot"), SystemClock())

    def once() -> None:
        (home / "gobot" / f"{BITCOIN.stem}.parquet").unlink(missing_ok=True)
        (report,) = importer.run([home / SOURCE], lambda _report: None)
        if report.added.added != LONG:
            raise RuntimeError(report.error)

    return best(once, 2)


def peer_import(home: Path, layout: str) -> float:
    """The CSV read by pandas and written in the peer's layout."""
    import pandas as pd

    def once() -> None:
        frame = pd.read_csv(home / SOURCE).rename(columns={"time": "date"})
        frame["date"] = pd.to_datetime(frame["date"], unit="ms", utc=True)
        (write_csv if layout == "csv" else write_feather)(frame, home / layout / f"{BITCOIN.pair}.{layout}")

    return best(once, 1)


def gobot_size(home: Path) -> float:
    """Bytes of the long series."""
    return (home / "gobot" / f"{BITCOIN.stem}.parquet").stat().st_size


def peer_size(home: Path, layout: str) -> float:
    """Bytes of the long series."""
    return (home / layout / f"{BITCOIN.pair}.{layout}").stat().st_size


def gobot_read(home: Path) -> float:
    """All of the long series as numpy columns."""
    store = store_of(home)
    return best(lambda: store.read(BITCOIN), 5)


def peer_read(home: Path, layout: str) -> float:
    """All of the long series as numpy columns."""
    return best(lambda: to_numpy(read(home / layout / f"{BITCOIN.pair}.{layout}")), 3)


def gobot_last(home: Path) -> float:
    """The newest 500 candles of one of many symbols."""
    store = store_of(home)
    return best(lambda: store.last(OTHERS[SYMBOLS // 2], 500), 30)


def gobot_last_long(home: Path) -> float:
    """The newest 500 candles of the long series."""
    store = store_of(home)
    return best(lambda: store.last(BITCOIN, 500), 30)


def peer_last(home: Path, layout: str) -> float:
    """The newest 500 candles of one of many symbols: the whole file has to be read."""
    path = home / layout / f"{OTHERS[SYMBOLS // 2].pair}.{layout}"
    return best(lambda: to_numpy(read(path).tail(500)), 5)


def peer_last_long(home: Path, layout: str) -> float:
    """The newest 500 candles of the long series: the whole file has to be read."""
    return best(lambda: to_numpy(read(home / layout / f"{BITCOIN.pair}.{layout}").tail(500)), 2)


def gobot_append(home: Path) -> float:
    """One closed candle to each of many symbols, synced to disk."""
    store, numbers = store_of(home), count()

    def once() -> None:
        candle = newer(next(numbers))
        store.add_all(dict.fromkeys(OTHERS, candle))

    return best(once, 3)


def gobot_append_in_turn(home: Path) -> float:
    """The same, one symbol after the other."""
    store, numbers = store_of(home), count(1000)

    def once() -> None:
        candle = newer(next(numbers))
        for series in OTHERS:
            store.add(series, candle)

    return best(once, 2)


def peer_append(home: Path, layout: str) -> float:
    """One closed candle to each of many symbols: a line behind a CSV file, a feather file written anew."""
    import pandas as pd

    numbers = count()

    def once() -> None:
        frame = newer_frame(next(numbers))
        for series in OTHERS:
            path = home / layout / f"{series.pair}.{layout}"
            if layout == "csv":
                frame.to_csv(path, mode="a", header=False, index=False)
            else:
                write_feather(pd.concat([read(path), frame]), path)

    return best(once, 1)


def gobot_append_long(home: Path) -> float:
    """One closed candle to the long series, synced to disk."""
    store, numbers = store_of(home), count()
    return best(lambda: store.add(BITCOIN, newer(next(numbers))), 20)


def peer_append_long(home: Path, layout: str) -> float:
    """One closed candle to the long series."""
    import pandas as pd

    path, frame = home / layout / f"{BITCOIN.pair}.{layout}", newer_frame(0)
    if layout == "csv":
        return best(lambda: frame.to_csv(path, mode="a", header=False, index=False), 5)
    return best(lambda: write_feather(pd.concat([read(path), frame]), path), 1)


def measured(work: Callable[..., float], *args: object) -> Result:
    """The figure of ``work`` and the most memory that this process ever needed."""
    figure = work(*args)
    return Result(figure, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def sync_seconds(home: Path) -> float:
    """What one small write takes to reach the disk, on average."""
    descriptor = os.open(home / "sync", os.O_WRONLY | os.O_CREAT)
    begin = time.perf_counter()
    for number in range(50):
        os.pwrite(descriptor, b"x" * 52, 52 * number)
        os.fsync(descriptor)
    os.close(descriptor)
    return (time.perf_counter() - begin) / 50


def said(figure: float, unit: str) -> str:
    """A figure with its unit."""
    scale = {"s": 1.0, "ms": 1e3, "MB": 1e-6}[unit]
    return f"{figure * scale:9.2f} {unit}"


WORK: tuple[tuple[str, str, Callable[..., float], Callable[..., float] | None], ...] = (
    (f"import {LONG:,} candles from CSV", "s", gobot_import, peer_import),
    ("size on disk", "MB", gobot_size, peer_size),
    ("read all of them to numpy", "s", gobot_read, peer_read),
    ("the newest 500 of them", "ms", gobot_last_long, peer_last_long),
    ("append 1 candle to them", "ms", gobot_append_long, peer_append_long),
    (f"the newest 500 of one of {SYMBOLS} symbols", "ms", gobot_last, peer_last),
    (f"append 1 candle to each of {SYMBOLS}", "s", gobot_append, peer_append),
    ("  the same, one after the other", "s", gobot_append_in_turn, None),
)


def main() -> None:
    """Measure and print."""
    home = Path(tempfile.mkdtemp(prefix="bench_market_"))
    try:
        processes = get_context("spawn")
        with processes.Pool(1, maxtasksperchild=1) as pool:
            pool.apply(prepare, (home,))
            print(f"one write reaches the disk in {sync_seconds(home) * 1e3:.2f} ms\n")
            print(f"{'':42}{'gobot':>12}{'peak':>8}{'pandas CSV':>22}{'peak':>8}{'feather':>22}{'peak':>8}")
            for name, unit, ours, theirs in WORK:
                own = pool.apply(measured, (ours, home))
                line = f"{name:42}{said(own.figure, unit)}{own.peak_mb:5.0f} MB"
                for layout in ("csv", "feather") if theirs else ():
                    peer = pool.apply(measured, (theirs, home, layout))
                    ratio = f"({peer.figure / own.figure:,.1f} x)"
                    line += f"{said(peer.figure, unit)}{ratio:>10}{peer.peak_mb:5.0f} MB"
                print(line, flush=True)
    finally:
        shutil.rmtree(home)


if __name__ == "__main__":
    main()
