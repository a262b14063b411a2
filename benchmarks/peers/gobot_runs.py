"""gobot: ``python gobot_runs.py single ROWS``, ``sweep|figures|stops ROWS COUNT`` or ``portfolio ROWS SYMBOLS``."""

from __future__ import annotations

import sys
from typing import Any

from measuring import FAST, FEE, SLOW, best, frame, pairs, tell

from gobot.backtest import Leg, Rules, backtest, portfolio, sweep
from gobot.market import Candles
from gobot.strategy.shipped.sma_cross import SmaCross

LONG = Rules(fee=FEE, direction="long")
STOPS = Rules(fee=FEE, direction="long", stop_loss_percent=2.0, take_profit_percent=4.0, trailing_percent=1.0)


def single(rows: int) -> tuple[float, dict[str, Any]]:
    """From a DataFrame to trades, equity and all metrics."""
    given = frame(rows)

    def work() -> Any:
        return backtest(SmaCross(fast=FAST, slow=SLOW), Candles.from_frame(given), LONG)

    seconds, result = best(work, max(5, min(60, 30_000_000 // rows)))
    return seconds, {"trades": result.metrics.trades, "final_equity": float(result.equity[-1])}


def many(kind: str, rows: int, count: int) -> tuple[float, dict[str, Any]]:
    """Every pair, with curves or without."""
    fast, slow = pairs(count)
    candles, grid = Candles.from_frame(frame(rows)), {"fast": fast, "slow": slow}
    rules = STOPS if kind == "stops" else LONG
    seconds, found = best(
        lambda: sweep(SmaCross, grid, candles, rules, curves=kind == "figures"), 1 if count * rows > 1e9 else 4
    )
    return seconds, {"trades": int(found.trades.sum()), "final_equity": float(found.final_equity.sum())}


def shared(rows: int, symbols: int) -> tuple[float, dict[str, Any]]:
    """So many symbols on one account."""
    legs = [
        Leg(
            strategy=SmaCross(fast=FAST, slow=SLOW),
            candles=Candles.from_frame(frame(rows, seed)),
            symbol=f"C{seed}/USDT",
        )
        for seed in range(symbols)
    ]
    rules = Rules(fee=FEE, sizing="fraction", size=0.1, max_open_positions=10)
    seconds, result = best(lambda: portfolio(legs, rules), 3)
    return seconds, {"trades": result.metrics.trades, "final_equity": float(result.equity[-1])}


if __name__ == "__main__":
    kind, *numbers = sys.argv[1], *map(int, sys.argv[2:])
    if kind == "single":
        took, found = single(*numbers)
    elif kind == "portfolio":
        took, found = shared(*numbers)
    else:
        took, found = many(kind, *numbers)
    tell(seconds=took, **found)
