"""ferro-ta: ``python peer_ferro_ta.py single ROWS`` or ``sweep|figures ROWS COUNT``.

Its sweep trades at closes and takes a flat fee: quicker rules than the others', its figures are of another run.
"""

from __future__ import annotations

import sys

import numpy as np
from ferro_ta._ferro_ta import CommissionModel
from ferro_ta.analysis.backtest import BacktestEngine, sma_crossover_strategy
from ferro_ta.analysis.sweep import sweep as grid_search
from measuring import CASH, FAST, FEE, SLOW, best, frame, pairs, tell

candles = frame(int(sys.argv[2]))


def long_only(close):
    return np.maximum(np.nan_to_num(sma_crossover_strategy(close, FAST, SLOW)), 0.0)


def single():
    open_, high, low, close = (candles[name].to_numpy() for name in ("open", "high", "low", "close"))
    engine = BacktestEngine().with_ohlcv(high=high, low=low, open_=open_).with_initial_capital(CASH)
    result = engine.with_commission_model(CommissionModel.proportional(FEE)).run(close, strategy=long_only)
    return len(result.trades), float(result.equity[-1] * CASH)


def sweep():
    fast, slow = pairs(int(sys.argv[3]))
    combinations = [{"fast": int(f), "slow": int(s)} for f, s in zip(fast, slow, strict=True)]
    found = grid_search(candles["close"].to_numpy(), "sma_crossover", combinations, commission_per_trade=FEE)
    return 0, float(found.metrics["total_return"].sum() if "total_return" in found.metrics else 0.0)


seconds, (trades, equity) = best(single, 5) if sys.argv[1] == "single" else best(sweep, 2)
tell(seconds=seconds, trades=trades, final_equity=equity)
