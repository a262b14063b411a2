"""Makes ``peer_tables.json``: what other engines make of five strategies on generated candles.

    python -m venv /tmp/peer && /tmp/peer/bin/pip install backtesting vectorbt
    /tmp/peer/bin/python tests/backtest/peer_tables.py > tests/backtest/peer_tables.json

Nothing of gobot runs here: the indicators are pandas', written down as textbooks have them, and the signals go into
both engines as they are.  Orders fill at the next open, with all cash and the fee of the run.
"""

import hashlib
import json
import sys
import warnings

import numpy as np
import pandas as pd

START = 10_000.0
# Neither engine buys fractions of a unit as small as these prices make them.
SCALE = 1e-10


def market(seed, rows):
    """``random_walk`` of the tests."""
    chance = np.random.RandomState(seed)
    close = 100.0 * np.exp(np.cumsum(chance.normal(0.0, 0.01, rows)))
    open_ = np.concatenate([[100.0], close[:-1]])
    wick = np.abs(chance.normal(0.0, 0.004, (2, rows)))
    high, low = np.maximum(open_, close) * (1 + wick[0]), np.minimum(open_, close) * (1 - wick[1])
    index = pd.to_datetime(1_735_689_600_000 + 900_000 * np.arange(rows), unit="ms")
    return pd.DataFrame({"Open": open_, "High": high, "Low": low, "Close": close}, index=index)


def above(a, b):
    """Where ``a`` crosses above ``b``."""
    b = b if isinstance(b, pd.Series) else pd.Series(float(b), a.index)
    return (a > b) & (a.shift(1) < b.shift(1))


def sma_cross(candles):
    """10 and 30."""
    fast, slow = candles["Close"].rolling(10).mean(), candles["Close"].rolling(30).mean()
    return above(fast, slow), above(slow, fast)


def rsi_reversion(candles):
    """Wilder's RSI of 14: in when it comes back above 30, out when it falls below 60."""
    change = candles["Close"].diff().to_numpy()
    gain, loss = np.maximum(change, 0.0), np.maximum(-change, 0.0)
    rsi = np.full(len(change), np.nan)
    up, down = gain[1:15].mean(), loss[1:15].mean()
    for row in range(14, len(change)):
        if row > 14:
            up, down = (13 * up + gain[row]) / 14, (13 * down + loss[row]) / 14
        rsi[row] = 100.0 * up / (up + down)
    strength = pd.Series(rsi, candles.index)
    return above(strength, 30.0), above(60.0 - strength, 0.0)


def macd_cross(candles):
    """12, 26 and 9."""
    close = candles["Close"]
    line = close.ewm(span=12, adjust=False).mean() - close.ewm(span=26, adjust=False).mean()
    signal = line.ewm(span=9, adjust=False).mean()
    return above(line, signal), above(signal, line)


def bollinger_reversion(candles):
    """In on the way back above the lower band of 20 candles and 2 deviations, out at the middle."""
    close = candles["Close"]
    middle, deviation = close.rolling(20).mean(), close.rolling(20).std(ddof=0)
    return above(close, middle - 2 * deviation), close >= middle


def donchian_breakout(candles):
    """In above the high of 40 candles, out below the low of 20."""
    top, floor = candles["High"].rolling(40).max().shift(1), candles["Low"].rolling(20).min().shift(1)
    return candles["Close"] > top, candles["Close"] < floor


def in_backtesting(candles, entries, exits, fee, short):
    """backtesting.py."""
    from backtesting import Backtest, Strategy

    class Given(Strategy):
        def init(self):
            pass

        def next(self):
            row = len(self.data) - 1
            if entries.iloc[row]:
                if not self.position.is_long:
                    self.buy()
            elif exits.iloc[row]:
                if not short:
                    self.position.close()
                elif not self.position.is_short:
                    self.sell()

    prices = candles * SCALE
    stats = Backtest(prices, Given, cash=START, commission=fee, exclusive_orders=True).run()
    trades = stats["_trades"]
    found = [(int(t.EntryBar), int(t.ExitBar), float(t.PnL)) for t in trades.sort_values("EntryBar").itertuples()]
    return found, float(stats["Equity Final [$]"])


def in_vectorbt(candles, entries, exits, fee, short):  # long only
    """vectorbt."""
    import vectorbt as vbt

    run = vbt.Portfolio.from_signals(
        candles["Close"],
        entries=entries.shift(1, fill_value=False),
        # An entry that comes with an exit is an entry, as everywhere here.
        exits=(exits & ~entries).shift(1, fill_value=False),
        price=candles["Open"],
        fees=fee,
        init_cash=START,
        freq="15min",
    )
    trades = run.trades.closed.records
    found = [(int(t.entry_idx), int(t.exit_idx), float(t.pnl)) for t in trades.sort_values("entry_idx").itertuples()]
    return found, float(run.final_value())


STRATEGIES = {f.__name__: f for f in (sma_cross, rsi_reversion, macd_cross, bollinger_reversion, donchian_breakout)}
WARM = 600
ROWS = 5000


def main():
    """Print the table."""
    warnings.simplefilter("ignore")
    table = []
    for seed, (name, strategy) in enumerate(STRATEGIES.items(), 21):
        for engine in (in_backtesting, in_vectorbt):
            for fee, short in ((0.0, False), (0.001, False), (0.001, True)):
                if short and (engine is in_vectorbt or name not in {"sma_cross", "macd_cross"}):
                    continue
                candles = market(seed, ROWS)
                entries, exits = strategy(candles)
                entries[: WARM - 1], exits[: WARM - 1] = False, False
                trades, equity = engine(candles, entries, exits, fee, short)
                rows = ",".join(f"{entry}-{exit_}" for entry, exit_, _ in trades)
                table.append(
                    {
                        "engine": engine.__name__.removeprefix("in_"),
                        "strategy": name,
                        "seed": seed,
                        "fee": fee,
                        "short": short,
                        "trades": len(trades),
                        "rows": hashlib.sha256(rows.encode()).hexdigest()[:16],
                        "profit": sum(pnl for _, _, pnl in trades),
                        "best": max(pnl for _, _, pnl in trades),
                        "final_equity": equity,
                    }
                )
    sys.stdout.write("[\n" + ",\n".join(json.dumps(row) for row in table) + "\n]\n")


if __name__ == "__main__":
    main()
