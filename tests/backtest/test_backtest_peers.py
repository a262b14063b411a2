"""The same trades as backtesting.py 0.6.6 makes on the same candles, computed there and written down here.

Orders exclusive, all cash, its own ``crossover`` on pandas' rolling means, prices scaled so that its whole units do
not round.
"""

import hashlib

import pytest

from gobot.backtest import Rules, backtest
from gobot.strategy import Param, crossover, crossunder, signal_frame
from gobot.strategy.shipped.sma_cross import SmaCross


class BracketCross(SmaCross):
    """SMA crossover with stop and target at shares of the signal's close."""

    stop = Param(0.0)
    target = Param(0.0)

    def signals(self, frame):
        if not self.stop:
            return super().signals(frame)
        close = frame["close"]
        up, down = crossover(frame["fast"], frame["slow"]), crossunder(frame["fast"], frame["slow"])
        side = up.astype(float) - down
        return signal_frame(
            frame.index,
            long=up,
            short=down,
            stop=close * (1 - side * self.stop),
            target=close * (1 + side * self.target),
        )


# seed and length of the market; fast, slow, stop, target; fee; trades, digest of their candles, final equity, win
# rate, largest drawdown, fees of closed trades
PEERS = [
    (1, 3000, 10, 50, 0.0, 0.0, 0.0, 80, "3ada28c27f83", 8557.53915851, 40.0, 46.4646403133, 0.0),
    (2, 3000, 10, 50, 0.0, 0.0, 0.001, 82, "7bd0d8e271e4", 8188.78854447, 24.3902439024, 53.6227157882, 2032.52347911),
    (3, 5000, 5, 20, 0.0, 0.0, 0.0005, 301, "0ed25e85415c", 17718.3044557, 35.5481727575, 37.9193651605, 4493.67341224),
    (4, 5000, 20, 100, 0.0, 0.0, 0.002, 73, "3bbe62365060", 5487.63837137, 30.1369863014, 66.5018023114, 2951.71959871),
    (5, 2000, 2, 3, 0.0, 0.0, 0.0, 749, "f646c22e246a", 10197.93643996, 40.1869158879, 37.7012707115, 0.0),
    (
        6,
        5000,
        10,
        50,
        0.02,
        0.04,
        0.001,
        144,
        "bd4b526eae1b",
        5244.82560704,
        29.8611111111,
        52.7276435203,
        1936.81811361,
    ),
    (7, 5000, 5, 20, 0.01, 0.015, 0.0005, 305, "f8fcc858dfec", 9652.44379, 43.6065573770, 14.6642086940, 2911.92582509),
    (8, 5000, 10, 30, 0.05, 0.02, 0.0, 189, "cdbb4cb77cb6", 12826.4030903, 62.9629629630, 25.0944249759, 0.0),
]


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: f"market {peer[0]}")
def test_the_same_trades_and_equity_as_backtesting_py(random_walk, peer):
    seed, rows, fast, slow, stop, target, fee, count, digest, equity, win_rate, drawdown, fees = peer
    strategy = BracketCross(fast=fast, slow=slow, stop=stop, target=target)
    result = backtest(strategy, random_walk(seed, rows), Rules(fee=fee))
    closed = result.trades[: result.metrics.trades]
    candles = ",".join(f"{trade['entry_row']}-{trade['exit_row']}" for trade in closed)
    assert (len(closed), hashlib.sha256(candles.encode()).hexdigest()[:12]) == (count, digest)
    found = (result.equity[-1], result.metrics.win_rate, result.metrics.max_drawdown_pct, closed["fees"].sum())
    assert found == pytest.approx((equity, win_rate, drawdown, fees), rel=1e-9)
