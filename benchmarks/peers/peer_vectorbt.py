"""vectorbt with its Rust engine: ``python peer_vectorbt.py single ROWS`` or ``sweep|figures ROWS COUNT``."""

from __future__ import annotations

import sys

import vectorbt as vbt
from measuring import CASH, FAST, FEE, SLOW, best, frame, pairs, tell

candles = frame(int(sys.argv[2]))


def portfolio(fast, slow):
    return vbt.Portfolio.from_signals(
        candles["close"],
        entries=fast.ma_crossed_above(slow).vbt.signals.fshift(1),
        exits=fast.ma_crossed_below(slow).vbt.signals.fshift(1),
        price=candles["open"],
        fees=FEE,
        init_cash=CASH,
        freq="1min",
    )


def single():
    close = candles["close"]
    run = portfolio(vbt.MA.run(close, FAST), vbt.MA.run(close, SLOW))
    run.max_drawdown(), run.sharpe_ratio(), run.trades.records_arr
    return int(run.trades.closed.count()), float(run.final_value())


def sweep():
    fast, slow = pairs(int(sys.argv[3]))
    close = candles["close"]
    run = portfolio(vbt.MA.run(close, fast, short_name="fast"), vbt.MA.run(close, slow, short_name="slow"))
    found = run.trades.closed.count(), run.final_value()
    if sys.argv[1] == "figures":
        run.max_drawdown(), run.sharpe_ratio(), run.trades.win_rate()
    return int(found[0].sum()), float(found[1].sum())


if sys.argv[1] == "single":
    seconds, (trades, equity) = best(single, 5)
else:
    seconds, (trades, equity) = best(sweep, 2)
tell(seconds=seconds, trades=trades, final_equity=equity)
