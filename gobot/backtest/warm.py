"""Compile everything that numba compiles, once, when gobot is set up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from gobot.backtest.rules import Rules
from gobot.backtest.run import backtest
from gobot.market import Candles
from gobot.strategy import SHIPPED, load_strategy
from gobot.strategy.indicators import bollinger


def warm_up() -> None:
    """Run every shipped strategy over a small made-up market.

    What is compiled is kept on disk, so that nobody waits for it later.  Takes some seconds the first time, a moment
    after that.
    """
    rows = 1500
    close = 100.0 * np.exp(0.1 * np.sin(np.arange(rows) / 9.0))
    open_ = np.roll(close, 1)
    market = Candles.from_columns(
        np.arange(rows) * 900_000, open_, np.maximum(open_, close), np.minimum(open_, close), close, np.ones(rows)
    )
    for name in SHIPPED:
        backtest(load_strategy(name, {}, Path()), market, Rules(stop_loss_percent=2.0, take_profit_percent=4.0))
    bollinger(pd.Series(close))
